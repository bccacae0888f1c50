"""Reading published rates row by row: every fault names row and field, and nothing that is doubtful is made up."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from operator import attrgetter
from typing import Final

from policy.errors import Fault, PolicyError
from policy.per_diem.models import Rate

__all__ = ["Row", "Season", "fiscal_year_of", "rates_of", "read_rows"]

_DAY: Final = timedelta(days=1)
_FISCAL_MONTH: Final = 10
_FEBRUARY: Final = (2, 28)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: where it stands (counted from 1, the header is 1) and its fields by column."""

    file: str
    number: int
    fields: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a field without surplus spaces."""
        return " ".join((self.fields.get(column) or "").split())

    def amount(self, column: str) -> Decimal:
        """Return an amount in dollars; a currency sign and thousands separators are taken off.

        Raises:
            PolicyError: it is none.

        """
        said = self.text(column)
        try:
            value = Decimal(said.replace("$", "").replace(",", "").strip())
        except InvalidOperation as error:
            raise self.fault(column, f"{said!r} is no amount", "give digits such as 349 or 349.00") from error
        if not value.is_finite() or value < 0:
            raise self.fault(column, f"{said!r} is no amount", "give digits such as 349 or 349.00")
        return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))

    def day(self, column: str, form: str, words: str, year: str = "") -> date:
        """Return a date written in a `strptime` form; `year` is added to what a form gives without one.

        Raises:
            PolicyError: it is none.

        """
        said = self.text(column)
        try:
            return datetime.strptime(f"{said}{year}", form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError as error:
            raise self.fault(column, f"{said!r} is no date", f"write it as {words}") from error

    def fault(self, column: str, message: str, remedy: str) -> PolicyError:
        """Return the error that names this row and a field of it."""
        return PolicyError(Fault(self.file, column, message, remedy, self.number))


def read_rows(text: str, file: str, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a CSV file that has these columns; empty rows are passed over.

    Raises:
        PolicyError: a column is missing, or there is no row.

    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    named = [" ".join((name or "").split()) for name in reader.fieldnames or ()]
    reader.fieldnames = named
    missing = [column for column in columns if column not in named]
    if missing:
        fault = Fault(file, missing[0], "there is no such column", f"give the form that has {', '.join(columns)}", 1)
        raise PolicyError(fault)
    number = 0
    for found in reader:
        values = {name: value for name, value in found.items() if name and isinstance(value, str)}
        if any(value.strip() for value in values.values()):
            number += 1
            yield Row(file, reader.line_num, values)
    if not number:
        raise PolicyError(Fault(file, "", "there is no row in it", "give the whole file as published"))


def fiscal_year_of(day: date) -> tuple[int, date, date]:
    """Return the United States fiscal year of a day: its number, first and last day (1 October to 30 September)."""
    year = day.year + (day.month >= _FISCAL_MONTH)
    return year, date(year - 1, _FISCAL_MONTH, 1), date(year, _FISCAL_MONTH, 1) - _DAY


@dataclass(frozen=True, slots=True)
class Season:
    """Days that come back every year, from one (month, day) to another, and what they allow from `effective` on."""

    row: Row
    begins: tuple[int, int]
    ends: tuple[int, int]
    effective: date
    lodging: Decimal
    meals: Decimal

    def includes(self, day: date) -> bool:
        """Tell whether a day is in it. A season that ends on 28 February takes a leap day in."""
        at = (day.month, day.day)
        ends = (2, 29) if self.ends == _FEBRUARY else self.ends
        inside = self.begins <= at <= ends if self.begins <= ends else at >= self.begins or at <= ends
        return inside and day >= self.effective


def rates_of(seasons: Iterable[Season], since: date, until: date, notices: list[str]) -> tuple[Rate, ...]:
    """Return the rates of a place over a table's days.

    A day that two seasons claim with different amounts has no rate, and a notice says so: which one is meant is the
    publisher's to say.
    """
    known = list(seasons)
    days = [since + _DAY * number for number in range((until - since).days + 1)]
    allowed = [(day, {(s.lodging, s.meals) for s in known if s.includes(day)}) for day in days]
    rates = []
    for amounts, run in groupby(allowed, key=lambda pair: frozenset(pair[1])):
        first, *others = [day for day, _ in run]
        last = others[-1] if others else first
        if len(amounts) > 1:
            row = known[-1].row
            notices.append(
                f"{row.file}:{row.number}: seasons overlap: {first} to {last} has {len(amounts)} rates, so it has none"
            )
        for lodging, meals in amounts if len(amounts) == 1 else ():
            rates.append(Rate(since=first, until=last, lodging=lodging, meals=meals))
    return tuple(sorted(rates, key=attrgetter("since")))
