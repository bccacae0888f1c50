"""Feeds that are tables: delimited text and workbooks, by one column map. A column as a whole decides its notation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from producers.card_line import Holder
from producers.feed_map import REQUIRED, ColumnMap, Columns, FeedField, find_columns
from producers.feed_rows import FeedRefused, Row, open_table, read_rows
from producers.feed_values import DATE_FORMATS, DECIMAL_MARKS, Ambiguous, Ballot, parse_date, parse_money
from producers.feeds.record import BadRow, Reader, Record, Tell, Transaction, taken
from producers.feeds.workbook import workbook_rows
from schemas.currencies import minor_units

__all__ = [
    "HAPPAY",
    "Mapped",
    "Notation",
    "complete",
    "is_happay",
    "mapped",
    "open_text",
    "open_workbook",
    "transaction",
]

# Bank exports put titles above the header, rarely more than a dozen lines.
_HEADER_WITHIN = 20
_NAMED: Final[tuple[FeedField, ...]] = ("merchant", "currency", "employee", "amount", "country")
_SIDES: Final[Mapping[str, int]] = {
    "debit": 1,
    "dr": 1,
    "d": 1,
    "credit": -1,
    "cr": -1,
    "c": -1,
    # SAP writes Soll and Haben.
    "s": 1,
    "h": -1,
}

# Happay's export: comma-separated, no sign, debit or credit in a column of its own.
HAPPAY: Final = ColumnMap.model_validate(
    {
        "columns": {
            "account": "account_number",
            "date": "transaction_date",
            "amount": "amount",
            "side": "transaction_type",
            "currency": "currency",
            "description": "description",
            "merchant": "vendor",
            "reference": "external_id",
            "cardholder": "nickname",
            "original_amount": "foreign_amount",
            "original_currency": "foreign_currency",
        },
        "date_format": "%Y-%m-%d",
        "decimal": ".",
        "delimiter": ",",
    }
)
_HAPPAY_HEAD: Final = b"account_number,transaction_date,amount,transaction_type,currency,"


def is_happay(head: bytes) -> bool:
    """Tell whether a file begins with Happay's header."""
    return head.removeprefix(b"\xef\xbb\xbf").startswith(_HAPPAY_HEAD)


@dataclass(frozen=True, slots=True)
class Notation:
    """How the feed writes dates (a strptime form) and decimals."""

    date_format: str
    decimal: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """A table that is whole: its columns, its notation, the map it is read by."""

    columns: Columns
    notation: Notation
    given: ColumnMap
    names: Mapping[FeedField, str]


def open_text(path: Path, given: ColumnMap, holder: Holder) -> Reader:
    """Return the reader of a delimited text file.

    Raises:
        FeedRefused: no header, a column renamed, a notation that could be either of two, no currency, nobody named,
            or no text at all. The message names file, column and remedy.

    """
    return _open(path, partial(read_rows, open_table(path, given.delimiter)), given, holder)


def open_workbook(path: Path, given: ColumnMap, holder: Holder) -> Reader:
    """Return the reader of one sheet of an .xls or .xlsx workbook.

    Raises:
        FeedRefused: as `open_text`; or no sheet holds rows, or several do and the map names none.

    """
    return _open(path, partial(workbook_rows, path, given.sheet), given, holder)


def _open(path: Path, rows: Callable[[], Iterator[Row]], given: ColumnMap, holder: Holder) -> Reader:
    columns = _header(path, rows(), given)
    complete(path, columns, given, holder)
    dates = Ballot((given.date_format,) if given.date_format else DATE_FORMATS, parse_date)
    marks = Ballot((given.decimal,) if given.decimal else DECIMAL_MARKS, parse_money)
    found = 0
    for row in rows():
        if row.line > columns.line:
            found += 1
            dates.note(columns.cell(row.cells, "date"))
            marks.note(columns.cell(row.cells, "amount"))
    if not found:
        raise FeedRefused(f"{path}: has a header and no rows; export the feed again")
    notation = Notation(
        _decided(path, columns, "date", dates, "date_format"), _decided(path, columns, "amount", marks, "decimal")
    )
    return partial(_read, path, rows, mapped(columns, notation, given))


def mapped(columns: Columns, notation: Notation, given: ColumnMap) -> Mapped:
    """Return a table whose columns and notation are known."""
    return Mapped(columns, notation, given, {field: columns.name(field) for field in _NAMED})


def _read(path: Path, rows: Callable[[], Iterator[Row]], table: Mapped, tell: Tell) -> Iterator[Record]:
    for sentence in table.columns.drift:
        tell(f"{path}, line {table.columns.line}: {sentence}")
    for row in rows():
        if row.line > table.columns.line:
            yield taken(row.line, row.raw, partial(transaction, row, table))


def _header(path: Path, rows: Iterator[Row], given: ColumnMap) -> Columns:
    seen = list(islice(rows, _HEADER_WITHIN))
    found = (find_columns(f"{path}, line {row.line}", row.cells, given, row.line) for row in seen)
    columns = next((c for c in found if c is not None), None)
    if columns is None:
        begins = ", ".join(map(repr, seen[0].cells)) if seen else "nothing"
        raise FeedRefused(
            f"{path}: no header with columns for {', '.join(REQUIRED)} in the first {_HEADER_WITHIN} lines; it "
            f"begins with {begins}. Name the columns in a map"
        )
    return columns


def complete(where: Path | str, columns: Columns, given: ColumnMap, holder: Holder) -> None:
    """Check that currency and person of every row are known from somewhere.

    Raises:
        FeedRefused: they are not; `where` is what the message begins with.

    """
    if "currency" not in columns.at and not (given.currency or holder.currency):
        raise FeedRefused(f"{where}: has no column for the currency; name one for the whole feed")
    if not {"employee", "account"} & set(columns.at) and not holder.employee_id:
        raise FeedRefused(f"{where}: has no column for employee or card account; name an employee for the whole feed")


def _decided(path: Path, columns: Columns, name: FeedField, ballot: Ballot[Any], setting: str) -> str:
    try:
        decided = ballot.decide()
    except Ambiguous as error:
        raise FeedRefused(
            f"{path}, column {columns.name(name)!r}: {error} and nothing in the column tells which; "
            f"say {setting} in the column map"
        ) from error
    if decided is None:
        raise FeedRefused(
            f"{path}, column {columns.name(name)!r}: not one cell can be read as {name}; "
            f"is it the right column? If so, say {setting} in the column map"
        )
    return decided


def transaction(row: Row, table: Mapped) -> Transaction:
    """Return what a row says, exactly.

    Raises:
        BadRow: date, amount or side cannot be read, or the row has more cells than the header.

    """
    columns, notation = table.columns, table.notation

    def cell(name: FeedField) -> str:
        return columns.cell(row.cells, name)

    if any(row.cells[columns.width :]):
        raise BadRow(
            "", f"{len(row.cells)} cells under a header of {columns.width}; quote the cell that holds a separator"
        )
    currency = cell("currency").upper()
    amount = _money(cell("amount"), "amount", currency, table)
    sign = _sign(cell("side"), table)
    day = parse_date(cell("date"), notation.date_format)
    if day is None:
        raise BadRow(columns.name("date"), f"is no date written as {notation.date_format}; correct it")
    original, original_currency = cell("original_amount"), cell("original_currency").upper()
    return Transaction(
        day=day,
        amount=sign * amount if amount else amount,
        currency=currency,
        merchant=cell("merchant"),
        account=cell("account"),
        employee=cell("employee"),
        cardholder=cell("cardholder"),
        reference=cell("reference"),
        mcc=cell("mcc"),
        description=cell("description"),
        category=cell("category"),
        department=cell("department"),
        project=cell("project"),
        country=cell("country"),
        locality=cell("locality"),
        trip=cell("trip"),
        original_amount=sign * _money(original, "original_amount", original_currency, table) if original else None,
        original_currency=original_currency,
        names=table.names,
    )


def _money(text: str, name: FeedField, currency: str, table: Mapped) -> Decimal:
    mark = table.notation.decimal
    amount = parse_money(text, mark, currency if minor_units(currency) is not None else None)
    if amount is None:
        unit = f" in {currency}" if currency else ""
        raise BadRow(table.columns.name(name), f"is no amount{unit} with {mark!r} before decimals; correct it")
    return amount


def _sign(side: str, table: Mapped) -> int:
    turned = -1 if table.given.charges == "negative" else 1
    if "side" not in table.columns.at:
        return turned
    sign = _SIDES.get(side.casefold())
    if sign is None:
        raise BadRow(table.columns.name("side"), "is neither debit nor credit; correct it")
    return sign * turned
