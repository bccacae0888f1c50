"""What the desk proposes for an expense that seems to be one that is posted already."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from audit.reconstruct import Expense, Review
from desk.proposals import propose
from schemas.records import Facts, Finding, Posting

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
POSTING = Posting(posting_id="P-1", idempotency_key="k", replayed=False)
TWIN = Finding(code="DUPLICATE_EXACT", severity="violation", message="x", blocking=True, other="first")
FACTS = Facts(
    kind="card_line",
    vendor_name="CORNER SHOP",
    invoice_date=date(2026, 3, 4),
    currency="USD",
    total=Decimal("310.00"),
    confidence={},
)


def expense(name: str, state: str, **changes: Any) -> Expense:
    """Return an expense as it is known."""
    known: dict[str, Any] = {"tenant_id": "main", "ledger": "main", "subject": "s", "batch_id": None, "revision": 1}
    known |= {"correlation_id": name, "trace_id": "t", "stage": "approval", "sequence": 9, "facts": FACTS}
    known |= dict.fromkeys(("submitted_at", "occurred_at", "recorded_at"), NOON)
    return Expense(expense_id=name, state=state, **{**known, **changes})


LATER = expense("later", "in_review", review=Review(opened_at=NOON, findings=(TWIN,)))
POSTED = expense("first", "posted", posting=POSTING)


def test_a_late_twin_of_a_posted_expense_is_proposed_to_be_rejected() -> None:
    """Both amounts, the posting and each way out with its command are named, rejecting first."""
    (proposal,) = propose(LATER, {"first": POSTED}.get)
    assert (proposal.other, proposal.posting_id, proposal.code) == ("first", "P-1", "DUPLICATE_EXACT")
    assert "first, which is posted as P-1 over 310.00 USD" in proposal.words
    assert "would book 310.00 USD" in proposal.words
    assert proposal.differences == ()
    assert proposal.choices[0].action == "reject"
    assert proposal.choices[0].command == 'spendtrail review reject later --reason "copy of first, posted as P-1"'
    assert "dismiss" in {choice.action for choice in proposal.choices}


def test_what_was_read_differently_is_named() -> None:
    """A number with a slip and a day apart are told side by side, the later one's value first."""
    facts = replace(FACTS, invoice_number="20471", invoice_date=date(2026, 3, 5), total=Decimal("301.00"))
    (proposal,) = propose(replace(LATER, facts=facts), {"first": POSTED}.get)
    assert proposal.differences == (
        "total 301.00 USD, posted 310.00 USD",
        "invoice_number 20471, posted none",
        "invoice_date 2026-03-05, posted 2026-03-04",
    )


@pytest.mark.parametrize(
    ("later", "other"),
    [
        (LATER, None),
        (LATER, expense("first", "in_review")),
        (LATER, expense("first", "rejected")),
        (replace(LATER, state="approved"), POSTED),
        (replace(LATER, review=None), POSTED),
        (replace(LATER, review=Review(opened_at=NOON, findings=(replace(TWIN, code="CAP_EXCEEDED"),))), POSTED),
    ],
)
def test_nothing_is_proposed_elsewhere(later: Expense, other: Expense | None) -> None:
    """Nothing posted, nothing waiting or no twin: there is nothing to compensate."""
    assert propose(later, lambda name: other if name == "first" else None) == ()
