"""Every code an expense can be flagged with: one expense that raises it, and the least change that does not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from consumers.parse.handler import understand_reading
from consumers.stages import stage_named
from schemas.envelope import Event, caused
from schemas.events import ExpenseCoded, ExpenseDecided, ReviewRefused, ReviewResolved, VendorRecorded
from schemas.records import Line
from schemas.topics import VENDORS
from tests.evaluate.build import DAY, coded
from tests.harness import StageRun
from tests.ocr.build import INVOICE
from tests.parse.test_handler import VAULT, read
from tests.screen.desk import BUDGET, Desk
from tests.tracks.build import parsed

Raised = Callable[[Any], set[str]]
SATURDAY = date(2026, 3, 7)
ROOMY = {"id": "roomy", "level": "category", "limit": "5000", "match": {"categories": ["office_supplies", "meals"]}}
CLAIM = {"id": "claim", "level": "category", "limit": "92", "match": {"categories": ["travel.per_diem"]}}
DAILY = {"id": "day", "level": "per_diem", "limit": "80", "match": {"countries": ["US"]}}
SPLIT = {**ROOMY, "limit": "100", "per": "expense"}
TRIP = {**ROOMY, "id": "trip", "limit": "100", "per": "trip"}
HEADS = {**ROOMY, "id": "heads", "limit": "50", "per": "attendee"}
US = {"country": "US"}
RECEIPTS = {"required": True, "above": "75.00", "wait_days": 30}


def _decided(*limits: dict[str, Any], **sections: Any) -> Raised:
    """Return what judges expenses one after the other and tells the codes found on the last one."""

    def raised(given: ExpenseCoded | Sequence[ExpenseCoded]) -> set[str]:
        desk = Desk(limits=list(limits) or [ROOMY, CLAIM], **sections)
        decided: list[ExpenseDecided] = []
        for event in [given] if isinstance(given, ExpenseCoded) else given:
            decided = desk.submit(event)
        return {finding.code for finding in decided[-1].findings}

    return raised


def _waited(days: int) -> set[str]:
    """Return the codes found on a card line that has waited for its receipt so long."""
    desk = Desk(limits=[ROOMY], receipts=RECEIPTS)
    desk.submit(card("card", "300.00"))
    return {finding.code for decision in desk.tick(days) for finding in decision.findings}


def _answered(stage: str, *master: VendorRecorded) -> Raised:
    """Return what gives an expense to a track and tells the codes of its doubts."""

    def raised(event: Event) -> set[str]:
        (answer,) = StageRun(stage_named(stage), {VENDORS.name: master})(event)
        return {problem.code for problem in answer.problems}

    return raised


def _resolved(actor: str) -> set[str]:
    """Return why somebody may not approve a held expense of `subject-1`, nothing where they may."""
    held = Desk(limits=[SPLIT]).submit(coded("a", "120.00"))[0]
    approval = StageRun(stage_named("approval"))
    approval(held)
    approve = caused(
        held, ReviewResolved, stage="desk", status=held.status, action="approve", actor=actor, reason="it is right"
    )
    refused = [answer.reason for answer in approval(approve) if isinstance(answer, ReviewRefused)]
    return {"SELF_APPROVAL" for reason in refused if "(SELF_APPROVAL)" in reason}


def _understood(confidence: dict[str, float]) -> set[str]:
    (event,) = understand_reading(read(INVOICE), vault=VAULT, confidence=confidence)
    return {problem.code for problem in event.problems}


def card(name: str, total: str, **more: Any) -> ExpenseCoded:
    """Return a card line."""
    return coded(name, total, card=True, **more)


def described(event: ExpenseCoded, description: str) -> ExpenseCoded:
    """Return an expense whose only line says what was bought."""
    return replace(event, lines=(replace(event.lines[0], description=description),))


BANK = VendorRecorded(
    **{
        **{name: getattr(parsed("vendor"), name) for name in Event.__dataclass_fields__},
        "vendor_id": "v",
        "name": "HARBOUR LIGHTS CATERING",
        "iban": "DE89370400440532013000",
    }
)
CLAIMED: dict[str, Any] = {"lines": (Line(number=1, description="Restaurant dinner", amount=Decimal(42)),)}

# Code, what raises it, the expense that does, the one that does not.
TABLE: list[tuple[str, Raised, Any, Any]] = [
    ("CAP_EXCEEDED", _decided(SPLIT), coded("a", "100.01"), coded("a", "100.00")),
    (
        "CAP_EXCEEDED",
        _decided(TRIP),
        coded("a", "100.01", context={"trip": "T"}),
        coded("a", "99", context={"trip": "T"}),
    ),
    (
        "CAP_EXCEEDED",
        _decided(TRIP),
        [coded(n, "60", vendor=n, context={"trip": "oslo"}) for n in ("a", "b")],
        [coded(n, "60", vendor=n, context={"trip": n}) for n in ("a", "b")],
    ),
    ("TRIP_UNKNOWN", _decided(TRIP), coded("a", "9"), coded("a", "9", context={"trip": "oslo"})),
    (
        "CAP_EXCEEDED",
        _decided(HEADS),
        coded("a", "100.01", context={"attendees": 2}),
        coded("a", "100.00", context={"attendees": 2}),
    ),
    ("CAP_EXCEEDED", _decided(HEADS), coded("a", "50.01"), coded("a", "50.01", context={"attendees": 2})),
    ("PER_DIEM_EXCEEDED", _decided(DAILY), coded("a", "80.01", context=US), coded("a", "80.00", context=US)),
    (
        "BUDGET_EXCEEDED",
        _decided(ROOMY, budgets=BUDGET),
        [coded("a", "800.00", vendor="one"), coded("b", "200.01", vendor="two")],
        [coded("a", "800.00", vendor="one"), coded("b", "200.00", vendor="two")],
    ),
    ("FALLBACK_UNMAPPED", _decided(), coded("a", "9", category="other"), coded("a", "9")),
    ("MISSING_RECEIPT", _waited, 30, 29),
    (
        "RECEIPT_MISMATCH",
        _decided(ROOMY, receipts=RECEIPTS),
        [card("card", "300.00"), coded("receipt", "310.00")],
        [card("card", "300.00"), coded("receipt", "300.00")],
    ),
    (
        "DUPLICATE_EXACT",
        _decided(),
        [coded("a", "90.00", number="1007"), coded("b", "90.00", number="1007")],
        [coded("a", "90.00", number="1007"), coded("b", "90.00", number="2204")],
    ),
    (
        "DUPLICATE_NEAR",
        _decided(),
        [coded("a", "90.00", number="1007"), coded("b", "90.00", number="1OO7")],
        [coded("a", "90.00", number="1007"), coded("b", "90.00", number="1008")],
    ),
    (
        "SPLIT_TRANSACTION",
        _decided(SPLIT),
        [coded("a", "60.00", number="1"), coded("b", "60.00", number="2")],
        [coded("a", "50.00", number="1"), coded("b", "50.00", number="2")],
    ),
    ("WEEKEND_SPEND", _decided(), coded("a", "9", day=SATURDAY), coded("a", "9", day=SATURDAY - timedelta(1))),
    ("RESTRICTED_MCC", _decided(), card("a", "9", facts={"mcc": "7995"}), card("a", "9", facts={"mcc": "5812"})),
    (
        "ALCOHOL",
        _decided(),
        described(coded("a", "9"), "House wine"),
        coded("a", "9", vendor="The Wine Cellar Restaurant"),
    ),
    (
        "ALCOHOL",
        _decided(),
        described(card("a", "9", vendor="THE WINE CELLAR"), "THE WINE CELLAR 2 btl champagne"),
        described(card("a", "9", vendor="THE WINE CELLAR"), "The Wine Cellar LONDON"),
    ),
    ("PERSONAL_SPEND", _decided(), described(coded("a", "9"), "Perfume"), coded("a", "9")),
    ("ROUND_AMOUNT", _decided(), coded("a", "600.00"), coded("a", "600.01")),
    ("STALE_EXPENSE", _decided(), coded("a", "9", day=DAY - timedelta(60)), coded("a", "9", day=DAY - timedelta(59))),
    ("FUTURE_DATED", _decided(), coded("a", "9", day=DAY + timedelta(3)), coded("a", "9", day=DAY + timedelta(2))),
    (
        "MEAL_AND_PER_DIEM",
        _decided(),
        coded("a", "95", lines=[("60", "travel.per_diem"), ("35", "meals")]),
        coded("a", "95", lines=[("60", "travel.per_diem"), ("35", "office_supplies")]),
    ),
    (
        "MEAL_AND_PER_DIEM",
        _decided(),
        [coded("a", "60", category="travel.per_diem", vendor="self"), coded("b", "35", category="meals")],
        [coded("a", "60", category="travel.per_diem", vendor="self"), coded("b", "35", category="meals", day=SATURDAY)],
    ),
    (
        "MEAL_AND_PER_DIEM",
        _decided(),
        [coded("b", "35", category="meals"), coded("a", "60", category="travel.per_diem", vendor="self")],
        [coded("b", "35", category="meals"), coded("a", "60", category="travel.per_diem", subject="subject-2")],
    ),
    (
        "FX_MISMATCH",
        _answered("currency"),
        parsed(facts={"original_amount": Decimal(80), "original_currency": "USD"}),
        parsed(facts={"original_amount": Decimal("45.43"), "original_currency": "USD"}),
    ),
    (
        "CATEGORY_MISMATCH",
        _answered("category"),
        parsed(context={"claimed_category": "travel.lodging"}, **CLAIMED),
        parsed(context={"claimed_category": "meals"}, **CLAIMED),
    ),
    (
        "VENDOR_BANK_CHANGED",
        _answered("vendor", BANK),
        parsed(facts={"vendor_iban": "GB33BUKB20201555555555"}),
        parsed(facts={"vendor_iban": "DE89370400440532013000"}),
    ),
    ("SELF_APPROVAL", _resolved, "subject-1", "subject-2"),
    ("LOW_CONFIDENCE", _understood, {"*": 1.0}, {}),
]
# What the product says it finds; the table must have a row for each.
CODES = {
    "CAP_EXCEEDED", "PER_DIEM_EXCEEDED", "BUDGET_EXCEEDED", "CATEGORY_MISMATCH", "FALLBACK_UNMAPPED", "MISSING_RECEIPT",
    "RECEIPT_MISMATCH", "DUPLICATE_EXACT", "DUPLICATE_NEAR", "SPLIT_TRANSACTION", "WEEKEND_SPEND", "RESTRICTED_MCC",
    "ALCOHOL", "PERSONAL_SPEND", "ROUND_AMOUNT", "STALE_EXPENSE", "FUTURE_DATED", "FX_MISMATCH", "VENDOR_BANK_CHANGED",
    "MEAL_AND_PER_DIEM", "SELF_APPROVAL", "LOW_CONFIDENCE", "TRIP_UNKNOWN",
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "raised", "yes", "no"), TABLE, ids=[f"{code}-{place}" for place, (code, *_) in enumerate(TABLE)]
)
def test_a_code_is_raised_and_its_flip_is_not(code: str, raised: Raised, yes: Any, no: Any) -> None:
    """The one expense has the code, and the one next to it has not."""
    assert code in raised(yes)
    assert code not in raised(no)


def test_every_code_has_a_row() -> None:
    """No code is left without an expense that raises it."""
    assert {code for code, *_ in TABLE} == CODES
