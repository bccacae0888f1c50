"""STALE_EXPENSE: submitted long after it was spent."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "prepare"]


class Settings(CheckSettings):
    """`after_days`: 60 is what IRS Publication 463 calls a reasonable time to account for an expense."""

    after_days: Annotated[int, Field(ge=1, le=3660)] = 60


def prepare(settings: Settings) -> Find:
    """Return the check."""

    def find(expense: Expense) -> Sequence[Finding]:
        if expense.on is None or (days := (expense.submitted - expense.on).days) <= settings.after_days:
            return ()
        message = f"Submitted {days} days after it was spent; {settings.after_days} days are allowed."
        return (found("STALE_EXPENSE", settings, message),)

    return find
