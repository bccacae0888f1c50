"""E-invoices, and XML that nobody should trust."""

from datetime import date
from decimal import Decimal

import pytest

from documents.einvoice import read_einvoice
from documents.extract import extract
from documents.limits import LimitExceeded, Limits
from documents.xmltree import RefusedXml, parse_xml

UBL = """<?xml version="1.0"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
 <cbc:ID>R-17</cbc:ID><cbc:IssueDate>2024-03-05</cbc:IssueDate><cbc:DueDate>2024-04-04</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PostalAddress><cbc:StreetName>Dorpsstraat 1</cbc:StreetName><cbc:CityName>Urk</cbc:CityName>
   <cbc:PostalZone>8321 AA</cbc:PostalZone>
   <cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country>
  </cac:PostalAddress>
  <cac:PartyTaxScheme><cbc:CompanyID>NL815254295B01</cbc:CompanyID>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Visgroothandel B.V.</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party>
  <cac:PostalAddress><cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
  <cac:PartyLegalEntity><cbc:RegistrationName>Restaurant Zuid</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingCustomerParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount>
  <cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">100.00</cbc:TaxableAmount>
   <cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount>
   <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>
    <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="EUR">100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="EUR">TOTAL</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="EUR">TOTAL</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="KGM">200</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
  <cac:Item><cbc:Name>Haring</cbc:Name>
   <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>
    <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory>
  </cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="EUR">5.00</cbc:PriceAmount><cbc:BaseQuantity>10</cbc:BaseQuantity></cac:Price>
 </cac:InvoiceLine>
</Invoice>"""


def test_remarks_exported_as_lines_are_no_items() -> None:
    """None of a thing, at no price, for no amount heads a section or explains; it is not bought."""
    line = UBL[UBL.index(" <cac:InvoiceLine>") : UBL.index("</Invoice>")]
    remark = line.replace("200<", "0.00<").replace("100.00<", "0.00<").replace("5.00<", "0.00<")
    facts = read_einvoice(parse_xml(UBL.replace("TOTAL", "121.00").replace(line, remark + line + remark).encode()))
    assert [item.description for item in facts.line_items] == ["Haring"]


def test_ubl_facts() -> None:
    """Every header field and line of a UBL invoice is read, a price per ten divided down to one."""
    facts = read_einvoice(parse_xml(UBL.replace("TOTAL", "121.00").encode()))
    assert (facts.invoice_number, facts.invoice_date, facts.due_date) == ("R-17", date(2024, 3, 5), date(2024, 4, 4))
    assert (facts.vendor_name, facts.vendor_tax_id) == ("Visgroothandel B.V.", "NL815254295B01")
    assert facts.vendor_address == "Dorpsstraat 1, 8321 AA Urk, NL"
    assert [facts.subtotal, facts.tax, facts.total] == [Decimal(100), Decimal(21), Decimal(121)]
    assert facts.currency == "EUR"
    (line,) = facts.line_items
    assert [line.quantity, line.unit_price, line.tax_rate] == [Decimal(200), Decimal("0.5"), Decimal(21)]
    assert line.description == "Haring"
    assert facts.problems == ()


def test_contradicting_sums_are_named_by_their_rule() -> None:
    """A total that is not net plus tax is a problem with the rule's id, not a silent choice."""
    (problem,) = read_einvoice(parse_xml(UBL.replace("TOTAL", "122.00").encode())).problems
    assert problem.code == "ARITHMETIC"
    assert "BR-CO-15" in problem.message


@pytest.mark.parametrize("amount", ["1E400", "NaN", "Infinity", "1,5", "9" * 40])
def test_what_is_no_amount_is_absent(amount: str) -> None:
    """Numbers that only a parser accepts are absent, and cost nothing."""
    assert read_einvoice(parse_xml(UBL.replace("TOTAL", amount).encode())).total is None


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!doctype a [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]><a/>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_unread(xml: str, encoding: str) -> None:
    """Entities are not expanded but refused, in any encoding."""
    with pytest.raises(RefusedXml) as refused:
        parse_xml(xml.encode(encoding))
    assert refused.value.problem.code == "UNSAFE_XML"


def test_other_xml_and_broken_xml_are_problems() -> None:
    """An order is not supported and cut-off XML is corrupt; both say what to send instead."""
    (order,) = extract("order.xml", b"<Order/>")
    (broken,) = extract("cut.xml", UBL[:400].encode())
    assert [problem["code"] for problem in order["problems"]] == ["UNSUPPORTED"]
    assert [problem["code"] for problem in broken["problems"]] == ["CORRUPT"]
    assert not order["accepted"]


def test_a_large_file_breaks_its_limit() -> None:
    """More bytes than allowed are poison, not a problem."""
    with pytest.raises(LimitExceeded, match="xml_bytes"):
        extract("big.xml", UBL.encode(), Limits(xml_bytes=100))
