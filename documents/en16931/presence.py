"""BR-01 to BR-44 and their like: what an invoice, its parties, lines and charges must state at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.en16931.rules import EVERY, NORM, WITH_LINES, WITHOUT_LINES, Rule, named
from documents.en16931.terms import Invoice, parse_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from documents.en16931.rules import Find
    from documents.en16931.terms import Charge, Line, Period, Scope


def _needs(given: Callable[[Invoice], object], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        if not given(invoice):
            yield f"{what} is missing"

    return find


def _each_line(holds: Callable[[Line], bool], what: str) -> Find:
    """Lines that only group others are asked for nothing but their number and name."""

    def find(invoice: Invoice) -> Iterator[str]:
        for at, line in enumerate(invoice.detail, start=1):
            if not holds(line):
                yield f"{named(at, line.number)}: {what}"

    return find


def _each_charge(*, charges: bool, of_lines: bool, holds: Callable[[Charge], bool], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        owned = [each for line in invoice.lines for each in line.charges] if of_lines else list(invoice.charges)
        for at, each in enumerate((each for each in owned if each.is_charge == charges), start=1):
            if not holds(each):
                kind = "charge" if charges else "allowance"
                yield f"{kind} {at}{' of the lines' if of_lines else ''}: {what}"

    return find


def _backwards(period: Period | None) -> bool:
    return bool(period and period.start and period.end and period.end < period.start)


def _wrong_period(invoice: Invoice) -> Iterator[str]:
    if _backwards(invoice.period):
        yield "the invoicing period ends before it starts"


def _uncounted(invoice: Invoice) -> Iterator[str]:
    if not invoice.lines:
        yield "there is no line"


def _header(number: str, term: str, given: Callable[[Invoice], object], scopes: frozenset[Scope], field: str) -> Rule:
    return Rule(number, f"states the {term}", _needs(given, f"the {term}"), scopes, field or None)


_HEADERS: Final = (
    _header("BR-01", "specification identifier (BT-24)", lambda each: each.profile, NORM, ""),
    _header("BR-02", "invoice number (BT-1)", lambda each: each.number, EVERY, "invoice_number"),
    _header("BR-03", "issue date (BT-2)", lambda each: each.issued, EVERY, "invoice_date"),
    _header("BR-04", "type code (BT-3)", lambda each: each.type_code, NORM, "document_type"),
    _header("BR-05", "currency (BT-5)", lambda each: each.currency, EVERY, "currency"),
    _header("BR-06", "seller's name (BT-27)", lambda each: each.seller and each.seller.name, NORM, "vendor_name"),
    _header("BR-07", "buyer's name (BT-44)", lambda each: each.buyer and each.buyer.name, NORM, "buyer_name"),
    _header(
        "BR-08", "seller's address (BG-5)", lambda each: each.seller and each.seller.addressed, NORM, "vendor_address"
    ),
    _header(
        "BR-09",
        "seller's country (BT-40)",
        lambda each: not (each.seller and each.seller.addressed) or each.seller.country,
        NORM,
        "vendor_address",
    ),
    _header("BR-10", "buyer's address (BG-8)", lambda each: each.buyer and each.buyer.addressed, WITHOUT_LINES, ""),
    _header(
        "BR-11",
        "buyer's country (BT-55)",
        lambda each: not (each.buyer and each.buyer.addressed) or each.buyer.country,
        WITHOUT_LINES,
        "",
    ),
    _header("BR-12", "sum of the lines (BT-106)", lambda each: each.totals.lines, WITHOUT_LINES, "subtotal"),
    _header("BR-13", "total without VAT (BT-109)", lambda each: each.totals.net, NORM, "subtotal"),
    _header("BR-14", "total with VAT (BT-112)", lambda each: each.totals.gross, EVERY, "total"),
    _header("BR-15", "amount due (BT-115)", lambda each: each.totals.due, NORM, "total"),
    Rule("BR-16", "has at least one line (BG-25)", _uncounted, WITH_LINES, "line_items"),
)


def _optional(
    number: str,
    says: str,
    party: Callable[[Invoice], object],
    given: Callable[[Invoice], object],
) -> Rule:
    return Rule(number, says, _needs(lambda each: party(each) is None or given(each), says), WITHOUT_LINES)


_PARTIES: Final = (
    _optional("BR-17", "the payee's name (BT-59)", lambda i: i.payee, lambda i: i.payee and i.payee.name),
    _optional(
        "BR-18",
        "the tax representative's name (BT-62)",
        lambda i: i.representative,
        lambda i: i.representative and i.representative.name,
    ),
    _optional(
        "BR-19",
        "the tax representative's address (BG-12)",
        lambda i: i.representative,
        lambda i: i.representative and i.representative.addressed,
    ),
    _optional(
        "BR-20",
        "the tax representative's country (BT-69)",
        lambda i: i.representative,
        lambda i: i.representative and i.representative.country,
    ),
    _optional(
        "BR-56",
        "the tax representative's VAT identifier (BT-63)",
        lambda i: i.representative,
        lambda i: i.representative and i.representative.vat_ids,
    ),
    _optional("BR-57", "the country delivered to (BT-80)", lambda i: i.deliver_to, lambda i: i.deliver_to),
    _optional(
        "BR-62",
        "the scheme of the seller's electronic address (BT-34)",
        lambda i: i.seller and i.seller.endpoint_scheme,
        lambda i: i.seller and i.seller.endpoint_scheme,
    ),
    _optional(
        "BR-63",
        "the scheme of the buyer's electronic address (BT-49)",
        lambda i: i.buyer and i.buyer.endpoint_scheme,
        lambda i: i.buyer and i.buyer.endpoint_scheme,
    ),
)


def _not_negative(written: str) -> bool:
    value = parse_number(written)
    return value is None or value >= 0


def _line(number: str, what: str, holds: Callable[[Line], bool]) -> Rule:
    return Rule(number, f"each line: {what}", _each_line(holds, f'fails "{what}"'), WITH_LINES, "line_items")


_LINES: Final = (
    _line("BR-21", "it has an identifier (BT-126)", lambda line: bool(line.number)),
    _line("BR-22", "it has a quantity (BT-129)", lambda line: line.quantity is not None),
    _line("BR-23", "its quantity has a unit (BT-130)", lambda line: line.unit is not None),
    _line("BR-24", "it has a net amount (BT-131)", lambda line: line.net is not None),
    _line("BR-25", "its item has a name (BT-153)", lambda line: bool(line.name)),
    _line("BR-26", "its item has a net price (BT-146)", lambda line: line.price is not None),
    _line("BR-27", "the net price is not negative", lambda line: not line.price or _not_negative(line.price.written)),
    _line("BR-28", "the gross price is not negative", lambda line: not line.gross or _not_negative(line.gross.written)),
    Rule("BR-29", "the invoicing period (BG-14) ends no earlier than it starts", _wrong_period, WITHOUT_LINES),
    _line("BR-30", "its period (BG-26) ends no earlier than it starts", lambda line: not _backwards(line.period)),
    _line("BR-54", "item attributes have name and value", lambda line: all(all(each) for each in line.attributes)),
    _line("BR-64", "a standard identifier (BT-157) names its scheme", lambda line: all(line.item_schemes)),
    _line("BR-65", "a classification (BT-158) names its list", lambda line: all(line.class_schemes)),
)


def _charges(number: str, what: str, holds: Callable[[Charge], bool], *, charges: bool, of_lines: bool) -> Rule:
    kind = f"{'line' if of_lines else 'document'} {'charge' if charges else 'allowance'}"
    find = _each_charge(charges=charges, of_lines=of_lines, holds=holds, what=f"no {what}")
    return Rule(number, f"each {kind} has {what}", find, WITH_LINES if of_lines else WITHOUT_LINES)


def _has_amount(charge: Charge) -> bool:
    return charge.amount is not None


def _has_category(charge: Charge) -> bool:
    return bool(charge.category)


def _has_reason(charge: Charge) -> bool:
    return charge.reasoned


_CHARGES: Final = (
    _charges("BR-31", "an amount (BT-92)", _has_amount, charges=False, of_lines=False),
    _charges("BR-32", "a VAT category (BT-95)", _has_category, charges=False, of_lines=False),
    _charges("BR-33", "a reason (BT-97, BT-98)", _has_reason, charges=False, of_lines=False),
    _charges("BR-36", "an amount (BT-99)", _has_amount, charges=True, of_lines=False),
    _charges("BR-37", "a VAT category (BT-102)", _has_category, charges=True, of_lines=False),
    _charges("BR-38", "a reason (BT-104, BT-105)", _has_reason, charges=True, of_lines=False),
    _charges("BR-41", "an amount (BT-136)", _has_amount, charges=False, of_lines=True),
    _charges("BR-42", "a reason (BT-139, BT-140)", _has_reason, charges=False, of_lines=True),
    _charges("BR-43", "an amount (BT-141)", _has_amount, charges=True, of_lines=True),
    _charges("BR-44", "a reason (BT-144, BT-145)", _has_reason, charges=True, of_lines=True),
    # The norm states the reason a second time among its conditions.
    _charges("BR-CO-21", "a reason (BT-97, BT-98)", _has_reason, charges=False, of_lines=False),
    _charges("BR-CO-22", "a reason (BT-104, BT-105)", _has_reason, charges=True, of_lines=False),
    _charges("BR-CO-23", "a reason (BT-139, BT-140)", _has_reason, charges=False, of_lines=True),
    _charges("BR-CO-24", "a reason (BT-144, BT-145)", _has_reason, charges=True, of_lines=True),
)
PRESENCE: Final = (*_HEADERS, *_PARTIES, *_LINES, *_CHARGES)
