"""What both syntaxes read alike: amounts with the currency they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.en16931.terms import Stated
from documents.xmltree import first

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def as_stated(element: Element) -> Stated:
    """The amount an element states, with the currency it names."""
    return Stated((element.text or "").strip(), element.get("currencyID"))


def stated_at(element: Element | None, path: str) -> Stated | None:
    """The amount stated at a path below an element, None where it is not."""
    found = None if element is None else first(element, path)
    return None if found is None else as_stated(found)
