"""One set of rules and one set of questions, the same for every engine that is measured. Standard library only."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final, NamedTuple

__all__ = ["CATEGORIES", "LIMIT", "LINES", "Question", "places", "questions", "rules"]

CATEGORIES: Final = tuple(f"c{number}" for number in range(100))
# The same for every rule: of four lines one passes and three fail whatever the size, so only the size differs.
LIMIT: Final = 150
# Lines of one expense.
LINES: Final = 4
_DEPARTMENTS: Final = tuple(f"department {number}" for number in range(200))
# A prime step visits all rules before it comes back to the first.
_STEP: Final = 7919


class Question(NamedTuple):
    """One line: whose, of what, and how much in minor units."""

    department: str
    category: str
    minor: int


def rules(size: int) -> list[tuple[str, str]]:
    """Return the department and category of `size` rules; no two are alike."""
    return list(islice(product(_DEPARTMENTS, CATEGORIES), size))


def places(size: int) -> Iterator[int]:
    """Yield numbers below `size` without end, spread over all of them."""
    at = 0
    while True:
        yield at % size
        at += _STEP


def questions(size: int, number: int) -> list[Question]:
    """Return `number` lines; every one meets a rule of a set of `size`, spread over all of them."""
    known, spread = rules(size), places(size)
    amounts = [(90 + 37 * place) * 100 + 50 for place in range(1, LINES + 1)]
    return [Question(*known[next(spread)], amounts[place % LINES]) for place in range(number)]
