"""Post one approved expense: once, however often it is tried."""

from collections.abc import Sequence

import httpx2

from consumers.posting.accounts import shipped
from consumers.posting.answer import Refusal, read_answer
from consumers.posting.asking import STAGE
from consumers.posting.journal import Unpostable, journal_of
from consumers.posting.reversal import take_back
from consumers.posting.together import post
from consumers.runtime.stage import Handler
from schemas.envelope import Event, caused
from schemas.events import ExpenseApproved, ExpensePosted, PostingRefused
from schemas.identity import derive
from schemas.lifecycle import State

__all__ = ["HANDLER", "post_expense"]


async def post_expense(event: ExpenseApproved, *, erp: httpx2.AsyncClient) -> Sequence[Event]:
    """Return ExpensePosted, or PostingRefused where the ERP's refusal or the expense itself needs a person.

    Where it takes the place of a posted one, that posting is reversed first: for a while neither is booked, never both.
    The idempotency key derives from the expense and its revision, and the journal from the event: after a lost
    answer, a crash or a rebalance the same request goes out and the ERP answers with the first posting. A refusal
    reaches a person only when it is about the document.

    Raises:
        Transient: the ERP cannot be reached, is failing, or does not let us in; the key's lane waits.

    """
    key = derive(STAGE, event.tenant_id, event.ledger, event.expense_id, str(event.revision))
    try:
        journal = journal_of(event, shipped())
    except Unpostable as unpostable:
        return (_refused(event, Refusal(unpostable.code, unpostable.message)),)
    freed: Sequence[Event] = ()
    if event.supersedes is not None:
        taken_back = await take_back(event, event.supersedes, erp)
        if isinstance(taken_back, Refusal):
            return (_refused(event, taken_back),)
        freed = taken_back
    answer = await post(erp, journal, key)
    outcome = read_answer(answer.status, answer.body, key)
    if isinstance(outcome, Refusal):
        return (*freed, _refused(event, outcome))
    return (*freed, caused(event, ExpensePosted, stage=STAGE, status=State.POSTED, posting=outcome))


def _refused(event: ExpenseApproved, refusal: Refusal) -> PostingRefused:
    return caused(
        event, PostingRefused, stage=STAGE, status=State.IN_REVIEW, code=refusal.code, message=refusal.message
    )


HANDLER = Handler(handle=post_expense, capabilities=("erp",))
