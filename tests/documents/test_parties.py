"""Who sells and who buys, where the page shows two firms and only some signs tell which is which."""

from documents.facts import Facts
from documents.reader import read
from documents.understanding import understand

FORM = """
Visualisierung eines elektronischen Belegs in lesbarer Form
Handelsrechnung Nr. 4711 vom 15.11.2024
Verkäufer
Nummer:            549910
Globale Nummer:    4000001123452
Name:              Hafen & Kontor
Anschrift:         Kaistraße 20
                   80333 München
Käufer
Nummer:            GE2020
Name:              Bergbau Süd AG
Anschrift:         Zechenweg 15
                   69876 Frankfurt

Zahlbetrag         529,87 EUR
"""
BY_ADDRESS = """
Station Office Corporation               Cordova Supplies
21 Station Road                          12 Court Street
48436 Dublin                             20097 Dublin

Invoice 103767
Invoice date: February 17, 2026
Total                 681.87 EUR
accounts@cordova.example
"""
PAYEE = """
ROSEN ET FILS
27 rue Henri Rolland
69100 Villeurbanne
Facture n° 2022089083
Date : 28/11/2022
Total TTC :                               56,02 €
Virement       BANQUE DU NORD - Titulaire du compte : LAMPEDUSA
"""
PAYABLE = """
PAYMENT RECEIPT
Guest Name: A. Guest                          Date: 31/12/2017
Room                                          Rs 1939.00
Grand Total                                   Rs 1939.00
Note: all payment to be made in favor of
Orchard Stays Pvt. Ltd.
Bank Name                                     Account No.
"""
MAIL = """
From: noreply@wharfside.example
Sent: Monday, January 8, 2024 05:55 PM
To: someone@elsewhere.example
Wharfside Courses
3050 Old Centre Road
Los Angeles, CA 90018
Receipt Number 334567
Receipt Date 01/08/2024
Total Charges              $710.00
"""
IMPRINT = """
Quick Service
75371 Paris Cedex 08
Facture n° 562044387 du 02 Juillet 2015
Somme à payer                             29,99 € TTC
Quick SAS au capital de 3.441.812 Euros - B 421 938 861 RCS Paris - Siège social: 8 rue de la Ville 75008 Paris
The goods sold as part of this shipment are intended for end use and not for a resale of any kind
"""


def _facts(text: str) -> Facts:
    return understand(read("page.txt", text.encode())).facts


def test_a_form_names_its_parties_in_a_row_of_their_own() -> None:
    """Under a party's heading the row labelled as a name is the name, however many numbers stand before it."""
    facts = _facts(FORM)
    assert (facts.vendor_name, facts.buyer_name) == ("Hafen & Kontor", "Bergbau Süd AG")
    assert facts.confidence["vendor_name"] > 0.8


def test_the_web_address_tells_the_seller_from_the_buyer() -> None:
    """Of two letterheads side by side the one the document's own address names is the seller, legal form or not."""
    assert _facts(BY_ADDRESS).vendor_name == "Cordova Supplies"


def test_who_is_paid_is_the_seller() -> None:
    """The holder of the account to pay into outweighs an address at the head of the page, which is the buyer's."""
    assert _facts(PAYEE).vendor_name == "LAMPEDUSA"


def test_a_sentence_that_ends_in_a_label_goes_on_below() -> None:
    """A label at the end of a row announces what the next row begins with, wherever on the page that is."""
    assert _facts(PAYABLE).vendor_name == "Orchard Stays Pvt. Ltd."


def test_the_head_of_an_email_buys_nothing() -> None:
    """What stands under "To: name@host" is the letter, not the buyer's block."""
    facts = _facts(MAIL)
    assert (facts.vendor_name, facts.buyer_name) == ("Wharfside Courses", None)


def test_small_print_has_the_legal_name() -> None:
    """A trading name is given as the firm signs; a sentence with "as" in it signs nothing."""
    assert _facts(IMPRINT).vendor_name == "Quick SAS"


def test_a_customer_told_as_a_number_is_not_the_row_below() -> None:
    """A label that has its value beside it, a number, says nothing of the row under it."""
    page = """
Northwind Tools Ltd
12 Mill Road, Portland, OR 97205
Customer: 2
Your order AB321
Invoice No: BT-2041
Invoice Date: March 4, 2024
Total                       110.00 USD
"""
    assert understand(read("page.txt", page.encode())).facts.buyer_name is None
