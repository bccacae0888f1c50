"""An audit log of any length: the trails of expenses that went through without a person, sealed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from audit.chain import Head, seal, start
from producers.opening import opening
from schemas import events as e
from schemas.codec import Codec
from schemas.envelope import Event, caused
from schemas.identity import derive
from schemas.lifecycle import State
from schemas.records import (
    CategoryMatch,
    ClaimCheck,
    Coding,
    Context,
    Conversion,
    Decision,
    Facts,
    Line,
    PathNode,
    Posting,
    Sealed,
    VendorMatch,
)

__all__ = ["BEGUN", "ENTRIES", "trail"]

BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DAY: Final = date(2026, 1, 1)
_POLICY: Final = sha256(b"bench").hexdigest()
_STEP: Final = timedelta(milliseconds=40)
_LINES: Final = 2

# Each step: what it writes, the stage, the state after it. The tracks answer beside each other.
_STEPS: Final[tuple[tuple[type[Event], str, str], ...]] = (
    (e.ExpenseRead, "ocr", State.READ),
    (e.ExpenseParsed, "parse", State.PARSED),
    (e.VendorResolved, "vendor", State.PARSED),
    (e.CategoryResolved, "category", State.PARSED),
    (e.CurrencyConverted, "currency", State.PARSED),
    (e.ExpenseCoded, "coding", State.CODED),
    (e.ExpenseEvaluated, "evaluate", State.EVALUATED),
    (e.ExpenseDecided, "screen", State.DECIDED),
    (e.ExpenseApproved, "approval", State.APPROVED),
    (e.ExpensePosted, "posting", State.POSTED),
)
ENTRIES: Final = len(_STEPS) + 1
"""Entries of one expense."""
_BESIDE: Final = (e.VendorResolved, e.CategoryResolved)


def trail(codec: Codec, number: int) -> Iterator[e.AuditSealed]:
    """Yield the entries of the `number`-th expense."""
    at = BEGUN + _STEP * ENTRIES * number
    event: Event = _submitted(number, at)
    told = _told(number)
    head = start(event.expense_id)
    cause, written = event, event
    for place in range(ENTRIES):
        if place:
            kind, stage, status = _STEPS[place - 1]
            written = caused(cause, kind, stage=stage, status=status, **_given(kind, cause, told))
        output = codec.encode(written)
        recorded = caused(
            written,
            e.AuditRecorded,
            stage=written.stage,
            status=written.status,
            action=type(written).__name__,
            cause_id=cause.event_id,
            source=f"expense.{written.stage}/{number % 4}/{number}",
            topic=f"expense.{written.status}",
            output=output,
            output_sha256=sha256(output).hexdigest(),
            recorded_at=at + _STEP * place,
            personal=None,
        )
        entry = seal(head, recorded)
        head = Head(entry.sequence, entry.hash)
        yield entry
        if not isinstance(written, _BESIDE):
            cause = written


def _given(kind: type[Event], cause: Event, told: dict[str, Any]) -> dict[str, Any]:
    names = kind.__dataclass_fields__.keys() - type(cause).__dataclass_fields__.keys()
    return {name: told[name] for name in names & told.keys()}


def _submitted(number: int, at: datetime) -> Event:
    expense_id = derive("bench", "trail", str(number))
    sealed = Sealed(key_id="k1", ciphertext=sha256(expense_id.encode()).digest() * 4)
    document = ClaimCheck(
        url=f"bench/{expense_id}", sha256=sha256(expense_id.encode()).hexdigest(), size=4711, media_type="image/png",
        key_id="k1",
    )  # fmt: skip
    return opening(
        e.ExpenseSubmitted, expense_id, tenant="acme", expense_id=expense_id, at=at, stage="upload",
        subject=sha256(str(number % 500).encode()).hexdigest()[:32], status=State.SUBMITTED, personal=sealed,
        document=document, context=Context(department="sales"), origin="upload",
    )  # fmt: skip


def _told(number: int) -> dict[str, Any]:
    """Return what the stages add to the `number`-th expense."""
    each = Decimal(number % 9_000 + 100) / 100
    total = each * _LINES
    lines = tuple(Line(number=n, description=f"item {n} of {number}", amount=each) for n in range(1, _LINES + 1))
    node = PathNode(rule_id="cap", level="category", outcome="PASS", limit=Decimal(250))
    return {
        "kind": "image",
        "pages": 1,
        "engine": "rapidocr 3.10",
        "facts": Facts(
            kind="image", document_type="receipt", pages=1, engine="rapidocr 3.10", vendor_name=f"shop {number % 97}",
            invoice_number=f"N-{number}", invoice_date=_DAY, currency="EUR", total=total,
            confidence={"total": 0.97, "invoice_date": 0.95},
        ),
        "lines": lines,
        "vendor": VendorMatch(vendor_id=f"v{number % 97}", name=f"shop {number % 97}", score=100, method="name"),
        "categories": tuple(CategoryMatch(line=n.number, category="office_supplies", score=95) for n in lines),
        "conversion": Conversion(
            currency="USD", total=total, line_amounts=(each,) * _LINES, rate=Decimal(1), rate_date=_DAY, source="ECB",
            snapshot_date=_DAY,
        ),
        "codings": tuple(
            Coding(line=n.number, gl_code="6300", recovery_status="recoverable", rule="office") for n in lines
        ),
        "decisions": tuple(
            Decision(
                line=n.number, outcome="PASS", rule_id="cap", violation_code=None, amount=each, limit=Decimal(250),
                currency="USD", flip="fails above 250.00 USD", resolution_path=(node,), policy_version=_POLICY,
            )
            for n in lines
        ),
        "findings": (),
        "outcome": "PASS",
        "policy_version": _POLICY,
        "prior": "{}",
        "disposition": "decide",
        "approved_by": None,
        "posting": Posting(posting_id=f"GL-{number}", idempotency_key=f"key-{number}", replayed=False),
    }  # fmt: skip
