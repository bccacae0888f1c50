"""BR-FXEXT-*: lines under lines, which only the extended profile has; a heading's amount is that of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.en16931.rules import Rule, named
from documents.en16931.sums import total_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.en16931.terms import Invoice, Scope

_EXTENDED: Final[frozenset[Scope]] = frozenset({"extended"})


def _headings(invoice: Invoice) -> Iterator[str]:
    for at, line in enumerate(invoice.lines, start=1):
        if line.role != "GROUP" or line.net is None or line.net.value is None:
            continue
        under = [each.net for each in invoice.lines if each.parent == line.number and each.role != "INFORMATION"]
        if under and line.net.value != total_of(under):
            yield f"{named(at, line.number)} heads lines of {total_of(under)} and says {line.net.written}"


def _roles(invoice: Invoice) -> Iterator[str]:
    for at, line in enumerate(invoice.lines, start=1):
        if line.parent and not line.role:
            yield f"{named(at, line.number)} has a line above it and no subtype"


def _orphans(invoice: Invoice) -> Iterator[str]:
    known = {line.number for line in invoice.lines}
    for at, line in enumerate(invoice.lines, start=1):
        if line.parent and line.parent not in known:
            yield f"{named(at, line.number)} stands under line {line.parent}, which is not there"


HIERARCHY: Final = (
    Rule("BR-FXEXT-06", "a line under another has a subtype (BT-X-8)", _roles, _EXTENDED, "line_items"),
    Rule(
        "BR-FXEXT-08",
        "a heading's net amount is the sum of the lines right under it",
        _headings,
        _EXTENDED,
        "line_items",
        arithmetic=True,
    ),
    Rule("BR-FXEXT-11", "the line above (BT-X-304) exists", _orphans, _EXTENDED, "line_items"),
)
