"""The seller's address: where it begins, what is none of it, and which rows end it."""

import pytest

from documents.facts import Facts
from documents.reader import read
from documents.understanding import understand

REST = """
Receipt No: 7
Date: 5 March 2024
Total GBP 12.00
"""


def _facts(head: str) -> Facts:
    return understand(read("page.txt", (head + REST).encode())).facts


@pytest.mark.parametrize(
    ("head", "address"),
    [
        (
            """
HIGHFIELD RETAIL SDN BHD
GST Reg No 000184401920
Jalan Tras Batu 1,
28700 Bentong, Pahang Darul Makmur
Tel: 03-6258 7191
(BENTONG BRANCH)
""",
            "Jalan Tras Batu 1, 28700 Bentong, Pahang Darul Makmur",
        ),
        (
            """
HIGHFIELD RETAIL SDN BHD
GK 101, GND FLR, ONE HIGH SHOPPING CENTRE
NO.1, LEBUH BANDAR UTAMA,
47800 PETALING JAYA
GST ID NO: 000181747712
INVOICE NO: 18341/103
""",
            "GK 101, GND FLR, ONE HIGH SHOPPING CENTRE, NO.1, LEBUH BANDAR UTAMA, 47800 PETALING JAYA",
        ),
        (
            """
Van Dam Kantoor B.V.
Weena 664
3012 CN Rotterdam
Nederland
KvK Rotterdam 24330087
""",
            "Weena 664, 3012 CN Rotterdam, Nederland",
        ),
        (
            """
RELAIS DU NORD SARL
AUTOROUTE RABAT MEKNES
15000 KHEMISSET
""",
            "AUTOROUTE RABAT MEKNES, 15000 KHEMISSET",
        ),
        (
            """
Brightwater Tools Inc.
123 45th St
New York, NY 10001


Customer Corp
9 Other Street
""",
            "123 45th St, New York, NY 10001",
        ),
        (
            """
Brightwater Tools Ltd
Registered office: 12 Mill Road, Portland VAT No: GB123456789
""",
            "12 Mill Road, Portland",
        ),
        (
            """
Nordwind GmbH

Nordwind GmbH - Hafenstraße 3 - 20457 Hamburg
Haus AG
Zechenweg 15
69876 Frankfurt
""",
            "Hafenstraße 3, 20457 Hamburg",
        ),
    ],
    ids=["number first", "floor above", "bare street", "bare town", "buyer below", "label", "behind the name"],
)
def test_rows_of_the_sellers_address(head: str, address: str) -> None:
    """Streets and towns with what belongs to them; numbers, telephones, branches and the buyer do not."""
    assert _facts(head).vendor_address == address


def test_an_address_that_is_announced_as_the_buyers_is_not_the_sellers() -> None:
    """Where nothing but the buyer's address is on the page, the seller has none."""
    head = """
Brightwater Tools Ltd
Bill to: Harbor Estates
12 Quay Street
20097 Hamburg
"""
    assert _facts(head).vendor_address is None


LETTER = """
Nordwind GmbH - Hafenstraße 3 - 20457 Hamburg
Haus AG
z. Hd. Frau Muster                                      Nordwind GmbH
Zechenweg 15                                            Hafenstraße 3
69876 Frankfurt                                         20457 Hamburg
"""
TILL = """
Nordwind Kiosk GmbH
Hafenstraße 3
20457 Hamburg
Item
10013 Cable
10014 Pliers
"""
TWO = """
Nordwind GmbH
Hafenstraße 3
20457 Hamburg

Haus AG                                                 Hof KG
Zechenweg 15                                            Am Hof 7
69876 Frankfurt                                         54321 Hithausen
"""


@pytest.mark.parametrize(("head", "buyer"), [(LETTER, "Haus AG"), (TILL, None), (TWO, None)])
def test_a_letter_names_its_recipient_without_a_label(head: str, buyer: str | None) -> None:
    """Over the only other address stands whom it is for; rows of items are none, and of two nobody is."""
    facts = _facts(head)
    assert facts.buyer_name == buyer
    assert facts.vendor_address == "Hafenstraße 3, 20457 Hamburg"
