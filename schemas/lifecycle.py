"""The states of an expense and the legal steps between them.

An event's `status` is the state of the expense after it. A stage that would write an illegal step stops: going on
would post or lose money on a state nobody understands.
"""

from enum import StrEnum

__all__ = ["ENDS", "STEPS", "WAITING", "IllegalTransition", "State", "check"]


class State(StrEnum):
    """Where an expense can be."""

    SUBMITTED = "submitted"
    READ = "read"
    PARSED = "parsed"
    CODED = "coded"
    EVALUATED = "evaluated"
    DECIDED = "decided"
    AWAITING_RECEIPT = "awaiting_receipt"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    MERGED = "merged"
    POSTED = "posted"
    REVERSED = "reversed"
    DEAD_LETTERED = "dead_lettered"


ENDS = frozenset({State.POSTED, State.REVERSED, State.REJECTED, State.MERGED, State.DEAD_LETTERED})
WAITING = frozenset({State.IN_REVIEW, State.AWAITING_RECEIPT})

S = State
STEPS: dict[State, frozenset[State]] = {
    S.SUBMITTED: frozenset({S.READ, S.DEAD_LETTERED}),
    S.READ: frozenset({S.PARSED, S.DEAD_LETTERED}),
    S.PARSED: frozenset({S.CODED, S.DEAD_LETTERED}),
    S.CODED: frozenset({S.EVALUATED, S.DEAD_LETTERED}),
    S.EVALUATED: frozenset({S.DECIDED, S.AWAITING_RECEIPT, S.MERGED, S.DEAD_LETTERED}),
    # Back to parsed where a track that had failed has answered before the decision came.
    S.DECIDED: frozenset({S.APPROVED, S.IN_REVIEW, S.AWAITING_RECEIPT, S.MERGED, S.DEAD_LETTERED, S.PARSED}),
    S.AWAITING_RECEIPT: frozenset({S.DECIDED, S.APPROVED, S.IN_REVIEW, S.REJECTED, S.DEAD_LETTERED}),
    # A correction starts a new revision at parsed, a replaced document at submitted. A card line waits for a receipt
    # again when the one it was matched with is taken back.
    S.IN_REVIEW: frozenset(
        {S.APPROVED, S.REJECTED, S.PARSED, S.SUBMITTED, S.MERGED, S.DECIDED, S.IN_REVIEW, S.DEAD_LETTERED}
        | {S.AWAITING_RECEIPT}
    ),
    # The ERP can refuse; then a person looks.
    S.APPROVED: frozenset({S.POSTED, S.IN_REVIEW, S.DEAD_LETTERED}),
    S.REJECTED: frozenset(),
    S.MERGED: frozenset(),
    # A posting is taken back where a late twin turns out to be the right one.
    S.POSTED: frozenset({S.REVERSED}),
    S.REVERSED: frozenset(),
    # A replayed dead letter goes on from where it failed.
    S.DEAD_LETTERED: frozenset(
        {S.SUBMITTED, S.READ, S.PARSED, S.CODED, S.EVALUATED, S.DECIDED, S.AWAITING_RECEIPT, S.IN_REVIEW, S.APPROVED}
        | {S.POSTED, S.REJECTED, S.MERGED}
    ),
}

_LEGAL = frozenset((str(a), str(b)) for a, after in STEPS.items() for b in after)


class IllegalTransition(Exception):
    """An event would take an expense where the lifecycle table does not allow."""


def check(before: str, after: str) -> None:
    """Hold a step to the table; staying in a state is always legal.

    Raises:
        IllegalTransition: the step is not in the table.

    """
    if before != after and (before, after) not in _LEGAL:
        msg = f"no step from {before!r} to {after!r} in the lifecycle table (schemas/lifecycle.py)"
        raise IllegalTransition(msg)
