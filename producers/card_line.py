"""One row of a card feed becomes one expense of one line."""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from producers.feed_map import ColumnMap, Columns, FeedField
from producers.feed_rows import Row
from producers.feed_values import parse_date, parse_money
from producers.opening import MAIN_LEDGER
from schemas.currencies import minor_units
from schemas.records import Context, Facts, Line, Problem

__all__ = ["STAGE", "BadRow", "CardLine", "Holder", "Notation", "read_line"]

STAGE = "card_feed"
_SEEN = {"vendor_name": 1.0, "invoice_date": 1.0, "currency": 1.0, "total": 1.0}
_MCC_DIGITS = 4
_SHOWN_DIGITS = 4
_MASK = re.compile(r"[*xX\u2022]")
_COUNTRY = re.compile(r"[A-Z]{2}")


class BadRow(ValueError):
    """A row cannot become an expense. `field` is the header concerned; the message quotes nothing personal."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose feed it is, for what the feed itself does not say. `currency` is ISO 4217."""

    tenant: str
    ledger: str = MAIN_LEDGER
    employee_id: str | None = None
    currency: str | None = None
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True)
class Notation:
    """How the feed writes dates (a strptime form) and decimals."""

    date_format: str
    decimal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """A row that was read. `person` is who it belongs to: the employee, else the card itself.

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


def read_line(row: Row, columns: Columns, notation: Notation, given: ColumnMap, holder: Holder) -> CardLine:
    """Return what a row says, exactly.

    Raises:
        BadRow: date, amount or currency cannot be read, nobody owns it, or the row has more cells than the header.

    """

    def cell(name: FeedField) -> str:
        return columns.cell(row.cells, name)

    if any(row.cells[columns.width :]):
        raise BadRow(
            "", f"{len(row.cells)} cells under a header of {columns.width}; quote the cell that holds a separator"
        )
    currency = _currency(cell("currency"), columns, given, holder)
    amount = _money(cell("amount"), "amount", currency, columns, notation)
    amount = -amount if given.charges == "negative" and amount else amount
    day = parse_date(cell("date"), notation.date_format)
    if day is None:
        raise BadRow(columns.name("date"), f"is no date written as {notation.date_format}; correct it")
    account, employee = cell("account"), cell("employee") or holder.employee_id
    if not (employee or account):
        raise BadRow(columns.name("employee"), "names nobody; name an employee for the feed")
    merchant = " ".join(cell("merchant").split())
    original = cell("original_amount")
    original_currency = cell("original_currency").upper()
    return CardLine(
        person=employee or f"card {account}",
        account=account,
        day=day,
        amount=amount,
        currency=currency,
        merchant=merchant,
        reference=cell("reference"),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            engine=STAGE,
            vendor_name=merchant or None,
            invoice_number=cell("reference") or None,
            invoice_date=day,
            currency=currency,
            total=amount,
            mcc=_mcc(cell("mcc")),
            original_amount=_money(original, "original_amount", original_currency or None, columns, notation)
            if original
            else None,
            original_currency=original_currency or None,
            confidence=dict(_SEEN),
        ),
        line=Line(number=1, description=cell("description") or merchant or None, amount=amount),
        context=replace(
            holder.context,
            department=cell("department") or holder.context.department,
            project=cell("project") or holder.context.project,
            claimed_category=cell("category") or holder.context.claimed_category,
            country=_country(cell("country"), columns) or holder.context.country,
            locality=cell("locality") or holder.context.locality,
        ),
        problems=() if merchant else (_no_merchant(columns),),
        told={
            "employee_id": employee,
            "cardholder_name": cell("cardholder") or None,
            "card_number": masked(account),
        },
    )


def _currency(text: str, columns: Columns, given: ColumnMap, holder: Holder) -> str:
    code = text.upper() or given.currency or holder.currency
    if code is None:
        raise BadRow(columns.name("currency"), "is empty; name a currency for the feed")
    if minor_units(code) is None:
        raise BadRow(columns.name("currency"), f"{code!r} is no ISO 4217 currency; correct it")
    return code


def _country(text: str, columns: Columns) -> str:
    code = text.upper()
    if code and not _COUNTRY.fullmatch(code):
        raise BadRow(columns.name("country"), f"{text!r} is no ISO 3166-1 alpha-2 country; map a column of such codes")
    return code


def _money(text: str, name: FeedField, currency: str | None, columns: Columns, notation: Notation) -> Decimal:
    amount = parse_money(text, notation.decimal, currency if currency and minor_units(currency) is not None else None)
    if amount is None:
        unit = f" in {currency}" if currency else ""
        raise BadRow(columns.name(name), f"is no amount{unit} with {notation.decimal!r} before decimals; correct it")
    return amount


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


def _no_merchant(columns: Columns) -> Problem:
    return Problem(
        code="MISSING_MERCHANT",
        message=f"The feed names no merchant (column {columns.name('merchant')}); say who was paid.",
        field="vendor_name",
        stage=STAGE,
    )
