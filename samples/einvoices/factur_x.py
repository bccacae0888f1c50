"""A Factur-X invoice in profile EN 16931: a page for people with the same figures as CII XML inside the PDF."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

import pikepdf
from facturx import generate_from_binary  # type: ignore[import-untyped] # ships no types
from lxml import etree
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from samples import typefaces
from samples.figures import Line, Totals, add_up, german, german_date, line
from samples.sample import Facts, Rendered

if TYPE_CHECKING:
    from decimal import Decimal

VENDOR = "Atelier Druck & Schild KG"
VENDOR_TAX_ID = "DE300000002"
BUYER = "Harborlight Deutschland GmbH"
ISSUED = date(2026, 10, 1)
DUE = date(2026, 10, 15)
LINES = (
    line("Türschild Aluminium 148 x 105 mm", "6", "24.90"),
    line("Fluchtwegplan A3, gerahmt", "2", "58.00"),
    line("Montage vor Ort", "1.5", "64.00"),
)
TAX_PERCENT = "19.00"
WRITTEN_AT = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
"""The instant stamped into the file, fixed so that the bytes do not depend on when the set is made."""

RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
NAMESPACES = {"rsm": RSM, "ram": RAM, "udt": UDT}
PROFILE = "urn:cen.eu:en16931:2017"


@dataclass(frozen=True, slots=True)
class _Node:
    """Short writing for nested CII elements: `node("ram:ID", "1", schemeID="VA")` appends and returns the child."""

    element: etree._Element

    def __call__(self, name: str, text: str | None = None, **attributes: str) -> "_Node":
        prefix, _, local = name.partition(":")
        child = etree.SubElement(self.element, f"{{{NAMESPACES[prefix]}}}{local}", attrib=attributes)
        child.text = text
        return _Node(child)

    def date(self, name: str, day: date) -> None:
        """Append a date in CII's format 102, YYYYMMDD."""
        self(name)("udt:DateTimeString", f"{day:%Y%m%d}", format="102")


def compose(numbers: Random) -> Rendered:
    """Make the PDF with its XML. `numbers` gives the invoice number. Raises when the XML breaks the Factur-X schema."""
    number = f"AD-{numbers.randint(26000, 26999)}"
    totals = add_up(LINES, "0.19")
    pdf = generate_from_binary(
        _page(number, totals), cross_industry_invoice(number, totals), level="en16931", lang="de-DE"
    )
    return Rendered(_freeze(pdf), Facts(VENDOR, number, ISSUED, "EUR", totals.total))


def cross_industry_invoice(number: str, totals: Totals) -> bytes:
    """Write the invoice as UN/CEFACT CII D16B/D22B, the order of elements as its schema demands."""
    root = _Node(etree.Element(f"{{{RSM}}}CrossIndustryInvoice", nsmap=NAMESPACES))
    context = root("rsm:ExchangedDocumentContext")
    context("ram:GuidelineSpecifiedDocumentContextParameter")("ram:ID", PROFILE)
    head = root("rsm:ExchangedDocument")
    head("ram:ID", number)
    head("ram:TypeCode", "380")
    head.date("ram:IssueDateTime", ISSUED)
    trade = root("rsm:SupplyChainTradeTransaction")
    for position, each in enumerate(LINES, start=1):
        _trade_line(trade, position, each)
    agreement = trade("ram:ApplicableHeaderTradeAgreement")
    seller = agreement("ram:SellerTradeParty")
    seller("ram:Name", VENDOR)
    _address(seller, "10115", "Werkhof 9", "Berlin")
    seller("ram:SpecifiedTaxRegistration")("ram:ID", VENDOR_TAX_ID, schemeID="VA")
    buyer = agreement("ram:BuyerTradeParty")
    buyer("ram:Name", BUYER)
    _address(buyer, "28195", "Am Kaiufer 12", "Bremen")
    delivery = trade("ram:ApplicableHeaderTradeDelivery")
    delivery("ram:ActualDeliverySupplyChainEvent").date("ram:OccurrenceDateTime", ISSUED)
    _settlement(trade("ram:ApplicableHeaderTradeSettlement"), totals)
    return etree.tostring(root.element, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _address(party: _Node, postcode: str, street: str, city: str) -> None:
    address = party("ram:PostalTradeAddress")
    address("ram:PostcodeCode", postcode)
    address("ram:LineOne", street)
    address("ram:CityName", city)
    address("ram:CountryID", "DE")


def _trade_line(trade: _Node, position: int, billed: Line) -> None:
    item = trade("ram:IncludedSupplyChainTradeLineItem")
    item("ram:AssociatedDocumentLineDocument")("ram:LineID", f"{position}")
    item("ram:SpecifiedTradeProduct")("ram:Name", billed.description)
    item("ram:SpecifiedLineTradeAgreement")("ram:NetPriceProductTradePrice")("ram:ChargeAmount", f"{billed.unit_price}")
    unit = "C62" if billed.quantity == billed.quantity.to_integral_value() else "HUR"
    item("ram:SpecifiedLineTradeDelivery")("ram:BilledQuantity", f"{billed.quantity}", unitCode=unit)
    settlement = item("ram:SpecifiedLineTradeSettlement")
    tax = settlement("ram:ApplicableTradeTax")
    tax("ram:TypeCode", "VAT")
    tax("ram:CategoryCode", "S")
    tax("ram:RateApplicablePercent", TAX_PERCENT)
    summation = settlement("ram:SpecifiedTradeSettlementLineMonetarySummation")
    summation("ram:LineTotalAmount", f"{billed.amount}")


def _settlement(settlement: _Node, totals: Totals) -> None:
    settlement("ram:InvoiceCurrencyCode", "EUR")
    means = settlement("ram:SpecifiedTradeSettlementPaymentMeans")
    means("ram:TypeCode", "58")
    means("ram:PayeePartyCreditorFinancialAccount")("ram:IBANID", "DE89370400440532013000")
    tax = settlement("ram:ApplicableTradeTax")
    tax("ram:CalculatedAmount", f"{totals.tax}")
    tax("ram:TypeCode", "VAT")
    tax("ram:BasisAmount", f"{totals.subtotal}")
    tax("ram:CategoryCode", "S")
    tax("ram:RateApplicablePercent", TAX_PERCENT)
    settlement("ram:SpecifiedTradePaymentTerms").date("ram:DueDateDateTime", DUE)
    summation = settlement("ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    summation("ram:LineTotalAmount", f"{totals.subtotal}")
    summation("ram:ChargeTotalAmount", "0.00")
    summation("ram:AllowanceTotalAmount", "0.00")
    summation("ram:TaxBasisTotalAmount", f"{totals.subtotal}")
    summation("ram:TaxTotalAmount", f"{totals.tax}", currencyID="EUR")
    summation("ram:GrandTotalAmount", f"{totals.total}")
    summation("ram:DuePayableAmount", f"{totals.total}")


def _page(number: str, totals: Totals) -> bytes:
    typefaces.embed()
    stream = BytesIO()
    page = Canvas(stream, pagesize=A4, invariant=1)
    page.setFont(typefaces.BOLD, 16)
    page.drawString(60, 780, VENDOR)
    page.setFont(typefaces.PLAIN, 9)
    page.drawString(60, 766, f"Werkhof 9, 10115 Berlin, USt-IdNr. {VENDOR_TAX_ID}")
    page.drawString(60, 720, f"{BUYER}, Am Kaiufer 12, 28195 Bremen")
    page.drawString(60, 680, f"Rechnung {number} vom {german_date(ISSUED)}, zahlbar bis {german_date(DUE)}")
    foot: tuple[tuple[str, Decimal], ...] = (
        ("Summe netto", totals.subtotal),
        ("Umsatzsteuer 19 %", totals.tax),
        ("Gesamtbetrag EUR", totals.total),
    )
    y = 640
    for description, amount in (
        *((f"{each.description}, {german(each.quantity)} x {german(each.unit_price)}", each.amount) for each in LINES),
        *foot,
    ):
        page.drawString(60, y, description)
        page.drawRightString(520, y, german(amount))
        y -= 20
    page.showPage()
    page.save()
    return stream.getvalue()


def _freeze(pdf: bytes) -> bytes:
    """Replace the instants the Factur-X library took from the clock, so that the same invoice is the same bytes."""
    stamp = f"D:{WRITTEN_AT:%Y%m%d%H%M%S}+00'00'"
    frozen = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        for key in ("/CreationDate", "/ModDate"):
            document.docinfo[key] = stamp
        for name in document.attachments:
            parameters = document.attachments[name].obj.EF.F.get("/Params")
            for key in ("/CreationDate", "/ModDate"):
                if parameters is not None and key in parameters:
                    parameters[key] = stamp
        with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
            for key in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"):
                if key in metadata:
                    metadata[key] = WRITTEN_AT.isoformat()
        document.save(frozen, deterministic_id=True)
    return frozen.getvalue()
