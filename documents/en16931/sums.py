"""BR-CO-10 to BR-CO-17: the totals follow from the lines, the charges and the VAT breakdown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.en16931.rules import EVERY, WITH_LINES, WITHOUT_LINES, Rule
from documents.en16931.terms import to_cents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from documents.en16931.rules import Find
    from documents.en16931.terms import Invoice, Scope, Stated

_CENT: Final = Decimal("0.01")
_ONE: Final = Decimal(1)


def value_of(stated: Stated | None) -> Decimal:
    """The amount, nothing when it is absent or no number."""
    return (stated.value if stated else None) or Decimal(0)


def total_of(amounts: Iterable[Stated | None]) -> Decimal:
    """The sum, rounded to two decimals as the norm asks."""
    return to_cents(sum((value_of(each) for each in amounts), start=Decimal(0)))


def is_taxed_so(taxable: Stated | None, tax: Stated | None, rate: Decimal) -> bool:
    """Whether a tax amount is the rate of a taxable amount, within less than one unit of currency.

    The norm asks for two exact decimals; its published artefacts (CEN/TC 434, EN16931-UBL-validation 1.3.16) leave
    one unit for amounts that were taxed line by line, and so does every validator a sender may have used.
    """
    wanted = to_cents(abs(value_of(taxable)) * rate / 100)
    return abs(abs(value_of(tax)) - wanted) < _ONE


def _slack(invoice: Invoice, *counts: int) -> Decimal:
    """What a sum may be off: nothing, but a cent an amount in the extended profile (BR-FXEXT-CO-10 and its like)."""
    return _CENT * sum(counts) if invoice.scope == "extended" else Decimal(0)


def _differs(stated: Decimal, wanted: Decimal, slack: Decimal, what: str) -> Iterator[str]:
    if abs(stated - wanted) > slack:
        yield f"{what} says {stated}, its parts make {wanted}"


def _lines(invoice: Invoice) -> Iterator[str]:
    if invoice.totals.lines and invoice.lines:
        wanted = total_of(line.net for line in invoice.detail)
        slack = _slack(invoice, len(invoice.detail))
        yield from _differs(value_of(invoice.totals.lines), wanted, slack, "the sum of the lines")


def _charges(*, charges: bool) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        stated = invoice.totals.charges if charges else invoice.totals.allowances
        parts = [each.amount for each in invoice.charges if each.is_charge == charges]
        if stated or parts:
            what = f"the sum of the {'charges' if charges else 'allowances'}"
            yield from _differs(value_of(stated), total_of(parts), _slack(invoice, len(parts)), what)

    return find


def _net(invoice: Invoice) -> Iterator[str]:
    totals = invoice.totals
    if totals.net and (totals.lines or invoice.detail):
        # Where the sum of the lines is left out (BR-12), the lines themselves are asked.
        lines = value_of(totals.lines) if totals.lines else total_of(line.net for line in invoice.detail)
        wanted = to_cents(lines - value_of(totals.allowances) + value_of(totals.charges))
        slack = _slack(invoice, len(invoice.detail), len(invoice.charges))
        yield from _differs(value_of(totals.net), wanted, slack, "the total without VAT")


def _tax(invoice: Invoice) -> Iterator[str]:
    if invoice.tax and invoice.breakdowns:
        wanted = total_of(each.tax for each in invoice.breakdowns)
        yield from _differs(value_of(invoice.tax), wanted, Decimal(0), "the VAT total")


def _gross(invoice: Invoice) -> Iterator[str]:
    totals = invoice.totals
    if totals.net and totals.gross:
        wanted = to_cents(value_of(totals.net) + value_of(invoice.tax))
        slack = _slack(invoice, 1)
        yield from _differs(value_of(totals.gross), wanted, slack, "the total with VAT")


def _due(invoice: Invoice) -> Iterator[str]:
    totals = invoice.totals
    if totals.due and totals.gross:
        wanted = to_cents(value_of(totals.gross) - value_of(totals.paid) + value_of(totals.rounding))
        yield from _differs(value_of(totals.due), wanted, Decimal(0), "the amount due")


def _rated(invoice: Invoice) -> Iterator[str]:
    for at, each in enumerate(invoice.breakdowns, start=1):
        if each.rate is None or each.taxable is None or each.tax is None:
            continue
        if not is_taxed_so(each.taxable, each.tax, each.rate):
            yield f"row {at} of the VAT breakdown: {each.rate} % of {each.taxable.written} is not {each.tax.written}"


def _rule(number: str, says: str, find: Find, scopes: frozenset[Scope], field: str) -> Rule:
    return Rule(number, says, find, scopes, field, arithmetic=True)


SUMS: Final = (
    _rule("BR-CO-10", "BT-106 is the sum of the lines' net amounts", _lines, WITH_LINES | {"core"}, "line_items"),
    _rule("BR-CO-11", "BT-107 is the sum of the allowances", _charges(charges=False), WITHOUT_LINES, "subtotal"),
    _rule("BR-CO-12", "BT-108 is the sum of the charges", _charges(charges=True), WITHOUT_LINES, "subtotal"),
    _rule("BR-CO-13", "BT-109 is lines less allowances plus charges", _net, WITHOUT_LINES | {"core"}, "subtotal"),
    _rule("BR-CO-14", "BT-110 is the sum of the VAT breakdown", _tax, WITHOUT_LINES | {"core"}, "tax"),
    _rule("BR-CO-15", "BT-112 is the total without VAT plus the VAT", _gross, EVERY, "total"),
    _rule("BR-CO-16", "BT-115 is the total less what is paid plus rounding", _due, WITHOUT_LINES | {"core"}, "total"),
    _rule("BR-CO-17", "the tax of a breakdown row is its rate of its taxable amount", _rated, WITHOUT_LINES, "tax"),
)
