"""The kinds of value a policy is written with: exact amounts, names, dates, and the levels and periods of rules."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from policy.currency import known

__all__ = ["CUMULATIVE", "CategoryCode", "CountryCode", "CurrencyCode", "Document", "Factor", "Level", "Money", "Names"]
__all__ += ["WHOLE", "Period", "Ratio", "RuleId", "exact", "utc"]


def exact(value: object) -> object:
    """Refuse a float where an amount is read: it is not exact."""
    if isinstance(value, float):
        msg = "a float is not exact; quote the amount, for example '250.00'"
        raise ValueError(msg)  # noqa: TRY004 -- pydantic turns only a ValueError into a located fault
    return value


def _currency(value: object) -> object:
    if isinstance(value, str) and not known(value):
        raise ValueError(f"{value!r} is no ISO 4217 currency; use a three-letter code such as USD")
    return value


def utc(value: datetime) -> datetime:
    """Return an instant in UTC; one without a zone is taken as UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


# 18 digits hold any amount a ledger can hold; NaN and infinity are refused by allow_inf_nan.
Money = Annotated[Decimal, BeforeValidator(exact), Field(ge=0, max_digits=18, decimal_places=4, allow_inf_nan=False)]
Factor = Annotated[Decimal, BeforeValidator(exact), Field(gt=0, le=100, allow_inf_nan=False)]
Ratio = Annotated[Decimal, BeforeValidator(exact), Field(gt=0, le=1, allow_inf_nan=False)]
CurrencyCode = Annotated[str, BeforeValidator(_currency)]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,119}$")]
CategoryCode = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Names = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]


class Document(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt one would silently switch its rule off."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Level(StrEnum):
    """Levels of precedence, top down. Department and project are one rank."""

    ABSOLUTE = "absolute"
    DEPARTMENT = "department"
    PROJECT = "project"
    ROLE = "role"
    CATEGORY = "category"
    PER_DIEM = "per_diem"


class Period(StrEnum):
    """What an amount is weighed over.

    One line; all lines of one expense it applies to, per night or per attendee where it says so; or a running total of
    one person, over a trip, a day, a month or a year.
    """

    LINE = "line"
    EXPENSE = "expense"
    NIGHT = "night"
    ATTENDEE = "attendee"
    TRIP = "trip"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


CUMULATIVE: Final = frozenset({Period.TRIP, Period.DAY, Period.MONTH, Period.YEAR})
# Limits of one expense as a whole, whatever they are multiplied by.
WHOLE: Final = frozenset({Period.EXPENSE, Period.NIGHT, Period.ATTENDEE})
