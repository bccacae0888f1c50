"""Events that nothing in the stream caused: what enters begins here."""

from datetime import datetime
from typing import Any, TypeVar

from schemas.envelope import Event
from schemas.identity import derive, trace_id

__all__ = ["MAIN_LEDGER", "NOBODY", "opening"]

E = TypeVar("E", bound=Event)

MAIN_LEDGER = "main"
# The subject of what belongs to no person: ticks, policies.
NOBODY = ""


def opening(
    kind: type[E],
    *cause: str,
    tenant: str,
    expense_id: str,
    at: datetime,
    stage: str,
    subject: str = NOBODY,
    status: str = "",
    **fields: Any,
) -> E:
    """Return an event that begins something: revision 1, no doubts, correlated by its own expense.

    The id derives from the stage, the type and `cause`: the same cause sent again is the same event. `at` (UTC) is
    both when it occurred and when it was submitted. `status` is empty for what is no expense.
    """
    values = {
        "ledger": MAIN_LEDGER,
        "revision": 1,
        "batch_id": None,
        "problems": (),
        "asserted": (),
        "tables": {},
        "personal": None,
        **fields,
    }
    return kind(
        event_id=derive(stage, kind.__name__, *cause),
        tenant_id=tenant,
        expense_id=expense_id,
        subject=subject,
        correlation_id=expense_id,
        trace_id=trace_id(expense_id),
        stage=stage,
        status=status,
        occurred_at=at,
        submitted_at=at,
        **values,
    )
