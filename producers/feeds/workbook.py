"""Rows of a workbook, .xls or .xlsx, as the text a CSV export of it would hold.

Workbooks store numbers as binary floating point and show at most 15 significant digits (ECMA-376, 18.17.6); those
digits are taken, so an amount is exactly the one that the sheet shows.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from producers.feed_rows import FeedRefused, Row

__all__ = ["cell_text", "workbook_rows"]

_SIGNIFICANT: Final = ".15g"


def workbook_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Yield the rows of a sheet that hold anything; `line` is the row's number in the sheet.

    The workbook is held in memory while it is read: neither format can be read in one pass.

    Raises:
        FeedRefused: no workbook, protected by a password, no such sheet, or several with rows and none named.

    """
    try:
        # Opened here, because the reader judges a path by its ending and an open file by its content.
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            rows = book.get_sheet_by_name(_chosen(path, book, sheet)).iter_rows()
            for number, values in enumerate(rows, 1):
                cells = tuple(cell_text(value) for value in values)
                if any(cells):
                    yield Row(number, cells, "\t".join(cells))
    except CalamineError as error:
        raise FeedRefused(f"{path}: cannot be read as a workbook: {error}; save it again, or export CSV") from error


def _chosen(path: Path, book: CalamineWorkbook, sheet: str | None) -> str:
    names = book.sheet_names
    if sheet is not None:
        if sheet not in names:
            raise FeedRefused(f"{path}: has no sheet {sheet!r}; it has {', '.join(map(repr, names))}")
        return sheet
    filled = [name for name in names if book.get_sheet_by_name(name).height]
    if len(filled) != 1:
        told = ", ".join(map(repr, filled)) or "none"
        raise FeedRefused(f"{path}: one sheet must hold the rows, and {told} do; name it as `sheet` in the column map")
    return filled[0]


def cell_text(value: object) -> str:
    """Return a value as a CSV export has it: of binary floating point 15 digits, an instant in UTC, None as nothing."""
    if isinstance(value, float) and isfinite(value):
        return f"{Decimal(format(value, _SIGNIFICANT)):f}"
    if isinstance(value, Decimal) and value.is_finite():
        # A database pads to the scale of its column, which may be more decimals than any currency has.
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value).strip()
