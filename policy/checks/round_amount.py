"""ROUND_AMOUNT: the total is a suspiciously round number; made-up amounts tend to be."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.fields import Money
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "prepare"]


class Settings(CheckSettings):
    """A total that is a multiple of `multiple_of` and at least `at_least`, in policy currency."""

    severity: Literal["info", "warn", "violation"] = "info"
    multiple_of: Annotated[Money, Field(gt=0)] = Decimal(100)
    at_least: Money = Decimal(500)


def prepare(settings: Settings) -> Find:
    """Return the check."""

    def find(expense: Expense) -> Sequence[Finding]:
        total = expense.total
        if total is None or abs(total) < settings.at_least or total % settings.multiple_of:
            return ()
        message = f"The total is a multiple of {settings.multiple_of} {expense.currency}."
        return (found("ROUND_AMOUNT", settings, message),)

    return find
