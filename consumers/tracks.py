"""What the three parallel tracks have in common: an answer, even where there is none."""

from collections.abc import Sequence

from consumers.assertions import settled
from schemas.envelope import Event, caused
from schemas.events import ExpenseParsed, TrackFailed
from schemas.lifecycle import State

__all__ = ["answer_failed"]


def answer_failed(track: str, event: ExpenseParsed, reason: str) -> Sequence[Event]:
    """Return the failed answer of a track that dead-letters an expense, so that the join does not wait for ever.

    It carries the whole expense: the join can go on even where the currency track is the one that failed.
    """
    return (
        caused(
            event,
            TrackFailed,
            stage=track,
            status=State.PARSED,
            track=track,
            reason=reason,
            problems=settled(event),
        ),
    )
