"""Merchants of public purchase-card statements (Oxford and Birmingham city councils), where they are at hand."""

import csv
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

__all__ = ["drawn", "merchants", "needs_statements"]

_DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "reference"
_OXFORD, _BIRMINGHAM = _DATA / "pcard_oxford" / "data", _DATA / "pcard_birmingham"

needs_statements = pytest.mark.skipif(
    not (_OXFORD.is_dir() and _BIRMINGHAM.is_dir()), reason=f"no card statements in {_DATA}: set SPENDTRAIL_DATA"
)


def _oxford() -> Iterator[str]:
    for path in sorted(_OXFORD.glob("*.csv")):
        with path.open(encoding="latin-1", newline="") as file:
            yield from (row.get("MCH.MERCHANT NAME") or row.get("Merchant") or "" for row in csv.DictReader(file))


def _birmingham() -> Iterator[str]:
    for path in sorted(_BIRMINGHAM.glob("*.xls")):
        with CalamineWorkbook.from_path(path) as book:
            for sheet in book.sheet_names:
                column: int | None = None
                for row in book.get_sheet_by_name(sheet).iter_rows():
                    cells = [str(cell).strip() for cell in row]
                    if column is not None:
                        yield cells[column]
                    else:
                        column = next((n for n, cell in enumerate(cells) if "merchant" in cell.casefold()), None)


def merchants(city: str = "") -> list[str]:
    """Return the merchant of every row, of both cities or the one named, blanks left out and spaces made single."""
    rows = {"oxford": _oxford, "birmingham": _birmingham}
    found = [name for each in ([rows[city]] if city else rows.values()) for name in each()]
    return [" ".join(name.split()) for name in found if name.strip()]


def drawn(names: set[str], salt: str, number: int) -> list[str]:
    """Return so many of the names, the same ones each time: the first in the order of their digests."""
    return sorted(names, key=lambda name: sha256(f"{salt} {name}".encode()).hexdigest())[:number]
