"""FUTURE_DATED: dated after the day it was submitted; a date misread, or made up."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "prepare"]


class Settings(CheckSettings):
    """`grace_days` allows for time zones: submission is counted in UTC, a receipt in local time."""

    blocking: bool = True
    grace_days: Annotated[int, Field(ge=0, le=31)] = 1


def prepare(settings: Settings) -> Find:
    """Return the check."""
    grace = timedelta(days=settings.grace_days)

    def find(expense: Expense) -> Sequence[Finding]:
        if expense.on is None or expense.on <= expense.submitted + grace:
            return ()
        message = f"Dated {expense.on}, submitted {expense.submitted}: the date lies in the future."
        return (found("FUTURE_DATED", settings, message),)

    return find
