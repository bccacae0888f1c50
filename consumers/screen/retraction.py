"""Taking a revision back: what it added to totals, and the decisions that leaned on it, in pieces of bounded work."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from consumers.screen.again import Again
from consumers.screen.backlog import Backlog, Less
from consumers.screen.history import Ledger, folder_of
from consumers.screen.kept import Moved
from policy.table import Policies
from schemas.envelope import Event

__all__ = ["catch_up", "retract"]

# What one record does at once, a part of a second each: totals that are lessened, at some 20 us, and decisions that are
# made again, at 1 to 2 ms.
_TOTALS: Final = 10_000
_DECISIONS: Final = 200
# How many of either a tick looks up at a time. It may end after each of these pieces.
_PIECE: Final = 1_000


def retract(event: Event, revision: int, ledger: Ledger, backlog: Backlog, policies: Policies) -> list[Event]:
    """Take a revision back and decide again, in order of arrival, what leaned on it; what is too much goes to ticks."""
    left = ledger.take_back(event.expense_id, revision)
    if left is None:
        return []
    at, upto = folder_of(event.tenant_id, event.ledger), ledger.last()
    places, moved = set(ledger.decisions.watching(event.expense_id)), list[Moved]()
    for account, amount in left.accounts.items():
        less = Less(event.tenant_id, event.ledger, left.sequence, account, amount, left.sequence, upto)
        found, rest = _lessened(less, ledger, _TOTALS - len(moved))
        moved += found
        if rest is not None:
            backlog.put_less(at, rest)
    places.update(each.place for each in moved if each.decides)
    order = sorted(places)
    now, later = set(order[:_DECISIONS]), order[_DECISIONS:]
    # What is decided now is decided before the many others are written: each look would pass over those as well.
    for each in moved:
        if each.place in now:
            ledger.decisions.move(each)
    again = Again(ledger, policies, event.occurred_at)
    fresh: list[Event] = [decision for place in sorted(now) for decision in again.at(place)]
    for each in moved:
        if each.place not in now:
            ledger.decisions.move(each)
    for place in later:
        backlog.put_again(at, event.tenant_id, event.ledger, place)
    return fresh


def catch_up(
    backlog: Backlog, ledger_of: Callable[[str, str], Ledger], policies: Policies, now: datetime
) -> Iterator[Sequence[Event]]:
    """Yield, piece by piece, the decisions that retractions left to be made again."""
    for less in backlog.lesses():
        at = folder_of(less.tenant, less.ledger)
        ledger = ledger_of(less.tenant, less.ledger)
        found, rest = _lessened(less, ledger, _PIECE)
        for each in found:
            ledger.decisions.move(each)
            if each.decides:
                backlog.put_again(at, less.tenant, less.ledger, each.place)
        if rest is not None:
            backlog.put_less(at, rest)
        yield ()
    for tenant, name, place in backlog.agains(_PIECE):
        yield Again(ledger_of(tenant, name), policies, now).at(place)


def _lessened(less: Less, ledger: Ledger, most: int) -> tuple[tuple[Moved, ...], Less | None]:
    """Return what becomes of the first `most` totals, and what is left to do after them."""
    found = ledger.decisions.less(less.account, less.amount, less.after, less.upto, most)
    if len(found) < most:
        return found, None
    return found, replace(less, after=found[-1].place) if found else less
