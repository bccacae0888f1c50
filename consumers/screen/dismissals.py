"""What persons have let stand although it was flagged together: such a pair or group is not flagged again.

Kept by expense, not by revision, and never taken back: a corrected revision of either brings the same two together.
Keys, under the ledger's: `dismissed/<expense>/<id of the group>`, one for each member of the group.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import orjson

from consumers.runtime.stage import Store
from consumers.screen.footprint import Footprint
from consumers.screen.prior import Dismissed, Prior
from schemas.events import PairDismissed
from schemas.frozen import changed
from schemas.identity import derive

__all__ = ["NOTHING", "Apart", "Dismissals"]

_AFTER: Final = "0"
_SPLIT: Final = "split"
_DUPLICATE: Final = "duplicate"


@dataclass(frozen=True, slots=True)
class Apart:
    """What one look at the history passes over.

    `pairs` are no copy of this expense; with `sums` it makes no whole and parts; purchases all of which are among
    `parts` make no split with it.
    """

    pairs: frozenset[str] = frozenset()
    sums: frozenset[frozenset[str]] = frozenset()
    parts: frozenset[str] = frozenset()


NOTHING: Final = Apart()


@dataclass(frozen=True, slots=True)
class _Kept:
    family: str
    others: frozenset[str]
    told: Dismissed


class Dismissals:
    """The dismissals of one ledger."""

    def __init__(self, store: Store, at: str) -> None:
        self._store, self._at = store, at

    def put(self, event: PairDismissed) -> tuple[str, ...]:
        """Keep what a person has let stand and return all it concerns; what is kept already stays as it was said."""
        concerned = {event.expense_id}
        by, on = event.actor, event.occurred_at.date().isoformat()
        for each in event.dismissals:
            members = sorted({event.expense_id, *each.others})
            family = _SPLIT if each.code == "SPLIT_TRANSACTION" else _DUPLICATE
            group = derive("dismissed", family, *members)
            concerned.update(members)
            for member in members:
                key = f"{self._at}dismissed/{member}/{group}"
                if self._store.get(key) is None:
                    others = [other for other in members if other != member]
                    self._store.put(key, orjson.dumps([family, others, by, on]))
        return tuple(sorted(concerned))

    def heed(self, prior: Prior, footprint: Footprint, expense: str, look: Callable[[Apart], Prior]) -> Prior:
        """Return what is left of a prior, having looked again past what was dismissed, and what that left out.

        Costs nothing where nothing was found, which is nearly always.
        """
        kept = self._of(expense) if prior.others() else ()
        if not kept:
            return prior
        pairs = {other for each in kept if _is_pair(each) for other in each.others}
        sums = {each.others for each in kept if each.family == _DUPLICATE and not _is_pair(each)}
        parts = {other for each in kept if each.family == _SPLIT for other in each.others} | pairs
        left = look(Apart(frozenset(pairs), frozenset(sums), frozenset(parts)))
        split = _split(prior, left, footprint)
        added = frozenset(prior.added.others) if prior.added else frozenset()
        told = [each.told for each in kept if _counts(each, _copies(prior) | split, added, split)]
        return changed(left, dismissed=tuple(told))

    def _of(self, expense: str) -> tuple[_Kept, ...]:
        folder = f"{self._at}dismissed/{expense}/"
        rows = (orjson.loads(value) for _, value in self._store.range(folder, folder[:-1] + _AFTER))
        return tuple(
            _Kept(family, frozenset(others), Dismissed(tuple(others), by, on)) for family, others, by, on in rows
        )


def _is_pair(kept: _Kept) -> bool:
    return kept.family == _DUPLICATE and len(kept.others) == 1


def _counts(kept: _Kept, copies: frozenset[str], added: frozenset[str], split: frozenset[str]) -> bool:
    """Return whether a dismissal is why something is not flagged now."""
    if _is_pair(kept):
        return kept.others <= copies
    return kept.others == added if kept.family == _DUPLICATE else not kept.others.isdisjoint(split)


def _copies(prior: Prior) -> frozenset[str]:
    named = [other for seen in prior.seen if seen.code.startswith("DUPLICATE") for other in seen.all]
    return frozenset([*named, *([prior.match.expense] if prior.match else ())])


def _split(prior: Prior, left: Prior, footprint: Footprint) -> frozenset[str]:
    """Return the purchases that would have made a split and were passed over."""
    return frozenset(
        other
        for part in footprint.parts
        if part.key not in left.parts and _above(part.amount, prior.parts.get(part.key, ()), part.limit)
        for other, _ in prior.parts.get(part.key, ())
    )


def _above(amount: Decimal, earlier: Iterable[tuple[str, Decimal]], limit: Decimal) -> bool:
    return amount + sum(each for _, each in earlier) > limit
