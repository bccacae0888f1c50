"""Alarms on e-invoices that are called valid: each must be proved by the document's own figures, or it is false.

The proofs are written here from the words of EN 16931-1 and share nothing with the checker: bare XPath over both
syntaxes. CEN/TC 434's artefacts 1.3.16 and 1.3.13 and Factur-X 1.09's, run once apart from this project over the same
files, name the same rules (docs/decisions/0101).
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from lxml import etree

from tests.documents.einvoices import GOOD, MEASURED, elements, invoices, rules_broken

pytestmark = MEASURED

# Every alarm on a file called valid, with what stands in the file itself.
TRUE_ALARMS = {
    ("validZREtestZugferd.xml", "BR-CO-25"): "due 1009.65, no due date and no payment terms",
    (
        "validZREtestZugferd.xml",
        "BR-CO-26",
    ): "seller has no BT-29, BT-30 or BT-31, but for tax registrations FC:1234567890",
    ("valid_with_VAT_O.xml", "BR-CO-26"): "seller has no BT-29, BT-30 or BT-31, but for tax registrations none",
}


def _texts(root: etree._Element, path: str) -> list[str]:
    """What the elements at a path of local names hold, blank ones left out."""
    steps = "/".join(step if step == "." else f"*[local-name()='{step}']" for step in path.split("/"))
    return [str(each.text).strip() for each in elements(root, f".//{steps}") if (each.text or "").strip()]


def _registered(seller: etree._Element, path: str, scheme: str) -> list[str]:
    """Tax registrations (CII `schemeID`, UBL `TaxScheme/ID`) with their kind, as "VA:DE1"."""
    return [f"{each.get(scheme)}:{(each.text or '').strip()}" for each in elements(seller, path)]


def _seller_unidentified(root: etree._Element) -> str | None:
    """BR-CO-26: the seller identifier, its legal registration or its VAT identifier shall be present."""
    sellers = elements(root, "//*[local-name()='SellerTradeParty' or local-name()='AccountingSupplierParty']")
    for seller in sellers:
        if etree.QName(seller).localname == "SellerTradeParty":
            taxes = _registered(seller, "./*[local-name()='SpecifiedTaxRegistration']/*[local-name()='ID']", "schemeID")
            vat = any(each.startswith("VA:") for each in taxes)
            named = bool(elements(seller, "./*[local-name()='ID' or local-name()='GlobalID']"))
            legal = _texts(seller, "SpecifiedLegalOrganization/ID")
        else:
            schemes = elements(seller, ".//*[local-name()='PartyTaxScheme']")
            taxes = [*_texts(seller, "PartyTaxScheme/CompanyID")]
            vat = any("VAT" in _texts(each, "TaxScheme/ID") and _texts(each, "CompanyID") for each in schemes)
            named = bool(_texts(seller, "PartyIdentification/ID"))
            legal = _texts(seller, "PartyLegalEntity/CompanyID")
        if not (named or legal or vat):
            return f"seller has no BT-29, BT-30 or BT-31, but for tax registrations {', '.join(taxes) or 'none'}"
    return None


def _due_without_a_day(root: etree._Element) -> str | None:
    """BR-CO-25: where the amount due is positive, a due date or payment terms shall be present.

    Asked in the extended profile of Factur-X alone: CEN/TC 434 has withdrawn it from its own artefacts with 1.3.16.
    """
    profile = _texts(root, "GuidelineSpecifiedDocumentContextParameter/ID")
    if not any(each.endswith("extended") for each in profile):
        return None
    due = _texts(root, "SpecifiedTradeSettlementHeaderMonetarySummation/DuePayableAmount")
    days = _texts(root, "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")
    terms = _texts(root, "SpecifiedTradePaymentTerms/Description")
    if due and Decimal(due[0]) > 0 and not days and not terms:
        return f"due {due[0]}, no due date and no payment terms"
    return None


PROOFS: dict[str, Callable[[etree._Element], str | None]] = {
    "BR-CO-25": _due_without_a_day,
    "BR-CO-26": _seller_unidentified,
}


def _called_valid() -> dict[Path, bytes]:
    return {path: content for path, content in invoices().items() if GOOD.search(path.name)}


def test_no_false_alarms() -> None:
    """Zero false alarms on the files called valid: what is said of any of them, its own figures prove."""
    alarms = {(path.name, rule): content for path, content in _called_valid().items() for rule in rules_broken(content)}
    unproved = {key for key in alarms if key[1] not in PROOFS}
    assert unproved == set()
    told = {key: PROOFS[key[1]](etree.fromstring(content)) for key, content in alarms.items()}
    assert {key for key, proof in told.items() if proof is None} == set()
    assert told == TRUE_ALARMS
    assert len(_called_valid()) >= 45


def test_the_proofs_find_no_more_than_the_alarms() -> None:
    """What the proofs hold against any e-invoice of these profiles is what the checker names, valid or not."""
    judged = {
        path: etree.fromstring(content)
        for path, content in invoices().items()
        if b"urn:cen.eu:en16931" in content and "XSD" not in rules_broken(content)
    }
    proved = {(path.name, rule) for path, root in judged.items() for rule, proof in PROOFS.items() if proof(root)}
    named = {(path.name, rule) for path in judged for rule in rules_broken(invoices()[path]) if rule in PROOFS}
    assert proved == named
    assert len(judged) >= 100
