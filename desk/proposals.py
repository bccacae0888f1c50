"""What to do about an expense that came later than one that is posted already, and seems to be it again.

The posted one is in the ERP, so the choice is about money: nothing more is booked, or a person says why it is. Derived
from what is known when somebody looks, since the other one may be posted while the review waits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from audit.reconstruct import Expense
from audit.story import money
from schemas.lifecycle import State
from schemas.records import Facts

__all__ = ["Choice", "Proposal", "propose"]

_DUPLICATES: Final = frozenset({"DUPLICATE_EXACT", "DUPLICATE_NEAR"})
_COMPARED: Final = ("vendor_name", "invoice_number", "invoice_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way out: a resolution, what it does to the books, and the command that carries it out."""

    action: str
    words: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A late twin of a posted expense. The first choice is the proposal, the others are what it may be instead.

    `differences` name what was read differently of the two, the later one's value first; empty where nothing was.
    """

    other: str
    posting_id: str
    code: str
    words: str
    differences: tuple[str, ...]
    choices: tuple[Choice, ...]


def propose(expense: Expense, known: Callable[[str], Expense | None]) -> tuple[Proposal, ...]:
    """Return a proposal for each posted expense that a waiting one seems to be again; `known` looks one up by id."""
    return tuple(_proposals(expense, known))


def _proposals(expense: Expense, known: Callable[[str], Expense | None]) -> Iterator[Proposal]:
    if expense.state != State.IN_REVIEW or expense.review is None:
        return
    found = {f.other: f.code for f in expense.review.findings if f.code in _DUPLICATES and f.other}
    for other, code in found.items():
        posted = known(other)
        if posted is None or posted.state != State.POSTED or posted.posting is None:
            continue
        posting = posted.posting.posting_id
        yield Proposal(
            other=other,
            posting_id=posting,
            code=code,
            words=(
                f"It came later than expense {other}, which is posted as {posting} over {_total(posted)}. "
                f"Posting this one too would book {_total(expense)} for what seems to be the same purchase."
            ),
            differences=_differences(expense, posted),
            choices=_choices(expense, other, posting),
        )


def _choices(expense: Expense, other: str, posting: str) -> tuple[Choice, ...]:
    review = f"spendtrail review {{}} {expense.expense_id}"
    copy = f'--reason "copy of {other}, posted as {posting}"'
    return (
        Choice(
            action="reject",
            words="This one is the copy: nothing is posted, and what it added to totals and budgets is taken back.",
            command=f"{review.format('reject')} {copy}",
        ),
        Choice(
            action="supersede",
            words=f"This one is the right one: posting {posting} is reversed first, then this one is posted.",
            command=f'{review.format("supersede")} {other} --reason "the right one"',
        ),
        Choice(
            action="dismiss",
            words="They are two purchases: both stay, and the pair is never flagged again.",
            command=f'{review.format("dismiss")} --reason "two purchases"',
        ),
    )


def _total(expense: Expense) -> str:
    if expense.conversion:
        return money(expense.conversion.total, expense.conversion.currency)
    return money(expense.facts.total, expense.facts.currency) if expense.facts else "an unknown amount"


def _differences(later: Expense, posted: Expense) -> tuple[str, ...]:
    told = [_differs("total", _total(later), _total(posted))]
    if later.facts and posted.facts:
        told += [_differs(name, _read(later.facts, name), _read(posted.facts, name)) for name in _COMPARED]
    return tuple(difference for difference in told if difference)


def _read(facts: Facts, name: str) -> str:
    value = getattr(facts, name)
    return "none" if value is None else str(value)


def _differs(name: str, own: str, other: str) -> str:
    return f"{name} {own}, posted {other}" if own != other else ""
