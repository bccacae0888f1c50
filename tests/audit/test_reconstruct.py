"""The fold over entries."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Entry
from audit.reconstruct import Expense, apply, happened, state_at
from schemas import events as e
from schemas.envelope import Event
from schemas.lifecycle import State
from schemas.records import Assertion, Context
from tests.audit.trail import (
    NOON,
    SECOND,
    Trail,
    approved,
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

History = list[tuple[Entry, Event | None]]


def history(trail: Trail) -> History:
    """The entries of a trail as a reader of the log gets them."""
    return list(opened(sealed(trail)))


def fold(trail: Trail) -> Expense:
    """The expense after all of a trail."""
    expense = None
    for entry, event in history(trail):
        expense = apply(expense, entry, event)
    assert expense is not None
    return expense


def test_clean() -> None:
    """An expense that went through has all that was found out about it, and no breach."""
    expense = fold(clean())
    assert (expense.state, expense.outcome, expense.breaches) == ("posted", "PASS", ())
    assert expense.facts is not None
    assert expense.facts.total == Decimal(240)
    assert expense.posting is not None
    assert expense.posting.posting_id == "GL-1"
    assert [c.gl_code for c in expense.codings] == ["6300"]
    assert expense.vendor is not None
    assert [p.code for p in expense.problems] == ["LOW_CONFIDENCE"]
    assert expense.review is None


def test_resolved() -> None:
    """A review keeps why it was opened, who closed it and how."""
    expense = fold(resolved())
    assert expense.state == "posted"
    assert expense.review is not None
    assert [f.code for f in expense.review.findings] == ["CAP_EXCEEDED"]
    assert (expense.review.action, expense.review.actor, expense.approved_by) == ("approve", "cd" * 16, "cd" * 16)
    assert expense.reason is None


def test_rejected() -> None:
    """A rejected expense has the person's reason."""
    expense = fold(rejected(held(decided(coded(begun()), violation=True))))
    assert (expense.state, expense.reason, expense.posting) == ("rejected", "Not a business trip.", None)


def corrected() -> Trail:
    """An expense that was held, corrected from 275 to 80, and posted."""
    trail = held(decided(coded(begun()), violation=True))
    stated = Assertion(field="total", value="80.00", actor="cd" * 16)
    trail.go(
        e.ReviewClosed, "approval", State.PARSED, beside=True, action="correct", actor="cd" * 16, reason="Misread."
    )
    trail.go(e.ExpenseRetracted, "approval", State.IN_REVIEW, beside=True, reason="corrected")
    trail.go(
        e.ExpenseCorrected, "approval", State.PARSED, revision=2, asserted=(stated,), facts=facts("80.00"), problems=()
    )
    return trail


def test_correction_starts_anew() -> None:
    """A correction leaves nothing of the old judgement, nor does what arrives late about it."""
    trail = corrected()
    expense = fold(trail)
    assert (expense.state, expense.revision, expense.breaches) == ("parsed", 2, ())
    assert (expense.outcome, expense.findings, expense.codings, expense.conversion) == (None, (), (), None)
    assert expense.facts is not None
    assert expense.facts.total == Decimal(80)
    late = replace(trail.event, revision=1)
    trail.record(
        replace(decided(coded(begun()), violation=True).event, expense_id=late.expense_id, revision=1), trail.event
    )
    assert fold(trail).outcome is None
    done = fold(posted(approved(decided(judged_again(corrected(), "80.00"), total="80.00"))))
    assert (done.state, done.outcome, done.revision) == ("posted", "PASS", 2)


def test_dead_letter_and_replay() -> None:
    """A dead letter shows as open until the same stage has handled the same event after all."""
    trail = begun()
    trail.dead_letter("ocr", "LIMIT_EXCEEDED")
    expense = fold(trail)
    assert expense.state == "dead_lettered"
    assert [(d.stage, d.reason, d.settled) for d in expense.dead_letters] == [("ocr", "LIMIT_EXCEEDED", False)]
    expense = fold(posted(approved(decided(coded(trail)))))
    assert (expense.state, expense.breaches) == ("posted", ())
    assert [d.settled for d in expense.dead_letters] == [True]


def test_the_same_document_again_tells_nothing_new() -> None:
    """A second submission of a document, or a fresh decision on what is posted, leaves the expense as it was."""
    trail = clean()
    before = fold(trail)
    again = submitted()
    trail.record(replace(again, event_id=NOON.isoformat(), context=Context(department="other")))
    late = replace(decided(coded(begun()), violation=True).event, status=State.DECIDED)
    trail.record(late)
    after = fold(trail)
    assert (after.context, after.outcome, after.state) == (before.context, "PASS", "posted")
    assert (after.breaches, after.sequence) == ((), before.sequence + 2)


def test_a_review_told_anew_has_waited_since_the_first_time() -> None:
    """A fresh decision that still holds an expense does not start its waiting again."""
    trail = held(decided(coded(begun()), violation=True))
    opened_at = fold(trail).review
    trail.event = replace(trail.event, occurred_at=NOON + SECOND)
    held(trail)
    assert fold(trail).review == opened_at
    assert opened_at is not None
    assert opened_at.opened_at == NOON


def test_batch_entries_make_no_expense() -> None:
    """Entries about a batch make no expense of it."""
    trail = begun()
    trail.records.clear()
    trail.go(e.BatchClosed, "upload", State.SUBMITTED, beside=True, expense_ids=("a",), manifest_sha256="00")
    ((entry, event),) = history(trail)
    assert apply(None, entry, event) is None


def test_entry_applied_twice() -> None:
    """A log read twice gives the same."""
    once = fold(resolved())
    expense: Expense | None = once
    for entry, event in history(resolved()):
        expense = apply(expense, entry, event)
    assert expense == once


@given(st.lists(st.sampled_from(["one", "two", "three"]), max_size=60), st.integers(-1, 20))
def test_as_of_is_the_fold_of_what_was_known(picks: list[str], seconds: int) -> None:
    """As of T, each expense is what its entries known by T make of it, however the log interleaves them."""
    queues = {"one": history(clean("one")), "two": history(resolved("two")), "three": history(corrected_as("three"))}
    instant = NOON + timedelta(seconds=seconds)
    expected: dict[str, Expense] = {}
    for queue in queues.values():
        expense = None
        for entry, event in queue:
            if entry.recorded_at <= instant:
                expense = apply(expense, entry, event)
        if expense:
            expected[expense.expense_id] = expense
    mixed: History = [queues[pick].pop(0) for pick in picks if queues[pick]]
    mixed += [pair for queue in queues.values() for pair in queue]
    assert state_at(mixed, instant) == expected


def corrected_as(name: str) -> Trail:
    """A corrected trail under another name."""
    trail = held(decided(coded(begun(name)), violation=True))
    trail.go(e.ExpenseCorrected, "approval", State.PARSED, revision=2, asserted=(), facts=facts("80.00"))
    return trail


def test_as_of_ends_with_its_instant() -> None:
    """Knowledge time takes what was known at the instant; event time asks when its cause happened."""
    trail = clean()
    by_id = state_at(history(trail), NOON + SECOND * 2)
    assert [(x.state, x.sequence) for x in by_id.values()] == [("read", 2)]
    assert [x.state for x in state_at(history(trail), NOON, happened).values()] == ["posted"]
    assert state_at(history(trail), NOON) == {}


def test_states_seen_on_the_way() -> None:
    """A person's approval goes through each state once, in order."""
    seen: dict[str | None, int] = defaultdict(int)
    expense = None
    for entry, event in history(resolved()):
        expense = apply(expense, entry, event)
        assert expense is not None
        seen[expense.state] = seen[expense.state] or entry.sequence
    assert list(seen) == [
        "submitted",
        "read",
        "parsed",
        "coded",
        "evaluated",
        "decided",
        "in_review",
        "approved",
        "posted",
    ]
