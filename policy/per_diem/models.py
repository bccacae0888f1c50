"""What an author may write about per diems: the tables of rates, and the rules that apply them to categories.

A table travels inside the policy that uses it: a decision can be made again years later from the snapshot alone.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, model_validator

from policy.fields import CategoryCode, CountryCode, CurrencyCode, Document, Level, Money, Names, Period, Ratio, RuleId

__all__ = ["Area", "Component", "MealTier", "PerDiem", "Place", "Rate", "RateTable"]


class Component(StrEnum):
    """What of a rate a rule is about. `meals` is all of a day's meals and incidental expenses (M&IE)."""

    LODGING = "lodging"
    MEALS = "meals"
    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
    INCIDENTALS = "incidentals"


class Rate(Document):
    """What a place allows on the days from `since` to `until`, both included: lodging a night, meals a day."""

    since: date
    until: date
    lodging: Money
    meals: Money

    @model_validator(mode="after")
    def _consistent(self) -> "Rate":
        if self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}; exchange the two dates")
        return self


class Area(Document):
    """Where a place is: a state (US, two letters, empty elsewhere) and what of it, by name or by ZIP range.

    `without` are cities that lie in a county named here and have rates of their own.
    """

    state: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    counties: Names = ()
    cities: Names = ()
    without: Names = ()
    zips: tuple[Annotated[str, Field(pattern=r"^\d{5}(-\d{5})?$")], ...] = ()


class Place(Document):
    """A place with rates of its own. `rest`: it also stands for what its states or country do not list by name."""

    name: str = Field(min_length=1, max_length=200)
    country: CountryCode
    areas: tuple[Area, ...] = Field(min_length=1)
    rest: bool = False
    rates: tuple[Rate, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Place":
        ordered = sorted(self.rates, key=lambda rate: rate.since)
        for one, other in pairwise(ordered):
            if other.since <= one.until:
                raise ValueError(
                    f"{self.name}: the rates from {one.since} and from {other.since} claim the same day; "
                    "end the first before the second begins"
                )
        return self


class MealTier(Document):
    """How a day's total for meals and incidental expenses is divided."""

    total: Money
    breakfast: Money
    lunch: Money
    dinner: Money
    incidentals: Money

    @model_validator(mode="after")
    def _consistent(self) -> "MealTier":
        parts = self.breakfast + self.lunch + self.dinner + self.incidentals
        if parts != self.total:
            raise ValueError(f"the parts add up to {parts}, not to {self.total}; correct them")
        return self


class RateTable(Document):
    """One published table. `name` is what decisions call it; of tables for one day the last published counts first."""

    id: RuleId
    name: str = Field(min_length=1, max_length=100)
    publisher: str = Field(min_length=1)
    source: str = Field(min_length=1)
    fiscal_year: Annotated[int, Field(ge=2000, le=2100)]
    published: date
    since: date
    until: date
    currency: CurrencyCode
    meal_tiers: tuple[MealTier, ...] = ()
    places: tuple[Place, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "RateTable":
        if self.since > self.until:
            raise ValueError(f"{self.id}: since is after until; exchange the two dates")
        for place in self.places:
            for rate in place.rates:
                if rate.since < self.since or rate.until > self.until:
                    raise ValueError(
                        f"{self.id}: the rate of {place.name} from {rate.since} to {rate.until} goes beyond the "
                        f"table's own days, {self.since} to {self.until}; correct one of them"
                    )
        return self


class PerDiem(Document):
    """A rule: what is spent in these categories stays within the rate of its place and day.

    `first_and_last_day` is the share of `meals` on the days a trip begins and ends; 75 % in the Federal Travel
    Regulation, 41 CFR 301-11.101. `overrides` names the levels it replaces.
    """

    id: RuleId
    tables: tuple[RuleId, ...] = Field(min_length=1)
    component: Component
    categories: tuple[CategoryCode, ...] = Field(min_length=1)
    # A night for lodging, which `_usual_period` fills in; nobody has to write it.
    per: Period = Period.DAY
    priority: int = Field(default=50, ge=1, le=100)
    overrides: tuple[Level, ...] = ()
    first_and_last_day: Ratio = Decimal("0.75")
    why: str = ""

    @property
    def level(self) -> Level:
        """Where it stands in the order of precedence."""
        return Level.PER_DIEM

    @model_validator(mode="before")
    @classmethod
    def _usual_period(cls, data: Any) -> Any:
        if isinstance(data, dict) and "per" not in data:
            return {**data, "per": Period.NIGHT if data.get("component") == Component.LODGING else Period.DAY}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "PerDiem":
        lodging = self.component is Component.LODGING
        allowed = {Period.LINE, Period.EXPENSE, Period.NIGHT if lodging else Period.DAY}
        if self.per not in allowed:
            raise ValueError(f"a per diem of {self.component} is not per {self.per}; give {', '.join(sorted(allowed))}")
        if Level.ABSOLUTE in self.overrides:
            raise ValueError("the absolute cap cannot be overridden; take absolute out of overrides")
        return self
