"""Documents that seem to be one purchase although nothing is quite equal."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.screen.twins import mistaken
from tests.evaluate.build import DAY, coded
from tests.screen.desk import ROOMY, Desk, codes

NUMBERS = st.text("0123456789ABLOSZ", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("RE20417", "REZO4I7", True),  # read wrong
        ("20417", "20471", True),  # exchanged
        ("20417", "2017", True),  # left out
        ("20417", "204417", True),  # struck twice
        ("20417", "20417", False),
        ("20417", "20418", False),  # the next one
        ("20417", "30417", False),
        ("417", "471", False),  # too short to say
        ("20417", "99999", False),
    ],
)
def test_a_slip_is_told_from_the_next_invoice(one: str, other: str, slip: bool) -> None:
    """Signs that look alike, exchanged, left out or doubled are slips; another digit is another invoice."""
    assert mistaken(one, other) is slip


@given(NUMBERS, NUMBERS)
def test_a_slip_has_no_direction(one: str, other: str) -> None:
    """Which of the two came first does not matter, and nothing is a slip of itself."""
    assert mistaken(one, other) is mistaken(other, one)
    assert not mistaken(one, one)


def test_a_number_with_a_slip_is_held() -> None:
    """The same vendor and total under a number typed wrong is for a person, whoever sends it, a day misread too."""
    desk = Desk(budgets=[])
    first = coded("a", "310.00", number="RE-20417")
    desk.submit(first)
    again = coded("b", "310.00", number="RE-20471", subject="subject-2", day=DAY - timedelta(days=1))
    (held,) = desk.submit(again)
    assert (held.outcome, codes(held), held.findings[0].other) == (
        "REVIEW_REQUIRED",
        ["DUPLICATE_NEAR"],
        first.expense_id,
    )
    assert "but for one slip" in held.findings[0].message
    (fresh,) = desk.retract(first)
    assert fresh.outcome == "PASS"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "RE-20418"},
        {"total": "311.00"},
        {"vendor": "another"},
        {"day": DAY - timedelta(days=3)},
        {"facts": {"currency": "EUR"}},
    ],
)
def test_what_differs_in_more_than_a_slip_is_another_invoice(changes: dict[str, Any]) -> None:
    """The next number, another total, vendor or currency, or a date far off: nothing is found."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "310.00", number="RE-20417"))
    (second,) = desk.submit(coded("b", changes.pop("total", "310.00"), **{"number": "RE-20471", **changes}))
    assert "DUPLICATE_NEAR" not in codes(second)


@pytest.mark.parametrize(("days", "found"), [(1, True), (2, True), (-2, True), (3, False)])
def test_a_receipt_without_number_within_two_days(days: int, found: bool) -> None:
    """The same person, vendor and total a day or two apart is one misread or two: a person says."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "31.00", number="20417"))
    (second,) = desk.submit(coded("b", "31.00", day=DAY + timedelta(days=days)))
    assert ("DUPLICATE_NEAR" in codes(second)) is found


@pytest.mark.parametrize("order", [("190.00", "120.00", "310.00"), ("310.00", "190.00", "120.00")])
def test_two_parts_and_their_whole(order: tuple[str, str, str]) -> None:
    """A bill and the two receipts it sums up are found whichever comes last, and let go when one is taken back."""
    desk = Desk(budgets=[])
    events = [coded(str(n), total, number=f"N-{n}00{n}") for n, total in enumerate(order)]
    desk.submit(events[0])
    (second,) = desk.submit(events[1])
    assert second.outcome == "PASS"
    (third,) = desk.submit(events[2])
    assert (third.outcome, codes(third)) == ("REVIEW_REQUIRED", ["DUPLICATE_NEAR"])
    assert "together" in third.findings[0].message or "adds up" in third.findings[0].message
    (fresh,) = desk.retract(events[0])
    assert fresh.outcome == "PASS"


@pytest.mark.parametrize(
    "parts", [("4.00", "5.00", "9.00"), ("100.00", "60.00", "41.00"), ("100.00", "100.00", "100.00")]
)
def test_small_change_and_other_sums_are_nothing(parts: tuple[str, str, str]) -> None:
    """Prices of a few units add up to one another by chance, and what does not add up exactly is no sum."""
    desk = Desk(limits=ROOMY, budgets=[])
    last = [desk.submit(coded(str(n), total, number=f"N-{n}00{n}")) for n, total in enumerate(parts)][-1]
    assert codes(last[0]) == []
