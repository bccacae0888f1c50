"""A posting that another expense takes the place of: reversed once, never both booked, against the real ledger."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from schemas.envelope import Event
from schemas.events import ExpenseApproved, ExpensePosted, ExpenseRetracted, PostingRefused, PostingReversed
from schemas.records import Superseded
from tests.posting.build import approved
from tests.posting.tries import postings, tried, until_answered

pytestmark = pytest.mark.slow

LINES = [("Copy paper", "140.97", "6210"), ("Gel pens", "80.94", "6210")]


def posted(ledger: httpx2.Client, name: str) -> Superseded:
    """Post an expense and return it as another one takes its place."""
    (event,) = tried(ledger, approved(name, "221.91", LINES))
    assert isinstance(event, ExpensePosted)
    assert event.posting is not None
    about = ("expense_id", "revision", "subject", "batch_id", "correlation_id", "trace_id", "submitted_at")
    return Superseded(**{name: getattr(event, name) for name in about}, posting_id=event.posting.posting_id)


def right(name: str, wrong: Superseded, **changes: Any) -> ExpenseApproved:
    """Return the expense that takes the place of a posted one, as a person approved it."""
    return approved(name, "221.91", LINES, supersedes=wrong, approved_by="reviewer", **changes)


def standing(ledger: httpx2.Client, *expenses: str) -> list[str]:
    """Return which of the expenses have a posting that stands, one entry per posting."""
    rows = [row for each in expenses for row in postings(ledger, each)]
    return [r["journal"]["expense_id"] for r in rows if not (r["reverses"] or r["reversed_by"])]


def test_the_wrong_posting_is_reversed_and_the_right_one_posted(ledger: httpx2.Client) -> None:
    """Both events are told, of each expense its own, and what the wrong one added to totals is taken back."""
    wrong = posted(ledger, "wrong 1")
    event = right("right 1", wrong)
    undone, retracted, booked = tried(ledger, event)
    assert isinstance(undone, PostingReversed)
    assert (undone.expense_id, undone.status, undone.superseded_by) == (wrong.expense_id, "reversed", event.expense_id)
    assert (undone.posting_id, undone.actor, undone.subject) == (wrong.posting_id, "reviewer", wrong.subject)
    assert isinstance(retracted, ExpenseRetracted)
    assert (retracted.expense_id, retracted.revision, retracted.reason) == (wrong.expense_id, 1, "reversed")
    assert isinstance(booked, ExpensePosted)
    assert standing(ledger, wrong.expense_id, event.expense_id) == [event.expense_id]
    reversal = next(row for row in postings(ledger, wrong.expense_id) if row["reverses"])
    assert (reversal["posting_id"], reversal["reverses"]) == (undone.reversal.posting_id, wrong.posting_id)


@pytest.mark.parametrize("faults", [{"drop_response": True, "count": 3}, {"status": 503, "count": 2}])
def test_trouble_on_the_way_reverses_and_posts_once(ledger: httpx2.Client, faults: dict[str, Any]) -> None:
    """Whichever answer is lost, and handled again after a crash: one reversal, one posting, the same events."""
    wrong = posted(ledger, f"wrong {faults}")
    event = right(f"right {faults}", wrong)
    ledger.put("/sandbox/faults", json=faults)
    first, waits = until_answered(ledger, event)
    again = tried(ledger, event)
    assert waits > 0
    assert [e.event_id for e in again] == [e.event_id for e in first]
    assert len(postings(ledger, wrong.expense_id)) == 2
    assert len(postings(ledger, event.expense_id)) == 1


def test_only_one_takes_the_place(ledger: httpx2.Client) -> None:
    """A second twin asked to take the same place goes to a person: nothing is posted, nothing reversed again."""
    wrong = posted(ledger, "wrong 2")
    first, second = right("right 2", wrong), right("other 2", wrong)
    tried(ledger, first)
    (refused,) = tried(ledger, second)
    assert isinstance(refused, PostingRefused)
    assert (refused.code, refused.status) == ("ALREADY_REVERSED", "in_review")
    assert standing(ledger, wrong.expense_id, first.expense_id, second.expense_id) == [first.expense_id]


def test_what_cannot_be_posted_reverses_nothing(ledger: httpx2.Client) -> None:
    """Without amounts in the reporting currency the posted one stands."""
    wrong = posted(ledger, "wrong 3")
    (refused,) = tried(ledger, right("right 3", wrong, conversion=None))
    assert isinstance(refused, PostingRefused)
    assert standing(ledger, wrong.expense_id) == [wrong.expense_id]


def test_refused_after_the_reversal_both_are_told_and_it_can_be_tried_again(ledger: httpx2.Client) -> None:
    """The ledger does not take the right one: the reversal stands and is told; on a later day it is the same one."""
    wrong = posted(ledger, "wrong 4")
    bad = approved("right 4", "221.91", [("Copy paper", "221.91", "9999")], supersedes=wrong, approved_by="reviewer")
    undone, _, refused = tried(ledger, bad)
    assert isinstance(undone, PostingReversed)
    assert isinstance(refused, PostingRefused)
    assert refused.code == "UNKNOWN_ACCOUNT"
    assert standing(ledger, wrong.expense_id, bad.expense_id) == []
    good = right("right 4", wrong)
    later: list[Event] = tried(ledger, replace(good, occurred_at=good.occurred_at + timedelta(days=3)))
    assert isinstance(later[0], PostingReversed)
    assert later[0].reversal == replace(undone.reversal, replayed=True)
    assert standing(ledger, wrong.expense_id, good.expense_id) == [good.expense_id]
    assert len(postings(ledger, wrong.expense_id)) == 2


def test_a_posting_that_the_erp_does_not_know_is_for_a_person(ledger: httpx2.Client) -> None:
    """An answer of 404 about the posting itself is not waited out; nothing is posted."""
    wrong = replace(posted(ledger, "wrong 5"), posting_id="00000000-0000-5000-8000-000000000000")
    event = right("right 5", wrong)
    (refused,) = tried(ledger, event)
    assert isinstance(refused, PostingRefused)
    assert refused.code == "NO_POSTING"
    assert standing(ledger, event.expense_id) == []
