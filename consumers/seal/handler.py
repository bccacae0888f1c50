"""Chains each audit record to the one before it of the same expense.

There is one writer per partition and it halts on anything it does not understand: a gap in the trail could never be
filled afterwards. A step the lifecycle table forbids is sealed all the same, with the breach named in the entry, for
leaving out the evidence of a fault would be the worse fault.
"""

from collections.abc import Sequence

from audit.chain import Head, seal
from audit.step import step
from consumers.runtime.stage import Handler
from consumers.seal.chains import Chain, Chains
from schemas.envelope import Event, caused
from schemas.events import AuditRecorded, BatchProgressed
from schemas.lifecycle import ENDS, WAITING

__all__ = ["HANDLER", "seal_record"]

_STAGE = "seal"


def seal_record(event: AuditRecorded, chains: Chains) -> Sequence[Event]:
    """Return the sealed entry, and the progress of the batch when the expense came to an end or to wait.

    A record whose event id is among the last of its expense was sealed already and gives nothing: the log may be
    handed the same record twice, the trail holds it once.
    """
    chain = chains.get(event.expense_id) or Chain.begun(event.expense_id, event.batch_id)
    if chain.has(event.event_id):
        return ()
    after = step(chain.state, chain.revision, event.action, event.status, event.revision)
    sealed = seal(chain.head, event, after.breach)
    outputs: list[Event] = [sealed]
    reported = chain.reported
    if chain.batch_id and after.state in ENDS | WAITING and after.state != reported:
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
    head = Head(sealed.sequence, sealed.hash)
    chains.put(event.expense_id, chain.grown(head, after.state, after.revision, reported, event.event_id))
    return outputs


HANDLER = Handler(handle=seal_record, state=Chains)
