"""A tax told in several rows: what the rows add up to, and the doubt where each was rounded by itself."""

from decimal import Decimal

import pytest

from documents.reader import read
from documents.understanding import Understanding, understand

HEAD = """
Brightwater Tools Ltd
12 Mill Road, Portland, OR 97205
Invoice No: BT-2041
Invoice Date: March 4, 2024
"""
APART = """
Positionen netto                                804,35 €
Versandkosten netto                               4,99 €
Positionen USt. 19,00% auf 804,35 €             152,83 €
Versandkosten USt. 19,00% auf 4,99 €              0,95 €
Endsumme                                        963,12 €
"""


def _read(body: str) -> Understanding:
    return understand(read("page.txt", (HEAD + body).encode()))


@pytest.mark.parametrize(
    ("body", "sums"),
    [
        ("Subtotal   $100.00\nCGST 9%   $9.00\nSGST 9%   $9.00\nTotal   $118.00", ("100.00", "18.00", "118.00")),
        ("Subtotal   $100.00\nState tax   $6.00\nCity tax   $2.50\nTotal   $108.50", ("100.00", "8.50", "108.50")),
        (
            "Total HT   300,00 €\nTVA 5,5 %   5,50 €\nTVA 20 %   40,00 €\nTotal TTC   345,50 €",
            ("300.00", "45.50", "345.50"),
        ),
        (
            "Netto 7%   100,00 €\nNetto 19%   200,00 €\nMwSt 7%   7,00 €\nMwSt 19%   38,00 €\nGesamtbetrag   345,00 €",
            ("300.00", "45.00", "345.00"),
        ),
        (
            "Subtotal   $100.00\nShipping   $8.00\nGST 5%   $5.00\nPST 7%   $7.00\nTotal   $120.00",
            ("100.00", "12.00", "120.00"),
        ),
        (
            "Subtotal   $100.00\nShipping   $10.00\nState tax   $5.00\nCity tax   $2.00\nTip   $20.00\nTotal   $137.00",
            ("100.00", "7.00", "137.00"),
        ),
        (
            "Subtotal   $300.00\nDiscount   -$30.00\nGST 5%   $13.50\nPST 7%   $18.90\nTotal   $302.40",
            ("300.00", "32.40", "302.40"),
        ),
        (
            "Subtotal   $300.00\nDiscount   -$30.00\nNet amount   $270.00\nGST 12%   $32.40\nTotal   $302.40",
            ("270.00", "32.40", "302.40"),
        ),
        (
            "MwSt  Netto  Steuer  Brutto\n7%  100,00  7,00  107,00\n19%  200,00  38,00  238,00\nGesamtbetrag  345,00",
            ("300.00", "45.00", "345.00"),
        ),
        (
            "Subtotal   300.00\nVAT 5%   5.00\nVAT 20%   40.00\nTotal VAT   45.00\nTotal   345.00",
            ("300.00", "45.00", "345.00"),
        ),
    ],
)
def test_rows_of_a_tax_are_added_up(body: str, sums: tuple[str, str, str]) -> None:
    """By rate, by levy or by part: what is told in several rows is one tax, and with the net it proves the total."""
    understood = _read(body)
    facts = understood.facts
    assert (str(facts.subtotal), str(facts.tax), str(facts.total)) == sums
    assert facts.confidence["total"] > 0.95
    assert not [problem for problem in understood.facts.problems if problem.field == "total"]


def test_levies_on_lines_are_added_up_without_a_net() -> None:
    """Where no row tells the net, the lines and every levy make the total."""
    body = """
Description       Quantity    Unit price    Amount
Room                     1         94.00     94.00
Occupancy tax                                 5.28
City tax                                      5.64
State tax                                     0.36
Total                                       105.28
"""
    facts = _read(body).facts
    assert (facts.tax, facts.total) == (Decimal("11.28"), Decimal("105.28"))


def test_rows_that_do_not_make_the_total_prove_nothing() -> None:
    """A cent off is a contradiction: no choice among the rows is made until something adds up."""
    understood = _read("Subtotal   $100.00\nCGST 9%   $9.00\nSGST 9%   $9.00\nTotal   $118.01")
    assert not understood.accepted
    assert [problem.code for problem in understood.facts.problems if problem.field == "total"][:1] == ["ARITHMETIC"]


def test_a_tax_rounded_row_by_row_is_for_a_person() -> None:
    """The total stays what is printed, and the doubt names the cent by which the rate of the sum differs."""
    understood = _read(APART)
    facts = understood.facts
    assert (str(facts.subtotal), str(facts.tax), str(facts.total)) == ("809.34", "153.78", "963.12")
    assert not understood.accepted
    doubt = next(problem for problem in facts.problems if problem.code == "ARITHMETIC")
    assert doubt.field == "total"
    assert all(value in doubt.message for value in ("19.00 % of 809.34 is 153.77", "153.78", "963.12"))


@pytest.mark.parametrize(
    "body",
    [
        APART.replace("152,83", "152,82").replace("804,35", "804,30").replace("963,12", "963,06"),
        "Subtotal   $0.33\nCGST 9% on $0.33   $0.03\nSGST 9% on $0.33   $0.03\nTotal   $0.39",
    ],
)
def test_a_tax_that_its_rate_makes_is_not_doubted(body: str) -> None:
    """Rows whose sum is the rate of their bases agree; two levies on one amount are two taxes, each rounded."""
    assert [problem for problem in _read(body).facts.problems if problem.code == "ARITHMETIC"] == []


@pytest.mark.parametrize(
    ("body", "tax"),
    [
        ("Total   345.00\nof which VAT 5%   4.76\nof which VAT 20%   40.83", "45.59"),
        ("Total   345.00\nVAT 20%   40.83\nof which VAT 20%   40.83", "40.83"),
    ],
)
def test_taxes_in_a_total_are_added_up_by_rate(body: str, tax: str) -> None:
    """Where nothing proves what a total includes, rows of different rates are one tax; of one rate, one row is it."""
    facts = _read(body).facts
    assert (str(facts.tax), str(facts.total)) == (tax, "345.00")
    assert facts.confidence["tax"] < 0.85
