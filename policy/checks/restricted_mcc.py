"""RESTRICTED_MCC: the merchant's category code is one the company does not buy from."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "prepare"]


class Settings(CheckSettings):
    """`mccs` are four-digit ISO 18245 codes."""

    severity: Literal["info", "warn", "violation"] = "violation"
    mccs: tuple[Annotated[str, Field(pattern=r"^\d{4}$")], ...] = Field(min_length=1)


def prepare(settings: Settings) -> Find:
    """Return the check; it finds an expense once, not each of its lines."""
    restricted = frozenset(settings.mccs)

    def find(expense: Expense) -> Sequence[Finding]:
        for line in expense.lines:
            if line.mcc in restricted:
                message = f"Merchant category code {line.mcc} is restricted."
                return (found("RESTRICTED_MCC", settings, message),)
        return ()

    return find
