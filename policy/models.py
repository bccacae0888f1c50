"""The policy document: what an author may write, field by field. The JSON Schema is generated from these models.

Pydantic validates here because a policy file is outside data. Amounts and factors are exact: a float is refused, the
reader (`policy.documents`) keeps every number as text.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, model_validator

from policy.fields import (
    CUMULATIVE,
    CategoryCode,
    CurrencyCode,
    Document,
    Factor,
    Level,
    Money,
    Names,
    Period,
    Ratio,
    RuleId,
    exact,
    utc,
)
from policy.per_diem.models import PerDiem, RateTable

__all__ = ["CUMULATIVE", "Budget", "Category", "CheckSettings", "Level", "Limit", "Match", "Modifier", "Period"]
__all__ += ["ModifierKind", "PerDiem", "PolicyDocument", "RateTable", "Receipts"]


class ModifierKind(StrEnum):
    """What scales a base limit, in the order the factors are applied and shown."""

    GEO = "geo"
    ROLE = "role"
    SEASON = "season"


class Category(Document):
    """One node of the taxonomy; its parent is what stands before the last dot."""

    code: CategoryCode
    name: str = Field(min_length=1)


class Match(Document):
    """Where a rule applies: every field given must hold; within a field any one value. Nothing given: everywhere.

    A category holds for those beneath it too, until a rule with otherwise the same match names a nearer one.
    """

    categories: tuple[CategoryCode, ...] = ()
    departments: Names = ()
    projects: Names = ()
    roles: Names = ()
    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    localities: Names = ()
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    vendors: Names = ()
    mccs: tuple[Annotated[str, Field(pattern=r"^\d{4}$")], ...] = ()
    kinds: Names = ()
    properties: Names = ()


# What a rule of each level must name, so that nobody believes a rule to be narrower than it is.
_NAMED: Final[dict[Level, tuple[str, ...]]] = {
    Level.ABSOLUTE: (),
    Level.DEPARTMENT: ("departments",),
    Level.PROJECT: ("projects",),
    Level.ROLE: ("roles",),
    Level.CATEGORY: ("categories",),
    Level.PER_DIEM: ("localities", "countries"),
}


class Limit(Document):
    """One constraint node. `scales` names the modifiers that apply; `overrides` the levels it replaces."""

    id: RuleId
    level: Level
    limit: Money
    priority: int = Field(default=50, ge=1, le=100)
    match: Match = Match()
    currency: CurrencyCode | None = None
    per: Period = Period.LINE
    scales: tuple[ModifierKind, ...] = ()
    overrides: tuple[Level, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    why: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> "Limit":
        needed = _NAMED[self.level]
        if needed and not any(getattr(self.match, name) for name in needed):
            raise ValueError(f"a {self.level} limit names nothing at its level; give match.{' or match.'.join(needed)}")
        if Level.ABSOLUTE in self.overrides:
            raise ValueError("the absolute cap cannot be overridden; take absolute out of overrides")
        if self.level is Level.ABSOLUTE and self.scales:
            raise ValueError("the absolute cap is not scaled; take scales out")
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_from is after valid_until; exchange the two dates")
        return self


class Modifier(Document):
    """A factor on base limits that name its kind in `scales`. The most specific one of a kind applies."""

    id: RuleId
    kind: ModifierKind
    factor: Factor
    match: Match
    priority: int = Field(default=50, ge=1, le=100)

    @model_validator(mode="after")
    def _consistent(self) -> "Modifier":
        needed = {"geo": ("localities", "countries"), "role": ("roles",), "season": ("months",)}[self.kind]
        if not any(getattr(self.match, name) for name in needed):
            raise ValueError(f"a {self.kind} modifier names nothing; give match.{' or match.'.join(needed)}")
        return self


class Budget(Document):
    """What a department or project may spend in all in a period. `name: "*"` is each one without its own budget."""

    id: RuleId
    scope: Literal["department", "project"]
    name: str = Field(min_length=1)
    limit: Money
    currency: CurrencyCode | None = None
    per: Literal["month", "year"] = "month"


class Receipts(Document):
    """When a card line waits for its receipt, and how a receipt is told to be its receipt."""

    required: bool = False
    above: Money = Decimal(75)
    wait_days: int = Field(default=30, ge=1, le=366)
    days_apart: int = Field(default=3, ge=0, le=31)
    # A tip is added after the receipt is printed: 25 % covers what is customary in the US.
    tip_tolerance: Annotated[Decimal, BeforeValidator(exact), Field(ge=0, le=1, allow_inf_nan=False)] = Decimal("0.25")
    merchant_similarity: int = Field(default=80, ge=0, le=100)


class CheckSettings(Document):
    """What every check has. A violation always waits for a person; `blocking` decides for warn and info."""

    enabled: bool = True
    severity: Literal["info", "warn", "violation"] = "warn"
    blocking: bool = False


class PolicyDocument(Document):
    """A whole policy. `checks` holds each check's own settings, validated by the registry."""

    name: str = Field(min_length=1)
    description: str = ""
    currency: CurrencyCode
    effective_from: Annotated[datetime, AfterValidator(utc)] = datetime(1970, 1, 1, tzinfo=UTC)
    rounding: Literal["half_up", "half_even"] = "half_up"
    warn_above: Ratio = Decimal("0.90")
    taxonomy: tuple[Category, ...] = Field(min_length=1)
    limits: tuple[Limit, ...] = Field(min_length=1)
    modifiers: tuple[Modifier, ...] = ()
    budgets: tuple[Budget, ...] = ()
    per_diem: tuple[PerDiem, ...] = ()
    per_diem_tables: tuple[RateTable, ...] = ()
    receipts: Receipts = Receipts()
    checks: dict[str, SerializeAsAny[CheckSettings]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _known_checks(cls, data: Any) -> Any:
        from policy.checks import settings_for  # noqa: PLC0415 -- checks define their settings with these models

        if isinstance(data, dict) and isinstance(data.get("checks"), dict):
            return {**data, "checks": {code: settings_for(code, raw) for code, raw in data["checks"].items()}}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "PolicyDocument":
        stated: tuple[Limit | Budget, ...] = (*self.limits, *self.budgets)
        for rule in stated:
            if rule.currency is not None and rule.currency != self.currency:
                raise ValueError(
                    f"{rule.id} is in {rule.currency} but the policy judges in {self.currency}; "
                    "state the amount in the policy's currency"
                )
        for table in self.per_diem_tables:
            if table.currency != self.currency:
                raise ValueError(
                    f"{table.id} is in {table.currency} but the policy judges in {self.currency}; "
                    "a per diem is never converted, so take the table out or judge in its currency"
                )
        return self
