"""Which ZIP codes a county has, from a file whose source and licence the policy's owner answers for.

None ships with the project: what is free to redistribute gives ZIP code areas of a census, not the Postal Service's
codes, and the rest is licensed.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby
from typing import Final

from policy.per_diem.forms.rows import read_rows
from policy.per_diem.where import plain

__all__ = ["read_zips"]

_COLUMNS: Final = ("zip", "state", "county")
_DIGITS: Final = 5


def read_zips(text: str, file: str) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the ranges of ZIP codes by state and county (as `plain` writes it), from a CSV of zip, state, county.

    A code that lies in several counties has a row for each.

    Raises:
        PolicyError: a column is missing, or a row has no ZIP code of five digits; with row and field.

    """
    counties: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in read_rows(text, file, _COLUMNS):
        code, state = row.text("zip"), row.text("state").upper()
        if len(code) != _DIGITS or not code.isascii() or not code.isdigit():
            raise row.fault("zip", f"{code!r} is no ZIP code", "give five digits, with the leading zeros")
        county = plain(row.text("county")).removesuffix(" county").removesuffix(" parish")
        counties[code].add((state, county))
    ranges: dict[tuple[str, str], list[str]] = defaultdict(list)
    # A range runs over codes that are not in use, never over one of another county.
    for where, run in groupby(sorted(counties), key=lambda code: frozenset(counties[code])):
        codes = list(run)
        for place in where:
            ranges[place].append(codes[0] if len(codes) == 1 else f"{codes[0]}-{codes[-1]}")
    return {place: tuple(sorted(found)) for place, found in ranges.items()}
