"""Makes the audit trail of an expense as the stages would write it, for tests of whoever reads trails."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from audit.chain import Head, seal, start
from audit.entry import Entry, read
from audit.step import DEAD_LETTERED
from schemas import events as e
from schemas.codec import Codec, registry_at
from schemas.envelope import Event, caused
from schemas.identity import derive, trace_id
from schemas.lifecycle import State
from schemas.records import (
    CategoryMatch,
    ClaimCheck,
    Coding,
    Context,
    Conversion,
    Decision,
    Facts,
    Finding,
    Line,
    PathNode,
    Posting,
    Problem,
    Sealed,
    VendorMatch,
)

CODEC = Codec(registry_at("mock://trail"))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = "c0ffee" + "0" * 58
OVER = Finding(
    code="CAP_EXCEEDED", severity="violation", message="Lodging is 275.00 USD, the limit is 250.00 USD.", blocking=True
)


def submitted(name: str = "one", batch: str | None = "batch-1") -> e.ExpenseSubmitted:
    """Return a submission; the name makes the expense."""
    expense_id = derive("test", name)
    return e.ExpenseSubmitted(
        event_id=derive(expense_id, batch or "", "submitted"),
        tenant_id="acme",
        ledger="main",
        expense_id=expense_id,
        revision=1,
        subject="5f" * 16,
        batch_id=batch,
        correlation_id=expense_id,
        trace_id=trace_id(expense_id),
        stage="upload",
        status=State.SUBMITTED,
        occurred_at=NOON,
        submitted_at=NOON,
        problems=(),
        asserted=(),
        tables={},
        personal=Sealed(key_id="k1", ciphertext=b"\x01" + sha256(name.encode()).digest()),
        document=ClaimCheck(
            url=f"acme/{expense_id[:2]}/{expense_id}-1.k1",
            sha256="ab" * 32,
            size=4711,
            media_type="image/png",
            key_id="k1",
        ),
        context=Context(department="sales"),
        origin="upload",
    )


@dataclass
class Trail:
    """The records of one expense, in the order the log gets them; each step appends one."""

    event: Event
    records: list[e.AuditRecorded] = field(default_factory=list)
    partition: int = 0

    def record(self, event: Event, cause: Event | None = None, **changes: Any) -> None:
        """Append what a stage would record about an event it wrote."""
        output = CODEC.encode(event)
        self._append(
            cause or event,
            event,
            action=type(event).__name__,
            topic="some.topic",
            output=output,
            output_sha256=sha256(output).hexdigest(),
            **changes,
        )

    def dead_letter(self, stage: str, reason: str, cause: Event | None = None) -> None:
        """Append what a stage would record about an event it could not handle."""
        cause = cause or self.event
        self._append(
            cause,
            replace(cause, stage=stage, status=State.DEAD_LETTERED),
            action=DEAD_LETTERED,
            topic="expense.dlq",
            output=None,
            output_sha256=None,
            reason=reason,
        )

    def go(
        self, to: type[Event], stage: str, status: str, /, *, part: str = "", beside: bool = False, **given: Any
    ) -> Event:
        """Cause an event of a kind and record it; unless `beside`, later events follow from it."""
        event = caused(self.event, to, stage=stage, status=status, part=part, **given)
        self.record(event, self.event)
        if not beside:
            self.event = event
        return event

    def _append(self, cause: Event, event: Event, **given: Any) -> None:
        offset = len(self.records)
        self.records.append(
            caused(
                event,
                e.AuditRecorded,
                stage=event.stage,
                status=event.status,
                part=f"{given['action']}{offset if given['action'] == DEAD_LETTERED else ''}",
                cause_id=cause.event_id,
                source=f"some.topic/{self.partition}/{offset}",
                recorded_at=NOON + SECOND * (offset + 1),
                personal=None,
                **given,
            )
        )


def begun(name: str = "one", batch: str | None = "batch-1") -> Trail:
    """Return a trail that holds the submission."""
    trail = Trail(submitted(name, batch))
    trail.record(trail.event)
    return trail


def facts(total: str = "275.00") -> Facts:
    """Return what was read of a hotel bill."""
    return Facts(
        kind="image",
        document_type="invoice",
        pages=1,
        engine="tesseract 5.3",
        vendor_name="Harbour Hotel",
        invoice_number="H-77",
        invoice_date=date(2026, 3, 12),
        currency="EUR",
        total=Decimal(total),
        confidence={"total": 0.97},
    )


def coded(trail: Trail, total: str = "275.00") -> Trail:
    """Take the expense from submission to its accounts."""
    amount = Decimal(total)
    blurred = Problem(code="LOW_CONFIDENCE", message="The tip is hard to read.", field="tip", stage="parse")
    trail.go(e.ExpenseRead, "ocr", State.READ, kind="image", pages=1, engine="tesseract 5.3")
    lines = (Line(number=1, description="Room", amount=amount),)
    trail.go(e.ExpenseParsed, "parse", State.PARSED, facts=facts(total), lines=lines, problems=(blurred,))
    return judged_again(trail, total)


def judged_again(trail: Trail, total: str) -> Trail:
    """Take a parsed expense through the tracks to its accounts."""
    amount = Decimal(total)
    vendor = VendorMatch(vendor_id="v1", name="harbour hotel", score=100, method="name")
    categories = (CategoryMatch(line=1, category="travel.lodging", score=95),)
    conversion = Conversion(
        currency="USD",
        total=amount,
        line_amounts=(amount,),
        rate=Decimal(1),
        rate_date=date(2026, 3, 12),
        source="ECB",
        snapshot_date=date(2026, 3, 13),
    )
    parsed = trail.event
    trail.go(e.VendorResolved, "vendor", State.PARSED, beside=True, vendor=vendor)
    trail.go(e.CategoryResolved, "category", State.PARSED, beside=True, categories=categories)
    trail.go(e.CurrencyConverted, "currency", State.PARSED, conversion=conversion)
    trail.event = replace(trail.event, event_id=parsed.event_id)
    codings = (Coding(line=1, gl_code="6300", recovery_status="recoverable", rule="lodging"),)
    trail.go(e.ExpenseCoded, "coding", State.CODED, vendor=vendor, categories=categories, codings=codings)
    return trail


def decided(trail: Trail, *, violation: bool = False, total: str = "275.00") -> Trail:
    """Take a coded expense through the policy."""
    outcome = "FAIL" if violation else "PASS"
    findings = (OVER,) if violation else ()
    decision = Decision(
        line=1,
        outcome=outcome,
        rule_id="lodging-cap",
        violation_code="CAP_EXCEEDED" if violation else None,
        amount=Decimal(total),
        limit=Decimal(250),
        currency="USD",
        flip="passes at <= 250.00 USD",
        resolution_path=(PathNode(rule_id="lodging-cap", level="category", outcome=outcome, limit=Decimal(250)),),
        policy_version=POLICY,
    )
    trail.go(
        e.ExpenseEvaluated,
        "evaluate",
        State.EVALUATED,
        decisions=(decision,),
        findings=findings,
        outcome=outcome,
        policy_version=POLICY,
    )
    trail.go(e.ExpenseDecided, "screen", State.DECIDED, prior="{}", disposition="decide")
    return trail


def held(trail: Trail) -> Trail:
    """Open a review."""
    trail.go(
        e.ReviewOpened, "approval", State.IN_REVIEW, beside=True, findings=(OVER,), total=Decimal(275), currency="USD"
    )
    return trail


def approved(trail: Trail, actor: str | None = None) -> Trail:
    """Approve, by a person or by nobody."""
    if actor:
        trail.go(
            e.ReviewClosed, "approval", State.APPROVED, beside=True, action="approve", actor=actor, reason="Trade fair."
        )
    trail.go(e.ExpenseApproved, "approval", State.APPROVED, approved_by=actor)
    return trail


def posted(trail: Trail) -> Trail:
    """Post it."""
    posting = Posting(posting_id="GL-1", idempotency_key="key", replayed=False)
    trail.go(e.ExpensePosted, "posting", State.POSTED, posting=posting)
    return trail


def rejected(trail: Trail, actor: str = "cd" * 16) -> Trail:
    """Reject it, and take back what it counted for."""
    trail.go(
        e.ReviewClosed,
        "approval",
        State.REJECTED,
        beside=True,
        action="reject",
        actor=actor,
        reason="Not a business trip.",
    )
    trail.go(e.ExpenseRetracted, "approval", State.REJECTED, beside=True, reason="rejected")
    trail.go(e.ExpenseRejected, "approval", State.REJECTED, beside=True, actor=actor, reason="Not a business trip.")
    return trail


def clean(name: str = "one", batch: str | None = "batch-1") -> Trail:
    """Return an expense that went through without a person."""
    return posted(approved(decided(coded(begun(name, batch), "240.00"), total="240.00")))


def resolved(name: str = "one", batch: str | None = "batch-1") -> Trail:
    """Return an expense that a person approved."""
    return posted(approved(held(decided(coded(begun(name, batch)), violation=True)), actor="cd" * 16))


def sealed(trail: Trail, head: Head | None = None) -> list[e.AuditSealed]:
    """Return the entries of a trail, chained."""
    head = head or start(trail.records[0].expense_id)
    entries = []
    for record in trail.records:
        entry = seal(head, record)
        head = Head(entry.sequence, entry.hash)
        entries.append(entry)
    return entries


def opened(entries: list[e.AuditSealed]) -> Iterator[tuple[Entry, Event | None]]:
    """Yield each entry with the event it recorded, as a reader of the log gets them."""
    for entry in entries:
        yield read(entry.metadata.encode()), CODEC.decode(entry.output) if entry.output else None
