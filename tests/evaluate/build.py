"""Coded expenses for the tests of evaluate and screen."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from policy.documents import check_document, shipped
from policy.snapshot import Snapshot
from producers.opening import opening
from schemas.events import ExpenseCoded, PolicyPublished
from schemas.identity import derive
from schemas.records import CategoryMatch, ClaimCheck, Coding, Context, Conversion, Facts, Line, VendorMatch

DAY = date(2026, 3, 10)  # a Tuesday
SUBMITTED = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


def coded(
    name: str,
    total: str,
    *,
    lines: Sequence[tuple[str | None, str | None]] | None = None,
    category: str | None = "office_supplies",
    card: bool = False,
    vendor: str = "paper and pens",
    subject: str = "subject-1",
    day: date | None = DAY,
    department: str | None = "Sales",
    project: str | None = None,
    number: str | None = None,
    revision: int = 1,
    sha256: str | None = None,
    facts: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> ExpenseCoded:
    """Return a coded expense; `lines` are (amount, category), one of the total in `category` unless given."""
    amount = Decimal(total)
    rows = [(total, category)] if lines is None else list(lines)
    numbered = list(enumerate(rows, 1))
    expense = derive("test", name)
    read = {
        "kind": "card_line" if card else "digital_pdf",
        "document_type": "card_transaction" if card else "receipt",
        "vendor_name": vendor,
        "invoice_number": number,
        "invoice_date": day,
        "currency": "USD",
        "total": amount,
        "account": "account-1" if card else None,
        "mcc": None,
        "confidence": {},
        **(facts or {}),
    }
    document = ClaimCheck(url="x", sha256=sha256 or derive("bytes", name), size=1, media_type="x", key_id="k")
    return opening(
        ExpenseCoded,
        expense,
        str(revision),
        tenant="acme",
        expense_id=expense,
        at=SUBMITTED,
        stage="coding",
        subject=subject,
        status="coded",
        revision=revision,
        document=None if card else document,
        context=Context(department=department, project=project, **(context or {})),
        facts=Facts(**read),
        lines=tuple(Line(number=n, amount=None if a is None else Decimal(a)) for n, (a, _) in numbered),
        conversion=None,
        vendor=VendorMatch(vendor_id=derive("vendor", vendor), name=vendor, score=100, method="name"),
        categories=tuple(CategoryMatch(line=n, category=c, score=100) for n, (_, c) in numbered),
        codings=tuple(Coding(line=n, gl_code="6000", recovery_status="not_applicable", rule="r") for n, _ in numbered),
    )


def converted(currency: str, total: str, lines: Sequence[str]) -> Conversion:
    """Return a conversion into `currency`."""
    return Conversion(
        currency=currency,
        total=Decimal(total),
        line_amounts=tuple(Decimal(amount) for amount in lines),
        rate=Decimal("1.1"),
        rate_date=DAY,
        source="ECB",
        snapshot_date=DAY,
    )


def published(effective_from: datetime = datetime(2026, 1, 1, tzinfo=UTC), **changes: Any) -> PolicyPublished:
    """Return the shipped policy, with some sections changed, as published for the tenant of these tests."""
    data = {**shipped().model_dump(mode="json"), "effective_from": effective_from.isoformat(), **changes}
    snapshot = Snapshot.of(check_document(data, "test"))
    return opening(
        PolicyPublished,
        snapshot.version,
        tenant="acme",
        expense_id=derive("policy", snapshot.version),
        at=effective_from,
        stage="policy",
        status="published",
        version=snapshot.version,
        snapshot=snapshot.canonical.decode(),
        effective_from=effective_from,
        published_by="finance",
        reason="test",
    )
