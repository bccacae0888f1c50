"""MEAL_AND_PER_DIEM: a meal is claimed on a day whose per diem for meals is claimed too, so it would be paid twice."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.fields import CategoryCode
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Settings", "is_among", "prepare"]


class Settings(CheckSettings):
    """Categories of meals and of per diems claimed, each with what is beneath them.

    Within one expense it is found here, across the expenses of one person by `screen`.
    """

    blocking: bool = True
    meals: tuple[CategoryCode, ...] = Field(default=("meals",), min_length=1)
    per_diems: Annotated[tuple[CategoryCode, ...], Field(min_length=1)] = ("travel.per_diem",)


@lru_cache(maxsize=4_096)
def is_among(category: str | None, categories: tuple[str, ...]) -> bool:
    """Tell whether a category is one of these or beneath one."""
    return category is not None and any(category == above or category.startswith(f"{above}.") for above in categories)


def _days_of(expense: Expense, categories: tuple[str, ...]) -> Iterator[tuple[date, int]]:
    """Yield day and line number of each line in these categories, as far as a day is known."""
    for line in expense.lines:
        day = line.on or expense.on
        if day is not None and is_among(line.category, categories):
            yield day, line.number


def prepare(settings: Settings) -> Find:
    """Return the check."""

    def find(expense: Expense) -> Sequence[Finding]:
        claimed = {day for day, _ in _days_of(expense, settings.per_diems)}
        return [
            found("MEAL_AND_PER_DIEM", settings, f"The per diem of {day} is claimed as well as this meal.", line)
            for day, line in (_days_of(expense, settings.meals) if claimed else ())
            if day in claimed
        ]

    return find
