"""Each business rule: silent on a sound invoice, named once what it asks for is missing or does not add up."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from documents.en16931.categories import CATEGORIES
from documents.en16931.registry import NOT_JUDGED, REGISTRY, check
from documents.en16931.rules import judge
from documents.en16931.schema import check_schema
from documents.en16931.terms import Breakdown, Charge, Invoice, Line, Party, Payment, Period, Stated, scope_of
from documents.xmltree import parse_xml
from tests.documents.invoices import BUYER, LINE, SELLER, SOUND

ALLOWANCE = Charge(is_charge=False, amount=Stated("10.00"), reasoned=True, category="S", rate=Decimal(19))


def _named(invoice: Invoice) -> set[str]:
    return {breach.rule.id for breach in judge(invoice, REGISTRY)}


def _line(**changes: Any) -> Invoice:
    return replace(SOUND, lines=(replace(LINE, **changes),))


def _row(**changes: Any) -> Invoice:
    return replace(SOUND, breakdowns=(replace(SOUND.breakdowns[0], **changes),))


def _totals(**changes: Any) -> Invoice:
    return replace(SOUND, totals=replace(SOUND.totals, **changes))


def test_a_sound_invoice_breaks_nothing() -> None:
    """No rule fires on an invoice that states and adds up everything."""
    assert _named(SOUND) == set()


def test_ids_are_unique_and_apart_from_what_is_not_judged() -> None:
    """A rule is judged once, and the list of those that are not names none that is."""
    ids = [rule.id for rule in REGISTRY]
    assert len(ids) == len(set(ids))
    assert not set(ids) & {name for names, _ in NOT_JUDGED for name in names.split(", ")}


@pytest.mark.parametrize(
    ("broken", "rules"),
    [
        (replace(SOUND, profile=None), {"BR-01"}),
        (replace(SOUND, number=None), {"BR-02"}),
        (replace(SOUND, issued=None), {"BR-03"}),
        (replace(SOUND, type_code=None), {"BR-04"}),
        (replace(SOUND, buyer=replace(BUYER, name=None)), {"BR-07"}),
        (replace(SOUND, seller=replace(SELLER, country=None)), {"BR-09"}),
        (_totals(due=None), {"BR-15"}),
        (replace(SOUND, payee=Party()), {"BR-17"}),
        (replace(SOUND, representative=Party(name="V")), {"BR-19", "BR-20", "BR-56"}),
        (replace(SOUND, seller=replace(SELLER, endpoint_scheme="")), {"BR-62"}),
        (_line(number=None), {"BR-21"}),
        (_line(quantity=None, unit=None), {"BR-22", "BR-23"}),
        (_line(name=None), {"BR-25"}),
        (_line(price=Stated("-1")), {"BR-27"}),
        (replace(SOUND, period=Period("20240401", "20240331")), {"BR-29"}),
        (replace(SOUND, period=Period()), {"BR-CO-19"}),
        (_line(attributes=((True, False),)), {"BR-54"}),
        (_line(item_schemes=(None,)), {"BR-64"}),
        (_row(tax=None), {"BR-46", "BR-CO-14"}),
        (replace(SOUND, payments=(Payment(),)), {"BR-49"}),
        (replace(SOUND, payments=(Payment(code="30"),)), {"BR-61"}),
        (replace(SOUND, payments=(Payment(code="48", card="4111111111111111"),)), {"BR-51"}),
        (replace(SOUND, documents=(None,)), {"BR-52"}),
        (replace(SOUND, tax_currency="GBP"), {"BR-53"}),
        (replace(SOUND, preceding=("",)), {"BR-55"}),
        (replace(SOUND, deliver_to=""), {"BR-57"}),
        (replace(SOUND, tax_point=True, period=Period("20240301", coded=True)), {"BR-CO-03"}),
        (replace(SOUND, seller=replace(SELLER, vat_ids=("QQ1",))), {"BR-CO-09"}),
        (replace(SOUND, seller=replace(SELLER, vat_ids=(), tax_ids=("1",))), {"BR-CO-26"}),
    ],
)
def test_presence(broken: Invoice, rules: set[str]) -> None:
    """What is left out is named by the rule that asks for it, and by no other."""
    assert _named(broken) == rules


@pytest.mark.parametrize(
    ("broken", "rules"),
    [
        (
            _totals(lines=Stated("99.99"), net=Stated("99.99"), gross=Stated("118.99"), due=Stated("118.99")),
            {"BR-CO-10"},
        ),
        (_totals(net=Stated("100.01"), gross=Stated("119.01"), due=Stated("119.01")), {"BR-CO-13"}),
        (replace(SOUND, taxes=(Stated("19.01", "EUR"),)), {"BR-CO-14", "BR-CO-15"}),
        (_totals(gross=Stated("119.01"), due=Stated("119.01")), {"BR-CO-15"}),
        (_totals(due=Stated("100.00")), {"BR-CO-16"}),
        (_totals(paid=Stated("19.00"), due=Stated("100.00")), set()),
        (_totals(allowances=Stated("5.00")), {"BR-CO-11", "BR-CO-13"}),
        (_totals(charges=Stated("5.00")), {"BR-CO-12", "BR-CO-13"}),
        (_row(rate=Decimal(7)), {"BR-CO-17", "BR-S-08", "BR-S-09"}),
        (_row(taxable=Stated("102.00")), {"BR-S-08"}),
        (_line(net=Stated("100.001")), {"BR-DEC-23"}),
        (_totals(due=Stated("119.000")), {"BR-DEC-18"}),
    ],
)
def test_arithmetic(broken: Invoice, rules: set[str]) -> None:
    """Totals that do not follow from their parts are named; what is paid already explains a smaller amount due."""
    assert _named(broken) == rules


def test_the_extended_profile_leaves_a_cent_an_amount() -> None:
    """What is a breach in the norm is rounding in the extended profile, up to a cent for each line."""
    off = _totals(lines=Stated("99.99"), net=Stated("99.99"), gross=Stated("118.99"), due=Stated("118.99"))
    assert _named(off) == {"BR-CO-10"}
    assert _named(replace(off, scope="extended")) == set()


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.letters)
def test_categories(category: Any) -> None:
    """Every category asks for its row in the breakdown, its rate, its tax and its exemption reason."""
    free = category.rate in {"zero", "none"}
    rate = None if category.rate == "none" else Decimal(0) if free else Decimal(10)
    tax = "0.00" if free else "10.00"
    given = () if category.seller == "none" else ("DE136695976",)
    sound = replace(
        SOUND,
        seller=replace(SELLER, vat_ids=given, registration="HRB 1"),
        buyer=replace(BUYER, vat_ids=("FR40303265045",) if category.buyer != "free" else ()),
        lines=(replace(LINE, category=category.code, rate=rate),),
        breakdowns=(Breakdown(Stated("100.00"), Stated(tax), category.code, rate, exempted=category.reasoned),),
        taxes=(Stated(tax, "EUR"),),
        totals=replace(SOUND.totals, gross=Stated(f"1{tax[:-3]:0>2}.00"), due=Stated(f"1{tax[:-3]:0>2}.00")),
        delivered=True,
        deliver_to="FR",
    )
    assert _named(sound) == set()
    row = sound.breakdowns[0]
    letters = category.letters
    wrong_rate = Decimal(5) if free else Decimal(-1)
    assert f"BR-{letters}-01" in _named(replace(sound, breakdowns=()))
    assert f"BR-{letters}-05" in _named(replace(sound, lines=(replace(sound.lines[0], rate=wrong_rate),)))
    assert f"BR-{letters}-08" in _named(replace(sound, breakdowns=(replace(row, taxable=Stated("90.00")),)))
    assert f"BR-{letters}-09" in _named(replace(sound, breakdowns=(replace(row, tax=Stated("55.00")),)))
    assert f"BR-{letters}-10" in _named(replace(sound, breakdowns=(replace(row, exempted=not category.reasoned),)))
    nobody = replace(sound.seller or SELLER, vat_ids=() if given else ("DE136695976",))
    assert f"BR-{letters}-02" in _named(replace(sound, seller=nobody))


def test_allowances_and_charges_count_in_their_category() -> None:
    """An allowance lowers the taxable amount of its category and is asked for amount, reason and category."""
    reduced = replace(
        SOUND,
        charges=(ALLOWANCE,),
        totals=replace(
            SOUND.totals,
            allowances=Stated("10.00"),
            net=Stated("90.00"),
            gross=Stated("107.10"),
            due=Stated("107.10"),
        ),
        taxes=(Stated("17.10", "EUR"),),
        breakdowns=(Breakdown(Stated("90.00"), Stated("17.10"), "S", Decimal(19)),),
    )
    assert _named(reduced) == set()
    silent = replace(reduced, charges=(replace(ALLOWANCE, reasoned=False),))
    assert _named(silent) == {"BR-33", "BR-CO-21"}


def test_what_is_outside_vat_stands_alone() -> None:
    """A breakdown of what is not subject to VAT refuses any other category beside it."""
    both = replace(SOUND, breakdowns=(*SOUND.breakdowns, Breakdown(Stated("0.00"), Stated("0.00"), "O", exempted=True)))
    assert {"BR-O-11", "BR-O-12"} <= _named(both)


def test_lines_under_lines() -> None:
    """In the extended profile a heading's amount is that of its lines, and only they are spend."""
    heading = Line(number="1", name="Set", net=Stated("90.00"), role="GROUP")
    detail = replace(LINE, number="1.1", parent="1", role="DETAIL")
    nested = replace(SOUND, scope="extended", lines=(heading, detail))
    assert _named(nested) == {"BR-FXEXT-08"}
    assert _named(replace(nested, lines=(replace(heading, net=Stated("100.00")), detail))) == set()
    assert "BR-FXEXT-11" in _named(replace(nested, lines=(replace(detail, parent="9"),)))


@pytest.mark.parametrize(
    ("profile", "scope"),
    [
        ("urn:factur-x.eu:1p0:minimum", "minimum"),
        ("urn:factur-x.eu:1p0:basicwl", "basic_wl"),
        ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", "full"),
        ("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0", "full"),
        ("urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", "extended"),
        ("urn:www.cenbii.eu:transaction:biitrns010:ver2.0", "core"),
        (None, "full"),
    ],
)
def test_a_profile_is_asked_only_for_what_it_promises(profile: str | None, scope: str) -> None:
    """A profile without lines is not asked for lines, a foreign one only for its sums."""
    assert scope_of(profile) == scope
    bare = replace(SOUND, scope=scope, lines=(), totals=replace(SOUND.totals, due=None))
    assert ("BR-16" in _named(bare)) == (scope in {"full", "extended"})


def test_the_schema_names_what_is_out_of_place() -> None:
    """An unknown element is told by its first violation; another document's root has no rules and no schema."""
    ubl = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    (problem,) = check_schema(parse_xml(f'<Invoice xmlns="{ubl}"><Colour/></Invoice>'.encode()))
    assert problem.code == "EINVOICE_SCHEMA"
    assert "Colour" in problem.message
    assert check(parse_xml(b"<Order/>")) == check_schema(parse_xml(b"<Order/>")) == ()
