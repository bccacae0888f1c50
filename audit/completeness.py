"""Whether everything that entered ended exactly once or waits for a person, and what became of the money.

Pure: fed with what entered and with the audit log, entry by entry. Memory grows with the number of expenses, some
hundred bytes each, not with the length of their histories.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from audit.entry import Entry
from audit.step import step
from schemas.envelope import Event
from schemas.events import BatchClosed, DocumentsFound, ExpenseParsed, ExpenseSubmitted
from schemas.lifecycle import ENDS, WAITING

__all__ = ["Completeness", "Difference", "Reckoning", "Standing", "State"]

_ENDING = frozenset({"ExpensePosted", "ExpenseRejected", "ExpenseMerged"})
_UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one expense is: its state since `since`, None where nothing was ever sealed about it."""

    expense_id: str
    tenant_id: str
    submitted_at: datetime
    state: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Money that is not what it was when it entered: amounts None where they could not be read."""

    expense_id: str
    state: str
    entered: Decimal | None
    entered_currency: str | None
    now: Decimal | None
    currency: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All expenses in one state, and since when the first of them is in it."""

    state: str
    number: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What came of everything that entered.

    `under_way` have neither ended nor wait for a person, `lost` entered without leaving any trail, `ended_twice` have
    more than one end. `money` is amounts as entered, corrections, and then per state, by currency of the document;
    entered and corrections together are the sum of the states. `unread` counts expenses whose amount is not known.
    """

    entered: int
    states: tuple[State, ...]
    under_way: tuple[Standing, ...]
    lost: tuple[Standing, ...]
    ended_twice: tuple[Standing, ...]
    money: Mapping[str, Mapping[str, Decimal]]
    differences: tuple[Difference, ...]
    unread: int

    @property
    def complete(self) -> bool:
        """Whether everything ended exactly once or waits for a person."""
        return not (self.under_way or self.lost or self.ended_twice)


@dataclass(slots=True)
class _Course:
    tenant_id: str
    submitted_at: datetime
    since: datetime
    state: str | None = None
    revision: int = 0
    ends: int = 0
    first: tuple[Decimal | None, str | None] | None = None
    last: tuple[Decimal | None, str | None] = (None, None)


@dataclass(slots=True)
class Reckoning:
    """Takes in what entered and what the log says, in any order of the two; `report` adds up.

    Only what was submitted from `start` on and before `end` counts, of `tenant` where one is named.
    """

    start: datetime | None = None
    end: datetime | None = None
    tenant: str | None = None
    _courses: dict[str, _Course] = field(default_factory=dict)
    _entered: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        """Take in what begins expenses: one, the list of a batch, a file of several; anything else enters nothing."""
        if not self._counts(event.tenant_id, event.submitted_at):
            return
        ids: tuple[str, ...] = ()
        if isinstance(event, BatchClosed):
            ids = event.expense_ids
        elif isinstance(event, DocumentsFound):
            ids = event.members
        elif isinstance(event, (ExpenseSubmitted, ExpenseParsed)):
            ids = (event.expense_id,)
        for expense_id in ids:
            self._entered.setdefault(expense_id, (event.tenant_id, event.submitted_at))

    def take(self, entry: Entry, event: Event | None) -> None:
        """Take in one entry of the log; entries of one expense come in order."""
        if isinstance(event, DocumentsFound):
            self.enter(event)
        course = self._courses.get(entry.expense_id)
        if course is None:
            course = _Course(entry.tenant_id, entry.submitted_at, entry.recorded_at)
        after = step(course.state, course.revision, entry.action, entry.status, entry.revision)
        if after.state is None:
            return
        self._courses[entry.expense_id] = course
        if after.state != course.state:
            course.since = entry.recorded_at
        course.state, course.revision = after.state, after.revision
        course.ends += entry.action in _ENDING
        if after.news and isinstance(event, ExpenseParsed):
            course.last = (event.facts.total, event.facts.currency)
            course.first = course.first or course.last

    def state_of(self, expense_id: str) -> str | None:
        """Return where an expense stands, None where the log does not know it."""
        course = self._courses.get(expense_id)
        return course.state if course else None

    def counts(self, expense_id: str) -> bool:
        """Return whether an expense of the log is within the bounds."""
        course = self._courses.get(expense_id)
        return course is not None and self._counts(course.tenant_id, course.submitted_at)

    def report(self) -> Completeness:
        """Add up."""
        courses = {i: c for i, c in sorted(self._courses.items()) if self._counts(c.tenant_id, c.submitted_at)}
        standings = {i: _standing(i, c) for i, c in courses.items()}
        lost = tuple(
            Standing(expense_id=i, tenant_id=tenant, submitted_at=at, state=None, since=at)
            for i, (tenant, at) in sorted(self._entered.items())
            if i not in self._courses
        )
        by_state: dict[str, list[datetime]] = defaultdict(list)
        for course in courses.values():
            by_state[course.state or ""].append(course.since)
        return Completeness(
            entered=len(courses) + len(lost),
            states=tuple(State(state=s, number=len(m), oldest=min(m)) for s, m in sorted(by_state.items())),
            under_way=tuple(s for s in standings.values() if s.state not in ENDS | WAITING),
            lost=lost,
            ended_twice=tuple(standings[i] for i, c in courses.items() if c.ends > 1),
            money=_money(courses),
            differences=tuple(d for i, c in courses.items() if (d := _difference(i, c))),
            unread=sum(c.last[0] is None for c in courses.values()),
        )

    def _counts(self, tenant: str, submitted_at: datetime) -> bool:
        return (
            (self.tenant is None or tenant == self.tenant)
            and (self.start is None or submitted_at >= self.start)
            and (self.end is None or submitted_at < self.end)
        )


def _standing(expense_id: str, course: _Course) -> Standing:
    return Standing(
        expense_id=expense_id,
        tenant_id=course.tenant_id,
        submitted_at=course.submitted_at,
        state=course.state,
        since=course.since,
    )


def _money(courses: Mapping[str, _Course]) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for course in courses.values():
        entered, entered_currency = course.first or (None, None)
        amount, currency = course.last
        if entered is not None:
            found[entered_currency or _UNKNOWN]["entered"] += entered
        if (entered, entered_currency) != (amount, currency):
            found[entered_currency or _UNKNOWN]["corrected"] -= entered or 0
            found[currency or _UNKNOWN]["corrected"] += amount or 0
        if amount is not None:
            found[currency or _UNKNOWN][course.state or ""] += amount
    return {currency: _in_order(sums) for currency, sums in sorted(found.items()) if any(sums.values())}


def _in_order(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return sums as they follow from each other: what entered, what was corrected, what that became."""
    first = ("entered", "corrected")
    return {what: sums[what] for what in (*first, *sorted(sums.keys() - set(first))) if what in sums}


def _difference(expense_id: str, course: _Course) -> Difference | None:
    entered, entered_currency = course.first or (None, None)
    amount, currency = course.last
    if amount is None and course.state == "posted":
        why = "posted without a known amount"
    elif (entered, entered_currency) != (amount, currency):
        why = "corrected by a person" if course.revision > 1 else "read anew"
    else:
        return None
    return Difference(
        expense_id=expense_id,
        state=course.state or "",
        entered=entered,
        entered_currency=entered_currency,
        now=amount,
        currency=currency,
        why=why,
    )
