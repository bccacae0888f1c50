"""Statements, bills of utilities and authorities, and several documents in one file."""

from dataclasses import replace
from datetime import date

from documents.extract import extract
from documents.reader import read
from documents.reading import Page, Reading
from documents.splitting import split
from documents.understanding import understand

INVOICE = """Northwind Cleaning Ltd
Invoice number: {number}                 Invoice date: 5 March 2024
Description               Qty    Unit price      Amount
Window cleaning             2         50.00      100.00
                                  Total due  GBP {total}
"""
STATEMENT = """Northwind Cleaning Ltd
STATEMENT OF ACCOUNT
Statement date: 31 March 2024
Date            Invoice          Amount
5 March 2024    NC-7             100.00
9 March 2024    NC-8              60.00
                Balance due  GBP 160.00
"""
UTILITY = """Severn Power Ltd
ELECTRICITY BILL
Electric service
Bill number: 88120              Bill date: 5 April 2024
Billing period: 1 March 2024 - 31 March 2024
Meter number: Z12-3456
Usage 200 kWh                                    60.00
                                Total due  GBP 60.00
"""
PROPERTY_TAX = """County of Harlow
PROPERTY TAX BILL
Bill number: 2024-778            Bill date: March 5, 2024
Parcel number: 12-034-567
Description                      Amount
General levy                     900.00
School district                  300.00
                  Total due  USD 1,200.00
"""


def _pages(*texts: str) -> Reading:
    readings = [read("page.txt", text.encode()) for text in texts]
    pages = tuple(
        Page(at, each.pages[0].width, each.pages[0].height, each.pages[0].words)
        for at, each in enumerate(readings, start=1)
    )
    return replace(readings[0], pages=pages)


def test_two_invoices_in_one_file_are_two_documents() -> None:
    """Pages with a number and a total of their own are documents of their own, in order."""
    both = _pages(INVOICE.format(number="NC-7", total="100.00"), INVOICE.format(number="NC-8", total="60.00"))
    parts = split(both)
    assert [[page.number for page in part.pages] for part in parts] == [[1], [2]]
    assert [understand(part).facts.invoice_number for part in parts] == ["NC-7", "NC-8"]


def test_as_one_expense_they_are_for_a_person() -> None:
    """Whoever can keep only one expense for the file is told that there are two, and on which pages."""
    both = _pages(INVOICE.format(number="NC-7", total="100.00"), INVOICE.format(number="NC-8", total="60.00"))
    understanding = understand(both)
    assert "SEVERAL_DOCUMENTS" in {problem.code for problem in understanding.facts.problems}
    assert not understanding.accepted


def test_pages_of_one_invoice_stay_together() -> None:
    """A page that repeats the number, or has none, or has no total, begins nothing."""
    first = INVOICE.format(number="NC-7", total="100.00")
    terms = "Terms and conditions apply to everything that is delivered.\n"
    carried = "Invoice number: NC-9\nDelivery of goods as agreed\n"
    assert len(split(_pages(first, first))) == 1
    assert len(split(_pages(first, terms))) == 1
    assert len(split(_pages(first, carried))) == 1


def test_a_statement_is_no_spend() -> None:
    """A statement of account goes to a person with that reason, however plain its balance."""
    (found,) = extract("s.txt", STATEMENT.encode())
    assert found["document_type"] == "statement"
    assert "VENDOR_STATEMENT" in {problem["code"] for problem in found["problems"]}
    assert not found["accepted"]


def test_a_utility_bill_has_period_and_meter() -> None:
    """A utility bill has its service period, and its meter where no site is named."""
    (found,) = extract("u.txt", UTILITY.encode())
    assert (found["document_type"], found["property_id"]) == ("utility_bill", "Z12-3456")
    assert found["service_period"] == "2024-03-01/2024-03-31"
    (sited,) = extract("u.txt", UTILITY.replace("Meter number", "Site ID: B-7\nMeter number").encode())
    assert sited["property_id"] == "B-7"


def test_a_property_tax_bill_has_parcel_and_jurisdiction() -> None:
    """A property tax bill has its parcel, and each of its lines the authority that levies it."""
    (found,) = extract("t.txt", PROPERTY_TAX.encode())
    assert (found["document_type"], found["property_id"]) == ("property_tax_bill", "12-034-567")
    assert {line["tax_jurisdiction"] for line in found["line_items"]} == {"County of Harlow"}
    assert found["total"] == "1200.00"


def test_an_order_named_on_an_invoice_is_a_reference() -> None:
    """An invoice "as ordered" is an invoice; only a title of its own makes a document an order."""
    head = "Nordwind GmbH\nHandelsrechnung Nr. 7 vom 15.11.2024\n"
    named = understand(
        read("a.txt", f"{head}Bestellung Nr. Kunde: 2018-4\nRechnung gemäß Bestellung vom 1.3.2024\n".encode())
    )
    titled = understand(read("b.txt", b"Nordwind GmbH\nBestellung 4711\nDatum: 15.11.2024\nSumme 12,00 EUR\n"))
    assert "NOT_AN_INVOICE" not in {problem.code for problem in named.facts.problems}
    assert "NOT_AN_INVOICE" in {problem.code for problem in titled.facts.problems}


def test_a_statement_mentioned_is_no_statement() -> None:
    """A privacy statement in the small print, or a project statement with sales tax, lists no invoices to match."""
    mentioned = understand(
        read("a.txt", f"{INVOICE.format(number='1', total='100.00')}See our Privacy Statement on the web\n".encode())
    )
    taxed = understand(read("b.txt", b"Northwind Ltd\nPROJECT STATEMENT\nSales tax 3.00\nTotal USD 103.00\n"))
    assert mentioned.facts.document_type == "invoice"
    assert taxed.facts.document_type != "statement"


def test_a_period_can_be_told_as_two_days() -> None:
    """First and last day each behind a label of its own make the service period."""
    told = """Durand SARL
Facture n° 7           Date de facture : 15/01/2019
DATE DE DEBUT DE PRESTATION : 01/12/2018
DATE DE FIN DE PRESTATION : 31/12/2018
Total TTC   96,00 €
"""
    facts = understand(read("p.txt", told.encode())).facts
    assert facts.service_period == (date(2018, 12, 1), date(2018, 12, 31))
    assert facts.invoice_date == date(2019, 1, 15)


def test_a_dated_line_has_its_service_date() -> None:
    """A row with one date was rendered on it; a row with two, or with one that stays open, says nothing."""
    told = """Northwind Cleaning Ltd
Invoice number: NC-7                 Invoice date: {day}
Date          Description                      Amount
{first}       Window cleaning                   60.00
              Floor from 1 March 2024 to 5 March 2024    30.00
                              Total due  GBP    90.00
"""
    proved = understand(read("d.txt", told.format(day="25/03/2024", first="04/03/2024").encode())).facts
    assert [line.service_date for line in proved.line_items] == [date(2024, 3, 4), None]
    unproved = told.replace("GBP", "EUR").replace("Ltd", "").format(day="5 March 2024", first="04/03/2024")
    assert understand(read("d.txt", unproved.encode())).facts.line_items[0].service_date is None
