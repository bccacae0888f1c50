"""Where an expense stands after one more entry of its trail.

The trail has entries in the order the log received them, and not each of them moves the expense: tracks answer side by
side, a document enters twice, a fresh decision overtakes a person. Seal and the read model both ask here, so that
they never disagree.
"""

from dataclasses import dataclass
from functools import lru_cache

from schemas.lifecycle import ENDS, IllegalTransition, State, check

__all__ = ["ANSWERS", "DEAD_LETTERED", "READ_AFTER_ALL", "Step", "step"]

DEAD_LETTERED = "DeadLettered"
# A dead letter of which no event could be read was read when it was replayed; it ends in the expense it is.
READ_AFTER_ALL = "ReadAfterAll"

# What happens beside an expense's own way: its batch, a person's key, what was learned, what was asked and not done.
_BESIDE = frozenset(
    {
        "BatchClosed",
        "BatchCompleted",
        "BatchProgressed",
        "DocumentsFound",
        "ExpenseRetracted",
        "KeyWrapped",
        "PairDismissed",
        "PatternRecorded",
        "ReviewRefused",
        "ReviewResolved",
        "SubmissionRepeated",
        "TickElapsed",
        "TrackAnsweredLate",
        "VendorRecorded",
    }
)
# The tracks answer about an expense that is parsed already; an answer that comes late does not take it back there.
ANSWERS = frozenset({"CategoryResolved", "CurrencyConverted", "TrackFailed", "VendorResolved"})
_ENTRIES = frozenset({"ExpenseParsed", "ExpenseRead"})
# A trail begins in one of these too: a document, one of a file of several, a card line, a record nobody could read.
_BEFORE_JOIN = frozenset({State.SUBMITTED, State.READ, State.PARSED, State.DEAD_LETTERED})
# Approval has let it go; nothing decides about it any more.
_CLOSED = frozenset({State.APPROVED}) | ENDS - {State.DEAD_LETTERED}


@dataclass(frozen=True, slots=True)
class Step:
    """Where the expense stands after an entry.

    `state` is None before the first entry that counts. `news` is whether what the entry tells is about the expense as
    it stands now, `breach` the step if the lifecycle table forbids it or something before it is missing; `gap` is
    whether the latter.
    """

    state: str | None
    revision: int
    news: bool = True
    breach: str | None = None
    gap: bool = False


# A log has few different steps, and takes each of them again and again.
@lru_cache(1_024)
def step(state: str | None, revision: int, action: str, status: str, entry_revision: int) -> Step:
    """Return where the expense stands after an entry, given where it stood.

    A step the lifecycle table forbids is named as a breach, and so is one with something missing before it: a trail
    that begins in the middle, a revision passed over. An ended expense then stays ended: what was posted is posted,
    whatever is written about it afterwards. Any other moves on, as the later word.
    """
    # A `State` equals its text, so either may be what is remembered for both; JSON takes only the text as a key.
    state, status = None if state is None else str(state), str(status)
    if action in _BESIDE or (state is not None and entry_revision < revision):
        # A correction is the newer word; what still arrives about the corrected revision is not news.
        return Step(state, revision, news=False)
    if state is None:
        breach = _beginning(status, entry_revision)
        return Step(status, entry_revision, breach=breach, gap=breach is not None)
    if entry_revision == revision:
        moves, news = _same_revision(state, action, status)
        if not moves:
            return Step(state, revision, news=news)
    breach = _breach(state, status)
    if breach and state in ENDS:
        return Step(state, revision, news=False, breach=breach)
    skipped = entry_revision > revision + 1
    if skipped:
        breach = f"revision {revision} -> {entry_revision}"
    return Step(status, entry_revision, breach=breach, gap=skipped)


def _beginning(status: str, revision: int) -> str | None:
    """Return the step onto the first entry where none begins so: those before it are missing."""
    if status in _BEFORE_JOIN and revision == 1:
        return None
    return f"nothing -> {status}" if revision == 1 else f"nothing -> {status} of revision {revision}"


def _breach(state: str, status: str) -> str | None:
    try:
        check(state, status)
    except IllegalTransition:
        return f"{state} -> {status}"
    return None


def _same_revision(state: str, action: str, status: str) -> tuple[bool, bool]:
    """Return whether an entry about the current revision can move the expense, and whether it is news of it."""
    if action == "ExpenseSubmitted":
        # The same document entering again is no way back to the start.
        return False, False
    if action in _ENTRIES:
        # A card line of an overlapping export is read again; what became of the first one stands.
        return state in _BEFORE_JOIN, state in _BEFORE_JOIN
    if action in ANSWERS:
        return False, state in _BEFORE_JOIN
    if action == DEAD_LETTERED:
        # A stage behind the end (learn) can fail on it, a track can fail and the join goes on without it.
        return status == State.DEAD_LETTERED and state not in ENDS, False
    if action == "ExpenseDecided":
        # Decided anew: a held expense stays held until approval says what it makes of it, except that approval lets
        # it wait for a receipt without a word; an approved one is out of reach.
        held = state == State.IN_REVIEW and status != State.AWAITING_RECEIPT
        return not held and state not in _CLOSED, state not in _CLOSED
    return True, True
