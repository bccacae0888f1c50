"""The rules of the ledger, pure: what balances, what an account is, what a key and a reversal are."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from uuid import UUID, uuid5

import yaml
from iso4217 import Currency
from pydantic import BaseModel, ConfigDict

from erp.journal import Journal, JournalLine

__all__ = [
    "Account",
    "Chart",
    "Fault",
    "check",
    "fingerprint",
    "load_chart",
    "minor_units",
    "posting_id",
    "reverse",
    "to_minor",
]

# The root of posting ids; any fixed UUID would do, and it can never change.
_ROOT = UUID("8f1d8a5e-6b0c-5d39-9c1f-2f5b7d4e9a10")


class Account(BaseModel):
    """One account of the chart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str
    normal: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts that may be posted to, by code."""

    accounts: dict[str, Account]


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason to refuse a journal: a code for machines, the field, and what would mend it."""

    code: str
    field: str
    message: str


def load_chart() -> Chart:
    """Read the chart of accounts that ships with the ledger.

    Raises:
        ValueError: an account is malformed or stands there twice; the message names it.

    """
    rows = yaml.load(files("erp").joinpath("chart.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)["accounts"]
    accounts = [Account.model_validate(row) for row in rows]
    by_code = {account.code: account for account in accounts}
    if len(by_code) != len(accounts):
        raise ValueError("erp/chart.yaml: an account code stands there twice; give each account one code")
    return Chart(by_code)


def minor_units(currency: str) -> int | None:
    """Return how many digits a currency has after the point (ISO 4217), None when nobody pays in it."""
    try:
        return Currency(currency).exponent
    except ValueError:
        return None


def to_minor(amount: Decimal, digits: int) -> int:
    """Return the amount as a whole number of minor units.

    Raises:
        ValueError: the amount is finer than the currency.

    """
    scaled = amount.scaleb(digits)
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"{amount} has more than {digits} digits after the point")
    return whole


def check(journal: Journal, chart: Chart) -> list[Fault]:
    """Return every reason to refuse the journal, none when it may be posted."""
    digits = minor_units(journal.currency)
    if digits is None:
        return [Fault("UNKNOWN_CURRENCY", "currency", f"{journal.currency} is no ISO 4217 currency; send one that is")]
    faults = [fault for number, line in enumerate(journal.lines) for fault in _check_line(number, line, chart, digits)]
    debits = sum((line.debit for line in journal.lines), Decimal(0))
    credit = sum((line.credit for line in journal.lines), Decimal(0))
    if debits != credit:
        difference = abs(debits - credit)
        faults.append(
            Fault(
                "UNBALANCED",
                "lines",
                f"debits {debits} and credits {credit} differ by {difference} {journal.currency}; make them equal",
            )
        )
    return faults


def _check_line(number: int, line: JournalLine, chart: Chart, digits: int) -> list[Fault]:
    where = f"lines.{number}"
    faults = []
    if line.gl_code not in chart.accounts:
        faults.append(
            Fault("UNKNOWN_ACCOUNT", f"{where}.gl_code", f"no account {line.gl_code}; use one of the chart of accounts")
        )
    if (line.debit == 0) == (line.credit == 0):
        faults.append(Fault("ONE_SIDE", where, "set exactly one of debit and credit above zero"))
    for side, amount in (("debit", line.debit), ("credit", line.credit)):
        try:
            to_minor(amount, digits)
        except ValueError as error:
            faults.append(Fault("TOO_FINE", f"{where}.{side}", f"{error}; round to the currency's minor unit"))
    return faults


def posting_id(ledger: str, key: str) -> str:
    """Return the id of the posting that this key makes in this ledger, the same however often it is asked for."""
    return str(uuid5(_ROOT, f"{ledger}\x1f{key}"))


def fingerprint(request: BaseModel, *context: str) -> str:
    """Return the SHA-256 of what was asked for, so that a key used again for something else is noticed.

    Spelling does not count: fields in another order, or 12.5 for 12.50, are the same request.
    """
    plain = json.dumps([*context, request.model_dump()], sort_keys=True, default=_plain)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def reverse(journal: Journal, posting_date: date, reason: str) -> Journal:
    """Return the journal that takes another back: the same lines with their sides exchanged."""
    lines = [line.model_copy(update={"debit": line.credit, "credit": line.debit}) for line in journal.lines]
    return journal.model_copy(update={"lines": tuple(lines), "posting_date": posting_date, "reference": reason})
