"""Approved expenses for the tests of posting."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from schemas.events import ExpenseApproved
from schemas.identity import derive, trace_id
from schemas.records import CategoryMatch, Coding, Context, Conversion, Facts, Line, VendorMatch

DAY = date(2026, 10, 12)
APPROVED_AT = datetime(2026, 10, 13, 9, 30, tzinfo=UTC)


def approved(
    name: str,
    total: str,
    lines: Sequence[tuple[str, str, str | None]],
    *,
    currency: str = "USD",
    revision: int = 1,
    ledger: str = "main",
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> ExpenseApproved:
    """Return an approved expense; `lines` are (description, amount in the reporting currency, account)."""
    expense = derive("test", name)
    amounts = [Decimal(amount) for _, amount, _ in lines]
    read: dict[str, Any] = {
        "kind": "digital_pdf",
        "document_type": "invoice",
        "vendor_name": "Paperclip & Ledger Office Supply Co.",
        "invoice_number": "739563",
        "invoice_date": DAY,
        "currency": currency,
        "total": Decimal(total),
        "confidence": {"total": 0.99},
        **(facts or {}),
    }
    values: dict[str, Any] = {
        "event_id": derive(expense, "approved", str(revision)),
        "tenant_id": "acme",
        "ledger": ledger,
        "expense_id": expense,
        "revision": revision,
        "subject": "subject-1",
        "batch_id": None,
        "correlation_id": expense,
        "trace_id": trace_id(expense),
        "stage": "approval",
        "status": "approved",
        "occurred_at": APPROVED_AT,
        "submitted_at": APPROVED_AT,
        "problems": (),
        "asserted": (),
        "tables": {},
        "personal": None,
        "document": None,
        "context": Context(department="operations", project="ALDER-COURT", property_id="PROP-1042"),
        "facts": Facts(**read),
        "lines": tuple(
            Line(number=n, description=text, amount=amount)
            for n, ((text, _, _), amount) in enumerate(zip(lines, amounts, strict=True), 1)
        ),
        "conversion": Conversion(
            currency=currency,
            total=Decimal(total),
            line_amounts=tuple(amounts),
            rate=Decimal(1),
            rate_date=DAY,
            source="ECB",
            snapshot_date=DAY,
        ),
        "vendor": VendorMatch(vendor_id=derive("vendor", name), name="paperclip & ledger", score=100, method="name"),
        "categories": tuple(
            CategoryMatch(line=n, category="office_supplies", score=100) for n, _ in enumerate(lines, 1)
        ),
        "codings": tuple(
            Coding(line=n, gl_code=account, recovery_status="non_recoverable", rule="category:office_supplies")
            for n, (_, _, account) in enumerate(lines, 1)
        ),
        "decisions": (),
        "findings": (),
        "outcome": "PASS",
        "policy_version": "0" * 64,
        "prior": "{}",
        "disposition": "decide",
    }
    return ExpenseApproved(**{**values, **changes})
