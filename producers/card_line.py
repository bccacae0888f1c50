"""One transaction of a card feed becomes one expense of one line."""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from producers.account_text import without_accounts
from producers.feeds.record import BadRow, Transaction, quoted
from producers.opening import MAIN_LEDGER
from schemas.currencies import minor_units, quantum
from schemas.records import Context, Facts, Line, Problem

__all__ = ["STAGE", "CardLine", "Holder", "masked", "settle"]

STAGE = "card_feed"
_SEEN = {"vendor_name": 1.0, "invoice_date": 1.0, "currency": 1.0, "total": 1.0}
_MCC_DIGITS = 4
_SHOWN_DIGITS = 4
_MASK = re.compile(r"[*xX\u2022]")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose feed it is, for what the feed itself does not say. `currency` is ISO 4217."""

    tenant: str
    ledger: str = MAIN_LEDGER
    employee_id: str | None = None
    currency: str | None = None
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """A transaction that was read. `person` is who it belongs to: the employee, else the card itself.

    `account` is as the feed has it and personal; `facts` and `lines` hold nothing personal.
    """

    person: str
    account: str
    day: date
    amount: Decimal
    currency: str
    merchant: str
    reference: str
    facts: Facts
    line: Line
    context: Context
    problems: tuple[Problem, ...]
    told: dict[str, str | None]

    def with_account(self, pseudonym: str) -> "CardLine":
        """Return the line with the pseudonym of its account among its facts."""
        return replace(self, facts=replace(self.facts, account=pseudonym))


def settle(found: Transaction, holder: Holder, source: str) -> CardLine:
    """Return a transaction as a card line; `source` names the format it came in.

    What the feed lacks (currency, employee) comes from the holder, and `facts.engine` says so.

    Raises:
        BadRow: there is no currency or none that anyone pays in, or nobody owns it.

    """
    currency = found.currency or holder.currency
    if not currency:
        raise BadRow(found.name("currency"), "is empty; name a currency for the feed")
    if minor_units(currency) is None:
        raise BadRow(found.name("currency"), f"{quoted(currency)} is no ISO 4217 currency; correct it")
    # Where the feed had no currency, nothing has held the amount's decimals against it yet.
    if found.amount != found.amount.quantize(quantum(currency)):
        raise BadRow(found.name("amount"), f"has a fraction that {currency} does not have; correct it")
    employee = found.employee or holder.employee_id
    if not (employee or found.account):
        raise BadRow(found.name("employee"), "names nobody; name an employee for the feed")
    merchant = without_accounts(" ".join(found.merchant.split()), found.account)
    description = without_accounts(found.description, found.account) or merchant
    supplied = [
        name
        for name, missing in (
            ("currency", not found.currency),
            ("employee", not found.employee and employee is not None),
        )
        if missing
    ]
    said = f"; {' and '.join(supplied)} by the feed's settings" if supplied else ""
    # One in the same currency is the amount again; one without the other says nothing.
    abroad = found.original_amount is not None and found.original_currency not in {"", currency}
    return CardLine(
        person=employee or f"card {found.account}",
        account=found.account,
        day=found.day,
        amount=found.amount,
        currency=currency,
        merchant=merchant,
        reference=found.reference,
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            engine=f"{STAGE} {source}{said}",
            vendor_name=merchant or None,
            invoice_number=found.reference or None,
            invoice_date=found.day,
            currency=currency,
            total=found.amount,
            mcc=_mcc(found.mcc),
            original_amount=found.original_amount if abroad else None,
            original_currency=found.original_currency if abroad else None,
            confidence=dict(_SEEN),
        ),
        line=Line(number=1, description=description or None, amount=found.amount),
        context=replace(
            holder.context,
            department=found.department or holder.context.department,
            project=found.project or holder.context.project,
            claimed_category=found.category or holder.context.claimed_category,
            country=_country(found) or holder.context.country,
            locality=found.locality or holder.context.locality,
            trip=found.trip or holder.context.trip,
        ),
        problems=() if merchant else (_no_merchant(found),),
        told={
            "employee_id": employee,
            "cardholder_name": found.cardholder or None,
            "card_number": masked(found.account),
        },
    )


def _country(found: Transaction) -> str:
    code = found.country.upper()
    if code and not _COUNTRY.fullmatch(code):
        raise BadRow(
            found.name("country"),
            f"{quoted(found.country)} is no ISO 3166-1 alpha-2 country; map a column of such codes",
        )
    return code


def _mcc(text: str) -> str | None:
    # Spreadsheets drop leading zeros: 0742 (veterinary services) comes as 742.
    return text.zfill(_MCC_DIGITS) if text.isdigit() and len(text) <= _MCC_DIGITS else None


def masked(account: str) -> str | None:
    """Return a card number with all but its last four digits masked, None where the account is no card number."""
    bare = re.sub(r"[ .-]", "", account)
    plain = _MASK.sub("", bare)
    if not bare or (plain and not plain.isdigit()):
        return None
    return "*" * max(0, len(bare) - _SHOWN_DIGITS) + plain[-_SHOWN_DIGITS:]


def _no_merchant(found: Transaction) -> Problem:
    return Problem(
        code="MISSING_MERCHANT",
        message=f"The feed names no merchant (column {found.name('merchant')}); say who was paid.",
        field="vendor_name",
        stage=STAGE,
    )
