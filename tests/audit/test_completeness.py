"""Accounting for everything that entered: what ended how, what is lost, and where the money went."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from audit.completeness import Completeness, Reckoning
from schemas.envelope import caused
from schemas.events import BatchClosed, ExpenseCorrected, ExpenseSubmitted
from schemas.lifecycle import State
from tests.audit.trail import (
    NOON,
    SECOND,
    Trail,
    begun,
    clean,
    coded,
    decided,
    facts,
    held,
    judged_again,
    opened,
    posted,
    rejected,
    resolved,
    sealed,
    submitted,
)


def reckoned(*trails: Trail, entered: Sequence[ExpenseSubmitted | BatchClosed] = (), **bounds: Any) -> Completeness:
    """Return the account of trails, and of what else entered."""
    reckoning = Reckoning(**bounds)
    for event in entered:
        reckoning.enter(event)
    for each in trails:
        for entry, told in opened(sealed(each)):
            reckoning.take(entry, told)
    return reckoning.report()


def test_ended_and_waiting_is_complete() -> None:
    """Posted, rejected and in review: everything is accounted for, with its money by currency and state."""
    report = reckoned(
        clean("a"), resolved("b"), rejected(held(decided(coded(begun("c")), violation=True))),
        held(decided(coded(begun("d")), violation=True)), entered=[submitted("a")],
    )  # fmt: skip
    assert report.complete
    assert {s.state: s.number for s in report.states} == {"posted": 2, "rejected": 1, "in_review": 1}
    assert report.money == {
        "EUR": {
            "entered": Decimal("1065.00"),
            "posted": Decimal("515.00"),
            "rejected": Decimal("275.00"),
            "in_review": Decimal("275.00"),
        }
    }
    assert report.differences == ()


def test_what_left_no_trail_is_lost() -> None:
    """A submission, or a member of a closed batch, of which the log knows nothing is named."""
    closed = caused(
        submitted("x"), BatchClosed, stage="upload", status="",
        expense_ids=(submitted("a").expense_id, submitted("gone").expense_id), manifest_sha256="",
    )  # fmt: skip
    report = reckoned(clean("a"), entered=[submitted("lost"), submitted("a"), closed])
    assert {s.expense_id for s in report.lost} == {submitted("lost").expense_id, submitted("gone").expense_id}
    assert (report.entered, report.complete) == (3, False)


def test_what_neither_ended_nor_waits_is_under_way() -> None:
    """An expense in the middle is named with its state and since when."""
    report = reckoned(coded(begun("a")))
    (standing,) = report.under_way
    assert (standing.state, standing.since, report.complete) == ("coded", NOON + 7 * SECOND, False)


def test_two_ends_are_one_too_many() -> None:
    """A second posting of one expense is found whatever its state says."""
    twice = clean("a")
    posted(twice)
    report = reckoned(twice, clean("b"))
    assert [s.expense_id for s in report.ended_twice] == [twice.event.expense_id]
    assert not report.complete


def test_corrected_amounts_reconcile() -> None:
    """What a person corrected is the difference between what entered and what was posted."""
    course = held(decided(coded(begun("a")), violation=True))
    course.go(ExpenseCorrected, "approval", State.PARSED, revision=2, facts=facts("80.00"))
    judged_again(course, "80.00")
    report = reckoned(course)
    assert report.money == {
        "EUR": {"entered": Decimal("275.00"), "corrected": Decimal("-195.00"), "coded": Decimal("80.00")}
    }
    (difference,) = report.differences
    assert (difference.entered, difference.now, difference.why) == (
        Decimal("275.00"), Decimal("80.00"), "corrected by a person",
    )  # fmt: skip


def test_only_the_period_and_tenant_asked_for_count() -> None:
    """The beginning belongs to the period, its end does not; another tenant is left out."""
    for bounds, number in (
        ({"start": NOON, "end": NOON + SECOND}, 1),
        ({"start": NOON + SECOND}, 0),
        ({"end": NOON}, 0),
        ({"tenant": "acme"}, 1),
        ({"tenant": "globex"}, 0),
    ):
        assert reckoned(clean("a"), entered=[submitted("a")], **bounds).entered == number


def test_the_unread_is_counted() -> None:
    """An expense whose amount was never read has no money, and says so."""
    report = reckoned(begun("a"))
    assert (report.unread, report.money) == (1, {})
