"""screen: what an expense is judged against others of its ledger for, and again when those are taken back."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
import rfc8785

from consumers.screen.prior import Prior
from policy.models import Budget
from schemas.events import ExpenseCoded
from tests.evaluate.build import DAY, coded
from tests.screen.desk import BUDGET, ROOMY, Desk, codes


def test_first_expense_is_decided_with_its_prior() -> None:
    """A clean expense passes, with what was read from the history in the event."""
    (decision,) = Desk(budgets=BUDGET).submit(coded("a", "100.00"))
    assert (decision.outcome, decision.disposition, decision.status) == ("PASS", "decide", "decided")
    assert decision.prior == (
        '{"carried":[],"match":null,"overdue":false,"parts":{},"receipt":null,"seen":[],"sequence":1,'
        '"totals":{"budget/department/sales/2026-03":"0"}}'
    )


def test_a_prior_is_canonical_and_reads_back() -> None:
    """The prior in an event is RFC 8785 JSON, and gives the same prior again, whatever is in it."""
    desk = Desk(receipts=RECEIPTS, budgets=BUDGET, limits=[{**ROOMY[0], "limit": "500"}])
    desk.submit(card())
    decisions = [*desk.submit(receipt(category="gifts")), *desk.submit(card("again", "300.00"))]
    decisions += [*desk.submit(card("third", "300.00")), *desk.tick(30)]
    for decision in decisions:
        assert rfc8785.dumps(json.loads(decision.prior)).decode() == decision.prior
        assert Prior.read(decision.prior).canonical() == decision.prior


def test_what_is_no_prior_is_refused() -> None:
    """Text that no decision was made with is an error that says so."""
    with pytest.raises(ValueError, match="no prior of a decision"):
        Prior.read('{"sequence":1}')


def test_a_rejected_expense_frees_its_budget_for_the_next() -> None:
    """Of a budget of 1,000: A of 900 is rejected, then B of 500 passes."""
    desk = Desk(budgets=BUDGET)
    first = coded("a", "900.00", vendor="one")
    desk.submit(first)
    assert desk.retract(first) == []
    (second,) = desk.submit(coded("b", "500.00", vendor="two"))
    assert (second.outcome, second.decisions[-1].outcome) == ("PASS", "PASS")


def test_a_rejection_clears_what_came_after() -> None:
    """B was over budget only because of A; when A is rejected, B is decided again and passes."""
    desk = Desk(budgets=BUDGET)
    first, second = coded("a", "900.00", vendor="one"), coded("b", "500.00", vendor="two")
    desk.submit(first)
    (held,) = desk.submit(second)
    assert (held.outcome, codes(held)) == ("FAIL", ["ROUND_AMOUNT", "BUDGET_EXCEEDED"])
    assert held.decisions[-1].flip == "passes at <= 100.00 USD"
    (fresh,) = desk.retract(first)
    assert (fresh.expense_id, fresh.outcome, codes(fresh)) == (second.expense_id, "PASS", ["ROUND_AMOUNT"])
    assert (fresh.decision_number, fresh.event_id != held.event_id) == (2, True)


def test_a_correction_frees_the_difference() -> None:
    """C corrected from 800 to 80 frees 720: 920 more pass, 921 do not."""
    for amount, outcome in (("920.00", "WARN"), ("920.01", "FAIL")):
        desk = Desk(budgets=BUDGET)
        desk.submit(coded("c", "800.00", vendor="one"))
        desk.retract(coded("c", "800.00", vendor="one"), "corrected")
        desk.submit(coded("c", "80.00", vendor="one", revision=2))
        (decision,) = desk.submit(coded("d", amount, vendor="two"))
        assert decision.outcome == outcome


def test_a_later_revision_counts_once_even_without_a_retraction() -> None:
    """A second revision takes the first one's place in every total."""
    desk = Desk(budgets=BUDGET)
    desk.submit(coded("c", "800.00", vendor="one"))
    desk.submit(coded("c", "80.00", vendor="one", revision=2))
    (decision,) = desk.submit(coded("d", "900.00", vendor="two"))
    assert decision.outcome == "WARN"


def test_decided_again_in_the_order_of_arrival() -> None:
    """Of two held expenses the earlier one gets what was freed; the later one stays held."""
    desk = Desk(budgets=BUDGET)
    first = coded("a", "900.00", vendor="one")
    desk.submit(first)
    desk.submit(coded("b", "500.00", vendor="two"))
    desk.submit(coded("c", "600.00", vendor="three"))
    assert [fresh.expense_id for fresh in desk.retract(first)] == [coded("b", "1").expense_id]


def test_budgets_are_per_name_and_month() -> None:
    """Another department and another month have totals of their own."""
    desk = Desk(budgets=[*BUDGET, {"id": "others", "scope": "department", "name": "*", "limit": "10.00"}])
    desk.submit(coded("a", "900.00", vendor="one"))
    (other_month,) = desk.submit(coded("b", "900.00", vendor="two", day=DAY.replace(day=1) - timedelta(days=1)))
    assert other_month.outcome == "PASS"
    (other_name,) = desk.submit(coded("c", "11.00", vendor="three", department="Legal"))
    assert codes(other_name) == ["BUDGET_EXCEEDED"]


def test_a_budget_is_remembered_for_its_own_month() -> None:
    """What one month's expenses were held to is never taken for another's, over the turn of the year neither."""
    assert get_args(Budget.model_fields["per"].annotation) == ("month", "year")
    desk = Desk(
        budgets=[*BUDGET, {"id": "yearly", "scope": "department", "name": "sales", "limit": "9000", "per": "year"}]
    )
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 1), date(2025, 12, 1), date(2025, 1, 31)]
    totals = [desk.submit(coded(f"e{n}", "1.00", vendor=f"v{n}", day=day))[0].prior for n, day in enumerate(days)]
    assert [sorted(json.loads(prior)["totals"].items()) for prior in totals] == [
        [("budget/department/sales/2025", "0"), ("budget/department/sales/2025-12", "0")],
        [("budget/department/sales/2026", "0"), ("budget/department/sales/2026-01", "0")],
        [("budget/department/sales/2026", "1.00"), ("budget/department/sales/2026-12", "0")],
        [("budget/department/sales/2025", "1.00"), ("budget/department/sales/2025-12", "1.00")],
        [("budget/department/sales/2025", "2.00"), ("budget/department/sales/2025-01", "0")],
    ]


def test_a_personal_limit_per_day_adds_up() -> None:
    """Two meals of one person on one day are weighed together, those of two persons are not."""
    daily = {"id": "meals", "level": "category", "limit": "75", "per": "day", "match": {"categories": ["meals"]}}
    desk = Desk(limits=[daily], budgets=[])
    desk.submit(coded("a", "50.00", vendor="one", category="meals"))
    (second,) = desk.submit(coded("b", "40.00", vendor="two", category="meals"))
    assert (second.outcome, codes(second)) == ("FAIL", ["CAP_EXCEEDED"])
    (other,) = desk.submit(coded("c", "40.00", vendor="three", category="meals", subject="subject-2"))
    assert other.outcome == "PASS"


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            coded("a", "10.00", sha256="f" * 64),
            coded("b", "10.00", sha256="f" * 64, subject="subject-2", vendor="misread"),
            "the same document",
        ),
        (
            coded("a", "10.00", number="INV-0042"),
            coded("b", "10.00", number="inv 0042", subject="subject-2"),
            "the same vendor, invoice number and total",
        ),
        (
            coded("a", "10.00", card=True),
            coded("b", "10.00", card=True),
            "the same account, date, amount and merchant",
        ),
    ],
)
def test_exact_duplicates_are_violations(first: ExpenseCoded, second: ExpenseCoded, words: str) -> None:
    """The later of two that are the same names the earlier one, and passes once the earlier one is rejected."""
    desk = Desk(budgets=[])
    desk.submit(first)
    (held,) = desk.submit(second)
    assert (held.outcome, codes(held), held.findings[0].other) == ("FAIL", ["DUPLICATE_EXACT"], first.expense_id)
    assert words in held.findings[0].message
    (fresh,) = desk.retract(first)
    assert (fresh.expense_id, fresh.outcome) == (second.expense_id, "PASS")


def test_the_same_receipt_photographed_twice_is_flagged() -> None:
    """Without an invoice number, the same person, vendor, date and total again are for a person to look at."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "10.00"))
    (held,) = desk.submit(coded("b", "10.00"))
    assert (held.outcome, codes(held)) == ("REVIEW_REQUIRED", ["DUPLICATE_NEAR"])


def test_two_invoices_of_one_vendor_are_no_duplicates() -> None:
    """Another number is another invoice, whatever else is equal."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "10.00", number="1"))
    (second,) = desk.submit(coded("b", "10.00", number="2"))
    assert second.outcome == "PASS"


@pytest.mark.parametrize("numbers", [(None, "7"), ("7", None)])
def test_a_number_that_was_not_read_hides_no_duplicate(numbers: tuple[str | None, str | None]) -> None:
    """The same purchase with and without its invoice number is for a person to look at, in either order."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "10.00", number=numbers[0]))
    (held,) = desk.submit(coded("b", "10.00", number=numbers[1]))
    assert (held.outcome, codes(held)) == ("REVIEW_REQUIRED", ["DUPLICATE_NEAR"])


@pytest.mark.parametrize(("number", "code"), [("7", "DUPLICATE_EXACT"), (None, "DUPLICATE_NEAR")])
def test_the_same_invoice_again_is_no_split(number: str | None, code: str) -> None:
    """Each copy of an invoice is a duplicate of the first one, never a part of a split purchase."""
    desk = Desk(limits=[{**ROOMY[0], "limit": "500"}], budgets=[])
    desk.submit(coded("a", "300.00", number=number))
    for copy in ("b", "c"):
        (held,) = desk.submit(coded(copy, "300.00", number=number))
        assert codes(held) == [code]


def test_a_split_purchase_is_found() -> None:
    """Two purchases at one vendor within a day, each below the limit and together above, are for a person."""
    desk = Desk(limits=[{**ROOMY[0], "limit": "500"}], budgets=[])
    first = coded("a", "300.00", number="1")
    desk.submit(first)
    (held,) = desk.submit(coded("b", "250.00", number="2", day=DAY + timedelta(days=1)))
    assert (held.outcome, codes(held), held.findings[0].other) == (
        "REVIEW_REQUIRED",
        ["SPLIT_TRANSACTION"],
        first.expense_id,
    )
    (fresh,) = desk.retract(first)
    assert fresh.outcome == "PASS"


@pytest.mark.parametrize(
    "changes",
    [{"day": DAY + timedelta(days=2)}, {"vendor": "another"}, {"subject": "subject-2"}, {"total": "190.00"}],
)
def test_what_is_no_split(changes: dict[str, Any]) -> None:
    """Days apart, another vendor, another person, or small change is no split."""
    desk = Desk(limits=[{**ROOMY[0], "limit": "500"}], budgets=[])
    desk.submit(coded("a", "320.00", number="1"))
    (second,) = desk.submit(coded("b", **{"total": "250.00", "number": "2", **changes}))
    assert second.outcome == "PASS"


RECEIPTS = {"required": True, "above": "75.00", "wait_days": 30}


def card(name: str = "card", total: str = "120.00", **more: Any) -> ExpenseCoded:
    """Return a card line."""
    return coded(name, total, card=True, **{"vendor": "SQ *Blue Bottle 0231", "day": DAY + timedelta(days=1), **more})


def receipt(name: str = "receipt", total: str = "100.00", **more: Any) -> ExpenseCoded:
    """Return a receipt, before the tip."""
    return coded(name, total, **{"vendor": "Blue Bottle", **more})


def test_a_card_line_waits_and_its_receipt_merges_into_it() -> None:
    """The card line waits; the receipt, a day and a tip apart, ends as merged and the card line is decided."""
    desk = Desk(receipts=RECEIPTS, budgets=BUDGET)
    (waiting,) = desk.submit(card())
    assert (waiting.disposition, waiting.status) == ("await_receipt", "awaiting_receipt")
    merged, decided = desk.submit(receipt())
    assert (merged.disposition, merged.status, merged.other) == ("merge", "merged", waiting.expense_id)
    assert (decided.expense_id, decided.disposition, decided.status) == (waiting.expense_id, "decide", "decided")
    assert (decided.outcome, decided.other, decided.decision_number) == ("PASS", merged.expense_id, 2)
    (later,) = desk.submit(coded("later", "800.00", vendor="else"))
    assert later.decisions[-1].amount == 920  # only the card line counted


def test_a_card_line_has_one_receipt() -> None:
    """A second receipt for the same card line is an expense of its own."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    desk.submit(card())
    desk.submit(receipt())
    (second,) = desk.submit(receipt("other", "101.00"))
    assert (second.disposition, second.other) == ("decide", None)


def test_what_was_found_about_a_receipt_goes_on_with_the_card_line() -> None:
    """A receipt that a person has to look at makes its card line wait for that person."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    desk.submit(card())
    _, decided = desk.submit(receipt(category="gifts"))
    assert (decided.outcome, codes(decided)) == ("REVIEW_REQUIRED", ["FALLBACK_UNMAPPED"])


@pytest.mark.parametrize(
    "changes",
    [
        {"day": DAY - timedelta(days=3)},
        {"vendor": "Red Tin"},
        {"subject": "subject-2"},
    ],
)
def test_what_is_not_its_receipt(changes: dict[str, Any]) -> None:
    """Days apart, another vendor or person: the card line goes on waiting."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    desk.submit(card())
    (own,) = desk.submit(receipt(**changes))
    assert (own.disposition, own.outcome) == ("decide", "PASS")


@pytest.mark.parametrize("total", ["95.00", "121.00"])
def test_a_receipt_whose_amount_does_not_fit_is_held(total: str) -> None:
    """Too much for a tip, or more than was charged: a person looks at both, and the card line goes on waiting."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    (waiting,) = desk.submit(card())
    (held,) = desk.submit(receipt(total=total))
    assert (held.disposition, held.outcome, codes(held)) == (
        "decide",
        "REVIEW_REQUIRED",
        ["RECEIPT_MISMATCH"],
    )
    assert held.findings[0].other == waiting.expense_id
    merged, _ = desk.submit(receipt("right"))
    assert merged.disposition == "merge"


def test_a_receipt_without_a_card_line_any_more_is_held_no_longer() -> None:
    """The card line it differed from is taken back: nothing is left to differ from."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    desk.submit(card())
    desk.submit(receipt(total="95.00"))
    (fresh,) = desk.retract(card())
    assert (fresh.outcome, fresh.findings) == ("PASS", ())


def test_no_receipt_in_time_is_missing() -> None:
    """After the wait the card line is decided as missing its receipt, once; a late receipt still clears it."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    desk.submit(card())
    assert desk.tick(29) == []
    (overdue,) = desk.tick(30)
    assert (overdue.outcome, codes(overdue), overdue.decision_number) == ("FAIL", ["MISSING_RECEIPT"], 2)
    assert desk.tick(31) == []
    merged, cleared = desk.submit(receipt())
    assert (merged.disposition, cleared.outcome, cleared.findings) == ("merge", "PASS", ())


def test_small_card_lines_do_not_wait() -> None:
    """At the amount of the policy or below, nothing waits."""
    (decision,) = Desk(receipts=RECEIPTS, budgets=[]).submit(card(total="75.00"))
    assert decision.disposition == "decide"


@pytest.mark.parametrize("order", [(card, receipt), (receipt, card)])
def test_a_late_twin_opens_a_review(order: Any) -> None:
    """Where no receipts are waited for, the later half of a pair names the earlier one and waits for a person."""
    desk = Desk(budgets=[])
    (first,) = desk.submit(order[0]())
    (second,) = desk.submit(order[1]())
    assert (second.outcome, codes(second), second.other) == ("REVIEW_REQUIRED", ["DUPLICATE_NEAR"], first.expense_id)


def test_ledgers_know_nothing_of_each_other() -> None:
    """The same document in another ledger is no duplicate there."""
    desk = Desk(budgets=[])
    desk.submit(coded("a", "10.00", sha256="f" * 64))
    (other,) = desk.submit(replace(coded("b", "10.00", sha256="f" * 64), ledger="second"))
    assert other.outcome == "PASS"


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar(day: date) -> None:
    """A date misread as the first or last there is has fewer days around it, and is judged all the same."""
    desk = Desk(budgets=BUDGET)
    desk.submit(receipt(day=day))
    (decision,) = desk.submit(card(day=day))
    assert "DUPLICATE_NEAR" in codes(decision)
