"""Resolutions: a person's word about a held expense, as the event that `approval` reads."""

from collections.abc import Sequence
from datetime import datetime

from audit.reconstruct import Expense
from schemas.events import ReviewResolved
from schemas.identity import derive
from schemas.lifecycle import State
from schemas.records import Assertion, ClaimCheck, Superseded

__all__ = ["ACTIONS", "assertion", "resolve", "superseded"]

ACTIONS = ("approve", "reject", "correct", "replace", "dismiss", "supersede")


def assertion(text: str, actor: str) -> Assertion:
    """Return a statement from `field=value`.

    Raises:
        ValueError: there is no `=` or no field.

    """
    field, found, value = text.partition("=")
    if not found or not field.strip():
        msg = f"{text!r}: say FIELD=VALUE, for example total=80.00 or lines.1.category=travel.lodging"
        raise ValueError(msg)
    return Assertion(field=field.strip(), value=value.strip(), actor=actor)


def resolve(
    expense: Expense,
    action: str,
    *,
    actor: str,
    reason: str,
    at: datetime,
    corrections: Sequence[Assertion] = (),
    replacement: ClaimCheck | None = None,
    supersedes: Superseded | None = None,
) -> ReviewResolved:
    """Return the resolution of an expense as the person saw it.

    It names the revision that was looked at, so a resolution of something that changed meanwhile is refused. Its id
    derives from what is resolved and how: the same click twice is one resolution.

    Raises:
        ValueError: no such action.

    """
    if action not in ACTIONS:
        msg = f"{action!r} is none of {', '.join(ACTIONS)}"
        raise ValueError(msg)
    stated = [f"{c.field}={c.value}" for c in corrections]
    return ReviewResolved(
        event_id=derive(
            "resolution",
            expense.expense_id,
            str(expense.revision),
            str(expense.sequence),
            action,
            actor,
            *stated,
            replacement.sha256 if replacement else "",
            *((supersedes.posting_id,) if supersedes else ()),
        ),
        tenant_id=expense.tenant_id,
        ledger=expense.ledger,
        expense_id=expense.expense_id,
        revision=expense.revision,
        subject=expense.subject,
        batch_id=expense.batch_id,
        correlation_id=expense.correlation_id,
        trace_id=expense.trace_id,
        stage="desk",
        status=expense.state or "",
        occurred_at=at,
        submitted_at=expense.submitted_at,
        problems=(),
        asserted=(),
        tables={},
        personal=None,
        action=action,
        actor=actor,
        reason=reason,
        corrections=tuple(corrections),
        replacement=replacement,
        supersedes=supersedes,
    )


def superseded(posted: Expense) -> Superseded:
    """Return a posted expense as what another one takes the place of.

    Raises:
        ValueError: it is not posted.

    """
    if posted.state != State.POSTED or posted.posting is None:
        msg = f"expense {posted.expense_id} is {posted.state}, not posted: there is no posting to reverse"
        raise ValueError(msg)
    return Superseded(
        expense_id=posted.expense_id,
        revision=posted.revision,
        subject=posted.subject,
        batch_id=posted.batch_id,
        correlation_id=posted.correlation_id,
        trace_id=posted.trace_id,
        submitted_at=posted.submitted_at,
        posting_id=posted.posting.posting_id,
    )
