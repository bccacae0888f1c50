"""E-invoices made by others: every one of the collection, whole or in a PDF, and what their names say of them."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from documents import pdf, xmltree
from documents.einvoice import read_einvoice
from documents.limits import DEFAULT, LimitExceeded

COLLECTION = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[3] / "shared" / "data"))
DATA = COLLECTION / "einvoice"

MEASURED = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no documents under {DATA}; set SPENDTRAIL_DATA"),
]

BAD = re.compile(r"invalid|_error|not_valid|^fail|corrupt", re.IGNORECASE)
GOOD = re.compile(r"^valid|_ok_", re.IGNORECASE)


@cache
def invoices() -> dict[Path, bytes]:
    """Every CII and UBL invoice, whole or embedded."""
    found: dict[Path, bytes] = {}
    for path in sorted(DATA.rglob("*")):
        contents = [path.read_bytes()] if path.suffix == ".xml" else _attached(path) if path.suffix == ".pdf" else []
        found.update((path, content) for content in [*_invoices_among(contents)][:1])
    return found


@cache
def hybrids() -> tuple[Path, ...]:
    """Every PDF of the whole collection, damaged and hostile ones too, that has a CII or UBL invoice attached."""
    paths = sorted(COLLECTION.rglob("*.pdf"))
    return tuple(path for path in paths if any(True for _ in _invoices_among(_attached(path))))


def rules_broken(content: bytes) -> set[str]:
    """Return the ids of the rules that the product says an e-invoice breaks."""
    problems = read_einvoice(xmltree.parse_xml(content)).problems
    return {problem.message[1:].split("]")[0] for problem in problems}


def elements(node: etree._Element, path: str) -> list[etree._Element]:
    """Return the elements that an XPath selects; one that gives a number, a text or an attribute is a mistake."""
    found = node.xpath(path)
    assert isinstance(found, list)
    selected = [each for each in found if isinstance(each, etree._Element)]
    assert len(selected) == len(found)
    return selected


def _attached(path: Path) -> list[bytes]:
    try:
        with pdf.open_pdf(path.read_bytes(), DEFAULT) as (document, _):
            return list(pdf.attachments(document, DEFAULT))
    except (pdf.UnreadablePdf, LimitExceeded):
        return []


def _invoices_among(contents: list[bytes]) -> Iterator[bytes]:
    for content in contents:
        try:
            root = xmltree.parse_xml(content)
        except xmltree.RefusedXml:
            continue
        if xmltree.syntax_of(root) != "other":
            yield content
