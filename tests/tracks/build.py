"""Events as the tracks meet them, with everything that does not matter filled in."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from schemas.envelope import caused
from schemas.events import ExpenseApproved, ExpenseCoded, ExpenseCorrected, ExpenseParsed, ExpensePosted, TickElapsed
from schemas.identity import derive
from schemas.records import Assertion, Context, Facts, Line

NOW = datetime(2024, 3, 28, 12, tzinfo=UTC)


def parsed(name: str = "one", **changes: Any) -> ExpenseParsed:
    """Return a parsed expense of 42.00 EUR with one line; `facts`, `context` and any field can be changed."""
    facts = replace(
        Facts(
            kind="digital_pdf",
            document_type="invoice",
            pages=1,
            engine="text layer",
            vendor_name="Harbour Lights Catering Ltd",
            invoice_number="R-1",
            invoice_date=date(2024, 3, 27),
            currency="EUR",
            total=Decimal("42.00"),
            confidence={"total": 0.99},
        ),
        **changes.pop("facts", {}),
    )
    values: dict[str, Any] = {
        "event_id": derive("test", name),
        "tenant_id": "acme",
        "ledger": "main",
        "expense_id": derive("expense", name),
        "revision": 1,
        "subject": "s-1",
        "batch_id": None,
        "correlation_id": derive("correlation", name),
        "trace_id": "0" * 31 + "1",
        "stage": "parse",
        "status": "parsed",
        "occurred_at": NOW,
        "submitted_at": NOW,
        "problems": (),
        "asserted": (),
        "tables": {},
        "personal": None,
        "document": None,
        "context": replace(Context(), **changes.pop("context", {})),
        "facts": facts,
        "lines": (Line(number=1, description="Catering, lunch buffet", amount=Decimal("42.00")),),
    }
    return ExpenseParsed(**{**values, **changes})


def corrected(name: str, *statements: tuple[str, str], **changes: Any) -> ExpenseCorrected:
    """Return revision 2 of an expense, with what a person stated."""
    asserted = tuple(Assertion(field=field, value=value, actor="p-1") for field, value in statements)
    before = parsed(name, **changes)
    return caused(before, ExpenseCorrected, stage="approval", status="parsed", revision=2, asserted=asserted)


def tick(moment: datetime) -> TickElapsed:
    """Return the tick of a moment."""
    return caused(parsed("tick"), TickElapsed, stage="ticker", status="", part=moment.isoformat(), occurred_at=moment)


def posted(coded: ExpenseCoded, approved_by: str | None = None) -> ExpensePosted:
    """Return the posting that a coded expense ends in."""
    approved = caused(
        coded,
        ExpenseApproved,
        stage="approval",
        status="approved",
        decisions=(),
        findings=(),
        outcome="PASS",
        policy_version="p",
        prior="{}",
        disposition="decide",
        approved_by=approved_by,
    )
    return caused(approved, ExpensePosted, stage="posting", status="posted")
