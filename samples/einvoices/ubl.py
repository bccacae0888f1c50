"""A UBL 2.1 invoice as a Peppol access point delivers it: XML only, no page."""

from datetime import date
from random import Random

from lxml import etree

from samples.figures import Line, Totals, add_up, line
from samples.sample import Facts, Rendered

VENDOR = "Polderwind Telecom B.V."
ISSUED = date(2026, 10, 15)
DUE = date(2026, 11, 14)
LINES = (
    line("Mobile data bundle 50 GB", "5", "31.50"),
    line("Managed router, monthly", "2", "22.00"),
)
TAX_PERCENT = "21"
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
NAMESPACES: dict[str | None, str] = {None: INVOICE, "cac": CAC, "cbc": CBC}
CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"


def compose(numbers: Random) -> Rendered:
    """Write the XML. `numbers` gives the invoice number."""
    number = f"PT{numbers.randint(2_026_000, 2_026_999)}"
    totals = add_up(LINES, "0.21")
    root = etree.Element(f"{{{INVOICE}}}Invoice", nsmap=NAMESPACES)  # type: ignore[arg-type] # lxml takes None for the default namespace
    _basic(root, "CustomizationID", CUSTOMIZATION)
    _basic(root, "ProfileID", PROFILE)
    _basic(root, "ID", number)
    _basic(root, "IssueDate", ISSUED.isoformat())
    _basic(root, "DueDate", DUE.isoformat())
    _basic(root, "InvoiceTypeCode", "380")
    _basic(root, "DocumentCurrencyCode", "EUR")
    _basic(root, "BuyerReference", "HLD-OPS")
    _party(_group(root, "AccountingSupplierParty"), VENDOR, ("Kade 21", "Rotterdam", "3011 AA", "NL"), "NL000099998B57")
    _party(
        _group(root, "AccountingCustomerParty"),
        "Harborlight Deutschland GmbH",
        ("Am Kaiufer 12", "Bremen", "28195", "DE"),
        None,
    )
    means = _group(root, "PaymentMeans")
    _basic(means, "PaymentMeansCode", "30")
    _basic(_group(means, "PayeeFinancialAccount"), "ID", "NL91ABNA0417164300")
    _totals(root, totals)
    for position, each in enumerate(LINES, start=1):
        _line(root, position, each)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Rendered(content, Facts(VENDOR, number, ISSUED, "EUR", totals.total))


def _basic(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{{{CBC}}}{name}", attrib=attributes).text = text


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def _party(parent: etree._Element, name: str, address: tuple[str, str, str, str], tax_id: str | None) -> None:
    party = _group(parent, "Party")
    street, city, postcode, country = address
    _basic(party, "EndpointID", f"{name.split(maxsplit=1)[0].lower()}@peppol.example", schemeID="EM")
    postal = _group(party, "PostalAddress")
    _basic(postal, "StreetName", street)
    _basic(postal, "CityName", city)
    _basic(postal, "PostalZone", postcode)
    _basic(_group(postal, "Country"), "IdentificationCode", country)
    if tax_id:
        scheme = _group(party, "PartyTaxScheme")
        _basic(scheme, "CompanyID", tax_id)
        _basic(_group(scheme, "TaxScheme"), "ID", "VAT")
    _basic(_group(party, "PartyLegalEntity"), "RegistrationName", name)


def _category(parent: etree._Element, name: str) -> None:
    category = _group(parent, name)
    _basic(category, "ID", "S")
    _basic(category, "Percent", TAX_PERCENT)
    _basic(_group(category, "TaxScheme"), "ID", "VAT")


def _totals(root: etree._Element, totals: Totals) -> None:
    tax = _group(root, "TaxTotal")
    _basic(tax, "TaxAmount", f"{totals.tax}", currencyID="EUR")
    subtotal = _group(tax, "TaxSubtotal")
    _basic(subtotal, "TaxableAmount", f"{totals.subtotal}", currencyID="EUR")
    _basic(subtotal, "TaxAmount", f"{totals.tax}", currencyID="EUR")
    _category(subtotal, "TaxCategory")
    monetary = _group(root, "LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", totals.subtotal),
        ("TaxExclusiveAmount", totals.subtotal),
        ("TaxInclusiveAmount", totals.total),
        ("PayableAmount", totals.total),
    ):
        _basic(monetary, name, f"{amount}", currencyID="EUR")


def _line(root: etree._Element, position: int, billed: Line) -> None:
    element = _group(root, "InvoiceLine")
    _basic(element, "ID", f"{position}")
    _basic(element, "InvoicedQuantity", f"{billed.quantity}", unitCode="C62")
    _basic(element, "LineExtensionAmount", f"{billed.amount}", currencyID="EUR")
    item = _group(element, "Item")
    _basic(item, "Name", billed.description)
    _category(item, "ClassifiedTaxCategory")
    _basic(_group(element, "Price"), "PriceAmount", f"{billed.unit_price}", currencyID="EUR")
