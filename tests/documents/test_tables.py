"""Line items of tables as firms print them: summaries and details, codes, parts, wrapped names, sums by other names."""

from decimal import Decimal

import pytest

from documents.facts import LineItem
from documents.reader import read
from documents.understanding import understand


def _items(text: str) -> tuple[LineItem, ...]:
    return understand(read("page.txt", text.encode())).facts.line_items


def _told(text: str) -> list[tuple[str | None, str]]:
    return [(item.description, str(item.amount)) for item in _items(text)]


SUMMARY = """
Summary
  Service charges                  $5.11
    Charges                        $5.11
    Credits                        $0.00
    Tax                            $0.00
Total for this invoice             $5.11
Detail
  Data transfer                    $1.01
    Charges                        $1.01
    VAT                            $0.00
  Computing                        $4.10
    Charges                        $4.10
    VAT                            $0.00
"""


def test_details_are_told_instead_of_their_summary() -> None:
    """What adds up to the same sum in more lines is what was bought; a row that repeats the one above is none."""
    assert _told(SUMMARY) == [("Data transfer", "1.01"), ("Computing", "4.10")]


def test_parts_are_told_instead_of_their_sum() -> None:
    """A row that the rows further in make up would count twice."""
    text = """
Telephone                         $30.00
   Calls                          $12.00
   Line rental                    $18.00
Internet                          $20.00
Total                             $50.00
"""
    assert _told(text) == [("Calls", "12.00"), ("Line rental", "18.00"), ("Internet", "20.00")]


SECTIONS = """
Description            Quantity   Unit price      Amount
--- Furniture ---
[FURN_7777] Oak chair      1.00        70.00       70.00
Seat of beech
                                    Subtotal       70.00
--- Food ---
[1758968] Olive oil        2.00         1.00        2.00
Serial no: 4711-0815
Delivery is free
Subtotal                                           72.00
"""


def test_sections_and_notes_are_no_items() -> None:
    """Codes and numbers are no part of a name, a wrapped name is whole, headings of sections are no items."""
    assert _told(SECTIONS) == [("Oak chair\nSeat of beech", "70.00"), ("Olive oil", "2.00")]


def test_parts_of_a_bundle_have_no_price_and_no_name_to_give() -> None:
    """A row with a count of its own is an article of its own, not more of the name above it."""
    text = """
Artikel                               Aantal   Prijs per stuk     Prijs
Laptop 13 with mouse                       1         2.321,00  2.321,00
   Laptop 13,3 256 GB                      1
   Incl. levy: private copy €3.50          1                       4,24
   Mouse                                   1
Bag                                        2            10,00     20,00
Subtotaal                                                      2.345,24
"""
    assert _told(text) == [
        ("Laptop 13 with mouse", "2321.00"),
        ("Incl. levy: private copy €3.50", "4.24"),
        ("Bag", "20.00"),
    ]


def test_references_beside_a_name_are_no_part_of_it() -> None:
    """What stands in a column of its own left of the descriptions is left there, on the rows of a wrapped name too."""
    text = """
Pos   References          Description        Net price   Quantity     Net amount
1     Your no: Turf       Artificial turf        3.33           3          10.00
      Our no: KR3M        green, 3 m
      4012345001235

2     Your no: Deposit    Deposit                2.77           2           5.54
Net total                                                              15.54
"""
    assert _told(text) == [("Artificial turf\ngreen, 3 m", "10.00"), ("Deposit", "5.54")]


CENTRED = """
Line  Code       Name                Quantity    Price   Amount
                 SUPPORT - monthly
      order: 1   January 2026
1     GTIN 598                           1.00    60.00    60.00
                 by team A

                 PAPER - 80 g
      order: 3   January 2026
2     GTIN 603                           3.00    10.00    30.00
                 white
Total                                                     90.00
"""
UNDER = """
Code    Article                      Quantity    Price   Amount
Important: orders until 19 December come before Christmas

ZS997                                     100     1.00   100.00
        Citric acid 100 ml
        Packing: bottle

GZ250                                      50     1.45    72.50
        Jam sugar 250 g
        Packing: box

Total                                                    172.50
"""


def test_a_name_is_looked_for_in_its_own_block() -> None:
    """Where blanks part the items, the block around the numbers has the name, above or below them."""
    assert _told(CENTRED) == [("SUPPORT - monthly", "60.00"), ("PAPER - 80 g", "30.00")]
    assert _told(UNDER) == [("Citric acid 100 ml", "100.00"), ("Jam sugar 250 g", "72.50")]


def test_a_price_before_tax_makes_an_amount_with_it() -> None:
    """Quantity times price and the tax beside them are the amount, so that all three are believed."""
    (item,) = _items("""
Product                        Qty   Price   Tax    Total
Memory card 16 GB                1  278.61  40.39  319.00
Grand total                                        319.00
""")
    assert (item.quantity, item.unit_price) == (Decimal(1), Decimal("278.61"))


def test_a_rate_told_in_words_counts_with_its_factor() -> None:
    """What has a currency beside it is a price and no count, and no name."""
    (item,) = _items("""
DESCRIPTION                                      RATE     AMOUNT
Room charges                Rs 1939 x 2 Nights x 1 Room  Rs 3878
Grand total                                              Rs 3878
""")
    assert (item.description, item.quantity, item.unit_price) == ("Room charges", Decimal(2), Decimal(1939))


@pytest.mark.parametrize(
    "end",
    [
        "All prices with VAT of 21 percent       Invoice total EUR 49.99",
        "Goods as ordered by phone    TOTAL AMOUNT DUE ON August 3, 2014    49.99",
        "Razem:                                                      49.99",
    ],
)
def test_the_total_ends_the_items_whatever_opens_its_row(end: str) -> None:
    """A total is known by the label right before its money, or as the sum of what was counted above."""
    text = f"""
Article      Description             Price   Quantity        Amount
E103184      Care set CA6707         49.99   1 pc             49.99
{end}
Tax id: none of your business                                 49.99
"""
    assert _told(text) == [("Care set CA6707", "49.99")]


def test_a_row_given_away_counts_where_it_is_counted() -> None:
    """A free addition has a quantity; a charge of nothing that was not counted is no item, nor is a due date."""
    table = """
Description             Quantity   Price   Amount
Coffee                         2    5.00    10.00
Sample, discount 100           1    0.00     0.00
Total                                       10.00
"""
    page = """
Payable until 5 July 2015           29.99
Subscriptions                       29.99
Calls                                0.00
Total                               29.99
"""
    assert [amount for _, amount in _told(table)] == ["10.00", "0.00"]
    assert _told(page) == [("Subscriptions", "29.99")]


def test_a_centred_heading_does_not_hide_the_column_of_codes() -> None:
    """Where every row begins anew right of the codes, the names begin, wherever the heading stands."""
    text = """
 DATE       ITEM CODE             DESCRIPTION         QTY   PRICE     TAX     AMOUNT
3/4/2021      A123      Consulting Services             2   30.00    6.00      60.00
3/5/2021      B456      Document Fee                    3   10.00    3.00      30.00
Subtotal                                                                       90.00
"""
    assert _told(text) == [("Consulting Services", "60.00"), ("Document Fee", "30.00")]


def test_what_was_paid_in_an_account_is_no_item() -> None:
    """A hotel writes charges and credits side by side; only the charges were bought."""
    text = """
DATE       DESCRIPTION               CHARGES    CREDITS
27Mar21    Room charge                 88.00
27Mar21    Daily parking                6.00
28Mar21    Card payment                           94.00
Total                                  94.00      94.00
"""
    assert _told(text) == [("Room charge", "88.00"), ("Daily parking", "6.00")]


def test_codes_behind_a_name_are_no_part_of_it() -> None:
    """A column of codes on the right ends a description as a column of numbers does; a row of fields names nothing."""
    text = """
S.NO   DESCRIPTION                     HSN     IGST        AMOUNT
1      Posters and banners             998877   18%        450.00
2      Campaign                        998366   18%        150.00
Invoice no   Invoice date   Due date   Vat no
Subtotal                                                   600.00
"""
    assert _told(text) == [("Posters and banners", "450.00"), ("Campaign", "150.00")]
