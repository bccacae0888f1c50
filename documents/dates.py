"""Dates as printed. Day and month that could be swapped stay open until the document itself tells its order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Literal

from babel.dates import get_month_names

from documents.labels import fold

Order = Literal["dmy", "mdy"]

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pt", "ms", "pl", "sv", "da", "nb")
YEARS: Final = range(1990, 2100)

_NUMERIC = re.compile(
    r"(?<![\d.,/])(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d/]|[.,]\d|-\d{1,4}(?![\d.]))"
)
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?[\s./-]*(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?,?[\s./'-]*(?:de\s+|del\s+)?(\d{4}|\d{2})(?!\d|\s*,?\s*\d{4})"
)
_MONTH_FIRST = re.compile(r"(?<!\w)([^\W\d_]{3,12})\.?\s*(\d{1,2})(?:st|nd|rd|th)?\s*[,.]?\s+(\d{4})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed date: its possible meanings by order (one of them when nothing is open), and where in the text."""

    text: str
    start: int
    end: int
    meanings: tuple[tuple[Order | None, date], ...]

    def under(self, order: Order | None) -> date | None:
        """The date meant when the document writes in this order; None while two meanings remain."""
        if len({day for _, day in self.meanings}) == 1:
            return self.meanings[0][1]
        return next((day for each, day in self.meanings if order is not None and each == order), None)

    @property
    def is_open(self) -> bool:
        """Whether day and month could be swapped."""
        return len({day for _, day in self.meanings}) > 1


def dates_in(text: str) -> list[Printed]:
    """Dates in a line of text, left to right, none overlapping."""
    found: list[Printed] = []
    for pattern, reader in (
        (_NUMERIC, _numeric),
        (_DAY_FIRST, _day_first),
        (_MONTH_FIRST, _month_first),
        (_COMPACT, _compact),
    ):
        for match in pattern.finditer(text):
            meanings = reader(match)
            taken = any(match.start() < other.end and other.start < match.end() for other in found)
            if meanings and not taken:
                found.append(Printed(match.group(), match.start(), match.end(), meanings))
    return sorted(found, key=lambda printed: printed.start)


def order_of(printed: Iterable[Printed]) -> Order | None:
    """The order that dates with only one possible meaning prove, None when they prove none or contradict each other."""
    proved = {order for each in printed for order, _ in each.meanings if order is not None and len(each.meanings) == 1}
    return proved.pop() if len(proved) == 1 else None


def month_of(name: str) -> int | None:
    """Month number of a name or abbreviation in any known language."""
    folded = "".join(fold(name))
    months = _months()
    if folded in months or len(folded) <= 3:  # noqa: PLR2004 - an unknown short word is no month
        return months.get(folded)
    whole = {number for full, number in months.items() if full.startswith(folded)}
    return whole.pop() if len(whole) == 1 else None


@cache
def _months() -> dict[str, int]:
    names: dict[str, int] = {"sept": 9, "mrt": 3, "ogos": 8}
    for language in LANGUAGES:  # the first language to name a month so keeps it: "mar" is March before it is mardi
        for number, name in get_month_names("wide", locale=language).items():
            names.setdefault("".join(fold(name)), number)
        for number, name in get_month_names("abbreviated", locale=language).items():
            names.setdefault("".join(fold(name)), number)
    return {name: number for name, number in names.items() if len(name) > 2}  # noqa: PLR2004 - shorter is no name


def _numeric(match: re.Match[str]) -> tuple[tuple[Order | None, date], ...]:
    first, separator, second, third = match.groups()
    if len(first) == 4:  # noqa: PLR2004 - year first is never ambiguous
        day = _date(first, second, third)
        return ((None, day),) if (day and len(third) == 2) or (day and len(third) == 1) else ()  # noqa: PLR2004
    if len(first) > 2:  # noqa: PLR2004 - three digits are no part of a date
        return ()
    orders: tuple[Order, ...] = ("dmy",) if separator == "." else ("dmy", "mdy")
    meanings: list[tuple[Order | None, date]] = []
    for order in orders:
        day_text, month_text = (first, second) if order == "dmy" else (second, first)
        day = _date(third, month_text, day_text)
        if day:
            meanings.append((order, day))
    return tuple(meanings)


def _day_first(match: re.Match[str]) -> tuple[tuple[Order | None, date], ...]:
    month = month_of(match[2])
    day = _date(match[3], str(month), match[1]) if month else None
    return ((None, day),) if day else ()


def _month_first(match: re.Match[str]) -> tuple[tuple[Order | None, date], ...]:
    month = month_of(match[1])
    day = _date(match[3], str(month), match[2]) if month else None
    return ((None, day),) if day else ()


def _compact(match: re.Match[str]) -> tuple[tuple[Order | None, date], ...]:
    day = _date(*match.groups())
    return ((None, day),) if day else ()


def _date(year: str, month: str, day: str) -> date | None:
    full = int(year) + (2000 if len(year) == 2 else 0)  # noqa: PLR2004 - expenses are of this century
    if full not in YEARS:
        return None
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None
