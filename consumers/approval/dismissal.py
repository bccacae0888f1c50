"""Which pairs and groups a person saw who lets a held expense stand."""

from collections.abc import Iterator
from typing import Final

from consumers.approval.reasons import reasons
from consumers.screen.prior import Prior
from schemas.events import ExpenseDecided
from schemas.records import Dismissal

__all__ = ["dismissals"]

_NEAR: Final = "DUPLICATE_NEAR"
_SPLIT: Final = "SPLIT_TRANSACTION"
_CODES: Final = frozenset({"DUPLICATE_EXACT", _NEAR, _SPLIT})


def dismissals(decision: ExpenseDecided) -> tuple[Dismissal, ...]:
    """Return what the expense is held for together with others, each pair or group once; empty where it is not.

    Only what the person was shown counts: what does not hold the expense was not asked about.

    Raises:
        ValueError: the decision's prior is none.

    """
    held = {(f.code, f.other) for f in reasons(decision) if f.code in _CODES and f.other}
    return tuple(dict.fromkeys(_groups(Prior.read(decision.prior), held))) if held else ()


def _groups(prior: Prior, held: set[tuple[str, str]]) -> Iterator[Dismissal]:
    for seen in prior.seen:
        if (seen.code, seen.expense) in held:
            yield from (Dismissal(code=seen.code, others=(other,)) for other in seen.all)
    if prior.match and (_NEAR, prior.match.expense) in held:
        yield Dismissal(code=_NEAR, others=(prior.match.expense,))
    if prior.added and any((_NEAR, other) in held for other in prior.added.others):
        yield Dismissal(code=_NEAR, others=prior.added.others)
    for parts in prior.parts.values():
        others = tuple(other for other, _ in parts)
        if (_SPLIT, others[-1]) in held:
            yield Dismissal(code=_SPLIT, others=others)
