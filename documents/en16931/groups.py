"""BR-45 to BR-55, BR-61 and the conditions among them: breakdown, payment, references, and what excludes what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from babel import Locale

from documents.en16931.rules import WITH_LINES, WITHOUT_LINES, Rule, named
from documents.en16931.terms import Breakdown, Invoice, Payment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from documents.en16931.rules import Find

_CARD_SHOWN: Final = 10
"""Digits of a payment card that may be shown: the first six and the last four (BR-51)."""

_CREDIT_TRANSFERS: Final = frozenset({"30", "58"})
"""UNTDID 4461: credit transfer and SEPA credit transfer."""

_BEYOND_ISO: Final = frozenset({"EL", "XI", "1A"})
"""Prefixes of VAT identifiers that ISO 3166-1 does not have: Greece, Northern Ireland, Kosovo (BR-CO-09)."""

_PREFIX: Final = 2


def _each_breakdown(holds: Callable[[Breakdown], bool], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for at, each in enumerate(invoice.breakdowns, start=1):
            if not holds(each):
                yield f"row {at} of the VAT breakdown has no {what}"

    return find


def _each_payment(holds: Callable[[Payment], bool], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for at, each in enumerate(invoice.payments, start=1):
            if not holds(each):
                yield f"payment instruction {at}: {what}"

    return find


def _each_reference(references: Callable[[Invoice], tuple[str | None, ...]], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for at, each in enumerate(references(invoice), start=1):
            if not each:
                yield f"{what} {at} has no reference"

    return find


def _tax_currency(invoice: Invoice) -> Iterator[str]:
    if invoice.tax_currency and all(each.currency != invoice.tax_currency for each in invoice.taxes):
        yield f"no VAT total in {invoice.tax_currency}"


def _both_tax_points(invoice: Invoice) -> Iterator[str]:
    if invoice.tax_point and invoice.period and invoice.period.coded:
        yield "a tax point date and a code for one are both given"


def _uncategorised(invoice: Invoice) -> Iterator[str]:
    for at, line in enumerate(invoice.detail, start=1):
        if not line.category:
            yield f"{named(at, line.number)} has no VAT category"


def _wrong_prefixes(invoice: Invoice) -> Iterator[str]:
    known = Locale("en").territories
    for party in (invoice.seller, invoice.buyer, invoice.representative):
        for vat_id in party.vat_ids if party else ():
            prefix = vat_id[:_PREFIX]
            if prefix not in _BEYOND_ISO and not (prefix.isalpha() and prefix in known):
                # The identifier itself stays out of the sentence: of a sole trader it is personal.
                yield f"a VAT identifier begins with {prefix!r}, which is no country"


def _no_breakdown(invoice: Invoice) -> Iterator[str]:
    if not invoice.breakdowns:
        yield "there is no VAT breakdown"


def _empty_period(invoice: Invoice) -> Iterator[str]:
    period = invoice.period
    if period and not period.start and not period.end and not period.coded:
        yield "the invoicing period has neither start nor end"


def _empty_line_periods(invoice: Invoice) -> Iterator[str]:
    for at, line in enumerate(invoice.lines, start=1):
        if line.period and not line.period.start and not line.period.end:
            yield f"the period of {named(at, line.number)} has neither start nor end"


def _no_terms(invoice: Invoice) -> Iterator[str]:
    due = invoice.totals.due
    if due and (due.value or 0) > 0 and not invoice.terms:
        yield f"{due.written} is due, and neither a due date nor payment terms say when"


def _unidentified(invoice: Invoice) -> Iterator[str]:
    seller = invoice.seller
    if seller and not (seller.identified or seller.registration or seller.vat_ids):
        yield "the seller has no identifier, no legal registration and no VAT identifier"


def _rule(number: str, says: str, find: Find, *, lines: bool = False) -> Rule:
    return Rule(number, says, find, WITH_LINES if lines else WITHOUT_LINES)


GROUPS: Final = (
    _rule(
        "BR-45",
        "each row of the VAT breakdown has a taxable amount (BT-116)",
        _each_breakdown(lambda each: each.taxable is not None, "taxable amount"),
    ),
    _rule(
        "BR-46",
        "each row of the VAT breakdown has a tax amount (BT-117)",
        _each_breakdown(lambda each: each.tax is not None, "tax amount"),
    ),
    _rule(
        "BR-47",
        "each row of the VAT breakdown has a category (BT-118)",
        _each_breakdown(lambda each: bool(each.category), "category"),
    ),
    _rule(
        "BR-48",
        "each row of the VAT breakdown has a rate (BT-119), but for what VAT does not touch",
        _each_breakdown(lambda each: each.rate is not None or each.category == "O", "rate"),
    ),
    _rule(
        "BR-49",
        "each payment instruction (BG-16) has a type code (BT-81)",
        _each_payment(lambda each: bool(each.code), "no type code"),
    ),
    _rule(
        "BR-50",
        "each account of a credit transfer has an identifier (BT-84)",
        _each_payment(lambda each: each.account is None or bool(each.account), "an account without identifier"),
    ),
    _rule(
        "BR-51",
        "a payment card shows ten digits at most (BT-87)",
        _each_payment(lambda each: not each.card or len(each.card) <= _CARD_SHOWN, "more of the card than allowed"),
        lines=True,
    ),
    _rule(
        "BR-52",
        "each supporting document (BG-24) has a reference (BT-122)",
        _each_reference(lambda each: each.documents, "supporting document"),
        lines=True,
    ),
    _rule("BR-53", "a VAT accounting currency (BT-6) comes with its VAT total (BT-111)", _tax_currency),
    _rule(
        "BR-55",
        "each preceding invoice (BG-3) has a reference (BT-25)",
        _each_reference(lambda each: each.preceding, "preceding invoice"),
    ),
    _rule(
        "BR-61",
        "a credit transfer (BT-81 is 30 or 58) names its account (BT-84)",
        _each_payment(lambda each: each.code not in _CREDIT_TRANSFERS or bool(each.account), "no account"),
    ),
    _rule("BR-CO-03", "a tax point date (BT-7) and a code for one (BT-8) exclude each other", _both_tax_points),
    Rule("BR-CO-04", "each line has a VAT category (BT-151)", _uncategorised, WITH_LINES, "line_items"),
    _rule("BR-CO-09", "VAT identifiers begin with a country code", _wrong_prefixes),
    _rule("BR-CO-18", "there is a VAT breakdown (BG-23)", _no_breakdown),
    _rule("BR-CO-19", "an invoicing period (BG-14) has a start or an end", _empty_period),
    _rule("BR-CO-20", "a period of a line (BG-26) has a start or an end", _empty_line_periods, lines=True),
    # CEN/TC 434 no longer has this one in its artefacts (of 2026-03-30); the extended profile of Factur-X 1.09 does.
    Rule(
        "BR-CO-25", "where something is due, a due date or payment terms say when", _no_terms, frozenset({"extended"})
    ),
    _rule("BR-CO-26", "the seller has an identifier, a registration or a VAT identifier", _unidentified),
)
