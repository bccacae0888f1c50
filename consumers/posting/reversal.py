"""Take a posting back in the ERP, once, before the expense that takes its place is posted."""

from collections.abc import Sequence

import httpx2

from consumers.posting.answer import Refusal, read_reversal
from consumers.posting.asking import PATH, STAGE, ask
from schemas.envelope import Event, caused
from schemas.events import ExpenseApproved, ExpenseRetracted, PostingReversed
from schemas.identity import derive
from schemas.lifecycle import State
from schemas.records import Superseded

__all__ = ["take_back"]


async def take_back(event: ExpenseApproved, posted: Superseded, erp: httpx2.AsyncClient) -> Sequence[Event] | Refusal:
    """Return what becomes of the posted expense, or why its posting cannot be taken back.

    The key derives from that posting and from what takes its place. Tried again, also by a later revision, it is the
    same reversal; but where another expense has taken that place already, the ERP refuses, and nothing is posted twice.

    Raises:
        Transient: the ERP cannot be reached, is failing, or does not let us in.

    """
    key = derive("reversal", event.tenant_id, event.ledger, posted.expense_id, posted.posting_id, event.expense_id)
    # The day the decision fell and no word of the person: a retry must send the same, and the ledger keeps it for ever.
    body = {"posting_date": event.occurred_at.date().isoformat(), "reason": f"superseded by expense {event.expense_id}"}
    answer = await ask(erp, f"{PATH}/{posted.posting_id}/reversal", body, key)
    outcome = read_reversal(answer.status, answer.body, key)
    if isinstance(outcome, Refusal):
        return outcome
    about = {name: getattr(posted, name) for name in _ABOUT}
    undone = caused(
        event,
        PostingReversed,
        stage=STAGE,
        status=State.REVERSED,
        problems=(),
        asserted=(),
        personal=None,
        reversal=outcome,
        posting_id=posted.posting_id,
        superseded_by=event.expense_id,
        actor=event.approved_by or "",
        **about,
    )
    retracted = caused(undone, ExpenseRetracted, stage=STAGE, status=State.REVERSED, reason="reversed")
    return (undone, retracted)


_ABOUT = ("expense_id", "revision", "subject", "batch_id", "correlation_id", "trace_id", "submitted_at")
