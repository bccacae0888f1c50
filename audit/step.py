"""Where an expense stands after one more entry of its trail.

The trail has entries in the order the log received them, and not each of them moves the expense: tracks answer side by
side, a document enters twice, a fresh decision overtakes a person. Seal and the read model both ask here, so that
they never disagree.
"""

from dataclasses import dataclass

from schemas.lifecycle import ENDS, IllegalTransition, State, check

__all__ = ["DEAD_LETTERED", "Step", "step"]

DEAD_LETTERED = "DeadLettered"

# What happens beside an expense's own way: its batch, what was learned, what was asked for and not done.
_BESIDE = frozenset(
    {
        "BatchClosed",
        "BatchCompleted",
        "BatchProgressed",
        "ExpenseRetracted",
        "PatternRecorded",
        "ReviewRefused",
        "ReviewResolved",
        "SubmissionRepeated",
        "TickElapsed",
        "VendorRecorded",
    }
)
# The tracks answer about an expense that is parsed already; an answer that comes late does not take it back there.
_ANSWERS = frozenset({"CategoryResolved", "CurrencyConverted", "TrackFailed", "VendorResolved"})
# Once approval holds an expense, only what approval and posting write moves it; a fresh decision is news to them.
_HELD = frozenset({State.IN_REVIEW, State.APPROVED}) | ENDS - {State.DEAD_LETTERED}


@dataclass(frozen=True, slots=True)
class Step:
    """State and revision after the entry (None before the first that counts), and the illegal step if it was one."""

    state: str | None
    revision: int
    breach: str | None = None


def step(state: str | None, revision: int, action: str, status: str, entry_revision: int) -> Step:
    """Return where the expense stands after an entry, given where it stood.

    A step the lifecycle table forbids is named as a breach. An ended expense then stays ended: what was posted is
    posted, whatever is written about it afterwards. Any other moves on, as the later word.
    """
    if action in _BESIDE or _does_not_count(state, revision, action, entry_revision):
        return Step(state, revision)
    if state is None:
        return Step(status, entry_revision)
    try:
        check(state, status)
    except IllegalTransition:
        breach = f"{state} -> {status}"
        return Step(state, revision, breach) if state in ENDS else Step(status, entry_revision, breach)
    return Step(status, entry_revision)


def _does_not_count(state: str | None, revision: int, action: str, entry_revision: int) -> bool:
    if state is None:
        return False
    if entry_revision != revision:
        # A correction is the newer word; what still arrives about the corrected revision is not.
        return entry_revision < revision
    if action == "ExpenseDecided":
        return state in _HELD
    if action == DEAD_LETTERED:
        # A stage behind the end (learn) can fail on it; the end stands.
        return state in ENDS
    # The same document entering again is no way back to the start.
    return action in _ANSWERS or action == "ExpenseSubmitted"
