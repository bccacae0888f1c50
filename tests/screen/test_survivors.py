"""Whatever is submitted, rejected and corrected: the history is that of what survives."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.screen import retraction
from schemas.events import ExpenseCoded, ExpenseDecided
from tests.depth import examples
from tests.evaluate.build import DAY, coded
from tests.screen.desk import BUDGET, ROOMY, Desk

# 90 and 240 are 330 together; the last two are credits.
AMOUNTS = ("90.00", "240.00", "310.00", "330.00", "520.00", "-240.00", "-70.00")
# The second and the third are the first but for one slip each.
NUMBERS = (None, "20417", "2O417", "20471", "99999")
# Vendor and category; the per diem is of the same days as the meals.
WHAT = (("one", "office_supplies"), ("two", "office_supplies"), ("two", "meals"), ("self", "travel.per_diem"))
Step = tuple[str, int, str, tuple[str, str], bool, str | None, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "reject", "correct"]),
        st.integers(0, 5),
        st.sampled_from(AMOUNTS),
        st.sampled_from(WHAT),
        st.booleans(),
        st.sampled_from(NUMBERS),
        st.integers(0, 3),
    ),
    max_size=14,
)
_SELLERS = ("stationer", "bakery", "garage", "florist", "museum", "pharmacy")
# Purchases and credits that have nothing to do with each other but for the budget.
CREDITS = st.lists(
    st.builds(
        lambda action, which, amount: (action, which, amount, (_SELLERS[which], "office_supplies"), False, None, 0),
        st.sampled_from(["submit", "submit", "reject", "correct"]),
        st.integers(0, 5),
        st.sampled_from(["240.00", "490.00", "-240.00", "-470.00"]),
    ),
    max_size=14,
)
LIMITS = [{**ROOMY[0], "limit": "500", "match": {"categories": ["office_supplies", "meals", "travel.per_diem"]}}]


def _desk() -> Desk:
    return Desk(limits=LIMITS, budgets=BUDGET)


def _gist(decision: ExpenseDecided) -> Any:
    # A warning holds nothing back, so it is not taken back either.
    return (decision.outcome in {"FAIL", "REVIEW_REQUIRED"}, sorted((f.code, f.other or "") for f in decision.findings))


_PIECES = pytest.mark.parametrize("most", [0, 1, 10_000])


@_PIECES
@settings(deadline=None, max_examples=examples(60))
@given(steps=STEPS)
def test_history_is_that_of_the_survivors(most: int, steps: list[Step]) -> None:
    """After any steps, totals and latest decisions equal those of a ledger that only ever saw the survivors.

    So they do however little a retraction does at once: a tick at the end brings up the rest.
    """
    _in_pieces(most, steps)


@_PIECES
@settings(deadline=None, max_examples=examples(60))
@given(steps=CREDITS)
def test_a_credit_that_does_not_survive_frees_nobody_of_a_limit(most: int, steps: list[Step]) -> None:
    """The same where half of what comes are credits, whose retraction raises totals instead of lessening them."""
    _in_pieces(most, steps)


def _in_pieces(most: int, steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("_TOTALS", most), ("_DECISIONS", most), ("_PIECE", max(1, most))):
            patched.setattr(retraction, name, value)
        _history_is_that_of_the_survivors(steps)


def _history_is_that_of_the_survivors(steps: list[Step]) -> None:
    desk, alive, latest = _desk(), dict[int, ExpenseCoded](), dict[str, ExpenseDecided]()
    revisions: dict[int, int] = {}
    for action, which, amount, (vendor, category), card, number, days in steps:
        if which in alive and action == "submit":
            continue
        if which not in alive and action != "submit":
            continue
        if action != "submit":
            gone = alive.pop(which)
            latest.pop(gone.expense_id)
            latest |= {fresh.expense_id: fresh for fresh in desk.retract(gone)}
        if action != "reject":
            revisions[which] = revisions.get(which, 0) + 1
            event = coded(
                str(which),
                amount,
                vendor=vendor,
                category=category,
                card=card,
                revision=revisions[which],
                number=number,
                day=DAY + timedelta(days=days),
            )
            alive[which] = event
            latest |= {decided.expense_id: decided for decided in desk.submit(event)}
    latest |= {decided.expense_id: decided for decided in desk.tick(0)}
    assert not list(desk.screen.store.range("behind/", "behind0"))
    clean, expected = _desk(), dict[str, ExpenseDecided]()
    for event in alive.values():
        expected |= {decided.expense_id: decided for decided in clean.submit(event)}
    assert {key: _gist(d) for key, d in latest.items()} == {key: _gist(d) for key, d in expected.items()}
    assert _totals(desk) == _totals(clean)
    assert _count(desk) == _count(clean)


def _totals(desk: Desk) -> dict[str, bytes]:
    return dict(desk.screen.store.range("ledger/acme/main/total/", "ledger/acme/main/total0"))


def _count(desk: Desk) -> int:
    folders = ("left", "kept", "part", "print", "purchase", "watch", "waiting", "numbered", "bought", "day")
    at = "ledger/acme/main/"
    # What a person bought on a day is one value with a line for each expense.
    return sum(
        1 + (value.count(b"\n") if folder == "day" else 0)
        for folder in folders
        for _, value in desk.screen.store.range(f"{at}{folder}/", f"{at}{folder}0")
    )
