"""The event of one card line: which expense it is, and what it says."""

from dataclasses import dataclass

from config.residency import residency_of
from producers.card_line import STAGE, CardLine, Holder
from producers.door import located
from producers.edge import Edge
from producers.opening import opening
from producers.spill import Spill
from schemas.events import ExpenseParsed
from schemas.identity import card_line_id
from schemas.lifecycle import State
from schemas.records import Problem
from vault.personal import pack

__all__ = ["Alike", "Identity", "identity_of", "keyed", "line_event"]


@dataclass(slots=True)
class Alike:
    """Which of several equal lines of a feed one is.

    Without a reference, the second coffee of a day is told from the first by being the second. Under one reference,
    equal lines in a row are parts of a purchase; a line that comes again further on is the same, exported twice.
    """

    without_reference: Spill
    last: tuple[str, str] = ("", "")
    run: int = 0

    def ordinal(self, line: str, reference: str) -> int:
        """Note a line once more and return its ordinal, from 1."""
        if not reference:
            return self.without_reference.note(line)
        self.run = self.run + 1 if self.last == (line, reference) else 1
        self.last = (line, reference)
        return self.run


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a line from every other: pseudonyms of person and account, and a reference of its own.

    `part` is above 1 for a line that stands so many times in a row under one reference.
    """

    subject: str
    account: str
    reference: str
    part: int = 1


def identity_of(line: CardLine, edge: Edge, holder: Holder, alike: Alike) -> Identity:
    """Return the identity of the next line of a feed: by its reference, else by its place among equal lines."""
    subject, account = _pseudonyms(line, edge, holder)
    who = (holder.tenant, account, line.day, line.currency, line.merchant)
    # 3.2 and 3.20 are one amount.
    ordinal = alike.ordinal("\x1f".join((*map(str, who), f"{line.amount.normalize():f}")), line.reference)
    if not line.reference:
        return Identity(subject, account, str(ordinal))
    return Identity(subject, account, line.reference if ordinal == 1 else f"{line.reference}#{ordinal}", ordinal)


def keyed(line: CardLine, edge: Edge, holder: Holder, key: str) -> Identity:
    """Return the identity of a row that has a key of its own, whatever was read before it."""
    return Identity(*_pseudonyms(line, edge, holder), key)


def _pseudonyms(line: CardLine, edge: Edge, holder: Holder) -> tuple[str, str]:
    subject = edge.pseudonyms.of(holder.tenant, line.person)
    return subject, edge.pseudonyms.of(holder.tenant, line.account) if line.account else subject


def line_event(line: CardLine, identity: Identity, edge: Edge, holder: Holder, batch_id: str) -> ExpenseParsed:
    """Return the expense that a card line is; the same line with the same identity is the same expense.

    Raises:
        PublishFailed, TransportLost: the person's key could not be had.
        WrongRegion: the tenant's data may not be here.

    """
    tenant, subject, account = holder.tenant, identity.subject, identity.account
    context = located(line.context, tenant, residency_of(edge.settings))
    expense_id = card_line_id(
        tenant, account, line.day.isoformat(), line.amount, line.currency, line.merchant, identity.reference
    )
    key_id = edge.keys.ensure(tenant, subject)
    return opening(
        ExpenseParsed,
        expense_id,
        batch_id,
        tenant=tenant,
        ledger=holder.ledger,
        subject=subject,
        expense_id=expense_id,
        batch_id=batch_id,
        at=edge.clock(),
        stage=STAGE,
        status=State.PARSED,
        problems=(*line.problems, *((_part(identity.part),) if identity.part > 1 else ())),
        personal=edge.keys.vault.seal(tenant, subject, expense_id, pack(line.told), key_id=key_id),
        document=None,
        context=context,
        facts=line.with_account(account).facts if line.account else line.facts,
        lines=(line.line,),
    )


def _part(ordinal: int) -> Problem:
    return Problem(
        code="REPEATED_ROW",
        message=(
            f"The feed states this line {ordinal} times in a row under one reference. It is part of a purchase booked "
            f"in equal parts, or the same money again; say which."
        ),
        field="invoice_number",
        stage=STAGE,
    )
