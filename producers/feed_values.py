"""Amounts and dates of a feed: strict, exact, and in the one notation the whole column is written in."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Final, Generic, TypeVar

from schemas.currencies import minor_units

__all__ = ["DATE_FORMATS", "DECIMAL_MARKS", "Ambiguous", "Ballot", "parse_date", "parse_money"]

T = TypeVar("T")

DECIMAL_MARKS: Final = (".", ",")
DATE_FORMATS: Final = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
)
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?(Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE)
_FRAME = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212])?\s*(?:[A-Z]{3}|[$\u20ac\u00a3\u00a5])?\s*(?P<sign2>[-+\u2212])?\s*"
    r"(?P<number>[\d.,' \u00a0\u202f]+?)\s*(?P<sign3>[-\u2212])?\s*(?P<side>CR|DR)?\s*(?P<close>\))?",
    re.IGNORECASE,
)
_NUMBER: Final = {
    mark: re.compile(
        rf"(?P<whole>\d{{1,3}}(?:[{group}' \u00a0\u202f]\d{{3}})+|\d*)(?:{re.escape(mark)}(?P<fraction>\d+))?"
    )
    for mark, group in ((".", ","), (",", "."))
}
_MINUS = frozenset("-\u2212")
# Databases export money as numeric(_, 4): two more digits, always zero, are no other amount.
_PADDED = 4
# More digits than any ledger holds are an account number in the wrong column.
_MOST_DIGITS = 15


def parse_money(text: str, mark: str, currency: str | None = None) -> Decimal | None:
    """Return an amount exactly, None when it is none in this notation.

    Negative is a minus before or behind, parentheses, or CR. `mark` separates the decimals; the other one, a space or
    an apostrophe may group thousands by three. With a currency, no more decimals than its minor unit has (ISO 4217).
    """
    frame = _FRAME.fullmatch(text.strip())
    if frame is None or bool(frame["open"]) != bool(frame["close"]):
        return None
    number = _NUMBER[mark].fullmatch(frame["number"])
    if number is None:
        return None
    whole, fraction = re.sub(r"\D", "", number["whole"]), number["fraction"] or ""
    if not whole + fraction or len(whole) > _MOST_DIGITS or not _fits(fraction, currency):
        return None
    signs = [s for s in (frame["sign"], frame["sign2"], frame["sign3"]) if s] + [s for s in (frame["side"],) if s]
    if len(signs) + bool(frame["open"]) > 1:
        return None
    negative = bool(frame["open"]) or any(s in _MINUS or s.upper() == "CR" for s in signs)
    amount = Decimal(f"{whole or '0'}.{fraction or '0'}")
    return -amount if negative and amount else amount


def _fits(fraction: str, currency: str | None) -> bool:
    digits = 2 if currency is None else (minor_units(currency) or 0)
    return len(fraction) <= digits or (len(fraction) == _PADDED and not fraction[digits:].strip("0"))


@lru_cache(maxsize=8192)
def parse_date(text: str, form: str) -> date | None:
    """Return the day, a time of day behind it left out; None when it is not written in this form (strptime's)."""
    try:
        return datetime.strptime(_TIME.sub("", text.strip()), form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


class Ambiguous(ValueError):
    """A column can be read in two ways that mean different things, and nothing in it tells which."""


class Ballot(Generic[T]):
    """Finds the notation of a column: the one most of its cells are written in.

    One cell may fit several notations; the column as a whole decides. It is never decided by taste: where two fit
    equally many cells and would mean different values, the caller must say which.
    """

    def __init__(self, candidates: Sequence[str], parse: Callable[[str, str], T | None]) -> None:
        self._parse = parse
        self._fits = dict.fromkeys(candidates, 0)
        self._clashes: dict[tuple[str, str], str] = {}

    def note(self, text: str) -> None:
        """Take in one cell."""
        values = {c: value for c in self._fits if (value := self._parse(text, c)) is not None}
        for candidate in values:
            self._fits[candidate] += 1
        for pair in combinations(values, 2):
            if values[pair[0]] != values[pair[1]]:
                self._clashes.setdefault(pair, text)

    def decide(self) -> str | None:
        """Return the notation, None when no cell fits any.

        Raises:
            Ambiguous: with a cell that shows it.

        """
        best = max(self._fits.values())
        if not best:
            return None
        first, *others = [c for c, fits in self._fits.items() if fits == best]
        for other in others:
            if cell := self._clashes.get((first, other)):
                raise Ambiguous(f"{cell!r} could be {self._parse(cell, first)} or {self._parse(cell, other)}")
        return first
