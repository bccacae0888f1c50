"""Which of several sums is the total, where labels are torn, shared or about other documents."""

from decimal import Decimal

import pytest

from documents.facts import Facts
from documents.reader import read
from documents.understanding import understand

HEAD = """
Brightwater Tools Ltd
12 Mill Road, Portland, OR 97205
Invoice No: BT-2041
Invoice Date: March 4, 2024
"""


def _facts(body: str, head: str = HEAD) -> Facts:
    return understand(read("page.txt", (head + body).encode())).facts


def test_what_was_left_unpaid_before_is_no_part_of_the_total() -> None:
    """A balance of earlier documents came on its own; the total is this document's."""
    body = """
Subtotal                    $100.00
Sales tax                    $10.00
Total                       $110.00
Previous unpaid balance     $500.00
Amount due                  $610.00
"""
    facts = _facts(body)
    assert facts.total == Decimal("110.00")
    assert facts.confidence["total"] > 0.9


def test_a_torn_label_is_made_good_by_adding_up() -> None:
    """A "total" before tax is a subtotal where its sum with the tax is printed below."""
    body = """
Sub
Total                       150.00
VAT                          30.00
Total
GBP                         180.00
"""
    facts = _facts(body)
    assert (facts.subtotal, facts.tax, facts.total) == (Decimal("150.00"), Decimal("30.00"), Decimal("180.00"))


def test_a_column_called_total_is_no_total() -> None:
    """What stands under a heading of a table of items is the amount of one item."""
    body = """
Code     Designation     Quantity     Unit price      Total
A2       Lawn                   3          5.00       15.00
B4       Gravel                 2         10.00       20.00
Sub total                                             35.00
"""
    assert _facts(body).total == Decimal("35.00")


def test_a_total_smaller_than_its_net_is_doubted() -> None:
    """A part cannot outgrow the whole; where it seems to, a person looks."""
    body = """
Net amount                  600.00
Total                        15.00
"""
    assert _facts(body).confidence["total"] <= 0.6


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ("Sous total   40,00 €\nTVA   8,00 €\nMontant TTC   48,00 €", "48.00"),
        ("Subtotale   110,00 €\nImposta IVA   15,00 €\nTotale   125,00 €", "125.00"),
        ("TOTAL LIQUIDO   110,00 €\nI.V.A.   10,00 €\nVALOR   120,00 €", "120.00"),
        ("Subtotaal   100,00 €\nB.T.W 21%   21,00 €\nTotaal   121,00 €", "121.00"),
        ("SUBTOTAL   6,00,000.00\nIGST   1,08,000.00\nTotal   ₹7,08,000.00", "708000.00"),
        ("Positionssumme   100,00 €\nGesamtbetrag der Zuschläge   5,00 €\nBruttosumme   105,00 €", "105.00"),
    ],
)
def test_totals_of_many_countries(body: str, total: str) -> None:
    """Labels with points between their letters, groups of two digits, sums of charges that are no total."""
    assert _facts(body).total == Decimal(total)


def test_a_stated_currency_outweighs_those_mentioned() -> None:
    """A currency stated as such is the document's own statement; a tax also told in euro does not make it doubtful."""
    body = """
Currency: GBP
Net amount                  858.75
Tax in GBP                  163.16
Tax in EUR                  183.14
Total                     1,021.91
Bank fees in EUR are borne by the payer, EUR 5.00
"""
    facts = _facts(body)
    assert facts.currency == "GBP"
    assert facts.confidence["currency"] > 0.8
