"""What a rule may look at: the facts of one expense, in policy currency, frozen."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

__all__ = ["Expense", "Line", "folded"]


# Departments, vendors and places come again and again.
@lru_cache(maxsize=65_536)
def folded(name: str) -> str:
    """Return a name as rules and lines compare it: capitals and surplus spaces do not matter."""
    return " ".join(name.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line to be judged. `amount` is in policy currency, tax and tip included; None where it is not known.

    `on` is the day of the line's own service, None where the document does not say.

    Names (department, project, role, locality, vendor, kind, property) are `folded`, or no rule on them applies.
    """

    number: int
    amount: Decimal | None
    category: str | None = None
    department: str | None = None
    project: str | None = None
    role: str | None = None
    country: str | None = None
    locality: str | None = None
    month: int | None = None
    vendor: str | None = None
    mcc: str | None = None
    kind: str | None = None
    property_id: str | None = None
    on: date | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """One expense: its lines and what holds for all of them.

    `currency` is the one the amounts are in. `on` is the day of the spending, None where it is not known;
    `submitted` the day it entered. `nights` is how many nights a stay had, `nights_on` which ones, `first` and `last`
    the days that a trip began and ended; None or empty where the document does not say. `trip` is what the organisation
    calls the trip, `attendees` how many people it was spent on; None where nobody stated it.
    """

    lines: tuple[Line, ...]
    currency: str
    submitted: date
    on: date | None = None
    total: Decimal | None = None
    merchant: str = ""
    card: bool = False
    nights: int | None = None
    nights_on: tuple[date, ...] = ()
    first: date | None = None
    last: date | None = None
    trip: str | None = None
    attendees: int | None = None
