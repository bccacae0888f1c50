"""Counts the members of each batch per state, and tells when all have ended or wait."""

import hashlib
from collections.abc import Sequence

from consumers.batch.tally import Tallies, Tally
from consumers.runtime.stage import Handler
from schemas.envelope import Event, caused
from schemas.events import BatchClosed, BatchCompleted, BatchProgressed, DocumentsFound, SubmissionRepeated
from schemas.identity import derive
from schemas.lifecycle import WAITING

__all__ = ["HANDLER", "REPEATED", "count"]

REPEATED = "repeated"
"""State of a member that had entered before with another batch: its own way is told there."""

_STAGE = "batch"


def count(event: Event, tallies: Tallies) -> Sequence[Event]:
    """Return BatchCompleted when the batch is complete and its counts have changed since it was last said.

    An event costs a few look-ups; a BatchCompleted costs a walk over the members, for its manifest.
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
    completed = tally.complete and tally.counts != tally.told
    if completed:
        tally = tally.as_told()
    tallies.put(batch, tally)
    return (_completed(event, batch, tally, tallies),) if completed else ()


def _completed(event: Event, batch: str, tally: Tally, tallies: Tallies) -> BatchCompleted:
    manifest = hashlib.sha256()
    for expense_id, state in tallies.members(batch):
        manifest.update(f"{expense_id} {state}\n".encode())
    return caused(
        event,
        BatchCompleted,
        stage=_STAGE,
        status=event.status,
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


HANDLER = Handler(handle=count, state=Tallies)
