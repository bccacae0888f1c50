"""UBL 2.1 invoices and credit notes as business terms (binding CEN/TS 16931-3-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.en16931.binding import as_stated, stated_at
from documents.en16931.terms import (
    Breakdown,
    Charge,
    Invoice,
    Line,
    Party,
    Payment,
    Period,
    Totals,
    parse_number,
    scope_of,
)
from documents.xmltree import content, every, first, local_name, present

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

_ONCE: Final = (
    # What the binding allows once: rule, path.
    ("UBL-SR-01", "ContractDocumentReference/ID"),
    ("UBL-SR-02", "ReceiptDocumentReference/ID"),
    ("UBL-SR-03", "DespatchDocumentReference/ID"),
    ("UBL-SR-05", "PaymentTerms/Note"),
    ("UBL-SR-08", "InvoicePeriod"),
    ("UBL-SR-09", "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName"),
    ("UBL-SR-10", "AccountingSupplierParty/Party/PartyName/Name"),
    ("UBL-SR-11", "AccountingSupplierParty/Party/PartyLegalEntity/CompanyID"),
    ("UBL-SR-14", "AccountingSupplierParty/Party/PartyLegalEntity/CompanyLegalForm"),
    ("UBL-SR-15", "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName"),
    ("UBL-SR-16", "AccountingCustomerParty/Party/PartyIdentification/ID"),
    ("UBL-SR-17", "AccountingCustomerParty/Party/PartyLegalEntity/CompanyID"),
    ("UBL-SR-24", "Delivery"),
    ("UBL-SR-39", "ProjectReference/ID"),
    ("UBL-SR-40", "AccountingCustomerParty/Party/PartyName/Name"),
    ("UBL-SR-45", "PaymentMeans/PaymentDueDate"),
    ("UBL-SR-49", "InvoicePeriod/DescriptionCode"),
    ("UBL-SR-54", "PaymentMeans/CardAccount"),
    ("UBL-SR-55", "PaymentMeans/PaymentMandate"),
    ("UBL-SR-56", "OriginatorDocumentReference/ID"),
)
_ONCE_PER_LINE: Final = (
    ("UBL-SR-34", "Note"),
    ("UBL-SR-35", "OrderLineReference/LineID"),
    ("UBL-SR-36", "InvoicePeriod"),
    ("UBL-SR-37", "Price/AllowanceCharge/Amount"),
    ("UBL-SR-48", "Item/ClassifiedTaxCategory"),
    ("UBL-SR-50", "Item/Description"),
)
REPEATABLE: Final = dict((*_ONCE, *_ONCE_PER_LINE))
"""Rules that allow an element once, with its path."""


def gather(root: Element) -> Invoice:
    """The business terms of an Invoice or a CreditNote."""
    lines = every(root, "InvoiceLine|CreditNoteLine")
    totals = first(root, "LegalMonetaryTotal")
    taxes = every(root, "TaxTotal/TaxAmount")
    address = first(root, "Delivery/DeliveryLocation/Address")
    return Invoice(
        scope=scope_of(content(root, "CustomizationID")),
        profile=content(root, "CustomizationID"),
        number=content(root, "ID"),
        issued=content(root, "IssueDate"),
        type_code=content(root, "InvoiceTypeCode|CreditNoteTypeCode"),
        currency=content(root, "DocumentCurrencyCode"),
        tax_currency=content(root, "TaxCurrencyCode"),
        seller=_party(first(root, "AccountingSupplierParty/Party")),
        buyer=_party(first(root, "AccountingCustomerParty/Party")),
        payee=_party(first(root, "PayeeParty")),
        representative=_party(first(root, "TaxRepresentativeParty")),
        totals=Totals(
            lines=stated_at(totals, "LineExtensionAmount"),
            allowances=stated_at(totals, "AllowanceTotalAmount"),
            charges=stated_at(totals, "ChargeTotalAmount"),
            net=stated_at(totals, "TaxExclusiveAmount"),
            gross=stated_at(totals, "TaxInclusiveAmount"),
            paid=stated_at(totals, "PrepaidAmount"),
            rounding=stated_at(totals, "PayableRoundingAmount"),
            due=stated_at(totals, "PayableAmount"),
        ),
        taxes=tuple(as_stated(each) for each in taxes),
        breakdowns=tuple(_breakdown(each) for each in every(root, "TaxTotal/TaxSubtotal")),
        charges=tuple(_charge(each) for each in every(root, "AllowanceCharge")),
        lines=tuple(_line(each) for each in lines),
        period=_period(first(root, "InvoicePeriod")),
        tax_point=present(root, "TaxPointDate"),
        payments=tuple(_payment(each) for each in every(root, "PaymentMeans")),
        terms=any(present(root, path) for path in ("DueDate", "PaymentTerms/Note", "PaymentMeans/PaymentDueDate")),
        delivered=bool(content(root, "Delivery/ActualDeliveryDate")),
        deliver_to=None if address is None else content(address, "Country/IdentificationCode") or "",
        documents=tuple(content(each, "ID") for each in every(root, "AdditionalDocumentReference")),
        preceding=tuple(content(each, "ID") for each in every(root, "BillingReference/InvoiceDocumentReference")),
        countries=tuple((each.text or "").strip() for each in root.iter() if local_name(each) == "IdentificationCode"),
        repeated=tuple(_repeated(root, lines)),
    )


def _repeated(root: Element, lines: list[Element]) -> list[str]:
    found = [rule for rule, path in _ONCE if len(every(root, path)) > 1]
    found += [rule for rule, path in _ONCE_PER_LINE if any(len(every(line, path)) > 1 for line in lines)]
    return found


def _is_vat(element: Element) -> bool:
    return (content(element, "TaxScheme/ID") or "").upper() == "VAT"


def _of_vat(element: Element, path: str) -> Element | None:
    """The first tax category at a path that is one of VAT."""
    return next((each for each in every(element, path) if _is_vat(each)), None)


def _category(element: Element | None) -> tuple[str | None, str | None]:
    return (None, None) if element is None else (content(element, "ID"), content(element, "Percent"))


def _party(element: Element | None) -> Party | None:
    if element is None:
        return None
    schemes = every(element, "PartyTaxScheme")

    def ids(wanted: Callable[[Element], bool]) -> tuple[str, ...]:
        return tuple(found for each in schemes if wanted(each) and (found := content(each, "CompanyID")))

    endpoint = first(element, "EndpointID")
    own = [each for each in every(element, "PartyIdentification/ID") if each.get("schemeID") != "SEPA"]
    return (
        Party(
            name=content(element, "PartyLegalEntity/RegistrationName"),
            identified=bool(own),
            registration=content(element, "PartyLegalEntity/CompanyID"),
            vat_ids=ids(_is_vat),
            tax_ids=ids(lambda each: not _is_vat(each)),
            addressed=present(element, "PostalAddress"),
            country=content(element, "PostalAddress/Country/IdentificationCode"),
            endpoint_scheme=None if endpoint is None else endpoint.get("schemeID") or "",
        )
        if local_name(element) == "Party"
        else Party(
            # Payee and representative have no legal entity of their own in this syntax: their name is the trading name.
            name=content(element, "PartyName/Name"),
            identified=bool(own),
            vat_ids=ids(_is_vat),
            addressed=present(element, "PostalAddress"),
            country=content(element, "PostalAddress/Country/IdentificationCode"),
        )
    )


def _charge(element: Element) -> Charge:
    category, rate = _category(_of_vat(element, "TaxCategory"))
    return Charge(
        is_charge=content(element, "ChargeIndicator") in {"true", "1"},
        amount=stated_at(element, "Amount"),
        base=stated_at(element, "BaseAmount"),
        reasoned=present(element, "AllowanceChargeReason") or present(element, "AllowanceChargeReasonCode"),
        category=category,
        rate=parse_number(rate),
    )


def _breakdown(element: Element) -> Breakdown:
    found = _of_vat(element, "TaxCategory")
    category, rate = _category(found)
    reasons = ("TaxExemptionReason", "TaxExemptionReasonCode")
    return Breakdown(
        taxable=stated_at(element, "TaxableAmount"),
        tax=stated_at(element, "TaxAmount"),
        category=category,
        rate=parse_number(rate),
        exempted=found is not None and any(present(found, each) for each in reasons),
    )


def _period(element: Element | None) -> Period | None:
    if element is None:
        return None
    start, end = ((content(element, path) or "").replace("-", "") or None for path in ("StartDate", "EndDate"))
    return Period(start, end, present(element, "DescriptionCode"))


def _payment(element: Element) -> Payment:
    account = first(element, "PayeeFinancialAccount")
    card = first(element, "CardAccount")
    return Payment(
        code=content(element, "PaymentMeansCode"),
        account=None if account is None else content(account, "ID") or "",
        card=None if card is None else content(card, "PrimaryAccountNumberID"),
    )


def _line(element: Element) -> Line:
    quantity = first(element, "InvoicedQuantity|CreditedQuantity")
    category, rate = _category(_of_vat(element, "Item/ClassifiedTaxCategory"))
    standard = every(element, "Item/StandardItemIdentification/ID")
    classes = every(element, "Item/CommodityClassification/ItemClassificationCode")
    return Line(
        number=content(element, "ID"),
        quantity=None if quantity is None else (quantity.text or "").strip(),
        unit=None if quantity is None else quantity.get("unitCode"),
        net=stated_at(element, "LineExtensionAmount"),
        name=content(element, "Item/Name"),
        price=stated_at(element, "Price/PriceAmount"),
        gross=stated_at(element, "Price/AllowanceCharge/BaseAmount"),
        category=category,
        rate=parse_number(rate),
        charges=tuple(_charge(each) for each in every(element, "AllowanceCharge")),
        period=_period(first(element, "InvoicePeriod")),
        attributes=tuple(
            (present(each, "Name"), present(each, "Value")) for each in every(element, "Item/AdditionalItemProperty")
        ),
        item_schemes=tuple(each.get("schemeID") for each in standard),
        class_schemes=tuple(each.get("listID") for each in classes),
    )
