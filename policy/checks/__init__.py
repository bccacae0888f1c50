"""The checks of one expense, and the settings of those that `screen` makes across expenses.

Adding one is one file and one row. A check is a pure function from an expense's facts to findings, prepared once per
policy from its settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from policy.checks import (
    alcohol,
    future_dated,
    meal_and_per_diem,
    personal_spend,
    restricted_mcc,
    round_amount,
    stale_expense,
    weekend_spend,
)
from policy.checks.across import DuplicateExact, NearDuplicate, Severity, SplitTransaction
from policy.checks.prepare import Find, Prepare
from policy.models import CheckSettings

__all__ = ["REGISTRY", "Check", "Find", "prepared", "settings_for", "settings_schema"]


@dataclass(frozen=True, slots=True)
class Check:
    """One row: code, its settings, and how it is prepared; None where `screen` makes it across expenses."""

    code: str
    settings: type[CheckSettings]
    prepare: Prepare[Any] | None


REGISTRY: Final = (
    Check("RESTRICTED_MCC", restricted_mcc.Settings, restricted_mcc.prepare),
    Check("PERSONAL_SPEND", personal_spend.Settings, personal_spend.prepare),
    Check("ALCOHOL", alcohol.Settings, alcohol.prepare),
    Check("MEAL_AND_PER_DIEM", meal_and_per_diem.Settings, meal_and_per_diem.prepare),
    Check("FUTURE_DATED", future_dated.Settings, future_dated.prepare),
    Check("STALE_EXPENSE", stale_expense.Settings, stale_expense.prepare),
    Check("WEEKEND_SPEND", weekend_spend.Settings, weekend_spend.prepare),
    Check("ROUND_AMOUNT", round_amount.Settings, round_amount.prepare),
    Check("DUPLICATE_EXACT", DuplicateExact, None),
    Check("DUPLICATE_NEAR", NearDuplicate, None),
    Check("SPLIT_TRANSACTION", SplitTransaction, None),
    Check("BUDGET_EXCEEDED", Severity, None),
    Check("MISSING_RECEIPT", Severity, None),
    Check("RECEIPT_MISMATCH", Severity, None),
)
_ROWS: Final = {row.code: row for row in REGISTRY}


def settings_for(code: str, raw: object) -> CheckSettings:
    """Return a check's own settings.

    Raises:
        ValueError: there is no such check, or a setting is wrong; said with the field.

    """
    row = _ROWS.get(code)
    if row is None:
        raise ValueError(f"there is no check {code}; there are {', '.join(_ROWS)}")
    try:
        return row.settings.model_validate({} if raw is None else raw)
    except ValidationError as error:
        said = "; ".join(f"checks.{code}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError(said) from error


def prepared(settings: Mapping[str, CheckSettings]) -> tuple[Find, ...]:
    """Return the enabled checks of one expense in registry order, ready to run."""
    return tuple(
        row.prepare(settings[row.code])
        for row in REGISTRY
        if row.prepare is not None and row.code in settings and settings[row.code].enabled
    )


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the `checks` section: each code with its own settings."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {row.code: row.settings.model_json_schema() for row in REGISTRY},
    }
