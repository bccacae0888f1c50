"""The state of every expense as of an instant, folded from its entries.

`apply` is the one fold: the read model applies each entry as it comes, an auditor applies those up to T.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from audit.entry import Entry
from audit.step import DEAD_LETTERED, Step, step
from schemas.contracts import EVENTS
from schemas.envelope import Event
from schemas.events import ExpenseMerged, ExpenseRejected, ReviewClosed, ReviewOpened
from schemas.frozen import changed
from schemas.records import (
    Assertion,
    CategoryMatch,
    ClaimCheck,
    Coding,
    Context,
    Conversion,
    Decision,
    Facts,
    Finding,
    Line,
    Portion,
    Posting,
    Problem,
    Sealed,
    VendorMatch,
)

__all__ = ["SUPERSEDED", "TOLD_BY", "DeadLetter", "Expense", "Review", "ahead", "apply", "happened", "known", "letters"]
__all__ += ["moved", "reviewed", "said", "state_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Why an expense was held for a person and, once closed, what came of it."""

    opened_at: datetime
    findings: tuple[Finding, ...]
    closed_at: datetime | None = None
    action: str | None = None
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be handled. `settled` once the same stage handled it after all."""

    stage: str
    source: str
    cause_id: str
    reason: str
    recorded_at: datetime
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """Everything known about one expense as of its last entry, `sequence`."""

    expense_id: str
    tenant_id: str
    ledger: str
    subject: str
    batch_id: str | None
    correlation_id: str
    trace_id: str
    revision: int
    state: str | None
    stage: str
    sequence: int
    submitted_at: datetime
    occurred_at: datetime
    recorded_at: datetime
    breaches: tuple[str, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    review: Review | None = None
    # From the events, as last written; the names are theirs.
    personal: Sealed | None = None
    problems: tuple[Problem, ...] = ()
    asserted: tuple[Assertion, ...] = ()
    document: ClaimCheck | None = None
    portion: Portion | None = None
    context: Context | None = None
    facts: Facts | None = None
    lines: tuple[Line, ...] = ()
    conversion: Conversion | None = None
    vendor: VendorMatch | None = None
    categories: tuple[CategoryMatch, ...] = ()
    codings: tuple[Coding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcome: str | None = None
    policy_version: str | None = None
    other: str | None = None
    approved_by: str | None = None
    posting: Posting | None = None
    into: str | None = None
    reason: str | None = None


_OWN = frozenset({"expense_id", "tenant_id", "ledger", "batch_id", "revision", "stage", "submitted_at", "occurred_at"})
_ENVELOPE = frozenset({"subject", "correlation_id", "trace_id", *_OWN})
_TOLD = frozenset(f.name for f in fields(Expense)) - _ENVELOPE
# What was read and judged of the revision before: a new one starts without it.
SUPERSEDED: Final[dict[str, Any]] = {
    "portion": None,
    "facts": None,
    "lines": (),
    "conversion": None,
    "vendor": None,
    "categories": (),
    "codings": (),
    "decisions": (),
    "findings": (),
    "outcome": None,
    "policy_version": None,
    "other": None,
    "approved_by": None,
}
# These say something of the review or the end; their fields of the same names mean something else elsewhere.
_CLOSING = (ReviewOpened, ReviewClosed)
_ENDING = (ExpenseRejected, ExpenseMerged)


def _told_by(kind: type[Event]) -> tuple[str, ...]:
    names = {f.name for f in fields(kind)} & _TOLD
    if issubclass(kind, _CLOSING):
        names -= {"findings", "reason"}
    elif not issubclass(kind, _ENDING):
        names -= {"reason"}
    return tuple(sorted(names))


TOLD_BY: Final = {kind: _told_by(kind) for kind in EVENTS}
"""What each type of event says of an expense: names of `Expense`'s fields."""


def apply(expense: Expense | None, entry: Entry, event: Event | None) -> Expense | None:
    """Return the expense after one more entry; `event` is what the entry recorded, decoded, None for a dead letter.

    Pure; entries of one expense come in order of `sequence`. An entry already applied changes nothing, so a log read
    twice gives the same. None as long as nothing of an expense was seen: batches have entries too.
    """
    after = ahead(expense, entry)
    if after is None:
        return expense
    told = _told(expense, entry, event) if after.news and event else {}
    return moved(expense, entry, after, event, told)


def ahead(expense: Expense | None, entry: Entry) -> Step | None:
    """Return where the expense stands after one more entry, None where the entry changes nothing."""
    if expense is not None and entry.sequence <= expense.sequence:
        return None
    after = step(
        expense.state if expense else None,
        expense.revision if expense else 0,
        entry.action,
        entry.status,
        entry.revision,
    )
    return None if expense is None and after.state is None else after


def moved(expense: Expense | None, entry: Entry, after: Step, event: Event | None, told: Mapping[str, Any]) -> Expense:
    """Return the expense as `ahead` says it stands after the entry; `told` is what the event says, by field."""
    if expense is None:
        expense = _first(entry)
    breaches = (*expense.breaches, entry.breach) if entry.breach else expense.breaches
    return changed(
        expense,
        state=after.state,
        revision=after.revision,
        stage=entry.stage,
        sequence=entry.sequence,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        breaches=breaches,
        dead_letters=letters(expense.dead_letters, entry),
        review=reviewed(expense.review, entry, event),
        **told,
    )


def _first(entry: Entry) -> Expense:
    return Expense(
        expense_id=entry.expense_id,
        tenant_id=entry.tenant_id,
        ledger=entry.ledger,
        subject=entry.subject,
        batch_id=entry.batch_id,
        correlation_id=entry.correlation_id,
        trace_id=entry.trace_id,
        revision=entry.revision,
        state=None,
        stage=entry.stage,
        sequence=0,
        submitted_at=entry.submitted_at,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
    )


def _told(expense: Expense | None, entry: Entry, event: Event) -> dict[str, Any]:
    told = said(event, TOLD_BY[type(event)])
    return SUPERSEDED | told if expense is not None and entry.revision > expense.revision else told


def said(event: Event, names: Iterable[str]) -> dict[str, Any]:
    """Return what an event says in these fields; where it says nothing personal, that is no news."""
    told = {name: getattr(event, name) for name in names}
    if told.get("personal") is None:
        told.pop("personal", None)
    return told


def reviewed(before: Review | None, entry: Entry, event: Event | None) -> Review | None:
    """Return the last review of an expense after one more entry."""
    if isinstance(event, ReviewOpened):
        waiting = before is not None and before.closed_at is None
        # Told anew after a fresh decision: it has waited since the first time.
        since = before.opened_at if before and waiting else entry.occurred_at
        return Review(opened_at=since, findings=event.findings)
    if isinstance(event, ReviewClosed) and before:
        return replace(before, closed_at=entry.occurred_at, action=event.action, actor=event.actor, reason=event.reason)
    return before


def letters(before: tuple[DeadLetter, ...], entry: Entry) -> tuple[DeadLetter, ...]:
    """Return the dead letters of an expense after one more entry."""
    if entry.action == DEAD_LETTERED:
        new = DeadLetter(
            stage=entry.stage,
            source=entry.source,
            cause_id=entry.cause_id,
            reason=entry.reason or "",
            recorded_at=entry.recorded_at,
        )
        return (*before, new)
    return tuple([replace(letter, settled=True) if _settles(entry, letter) else letter for letter in before])


def _settles(entry: Entry, letter: DeadLetter) -> bool:
    # The event a track sends beside its dead letter has the same source; a replay comes from another offset.
    return (entry.stage, entry.cause_id) == (letter.stage, letter.cause_id) and entry.source != letter.source


def known(entry: Entry) -> datetime:
    """Return when the log knew of the entry: the clock of `--as-of`."""
    return entry.recorded_at


def happened(entry: Entry) -> datetime:
    """Return when its cause happened: the clock of `--event-time`."""
    return entry.occurred_at


def state_at(
    history: Iterable[tuple[Entry, Event | None]],
    instant: datetime,
    clock: Callable[[Entry], datetime] = known,
) -> dict[str, Expense]:
    """Return every expense as it was at the instant, that instant included, by its id.

    `history` interleaves many expenses, each in order. Memory grows with the number of expenses, not of entries.
    """
    expenses: dict[str, Expense] = {}
    for entry, event in history:
        if clock(entry) <= instant:
            after = apply(expenses.get(entry.expense_id), entry, event)
            if after is not None:
                expenses[entry.expense_id] = after
    return expenses
