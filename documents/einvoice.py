"""E-invoices (CII with ZUGFeRD 1 and Factur-X, UBL 2.1): the same facts from two syntaxes, by two tables of paths.

Paths follow EN 16931-3; the business term each answers stands beside it. `|` separates what the versions call a step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from documents.en16931.registry import check
from documents.en16931.schema import check_schema
from documents.en16931.terms import parse_number
from documents.facts import HEADER_FIELDS, DocumentType, Facts, LineItem
from documents.xmltree import (
    AGREEMENT,
    DELIVERY,
    DOCUMENT,
    SETTLEMENT,
    TRADE,
    every,
    local_name,
    syntax_of,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from lxml.etree import _Element as Element

STATED: Final = 0.99
"""Confidence of a value the sender wrote as data: only the sender can have erred."""

_SUMS = f"{SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_LINE_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_LINE_SUMS = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"

_HEADER: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "cii": {
        "number": (f"{DOCUMENT}/ID",),  # BT-1
        "date": (f"{DOCUMENT}/IssueDateTime/DateTimeString",),  # BT-2
        "type": (f"{DOCUMENT}/TypeCode",),  # BT-3
        "currency": (f"{SETTLEMENT}/InvoiceCurrencyCode",),  # BT-5
        "due": (f"{SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",),  # BT-9
        "seller": (f"{AGREEMENT}/SellerTradeParty/Name",),  # BT-27
        "buyer": (f"{AGREEMENT}/BuyerTradeParty/Name",),  # BT-44
        "site": (f"{DELIVERY}/ShipToTradeParty/ID", f"{DELIVERY}/ShipToTradeParty/GlobalID"),  # BT-71
        "from": (f"{SETTLEMENT}/BillingSpecifiedPeriod/StartDateTime/DateTimeString",),  # BT-73
        "until": (f"{SETTLEMENT}/BillingSpecifiedPeriod/EndDateTime/DateTimeString",),  # BT-74
        "subtotal": (f"{_SUMS}/TaxBasisTotalAmount",),  # BT-109
        "tax": (f"{_SUMS}/TaxTotalAmount",),  # BT-110
        "total": (f"{_SUMS}/GrandTotalAmount",),  # BT-112
        "tax_ids": (f"{AGREEMENT}/SellerTradeParty/SpecifiedTaxRegistration/ID",),  # BT-31, BT-32
        "address": (f"{AGREEMENT}/SellerTradeParty/PostalTradeAddress",),  # BG-5
        "lines": (f"{TRADE}/IncludedSupplyChainTradeLineItem",),  # BG-25
    },
    "ubl": {
        "number": ("ID",),
        "date": ("IssueDate",),
        "type": ("InvoiceTypeCode|CreditNoteTypeCode",),
        "currency": ("DocumentCurrencyCode",),
        "due": ("DueDate", "PaymentMeans/PaymentDueDate"),
        "seller": (
            "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName",
            "AccountingSupplierParty/Party/PartyName/Name",
        ),
        "buyer": (
            "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName",
            "AccountingCustomerParty/Party/PartyName/Name",
        ),
        "site": ("Delivery/DeliveryLocation/ID",),
        "from": ("InvoicePeriod/StartDate",),
        "until": ("InvoicePeriod/EndDate",),
        "subtotal": ("LegalMonetaryTotal/TaxExclusiveAmount",),
        "tax": ("TaxTotal/TaxAmount",),
        "total": ("LegalMonetaryTotal/TaxInclusiveAmount",),
        "tax_ids": ("AccountingSupplierParty/Party/PartyTaxScheme/CompanyID",),
        "address": ("AccountingSupplierParty/Party/PostalAddress",),
        "lines": ("InvoiceLine|CreditNoteLine",),
    },
}
_LINE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "cii": {
        "name": ("SpecifiedTradeProduct/Name", "AssociatedDocumentLineDocument/IncludedNote/Content"),  # BT-153
        "quantity": ("SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery/BilledQuantity",),  # BT-129
        "price": (f"{_LINE_AGREEMENT}/NetPriceProductTradePrice/ChargeAmount",),  # BT-146
        "per": (f"{_LINE_AGREEMENT}/NetPriceProductTradePrice/BasisQuantity",),  # BT-149
        "rate": (f"{_LINE_SETTLEMENT}/ApplicableTradeTax/RateApplicablePercent|ApplicablePercent",),  # BT-152
        "amount": (f"{_LINE_SETTLEMENT}/{_LINE_SUMS}/LineTotalAmount",),  # BT-131
        "on": ("SpecifiedLineTradeDelivery/ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString",),
        "role": ("AssociatedDocumentLineDocument/LineStatusReasonCode",),  # BT-X-8
    },
    "ubl": {
        "name": ("Item/Name", "Item/Description"),
        "quantity": ("InvoicedQuantity|CreditedQuantity",),
        "price": ("Price/PriceAmount",),
        "per": ("Price/BaseQuantity",),
        "rate": ("Item/ClassifiedTaxCategory/Percent",),
        "amount": ("LineExtensionAmount",),
        "on": (),
        "role": (),
    },
}
_CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
"""UNTDID 1001 codes that EN 16931 counts as credit notes."""

_ADDRESS_STEPS: Final = (
    ("LineOne|StreetName", "LineTwo|AdditionalStreetName", "LineThree", "AddressLine/Line"),
    ("PostcodeCode|PostalZone", "CityName"),
    ("CountryID", "Country/IdentificationCode"),
)
_GROUPING_ROLES: Final = frozenset({"GROUP", "INFORMATION"})


def read_einvoice(root: Element) -> Facts:
    """Facts stated by a CII or UBL document; anything it lacks or contradicts comes back as a problem."""
    syntax = syntax_of(root)
    paths = _HEADER[syntax]
    currency = _one(root, paths["currency"])
    period = (_date(_one(root, paths["from"])), _date(_one(root, paths["until"])))
    lines = tuple(
        item
        for line in every(root, paths["lines"][0])
        if not _groups(line, _LINE[syntax]) and not _is_remark(item := _line(line, _LINE[syntax]))
    )
    facts = Facts(
        vendor_name=_one(root, paths["seller"]),
        vendor_address=_address(root, paths["address"][0]),
        vendor_tax_id=_tax_id(root, paths["tax_ids"][0]),
        buyer_name=_one(root, paths["buyer"]),
        property_id=_one(root, paths["site"]),
        document_type=_type(root, _one(root, paths["type"])),
        invoice_number=_one(root, paths["number"]),
        invoice_date=_date(_one(root, paths["date"])),
        due_date=_date(_one(root, paths["due"])),
        service_period=(period[0], period[1]) if period[0] and period[1] else None,
        currency=currency,
        subtotal=parse_number(_one(root, paths["subtotal"])),
        tax=_tax(root, paths["tax"][0], currency),
        total=parse_number(_one(root, paths["total"])),
        line_items=lines,
    )
    stated = {name: STATED for name in HEADER_FIELDS if getattr(facts, name) is not None}
    if lines:
        stated["line_items"] = STATED
    return replace(facts, confidence=stated, problems=(*check_schema(root), *check(root)))


def _one(element: Element, paths: tuple[str, ...]) -> str | None:
    return next((found for path in paths for found in (text(each) for each in every(element, path)) if found), None)


def _date(written: str | None) -> date | None:
    """A date written 20180305 (CII, format 102) or 2018-03-05 (UBL, with an optional zone)."""
    digits = (written or "").replace("-", "")[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None  # noqa: PLR2004
    except ValueError:
        return None


def _tax(root: Element, path: str, currency: str | None) -> Decimal | None:
    """The tax total in the invoice's own currency; a second one in the accounting currency is left alone (BT-111)."""
    amounts = every(root, path)
    own = [each for each in amounts if each.get("currencyID") in {None, currency}]
    return next((value for value in (parse_number(text(each)) for each in own) if value is not None), None)


def _tax_id(root: Element, path: str) -> str | None:
    """The VAT id, else the local tax number."""
    ids = every(root, path)
    vat = [each for each in ids if each.get("schemeID") in {None, "VA"}]
    return next((found for found in (text(each) for each in (*vat, *ids)) if found), None)


def _address(root: Element, path: str) -> str | None:
    postal = next(iter(every(root, path)), None)
    if postal is None:
        return None
    parts = [[found for step in steps if (found := _one(postal, (step,)))] for steps in _ADDRESS_STEPS]
    street, town, country = parts
    return ", ".join([*street, " ".join(town), *country[:1]]).replace(", ,", ",").strip(", ") or None


def _type(root: Element, code: str | None) -> DocumentType:
    return "credit_note" if code in _CREDIT_NOTES or local_name(root) == "CreditNote" else "invoice"


def _groups(line: Element, paths: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the line only heads or explains sub-lines; its amount is theirs and would count twice."""
    return _one(line, paths["role"]) in _GROUPING_ROLES


def _is_remark(item: LineItem) -> bool:
    """Whether a line is none of a thing at no price: the heading of a section or a note, exported like an item."""
    return item.quantity == item.unit_price == item.amount == 0


def _line(line: Element, paths: Mapping[str, tuple[str, ...]]) -> LineItem:
    price, per = parse_number(_one(line, paths["price"])), parse_number(_one(line, paths["per"]))
    return LineItem(
        description=_one(line, paths["name"]),
        quantity=parse_number(_one(line, paths["quantity"])),
        unit_price=price / per if price is not None and per else price,
        tax_rate=parse_number(_one(line, paths["rate"])),
        service_date=_date(_one(line, paths["on"])),
        amount=parse_number(_one(line, paths["amount"])),
    )
