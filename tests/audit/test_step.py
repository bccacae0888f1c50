"""Where an expense stands after an entry."""

import pytest

from audit.step import Step, step
from schemas.lifecycle import State

CASES = [
    # state, revision, action, status, entry's revision, expected
    (None, 0, "ExpenseSubmitted", "submitted", 1, Step("submitted", 1)),
    (None, 0, "BatchClosed", "submitted", 1, Step(None, 0, news=False)),
    (None, 0, "VendorResolved", "parsed", 1, Step("parsed", 1)),
    ("submitted", 1, "ExpenseRead", "read", 1, Step("read", 1)),
    ("posted", 1, "ExpenseSubmitted", "submitted", 1, Step("posted", 1, news=False)),
    ("posted", 1, "SubmissionRepeated", "submitted", 1, Step("posted", 1, news=False)),
    ("parsed", 1, "CategoryResolved", "parsed", 1, Step("parsed", 1)),
    ("coded", 1, "CategoryResolved", "parsed", 1, Step("coded", 1, news=False)),
    ("in_review", 1, "TrackFailed", "parsed", 1, Step("in_review", 1, news=False)),
    ("in_review", 1, "ExpenseDecided", "decided", 1, Step("in_review", 1)),
    ("in_review", 1, "ExpenseDecided", "awaiting_receipt", 1, Step("awaiting_receipt", 1)),
    ("approved", 1, "ExpenseDecided", "decided", 1, Step("approved", 1, news=False)),
    ("posted", 1, "ExpenseDecided", "decided", 1, Step("posted", 1, news=False)),
    ("awaiting_receipt", 1, "ExpenseDecided", "decided", 1, Step("decided", 1)),
    ("in_review", 1, "ReviewClosed", "parsed", 1, Step("parsed", 1)),
    ("in_review", 1, "ExpenseCorrected", "parsed", 2, Step("parsed", 2)),
    ("in_review", 1, "ExpenseSubmitted", "submitted", 2, Step("submitted", 2)),
    ("parsed", 2, "ExpenseDecided", "decided", 1, Step("parsed", 2, news=False)),
    ("parsed", 1, "DeadLettered", "dead_lettered", 1, Step("dead_lettered", 1)),
    ("in_review", 1, "DeadLettered", "parsed", 1, Step("in_review", 1, news=False)),
    ("posted", 1, "DeadLettered", "dead_lettered", 1, Step("posted", 1, news=False)),
    ("dead_lettered", 1, "ExpenseCoded", "coded", 1, Step("coded", 1)),
    ("approved", 1, "ReviewOpened", "in_review", 1, Step("in_review", 1)),
    ("posted", 1, "ExpenseRejected", "rejected", 1, Step("posted", 1, news=False, breach="posted -> rejected")),
    ("submitted", 1, "ExpenseCoded", "coded", 1, Step("coded", 1, breach="submitted -> coded")),
    (None, 0, "ExpenseRead", "read", 1, Step("read", 1)),
    (None, 0, "DeadLettered", "dead_lettered", 1, Step("dead_lettered", 1)),
    (None, 0, "ExpenseApproved", "approved", 1, Step("approved", 1, breach="nothing -> approved", gap=True)),
    (None, 0, "ExpenseParsed", "parsed", 2, Step("parsed", 2, breach="nothing -> parsed of revision 2", gap=True)),
    ("in_review", 1, "ExpenseCorrected", "parsed", 3, Step("parsed", 3, breach="revision 1 -> 3", gap=True)),
    ("posted", 1, "ExpenseParsed", "parsed", 3, Step("posted", 1, news=False, breach="posted -> parsed")),
]


@pytest.mark.parametrize(("state", "revision", "action", "status", "entry_revision", "expected"), CASES)
def test_step(state: str | None, revision: int, action: str, status: str, entry_revision: int, expected: Step) -> None:
    """Each kind of entry moves the expense, leaves it, or is a breach; what has ended stays ended."""
    assert step(state, revision, action, status, entry_revision) == expected


def test_a_step_is_told_as_text_whoever_asked_first() -> None:
    """What is remembered for an enumeration's member serves its text too."""
    asked = step(State.EVALUATED, 7, "ExpenseDecided", State.DECIDED, 7)
    told = step("evaluated", 7, "ExpenseDecided", "decided", 7)
    assert (type(asked.state), type(told.state)) == (str, str)
    assert type(step(State.DECIDED, 7, "PairDismissed", State.DECIDED, 7).state) is str
