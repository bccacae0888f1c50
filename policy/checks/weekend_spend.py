"""WEEKEND_SPEND: spent on a day the company does not work."""

from collections.abc import Sequence
from typing import Final, Literal

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "prepare"]

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Settings(CheckSettings):
    """`days` off; `except_categories` are those that fall on any day, such as travel, with what is beneath them."""

    severity: Literal["info", "warn", "violation"] = "info"
    days: tuple[Weekday, ...] = ("saturday", "sunday")
    except_categories: tuple[str, ...] = ()


def prepare(settings: Settings) -> Find:
    """Return the check."""
    off = frozenset(_DAYS.index(day) for day in settings.days)
    exempt = frozenset(settings.except_categories)

    def find(expense: Expense) -> Sequence[Finding]:
        if expense.on is None or expense.on.weekday() not in off:
            return ()
        if all(line.category is not None and _exempt(line.category, exempt) for line in expense.lines):
            return ()
        return (
            found("WEEKEND_SPEND", settings, f"Spent on a {_DAYS[expense.on.weekday()].capitalize()}, {expense.on}."),
        )

    return find


def _exempt(category: str, exempt: frozenset[str]) -> bool:
    parts = category.split(".")
    return any(".".join(parts[: count + 1]) in exempt for count in range(len(parts)))
