"""What is posted here, held against what the ERP says it has.

Pure: fed with both lists. Neither side is taken for the truth: every difference is listed with what each of them says.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

__all__ = ["Booking", "Kind", "Mismatch", "Reconciliation", "reconcile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A standing posting of one expense; the amount is the sum of its debits, None where it cannot be told."""

    tenant_id: str
    ledger: str
    expense_id: str
    posting_id: str | None
    amount: Decimal | None
    currency: str | None

    @property
    def document(self) -> tuple[str, str, str]:
        """Tenant, ledger and expense: what a ledger may have one standing posting of."""
        return self.tenant_id, self.ledger, self.expense_id


class Kind(StrEnum):
    """How the two sides differ about an expense."""

    ONLY_HERE = "only_here"
    """Posted as far as the audit log knows; the ERP has no posting of it that stands."""
    ONLY_THERE = "only_there"
    """The ERP has a standing posting; the audit log does not know of it as posted."""
    OTHER_AMOUNT = "other_amount"
    """Posted on both sides, with another amount or currency."""
    OTHER_POSTING = "other_posting"
    """The same amount on both sides, under another posting than the one the ERP had answered with."""
    TWICE_THERE = "twice_there"
    """The ERP has more than one posting of it that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One difference. `state` is where the expense stands in the audit log, None where the log does not know it."""

    kind: Kind
    tenant_id: str
    ledger: str
    expense_id: str
    state: str | None
    here: Decimal | None
    here_currency: str | None
    there: Decimal | None
    there_currency: str | None
    posting_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Counts and money of both sides, by currency of posting, and every difference between them."""

    posted_here: int
    posted_there: int
    money: Mapping[str, Mapping[str, Decimal]]
    mismatches: tuple[Mismatch, ...]

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same postings."""
        return not self.mismatches


def reconcile(
    here: Iterable[Booking], there: Iterable[Booking], state_of: Callable[[str], str | None]
) -> Reconciliation:
    """Compare what the audit log has as posted with the standing postings of the ERP.

    `state_of` says where an expense stands in the audit log. Mismatches are sorted by tenant, ledger and expense.
    """
    ours = {booking.document: booking for booking in here}
    theirs: dict[tuple[str, str, str], list[Booking]] = defaultdict(list)
    for booking in there:
        theirs[booking.document].append(booking)
    money: dict[str, dict[str, Decimal]] = defaultdict(lambda: {"here": Decimal(0), "there": Decimal(0)})
    _add(money, "here", ours.values())
    for each in theirs.values():
        _add(money, "there", each)
    found = []
    for document in sorted(ours.keys() | theirs.keys()):
        mine, posted = ours.get(document), theirs.get(document, [])
        kind = _kind(mine, posted)
        if kind is not None:
            found.append(_mismatch(kind, mine, posted, state_of(document[2])))
    return Reconciliation(
        posted_here=len(ours),
        posted_there=sum(map(len, theirs.values())),
        money={currency: dict(sums) for currency, sums in sorted(money.items())},
        mismatches=tuple(found),
    )


def _add(money: Mapping[str, dict[str, Decimal]], side: str, bookings: Iterable[Booking]) -> None:
    for booking in bookings:
        if booking.amount is not None and booking.currency is not None:
            money[booking.currency][side] += booking.amount


def _kind(mine: Booking | None, posted: list[Booking]) -> Kind | None:
    if mine is None:
        return Kind.ONLY_THERE
    if not posted:
        return Kind.ONLY_HERE
    if len(posted) > 1:
        return Kind.TWICE_THERE
    if (mine.amount, mine.currency) != (posted[0].amount, posted[0].currency):
        return Kind.OTHER_AMOUNT
    return None if mine.posting_id == posted[0].posting_id else Kind.OTHER_POSTING


def _mismatch(kind: Kind, mine: Booking | None, posted: list[Booking], state: str | None) -> Mismatch:
    about = mine or posted[0]
    sums = {booking.currency: Decimal(0) for booking in posted}
    for booking in posted:
        sums[booking.currency] += booking.amount or 0
    # Two postings in two currencies have no sum; the first stands for them, and the kind says that there are more.
    there = next(iter(sums.items()), (None, None))
    return Mismatch(
        kind=kind,
        tenant_id=about.tenant_id,
        ledger=about.ledger,
        expense_id=about.expense_id,
        state=state,
        here=mine.amount if mine else None,
        here_currency=mine.currency if mine else None,
        there=there[1],
        there_currency=there[0],
        posting_id=posted[0].posting_id if posted else about.posting_id,
    )
