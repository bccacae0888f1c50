"""Chains each audit record to the one before it of the same expense.

There is one writer per partition and it halts on anything it does not understand: a gap in the trail could never be
filled afterwards. A step the lifecycle table forbids is sealed all the same, with the breach named in the entry, for
leaving out the evidence of a fault would be the worse fault; so is one with something missing before it. Either raises
an alert in the same transaction.
"""

from collections.abc import Sequence
from typing import Final

from audit.chain import Head, seal, sealed
from audit.step import step
from audit.transcript import entered, told
from consumers.runtime.stage import Handler
from consumers.seal.chains import Chain, Chains
from schemas.codec import Codec
from schemas.envelope import Event, caused
from schemas.events import AlertRaised, AuditRecorded, AuditSealed, BatchProgressed
from schemas.lifecycle import ENDS, WAITING

__all__ = ["HANDLER", "seal_record"]

_STAGE = "seal"
# Where a batch is told of its member.
_TOLD: Final = ENDS | WAITING


def seal_record(event: AuditRecorded, chains: Chains, *, codec: Codec | None = None) -> Sequence[Event]:
    """Return the sealed entry, an alert about a breach in it, and the batch's progress at an end or a wait.

    A record whose event id is among the last of its expense was sealed already and gives nothing: the log may be
    handed the same record twice, the trail holds it once. With the codec that read the record the entry is put
    together from the record's bytes, where it is of the usual form.
    """
    chain = chains.get(event.expense_id) or Chain.begun(event.expense_id, event.batch_id)
    if chain.has(event.event_id):
        return ()
    after = step(chain.state, chain.revision, event.action, event.status, event.revision)
    entry = (_put_together(chain.head, event, after.breach, codec) if codec else None) or seal(
        chain.head, event, after.breach
    )
    outputs: list[Event] = [entry]
    if after.breach:
        outputs.append(_alert(event, entry, after.breach, gap=after.gap))
    reported = chain.reported
    if chain.batch_id and after.state in _TOLD and after.state != reported:
        reported = after.state
        outputs.append(
            caused(
                event,
                BatchProgressed,
                stage=_STAGE,
                status=event.status,
                batch_id=chain.batch_id,
                member=event.expense_id,
                state=after.state,
                personal=None,
            )
        )
    head = Head(entry.sequence, entry.hash)
    chains.put(event.expense_id, chain.grown(head, after.state, after.revision, reported, event.event_id))
    return outputs


def _put_together(head: Head, event: AuditRecorded, breach: str | None, codec: Codec) -> AuditSealed | None:
    """Return the entry made from the record's bytes, which the codec keeps for it; None where they are not usual."""
    data = codec.origin(event)
    if data is None or event.recorded_at is None:
        return None
    said = told(data, codec.head(AuditRecorded))
    if said is None:
        return None
    made = entered(said, codec.head(AuditSealed), head.sequence + 1, head.hash, event.recorded_at, breach)
    if made is None:
        return None
    entry = sealed(head, event, made)
    codec.keep(entry, made.value)
    return entry


def _alert(event: AuditRecorded, entry: AuditSealed, breach: str, *, gap: bool) -> AlertRaised:
    kind = "gap" if gap else "illegal_step"
    return caused(
        event,
        AlertRaised,
        stage=_STAGE,
        status=event.status,
        kind=kind,
        breach=breach,
        sequence=entry.sequence,
        taken_by=event.stage,
        personal=None,
    )


HANDLER = Handler(handle=seal_record, state=Chains, capabilities=("codec",))
