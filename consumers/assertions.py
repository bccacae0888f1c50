"""What persons stated about an expense, as the tracks ask for it.

`approval` has written it into the facts and lines already; what is left is to know which answers a person gave, and
which doubts they settled by it.
"""

from schemas.envelope import Event
from schemas.records import Assertion, Problem

__all__ = ["settled", "stated"]


def stated(event: Event) -> dict[str, Assertion]:
    """Return the last statement per field: a later one replaces an earlier one."""
    return {assertion.field: assertion for assertion in event.asserted}


def settled(event: Event) -> tuple[Problem, ...]:
    """Return the doubts so far that no statement has settled."""
    fields = stated(event)
    return tuple(problem for problem in event.problems if problem.field not in fields) if fields else event.problems
