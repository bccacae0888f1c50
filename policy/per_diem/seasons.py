"""The days of a rate in words."""

from datetime import date, timedelta
from typing import Final

from policy.per_diem.models import Rate, RateTable

__all__ = ["season"]

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def season(rate: Rate, table: RateTable) -> str:
    """Return when a rate holds within its table: all year, July-September, 15 April-15 December."""
    if (rate.since, rate.until) == (table.since, table.until):
        return "all year"
    first, last = _MONTHS[rate.since.month - 1], _MONTHS[rate.until.month - 1]
    if rate.since.day == 1 and (rate.until + timedelta(days=1)).day == 1:
        return first if (rate.since.year, first) == (rate.until.year, last) else f"{first}-{last}"
    return f"{_day(rate.since)}-{_day(rate.until)}"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
