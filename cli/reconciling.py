"""The ERP's side of `spendtrail audit complete`: what the log has as posted, and what the ERP says it has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from audit.completeness import Reckoning
from audit.reconciliation import Booking, Reconciliation, reconcile
from audit.story import money
from cli.context import Session, Unreachable
from cli.output import console, table
from erp.journal import Money
from schemas.envelope import Event
from schemas.events import ExpensePosted, PostingReversed

__all__ = ["Books", "erp_of", "say"]

_PAGE = 1_000
_PATH = "/api/v1/gl/postings"


class _Line(BaseModel):
    debit: Money = Decimal(0)


class _Journal(BaseModel):
    tenant_id: str
    ledger: str
    expense_id: str
    currency: str
    lines: tuple[_Line, ...]


class _Posting(BaseModel):
    posting_id: str
    recorded_at: datetime
    reverses: str | None = None
    reversed_by: str | None = None
    journal: _Journal


class _Page(BaseModel):
    postings: tuple[_Posting, ...]
    next: int | None = None


@dataclass(slots=True)
class Books:
    """Takes in what the log recorded, and holds what was posted against the ERP's list.

    Memory: some hundred bytes a posting of either side.
    """

    _posted: dict[str, Booking] = field(default_factory=dict)

    def take(self, event: Event | None) -> None:
        """Take in a recorded event; only postings count, of one expense the last."""
        if isinstance(event, ExpensePosted):
            self._posted[event.expense_id] = _booked(event)
        elif isinstance(event, PostingReversed):
            self._posted.pop(event.expense_id, None)

    def held_against(self, url: str, timeout_s: float, reckoning: Reckoning) -> Reconciliation:
        """Compare with the ERP at `url`, within the bounds of the reckoning; read the log first.

        Of what the log knows, an expense's submission decides whether it counts; of what it does not know, the day the
        ERP recorded it, for nothing is posted before it is submitted.

        Raises:
            Unreachable: the ERP does not answer, or not with a list of postings.

        """
        here = [b for b in self._posted.values() if reckoning.counts(b.expense_id)]
        there = []
        for posting, booking in _listed(url, timeout_s, reckoning.tenant):
            known = reckoning.state_of(booking.expense_id) is not None
            young = reckoning.start is None or posting.recorded_at >= reckoning.start
            if reckoning.counts(booking.expense_id) if known else young:
                there.append(booking)
        return reconcile(here, there, reckoning.state_of)


def erp_of(found: Session) -> str:
    """Return the address of the ERP: the one the settings name, or the sandbox that `up` started; empty for none."""
    services = found.settings.home / "services.json"
    if found.settings.erp_url or not services.exists():
        return found.settings.erp_url
    return f"http://127.0.0.1:{orjson.loads(services.read_bytes())['erp']}"


def _booked(event: ExpensePosted) -> Booking:
    """Return a posting as the log has it: the journal that was sent is made again from the recorded event."""
    # Loaded here: it brings the currency tables, which no other verb of the trail needs.
    from consumers.posting.accounts import shipped  # noqa: PLC0415 - as said
    from consumers.posting.journal import Unpostable, journal_of  # noqa: PLC0415 - as said

    amount: Decimal | None = None
    currency = event.conversion.currency if event.conversion else None
    try:
        journal: dict[str, Any] = journal_of(event, shipped())
        amount = sum((Decimal(line.get("debit", "0")) for line in journal["lines"]), Decimal(0))
    except Unpostable:
        # Posted all the same, so the rules have changed since; that the amount cannot be told is a difference.
        currency = None
    return Booking(
        tenant_id=event.tenant_id,
        ledger=event.ledger,
        expense_id=event.expense_id,
        posting_id=event.posting.posting_id if event.posting else None,
        amount=amount,
        currency=currency,
    )


def _listed(url: str, timeout_s: float, tenant: str | None) -> Iterator[tuple[_Posting, Booking]]:
    """Yield the ERP's standing postings, page by page."""
    import httpx2  # noqa: PLC0415 - slow to load, and only this one needs it

    wanted: dict[str, str | int] = {"limit": _PAGE, **({"tenant_id": tenant} if tenant else {})}
    try:
        with httpx2.Client(base_url=url, timeout=timeout_s) as client:
            after: int | None = 0
            while after is not None:
                answer = client.get(_PATH, params={**wanted, "after": after})
                answer.raise_for_status()
                page = _Page.model_validate_json(answer.content)
                for posting in page.postings:
                    if posting.reverses is None and posting.reversed_by is None:
                        yield posting, _standing(posting)
                after = page.next
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        # The name of the error only: its text may repeat the address and with it a password.
        raise Unreachable(f"the ERP does not answer ({type(error).__name__})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Unreachable(f"the ERP's list of postings is not understood: {where}: {first['msg']}") from error


def _standing(posting: _Posting) -> Booking:
    journal = posting.journal
    return Booking(
        tenant_id=journal.tenant_id,
        ledger=journal.ledger,
        expense_id=journal.expense_id,
        posting_id=posting.posting_id,
        amount=sum((line.debit for line in journal.lines), Decimal(0)),
        currency=journal.currency,
    )


def say(found: Reconciliation, shown: int) -> None:
    """Print a reconciliation for a person, at most `shown` differences."""
    rows = [(currency, money(s["here"], currency), money(s["there"], currency)) for currency, s in found.money.items()]
    title = f"ERP: {found.posted_here} posted here, {found.posted_there} there"
    table(title, ["Currency", "Here", "There"], rows, right=["Here", "There"])
    if found.mismatches:
        told = [
            (
                m.expense_id,
                m.tenant_id,
                m.ledger,
                m.kind.replace("_", " "),
                m.state or "unknown",
                "" if m.here is None else money(m.here, m.here_currency),
                "" if m.there is None else money(m.there, m.there_currency),
            )
            for m in found.mismatches[:shown]
        ]
        columns = ["Expense", "Tenant", "Ledger", "Difference", "State", "Here", "There"]
        table(f"{len(found.mismatches)} differences with the ERP", columns, told, right=["Here", "There"])
    else:
        console.print("[green]the ERP agrees[/green]: every posting is on both sides, with its amount", highlight=False)
