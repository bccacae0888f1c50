"""Fields and lines of whole documents, as text that looks like them."""

from decimal import Decimal
from typing import Any

import pytest

from documents.extract import extract
from documents.layout import lay_out
from documents.limits import LimitExceeded
from documents.reader import read
from documents.understanding import understand

ENGLISH = """
Brightwater Tools Inc.
12 Mill Road, Portland, OR 97205
www.brightwatertools.com

INVOICE                                   Invoice No: BT-2041
                                          Invoice Date: 03/04/2024
Bill to:                                  Due Date: 03/28/2024
Harbor Estates LLC
1 Quay Street, Portland, OR 97201

Description                 Qty    Unit price      Amount
Cordless drill                2         89.50      179.00
Drill bits, set of 20         1         21.00       21.00

                                   Subtotal      $ 200.00
                                   Sales tax 8%   $ 16.00
                                   Total due     $ 216.00
"""
GERMAN = """
Nordwind Beratung GmbH
Hafenstraße 3, 20457 Hamburg
USt-IdNr. DE136695976

Rechnung
Rechnungsnr.: 2024-118                    Rechnungsdatum: 05.03.2024
Fällig am: 04.04.2024

Pos   Beschreibung               Menge     Einzelpreis    Betrag
1     Beratung vor Ort           8         120,00         960,00
2     Reisekosten                1         1.040,00       1.040,00

                                 Nettobetrag        2.000,00 €
                                 MwSt 19 %            380,00 €
                                 Gesamtbetrag       2.380,00 €
"""
FRENCH = """
ATELIER DUVAL SARL
4 rue des Lilas, 69002 Lyon, France

Facture n° F-551          Date de facture : 2 juillet 2023

Désignation            Quantité      Prix unitaire      Montant
Cartouches             3             12,50              37,50
Papier                 10            4,25               42,50

                       Total HT       80,00 €
                       TVA 20%        16,00 €
                       Total TTC      96,00 €
"""
DUTCH = """
Van Dam Kantoor B.V.
Weena 10, 3012 CM Rotterdam, Nederland

Factuurnummer: 88321
Factuurdatum: 19 april 2023

Omschrijving         Aantal    Prijs       Bedrag
Bureaustoel          1         149,00      149,00
                     Subtotaal   149,00
                     BTW 21%      31,29
                     Totaal     € 180,29
"""
SPANISH = """
Papelería Sol S.L.
Calle Mayor 5, 28013 Madrid, España

Factura nº A-12      Fecha de factura: 14/11/2023
Descripción          Cantidad   Precio     Importe
Carpetas             4          2,50       10,00
                     Base imponible   10,00 €
                     IVA 21%           2,10 €
                     Total factura    12,10 €
"""
MALAY_RECEIPT = """
KEDAI BUKU SRI TAMAN SDN BHD
12, JALAN MERDEKA, 81100 JOHOR BAHRU
Resit: R-00921     Tarikh: 09/01/2019 8:01 PM
Pensel 2B           2    1.50     3.00
Buku latihan        3    2.00     6.02
Jumlah                            9.02
Rounding                         -0.02
Jumlah Besar RM                   9.00
Tunai                            10.00
Baki                              1.00
"""


def facts(text: str) -> dict[str, Any]:
    """The one document of a text, as the command line prints it."""
    (document,) = extract("document.txt", text.encode())
    return document


@pytest.mark.parametrize(
    ("text", "vendor", "number", "day", "currency", "sums"),
    [
        (ENGLISH, "Brightwater Tools Inc.", "BT-2041", "2024-03-04", "USD", ("200.00", "16.00", "216.00")),
        (GERMAN, "Nordwind Beratung GmbH", "2024-118", "2024-03-05", "EUR", ("2000.00", "380.00", "2380.00")),
        (FRENCH, "ATELIER DUVAL SARL", "F-551", "2023-07-02", "EUR", ("80.00", "16.00", "96.00")),
        (DUTCH, "Van Dam Kantoor B.V.", "88321", "2023-04-19", "EUR", ("149.00", "31.29", "180.29")),
        (SPANISH, "Papelería Sol S.L.", "A-12", "2023-11-14", "EUR", ("10.00", "2.10", "12.10")),
    ],
    ids=["english", "german", "french", "dutch", "spanish"],
)
def test_header_fields(
    text: str, vendor: str, number: str, day: str, currency: str, sums: tuple[str, str, str]
) -> None:
    """Invoices in several languages give the same fields, and need no person."""
    found = facts(text)
    assert [found["vendor_name"], found["invoice_number"], found["invoice_date"]] == [vendor, number, day]
    assert [found["currency"], found["subtotal"], found["tax"], found["total"]] == [currency, *sums]
    assert found["problems"] == []
    assert found["accepted"]


def test_lines_with_quantity_price_and_place() -> None:
    """Every line has what stands in its columns, and the box it was read from."""
    lines = facts(GERMAN)["line_items"]
    assert [(line["description"], line["quantity"], line["unit_price"], line["amount"]) for line in lines] == [
        ("Beratung vor Ort", "8", "120.00", "960.00"),
        ("Reisekosten", "1", "1040.00", "1040.00"),
    ]
    assert all(line["page"] == 1 and len(line["box"]) == 4 for line in lines)


def test_the_buyer_is_not_the_seller() -> None:
    """The firm under "Bill to" is the buyer, even with a legal form of its own."""
    found = facts(ENGLISH)
    assert (found["buyer_name"], found["vendor_name"]) == ("Harbor Estates LLC", "Brightwater Tools Inc.")


def test_a_tax_id_with_a_sound_checksum_is_kept_whole() -> None:
    """A VAT id is validated and written compactly with its country."""
    assert facts(GERMAN)["vendor_tax_id"] == "DE136695976"


def test_what_is_payable_comes_after_rounding() -> None:
    """A receipt's total is what is paid: after rounding, and equal to cash less change."""
    found = facts(MALAY_RECEIPT)
    assert (found["total"], found["currency"], found["invoice_date"]) == ("9.00", "MYR", "2019-01-09")
    assert [line["amount"] for line in found["line_items"]] == ["3.00", "6.02"]


def test_an_ambiguous_date_is_left_to_a_person() -> None:
    """Without a country or another date, 03/04 is neither March nor April."""
    text = ENGLISH.replace("03/28/2024", "").replace("OR 97205", "").replace("OR 97201", "")
    found = facts(text.replace("$", "").replace("Sales tax", "Tax"))
    assert found["invoice_date"] is None
    assert ("AMBIGUOUS_DATE", "invoice_date") in {(problem["code"], problem["field"]) for problem in found["problems"]}
    assert not found["accepted"]


def test_sums_that_disagree_are_a_problem() -> None:
    """When subtotal and tax do not make the total, nothing is accepted."""
    found = facts(ENGLISH.replace("$ 216.00", "$ 261.00").replace("179.00", "197.00"))
    assert "ARITHMETIC" in {problem["code"] for problem in found["problems"]}
    assert not found["accepted"]


def test_absent_is_null() -> None:
    """A note that is no invoice gives no field, only what is missing."""
    found = facts("Dear all, the meeting room is on the second floor.")
    assert [found[name] for name in ("total", "invoice_date", "currency", "invoice_number", "due_date")] == [None] * 5
    assert {problem["field"] for problem in found["problems"]} >= {"total", "invoice_date", "currency"}


def test_a_credit_note_is_told() -> None:
    """The title decides the type of a document."""
    assert facts(GERMAN.replace("Rechnung\n", "Gutschrift\n"))["document_type"] == "credit_note"
    assert facts(GERMAN)["document_type"] == "invoice"


def test_a_higher_threshold_accepts_less() -> None:
    """The threshold is the tenant's: what is sure enough for one needs a person for another."""
    reading = read("a.txt", ENGLISH.encode())
    assert understand(reading, threshold=0.5).accepted
    assert not understand(reading, threshold=0.999).accepted


def test_confidence_knows_only_what_is_there() -> None:
    """Every confidence is a share, and belongs to a field that was read."""
    found = understand(read("a.txt", FRENCH.encode())).facts
    assert all(0 < sure <= 1 for sure in found.confidence.values())
    assert {name for name in found.confidence if name != "line_items" and getattr(found, name) is None} == set()
    assert isinstance(found.total, Decimal)


def test_endless_rows_and_words_cost_their_length_not_its_square() -> None:
    """A file of one line is cut into rows of eighty words at most; pasted data is no word, and lines are counted."""
    words = "Total 22.00 Date 05.03.2024 " * 100
    sheet = lay_out(read("a.txt", f"{words}{'1' * 5000}".encode()).pages, scanned=False)
    assert [len(row.words) for row in sheet.rows] == [80] * 5
    with pytest.raises(LimitExceeded, match="lines: the document asks for 6000, at most 5000"):
        read("a.txt", b"Total 1.00\n" * 6000)
