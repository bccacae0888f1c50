"""An approved expense as a balanced journal, in the reporting currency, to the cent."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from consumers.currency.convert import round_amount
from consumers.posting.accounts import Accounts
from policy.coded import spread
from schemas.currencies import minor_units, quantum
from schemas.events import ExpenseApproved
from schemas.records import Coding, Conversion, Line

__all__ = ["Unpostable", "journal_of"]

# Longer text is cut: the ledger keeps a reference, the trail keeps the document.
_TEXT = 200


class Unpostable(Exception):
    """The expense makes no journal; `code` and the message say what a person has to state first."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Entry:
    """One side of the journal. `amount` is a debit above zero and a credit below."""

    account: str
    description: str
    amount: Decimal
    details: dict[str, str | None]


def journal_of(event: ExpenseApproved, accounts: Accounts) -> dict[str, Any]:
    """Return the journal as JSON-ready data; amounts are decimal strings in the reporting currency's minor unit.

    Debits are the lines on their accounts and the recoverable tax; they add up to the total exactly: what the document
    says beyond its lines (sales tax, tip, rounding) is spread over them by size. The credit is one line. A negative
    total (refund, credit note) exchanges the sides. The result depends on the event and the accounts alone: a retry
    must send the same body or the ERP would refuse the key.

    Raises:
        Unpostable: no amount in the reporting currency, nothing to post, or a line without account.

    """
    conversion = event.conversion
    if conversion is None or minor_units(conversion.currency) is None:
        raise Unpostable("NOT_CONVERTED", "There is no amount in the reporting currency: state total and currency.")
    total = _exact(conversion.total, conversion.currency)
    if total == 0:
        raise Unpostable("NOTHING_TO_POST", "The total is zero: state the total, or reject the expense.")
    country = accounts.recoverable_country(event.ledger, event.facts)
    tax = _tax(event, conversion) if country else Decimal(0)
    entries = [*_costs(event, conversion, total - tax), *_input_tax(tax, country, accounts)]
    return {
        "tenant_id": event.tenant_id,
        "ledger": event.ledger,
        "expense_id": event.expense_id,
        "currency": conversion.currency,
        # The day the decision to post fell: stays the same however often and however late it is tried.
        "posting_date": event.occurred_at.date().isoformat(),
        "reference": _cut(event.facts.invoice_number),
        "vendor": _cut(event.vendor.name if event.vendor else event.facts.vendor_name),
        "lines": [_plain(entry) for entry in (*entries, _Entry(accounts.opposite(event.facts), "", -total, {}))],
    }


def _costs(event: ExpenseApproved, conversion: Conversion, cost: Decimal) -> Iterator[_Entry]:
    codings = {coding.line: coding for coding in event.codings}
    lines = event.lines
    if not lines or len(lines) != len(conversion.line_amounts):
        raise Unpostable("NOT_CONVERTED", "The lines have no amounts in the reporting currency: state each amount.")
    accounts = [_account(line, codings.get(line.number)) for line in lines]
    for line, account, amount in zip(lines, accounts, _spread(conversion, cost), strict=True):
        if amount:
            yield _Entry(
                account,
                line.description or "",
                amount,
                {
                    "cost_center": event.context.department,
                    "project": event.context.project,
                    "property_id": event.facts.property_id or event.context.property_id,
                    "recovery_class": codings[line.number].recovery_status or None,
                },
            )


def _account(line: Line, coding: Coding | None) -> str:
    if coding is None or not coding.gl_code:
        raise Unpostable("NO_GL_CODE", f"Line {line.number} has no account: state lines.{line.number}.gl_code.")
    return coding.gl_code


def _spread(conversion: Conversion, cost: Decimal) -> tuple[Decimal, ...]:
    """Return the cost of each line as the policy judged it, with its share of what stands beside the lines."""
    amounts = [_exact(amount, conversion.currency) for amount in conversion.line_amounts]
    return spread(cost, amounts, conversion.currency)


def _tax(event: ExpenseApproved, conversion: Conversion) -> Decimal:
    """Return the document's tax in the reporting currency; none where it does not fit the total it is part of."""
    tax, total = event.facts.tax, event.facts.total
    if tax is None or total is None or abs(tax) >= abs(total) or tax * total <= 0:
        return Decimal(0)
    return round_amount(tax * conversion.rate, conversion.currency, "half_up")


def _input_tax(tax: Decimal, country: str | None, accounts: Accounts) -> Iterator[_Entry]:
    if tax:
        yield _Entry(accounts.input_tax, "Input tax", tax, {"tax_code": f"VAT-{country}"})


def _exact(amount: Decimal, currency: str) -> Decimal:
    """Return the amount in the currency's own digits.

    Raises:
        Unpostable: it is finer than the currency; rounding here would post another amount than was approved.

    """
    exact = amount.quantize(quantum(currency))
    if exact != amount:
        raise Unpostable("TOO_FINE", f"The amount {amount.normalize():f} is finer than {currency} allows: state it.")
    return exact


def _plain(entry: _Entry) -> dict[str, str]:
    side = "debit" if entry.amount > 0 else "credit"
    details = {name: value for name, value in entry.details.items() if value}
    text = {"description": entry.description[:_TEXT]} if entry.description else {}
    return {"gl_code": entry.account, side: f"{abs(entry.amount):f}", **text, **details}


def _cut(text: str | None) -> str | None:
    return text[:_TEXT] if text else None
