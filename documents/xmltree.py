"""XML parsed without trusting it: no document type, no entities, no network, no unbounded trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from lxml import etree

from documents.problems import Problem

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Syntax = Literal["cii", "ubl", "other"]

_ROOTS: Final[dict[tuple[str, str], Syntax]] = {
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", "CrossIndustryInvoice"): "cii",
    ("urn:ferd:CrossIndustryDocument:invoice:1p0", "CrossIndustryDocument"): "cii",  # ZUGFeRD 1
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", "Invoice"): "ubl",
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", "CreditNote"): "ubl",
}


# Steps of CII that its versions name differently; shared by whoever reads one.
DOCUMENT: Final = "ExchangedDocument|HeaderExchangedDocument"
TRADE: Final = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
AGREEMENT: Final = f"{TRADE}/ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
DELIVERY: Final = f"{TRADE}/ApplicableHeaderTradeDelivery|ApplicableSupplyChainTradeDelivery"
SETTLEMENT: Final = f"{TRADE}/ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"

VERSION: Final = ".".join(str(part) for part in etree.LXML_VERSION)


class RefusedXml(Exception):
    """Carries the `Problem` that says why the XML was not read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse_xml(data: bytes) -> Element:
    """Root element of a document; raises `RefusedXml` for anything malformed or declaring a document type."""
    # Looked for before parsing, in every encoding at once: entities must not even be declared.
    if b"<!DOCTYPE" in data.replace(b"\x00", b"").upper():
        raise RefusedXml(
            Problem("UNSAFE_XML", "the XML declares a document type; e-invoices have none, send it without")
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedXml(Problem("CORRUPT", f"the XML is not well formed ({error}); export it again")) from error


def syntax_of(root: Element) -> Syntax:
    """Which e-invoice syntax the root element belongs to."""
    name = etree.QName(root)
    return _ROOTS.get((name.namespace or "", name.localname), "other")


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def to_text(root: Element) -> str:
    """The tree as text again, so that it travels inside a reading."""
    return etree.tostring(root, encoding="unicode")


def every(element: Element, path: str) -> list[Element]:
    """Elements at a path of local names ("Party/Name"); `|` gives alternatives, namespaces do not count."""
    found = [element]
    for step in path.split("/"):
        names = step.split("|")
        found = [child for parent in found for child in parent if local_name(child) in names]
    return found


def first(element: Element, path: str) -> Element | None:
    """The first element that `every` finds, None where there is none."""
    return next(iter(every(element, path)), None)


def content(element: Element, path: str) -> str | None:
    """Text of the first element at a path that has any, None when there is none."""
    return next((found for each in every(element, path) if (found := text(each))), None)


def present(element: Element, path: str) -> bool:
    """Whether there is an element at a path, with or without content."""
    return bool(every(element, path))


def text(element: Element) -> str | None:
    """The element's own text without surrounding space, None when there is none."""
    return (element.text or "").strip() or None
