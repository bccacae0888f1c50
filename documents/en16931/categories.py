"""BR-S, Z, E, AE, IC, G, O, AF, AG and B: what each VAT category demands, one table row a category."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from documents.en16931.rules import WITH_LINES, WITHOUT_LINES, Rule
from documents.en16931.sums import is_taxed_so, total_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from documents.en16931.rules import Find
    from documents.en16931.terms import Breakdown, Charge, Invoice, Line

Use = Literal["line", "allowance", "charge"]

_ONE: Final = Decimal(1)
_USES: Final[tuple[tuple[Use, str, str], ...]] = (
    ("line", "02", "05"),
    ("allowance", "03", "06"),
    ("charge", "04", "07"),
)
"""Where a category is used, and the last part of the rules on identifiers and on the rate there."""


@dataclass(frozen=True, slots=True)
class Category:
    """One VAT category: UNTDID 5305 code, the letters its rules carry, and what it demands."""

    code: str
    letters: str
    name: str
    rate: Literal["positive", "zero", "none", "any"]
    seller: Literal["any", "vat", "none"]  # which of the seller's identifiers: VAT or local, VAT alone, none at all
    buyer: Literal["any", "vat", "free"] = "free"  # VAT or registration, VAT alone, not asked
    reasoned: bool = False  # an exemption reason is demanded; else it is forbidden

    @property
    def by_rate(self) -> bool:
        """Whether the breakdown has a row a rate rather than one row in all."""
        return self.rate in {"positive", "any"}


CATEGORIES: Final = (
    Category("S", "S", "standard rated", "positive", "any"),
    Category("Z", "Z", "zero rated", "zero", "any"),
    Category("E", "E", "exempt", "zero", "any", reasoned=True),
    Category("AE", "AE", "reverse charge", "zero", "any", "any", reasoned=True),
    Category("K", "IC", "intra-community supply", "zero", "vat", "vat", reasoned=True),
    Category("G", "G", "export outside the EU", "zero", "vat", reasoned=True),
    Category("O", "O", "not subject to VAT", "none", "none", reasoned=True),
    Category("L", "AF", "IGIC of the Canary Islands", "any", "any"),
    Category("M", "AG", "IPSI of Ceuta and Melilla", "any", "any"),
)


def _used(invoice: Invoice, code: str, use: Use) -> Sequence[Line | Charge]:
    if use == "line":
        return [line for line in invoice.detail if line.category == code]
    return [each for each in invoice.charges if each.is_charge == (use == "charge") and each.category == code]


def _rows(invoice: Invoice, code: str) -> list[Breakdown]:
    return [each for each in invoice.breakdowns if each.category == code]


def _broken_down(category: Category) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        rows = len(_rows(invoice, category.code))
        if any(_used(invoice, category.code, use) for use, _, _ in _USES) and not rows:
            yield f"category {category.code} is used, and the VAT breakdown has no row for it"
        elif rows > 1 and not category.by_rate:
            yield f"the VAT breakdown has {rows} rows of category {category.code}"

    return find


def _identified(category: Category, use: Use) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        if not _used(invoice, category.code, use):
            return
        seller, buyer, deputy = invoice.seller, invoice.buyer, invoice.representative
        vat = bool((seller and seller.vat_ids) or (deputy and deputy.vat_ids))
        bought = bool(buyer and buyer.vat_ids)
        if category.seller == "none":
            if vat or bought:
                yield f"a VAT identifier is given, and a {use} of category {category.code} forbids it"
            return
        if not vat and not (category.seller == "any" and seller and seller.tax_ids):
            yield f"no tax identifier of the seller, which a {use} of category {category.code} asks for"
        registered = category.buyer == "any" and buyer is not None and buyer.registration
        if category.buyer != "free" and not bought and not registered:
            yield f"no tax identifier of the buyer, which a {use} of category {category.code} asks for"

    return find


def _holds(category: Category, rate: Decimal | None) -> bool:
    match category.rate:
        case "positive":
            return rate is not None and rate > 0
        case "zero":
            return rate is not None and rate == 0
        case "none":
            return rate is None
        case "any":
            return rate is not None and rate >= 0


_RATES: Final = {"positive": "above zero", "zero": "zero", "none": "absent", "any": "zero or more"}


def _rate(category: Category, use: Use) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for each in _used(invoice, category.code, use):
            if not _holds(category, each.rate):
                yield f"a {use} of category {category.code} has rate {each.rate}, it must be {_RATES[category.rate]}"

    return find


def _taxable(category: Category) -> Find:
    """The taxable amount is what stands under the category, and under the row's rate where there are several.

    The published artefacts leave less than one unit where rows go by rate, and in CII also in the extended profile.
    """

    def find(invoice: Invoice) -> Iterator[str]:
        for row in _rows(invoice, category.code):
            if row.taxable is None or row.taxable.value is None:
                continue

            def here(rate: Decimal | None, own: Decimal | None = row.rate) -> bool:
                return not category.by_rate or rate == own

            lines = [line.net for line in invoice.detail if line.category == category.code and here(line.rate)]
            under = [each for each in invoice.charges if each.category == category.code and here(each.rate)]
            wanted = total_of(lines) + total_of(each.amount for each in under if each.is_charge)
            wanted -= total_of(each.amount for each in under if not each.is_charge)
            off = abs(row.taxable.value - wanted)
            if off >= _ONE or (off and not category.by_rate and invoice.scope != "extended"):
                at = f" at {row.rate} %" if category.by_rate else ""
                yield f"category {category.code}{at}: the taxable amount says {row.taxable.written}, it is {wanted}"

    return find


def _tax(category: Category) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for row in _rows(invoice, category.code):
            if row.tax is None:
                continue
            if category.by_rate and row.rate is not None and not is_taxed_so(row.taxable, row.tax, row.rate):
                yield f"category {category.code}: {row.tax.written} is not {row.rate} % of the taxable amount"
            elif not category.by_rate and value_of(row.tax) != 0:
                yield f"category {category.code}: the tax says {row.tax.written}, there is none"

    return find


def _reason(category: Category) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        # The extended profile lets any row say more about its category.
        forbidden = not category.reasoned and invoice.scope != "extended"
        for row in _rows(invoice, category.code):
            if (row.exempted and forbidden) or (category.reasoned and not row.exempted):
                yield f"category {category.code}: an exemption reason is {'missing' if category.reasoned else 'given'}"

    return find


def _family(category: Category) -> Iterator[Rule]:
    letters, name = category.letters, category.name

    def rule(last: str, says: str, find: Find, *, arithmetic: bool = False, lines: bool = False) -> Rule:
        scopes = WITH_LINES if lines else WITHOUT_LINES
        return Rule(f"BR-{letters}-{last}", f"{name}: {says}", find, scopes, "tax", arithmetic=arithmetic)

    count = "at least one row" if category.by_rate else "one row"
    yield rule("01", f"where it is used, the VAT breakdown has {count} for it", _broken_down(category))
    who = "no VAT identifier" if category.seller == "none" else "the tax identifiers it needs"
    for use, ids, rates in _USES:
        yield rule(ids, f"{use}: {who}", _identified(category, use), lines=use == "line")
        yield rule(rates, f"{use}: the rate is {_RATES[category.rate]}", _rate(category, use), lines=use == "line")
    yield rule("08", "the taxable amount is what stands under it", _taxable(category), arithmetic=True, lines=True)
    wanted = "its rate of the taxable amount" if category.by_rate else "zero"
    yield rule("09", f"the tax is {wanted}", _tax(category), arithmetic=True)
    yield rule("10", f"an exemption reason is {'given' if category.reasoned else 'absent'}", _reason(category))


def _supplied(given: Callable[[Invoice], object], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        if _rows(invoice, "K") and not given(invoice):
            yield f"an intra-community supply without {what}"

    return find


def _only_o(others: Callable[[Invoice], bool], what: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        if _rows(invoice, "O") and others(invoice):
            yield f"what is not subject to VAT stands beside {what} that is"

    return find


def _other_charges(*, charges: bool) -> Callable[[Invoice], bool]:
    return lambda invoice: any(
        each.is_charge == charges and each.category not in {None, "O"} for each in invoice.charges
    )


def _codes(invoice: Invoice) -> set[str | None]:
    groups = (invoice.lines, invoice.charges, invoice.breakdowns)
    return {each.category for group in groups for each in group}


def _split_abroad(invoice: Invoice) -> Iterator[str]:
    if "B" in _codes(invoice) and any(country != "IT" for country in invoice.countries):
        yield "split payment on an invoice that is not domestic to Italy"


def _split_beside_standard(invoice: Invoice) -> Iterator[str]:
    if {"B", "S"} <= _codes(invoice):
        yield "split payment beside the standard rate"


BY_CATEGORY: Final = (
    *(rule for category in CATEGORIES for rule in sorted(_family(category), key=lambda rule: rule.id)),
    Rule(
        "BR-IC-11",
        "intra-community supply: a delivery date (BT-72) or an invoicing period (BG-14) is given",
        _supplied(lambda each: each.delivered or each.period, "a delivery date or a period"),
        WITHOUT_LINES,
    ),
    Rule(
        "BR-IC-12",
        "intra-community supply: the country delivered to (BT-80) is given",
        _supplied(lambda each: each.deliver_to, "the country delivered to"),
        WITHOUT_LINES,
    ),
    Rule(
        "BR-O-11",
        "not subject to VAT: the breakdown has no other category",
        _only_o(lambda each: any(row.category != "O" for row in each.breakdowns), "a breakdown row"),
        WITHOUT_LINES,
    ),
    Rule(
        "BR-O-12",
        "not subject to VAT: no line has another category",
        _only_o(lambda each: any(line.category not in {None, "O"} for line in each.detail), "a line"),
        WITH_LINES,
    ),
    Rule(
        "BR-O-13",
        "not subject to VAT: no allowance has another category",
        _only_o(_other_charges(charges=False), "an allowance"),
        WITHOUT_LINES,
    ),
    Rule(
        "BR-O-14",
        "not subject to VAT: no charge has another category",
        _only_o(_other_charges(charges=True), "a charge"),
        WITHOUT_LINES,
    ),
    Rule("BR-B-01", "split payment: every country named is Italy", _split_abroad, WITHOUT_LINES),
    Rule("BR-B-02", "split payment: nothing is standard rated beside it", _split_beside_standard, WITHOUT_LINES),
)
