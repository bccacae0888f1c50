"""Counts the members of each batch per state, and tells when all have ended or wait."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from consumers.batch.tally import Later, Tallies, Tally
from consumers.runtime.stage import Handler
from schemas.codec import Codec
from schemas.envelope import Event, caused
from schemas.events import (
    BatchClosed,
    BatchCompleted,
    BatchProgressed,
    DocumentsFound,
    SubmissionRepeated,
    TickElapsed,
)
from schemas.identity import derive
from schemas.lifecycle import WAITING

__all__ = ["HANDLER", "REPEATED", "count", "tell"]

REPEATED = "repeated"
"""State of a member that had entered before with another batch: its own way is told there."""

_STAGE = "batch"
# A batch with more members than this is told again by ticks only, a second for so many of them apart: its manifest is a
# walk over all of them, a second for half a million, and people may decide thousands of them one after the other.
_MANY: Final = 10_000


def count(event: Event, tallies: Tallies, *, codec: Codec) -> Sequence[Event]:
    """Return BatchCompleted when the batch is complete and its counts have changed since it was last said.

    An event costs a few look-ups; a BatchCompleted costs a walk over the members, for its manifest. So a large batch
    that was told once is told again by `tell`.
    """
    if event.batch_id is None:
        return ()
    # Batches are named by people: two tenants may use one name, and it may hold anything.
    batch = derive("batch", event.tenant_id, event.batch_id)
    tally = tallies.get(batch)
    match event:
        case BatchClosed():
            tally = tally.with_part(event.part, event.parts)
            for expense_id in event.expense_ids:
                tally = tallies.enrol(tally, batch, expense_id)
        case DocumentsFound():
            for expense_id in event.members:
                tally = tallies.enrol(tally, batch, expense_id)
        case BatchProgressed():
            tally = tallies.move(tally, batch, event.member, event.state)
        case SubmissionRepeated() if event.first_batch_id != event.batch_id:
            tally = tallies.move(tally, batch, event.expense_id, REPEATED)
        case _:
            return ()
    completed = tally.news
    if completed and tally.told is not None and tally.members > _MANY:
        tallies.put_later(batch, Later(tallies.later(batch).not_before, codec.encode(event)))
        completed = False
    if completed:
        tally = tally.as_told()
    tallies.put(batch, tally)
    return (_completed(event, batch, tally, tallies, event.occurred_at),) if completed else ()


def tell(tick: TickElapsed, tallies: Tallies, *, codec: Codec) -> Iterator[Sequence[Event]]:
    """Yield BatchCompleted of each large batch whose counts have changed, not too soon after it was last said."""
    for batch, later in tallies.laters():
        if later.not_before is not None and tick.occurred_at < later.not_before:
            continue
        tally = tallies.get(batch)
        if later.cause is None or not tally.news:
            tallies.put_later(batch, Later())
            continue
        tally = tally.as_told()
        tallies.put(batch, tally)
        tallies.put_later(batch, Later(tick.occurred_at + timedelta(seconds=tally.members // _MANY)))
        yield (_completed(codec.decode(later.cause), batch, tally, tallies, tick.occurred_at),)


def _completed(event: Event, batch: str, tally: Tally, tallies: Tallies, at: datetime) -> BatchCompleted:
    manifest = hashlib.sha256()
    for expense_id, state in tallies.members(batch):
        manifest.update(f"{expense_id} {state}\n".encode())
    return caused(
        event,
        BatchCompleted,
        stage=_STAGE,
        status=event.status,
        occurred_at=at,
        expense_id=batch,
        correlation_id=batch,
        revision=1,
        problems=(),
        asserted=(),
        personal=None,
        counts=dict(sorted(tally.counts.items())),
        members=tally.members,
        manifest_sha256=manifest.hexdigest(),
        final=not WAITING & tally.counts.keys(),
    )


HANDLER = Handler(handle=count, state=Tallies, on_tick=tell, capabilities=("codec",))
