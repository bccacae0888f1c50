"""Post one approved expense: once, however often it is tried."""

from collections.abc import Sequence

import httpx2

from consumers.posting.accounts import shipped
from consumers.posting.answer import DEPENDENCY, Refusal, read_answer
from consumers.posting.journal import Unpostable, journal_of
from consumers.runtime.errors import Transient
from consumers.runtime.stage import Handler
from schemas.envelope import Event, caused
from schemas.events import ExpenseApproved, ExpensePosted, PostingRefused
from schemas.identity import derive
from schemas.lifecycle import State

__all__ = ["HANDLER", "post_expense"]

STAGE = "posting"
PATH = "/api/v1/gl/posting"
# Well under the lane's own limit: a slow ERP is waited for and asked again, it never makes the record a dead letter.
TIMEOUT_S = 30.0


async def post_expense(event: ExpenseApproved, *, erp: httpx2.AsyncClient) -> Sequence[Event]:
    """Return ExpensePosted, or PostingRefused where the ERP's refusal or the expense itself needs a person.

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
    try:
        answer = await erp.post(PATH, json=journal, headers={"Idempotency-Key": key}, timeout=TIMEOUT_S)
    except httpx2.RequestError as error:
        # The name of the error only: its text may repeat the address and with it a password.
        raise Transient(DEPENDENCY, f"the ERP does not answer: {type(error).__name__}") from error
    outcome = read_answer(answer.status_code, answer.content, key)
    if isinstance(outcome, Refusal):
        return (_refused(event, outcome),)
    return (caused(event, ExpensePosted, stage=STAGE, status=State.POSTED, posting=outcome),)


def _refused(event: ExpenseApproved, refusal: Refusal) -> PostingRefused:
    return caused(
        event, PostingRefused, stage=STAGE, status=State.IN_REVIEW, code=refusal.code, message=refusal.message
    )


HANDLER = Handler(handle=post_expense, capabilities=("erp",))
