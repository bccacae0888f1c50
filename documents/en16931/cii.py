"""UN/CEFACT Cross Industry Invoices (D16B and later, ZUGFeRD 1) as business terms (binding CEN/TS 16931-3-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from documents.xmltree import (
    AGREEMENT,
    DELIVERY,
    DOCUMENT,
    SETTLEMENT,
    TRADE,
    content,
    every,
    first,
    local_name,
    present,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SUMS = f"{SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_CONTEXT = "ExchangedDocumentContext|SpecifiedExchangedDocumentContext"
_SUPPORTING = "916"  # UNTDID 1001: related document
_RATE = "RateApplicablePercent|ApplicablePercent"


def gather(root: Element) -> Invoice:
    """The business terms of a CrossIndustryInvoice or of ZUGFeRD 1's CrossIndustryDocument."""
    profile = content(root, f"{_CONTEXT}/GuidelineSpecifiedDocumentContextParameter/ID")
    settlement, sums = first(root, SETTLEMENT), first(root, _SUMS)
    taxes = every(root, f"{_SUMS}/TaxTotalAmount")
    address = first(root, f"{DELIVERY}/ShipToTradeParty/PostalTradeAddress")
    terms = ("SpecifiedTradePaymentTerms/DueDateDateTime", "SpecifiedTradePaymentTerms/Description")
    return Invoice(
        scope=scope_of(profile, legacy=local_name(root) == "CrossIndustryDocument"),
        profile=profile,
        number=content(root, f"{DOCUMENT}/ID"),
        issued=content(root, f"{DOCUMENT}/IssueDateTime/DateTimeString"),
        type_code=content(root, f"{DOCUMENT}/TypeCode"),
        currency=content(root, f"{SETTLEMENT}/InvoiceCurrencyCode"),
        tax_currency=content(root, f"{SETTLEMENT}/TaxCurrencyCode"),
        seller=_party(first(root, f"{AGREEMENT}/SellerTradeParty")),
        buyer=_party(first(root, f"{AGREEMENT}/BuyerTradeParty")),
        payee=_party(first(root, f"{SETTLEMENT}/PayeeTradeParty")),
        representative=_party(first(root, f"{AGREEMENT}/SellerTaxRepresentativeTradeParty")),
        totals=Totals(
            lines=stated_at(sums, "LineTotalAmount"),
            allowances=stated_at(sums, "AllowanceTotalAmount"),
            charges=stated_at(sums, "ChargeTotalAmount"),
            net=stated_at(sums, "TaxBasisTotalAmount"),
            gross=stated_at(sums, "GrandTotalAmount"),
            paid=stated_at(sums, "TotalPrepaidAmount"),
            rounding=stated_at(sums, "RoundingAmount"),
            due=stated_at(sums, "DuePayableAmount"),
        ),
        taxes=tuple(as_stated(each) for each in taxes),
        breakdowns=tuple(_breakdown(each) for each in every(root, f"{SETTLEMENT}/ApplicableTradeTax")),
        charges=(
            *(_charge(each) for each in every(root, f"{SETTLEMENT}/SpecifiedTradeAllowanceCharge")),
            *(_logistics(each) for each in every(root, f"{SETTLEMENT}/SpecifiedLogisticsServiceCharge")),
        ),
        lines=tuple(_line(each) for each in every(root, f"{TRADE}/IncludedSupplyChainTradeLineItem")),
        period=_period(first(root, f"{SETTLEMENT}/BillingSpecifiedPeriod"), root),
        tax_point=present(root, f"{SETTLEMENT}/ApplicableTradeTax/TaxPointDate"),
        payments=tuple(_payment(each) for each in every(root, f"{SETTLEMENT}/SpecifiedTradeSettlementPaymentMeans")),
        terms=settlement is not None and any(present(settlement, each) for each in terms),
        delivered=bool(content(root, f"{DELIVERY}/ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString")),
        deliver_to=None if address is None else content(address, "CountryID") or "",
        documents=tuple(
            content(each, "IssuerAssignedID")
            for each in every(root, f"{AGREEMENT}/AdditionalReferencedDocument")
            if content(each, "TypeCode") == _SUPPORTING
        ),
        preceding=tuple(
            content(each, "IssuerAssignedID") for each in every(root, f"{SETTLEMENT}/InvoiceReferencedDocument")
        ),
        countries=tuple((each.text or "").strip() for each in root.iter() if local_name(each) == "CountryID"),
    )


def _party(element: Element | None) -> Party | None:
    if element is None:
        return None
    registrations = every(element, "SpecifiedTaxRegistration/ID")
    endpoint = first(element, "URIUniversalCommunication/URIID")

    def ids(scheme: str) -> tuple[str, ...]:
        return tuple(
            found for each in registrations if each.get("schemeID") == scheme and (found := (each.text or "").strip())
        )

    return Party(
        name=content(element, "Name"),
        identified=present(element, "ID") or present(element, "GlobalID"),
        registration=content(element, "SpecifiedLegalOrganization/ID"),
        vat_ids=ids("VA"),
        tax_ids=ids("FC"),
        addressed=present(element, "PostalTradeAddress"),
        country=content(element, "PostalTradeAddress/CountryID"),
        endpoint_scheme=None if endpoint is None else endpoint.get("schemeID") or "",
    )


def _charge(element: Element) -> Charge:
    tax = first(element, "CategoryTradeTax")
    return Charge(
        is_charge=content(element, "ChargeIndicator/Indicator") in {"true", "1"},
        amount=stated_at(element, "ActualAmount"),
        base=stated_at(element, "BasisAmount"),
        reasoned=present(element, "Reason") or present(element, "ReasonCode"),
        category=None if tax is None else content(tax, "CategoryCode"),
        rate=None if tax is None else parse_number(content(tax, _RATE)),
    )


def _logistics(element: Element) -> Charge:
    """A charge for logistics (BG-X-42): its own element in the extended profile, an ordinary charge to the sums."""
    tax = first(element, "AppliedTradeTax")
    return Charge(
        is_charge=True,
        amount=stated_at(element, "AppliedAmount"),
        reasoned=True,
        category=None if tax is None else content(tax, "CategoryCode"),
        rate=None if tax is None else parse_number(content(tax, _RATE)),
    )


def _breakdown(element: Element) -> Breakdown:
    return Breakdown(
        taxable=stated_at(element, "BasisAmount"),
        tax=stated_at(element, "CalculatedAmount"),
        category=content(element, "CategoryCode"),
        rate=parse_number(content(element, _RATE)),
        exempted=present(element, "ExemptionReason") or present(element, "ExemptionReasonCode"),
    )


def _period(element: Element | None, root: Element | None = None) -> Period | None:
    if element is None:
        return None
    coded = root is not None and present(root, f"{SETTLEMENT}/ApplicableTradeTax/DueDateTypeCode")
    return Period(
        content(element, "StartDateTime/DateTimeString"), content(element, "EndDateTime/DateTimeString"), coded
    )


def _payment(element: Element) -> Payment:
    account = first(element, "PayeePartyCreditorFinancialAccount")
    card = first(element, "ApplicableTradeSettlementFinancialCard")
    return Payment(
        code=content(element, "TypeCode"),
        account=None if account is None else content(account, "IBANID") or content(account, "ProprietaryID") or "",
        card=None if card is None else content(card, "ID"),
    )


def _line(element: Element) -> Line:
    agreement, settlement = (
        first(element, f"Specified{part}|SpecifiedSupplyChain{whole}")
        for part, whole in (("LineTradeAgreement", "TradeAgreement"), ("LineTradeSettlement", "TradeSettlement"))
    )
    quantity = first(element, "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery/BilledQuantity")
    tax = None if settlement is None else first(settlement, "ApplicableTradeTax")
    sums = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation/LineTotalAmount"
    product = "SpecifiedTradeProduct"
    return Line(
        number=content(element, "AssociatedDocumentLineDocument/LineID"),
        quantity=None if quantity is None else (quantity.text or "").strip(),
        unit=None if quantity is None else quantity.get("unitCode"),
        net=stated_at(settlement, sums),
        name=content(element, f"{product}/Name"),
        price=stated_at(agreement, "NetPriceProductTradePrice/ChargeAmount"),
        gross=stated_at(agreement, "GrossPriceProductTradePrice/ChargeAmount"),
        category=None if tax is None else content(tax, "CategoryCode"),
        rate=None if tax is None else parse_number(content(tax, _RATE)),
        charges=tuple(
            _charge(each) for each in ([] if settlement is None else every(settlement, "SpecifiedTradeAllowanceCharge"))
        ),
        period=_period(None if settlement is None else first(settlement, "BillingSpecifiedPeriod")),
        attributes=tuple(
            (present(each, "Description") or present(each, "TypeCode"), present(each, "Value|ValueMeasure"))
            for each in every(element, f"{product}/ApplicableProductCharacteristic")
        ),
        item_schemes=tuple(each.get("schemeID") for each in every(element, f"{product}/GlobalID")),
        class_schemes=tuple(
            each.get("listID") for each in every(element, f"{product}/DesignatedProductClassification/ClassCode")
        ),
        role=content(element, "AssociatedDocumentLineDocument/LineStatusReasonCode"),
        parent=content(element, "AssociatedDocumentLineDocument/ParentLineID"),
    )
