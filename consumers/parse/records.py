"""From what a document says to the records that travel: scales that the contracts can hold, lines that add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from consumers.runtime.errors import LimitExceeded
from documents import facts as read
from documents import problems as doubts
from documents.limits import DEFAULT
from documents.reading import Reading
from schemas.records import Facts, Line, Problem

__all__ = ["facts_of", "line_doubts", "lines_of", "problems_of", "with_remainder"]

_AMOUNT: Final = Decimal("1e-4")
_QUANTITY: Final = Decimal("1e-6")
_RATE: Final = Decimal("1e-12")
"""Scales of the contracts' Amount, Quantity and Rate; a divided unit price can have more digits than they hold."""

_ALLOWANCES: Final = "Allowances and discounts of the whole document"
_INCONSISTENT: Final = frozenset({"EINVOICE_RULE", "EINVOICE_SCHEMA", "ARITHMETIC"})
"""Doubts about an e-invoice as data; what is computed from such data proves nothing."""

_ROUNDING: Final = Decimal("0.05")
_MOST_TEXT: Final = 500


def facts_of(found: read.Facts, reading: Reading) -> Facts:
    """Return the header fields as the contracts know them."""
    period = found.service_period
    return Facts(
        kind=reading.kind,
        document_type=found.document_type,
        pages=len(reading.pages),
        engine=f"{reading.engine} {reading.engine_version}".strip(),
        vendor_name=_text(found.vendor_name),
        vendor_address=_text(found.vendor_address),
        vendor_tax_id=_text(found.vendor_tax_id),
        vendor_iban=_text(found.vendor_iban),
        property_id=_text(found.property_id),
        invoice_number=_text(found.invoice_number),
        invoice_date=found.invoice_date,
        due_date=found.due_date,
        service_start=period[0] if period else None,
        service_end=period[1] if period else None,
        currency=_text(found.currency),
        subtotal=_fit(found.subtotal, _AMOUNT),
        tax=_fit(found.tax, _AMOUNT),
        tip=_fit(found.tip, _AMOUNT),
        total=_fit(found.total, _AMOUNT),
        # Whom it is made out to is personal; so is how surely.
        confidence={name: round(value, 3) for name, value in found.confidence.items() if name != "buyer_name"},
    )


def lines_of(found: read.Facts) -> tuple[Line, ...]:
    """Return the lines; a document without usable ones is one line of its total, so that it can be judged at all.

    Raises:
        LimitExceeded: more lines than an event can carry.

    """
    items = found.line_items
    if len(items) > DEFAULT.lines:
        raise LimitExceeded(f"lines: the document has {len(items)}, at most {DEFAULT.lines} are allowed")
    if len(items) == 1 and found.total is not None and not _add_up(found):
        items = (read.LineItem(description=items[0].description, amount=found.total, place=items[0].place),)
    if not items:
        items = (read.LineItem(amount=found.total),)
    return tuple(_line(number, item) for number, item in enumerate(items, start=1))


def with_remainder(found: read.Facts, reading: Reading) -> read.Facts:
    """Return an e-invoice with what it adds or takes off as a whole as one line more, so that its lines make its net.

    EN 16931 has allowances and charges of the document beside its lines (BG-20, BG-21; BT-109 = BT-106 - BT-107 +
    BT-108). What is billed there has to be judged like a line. Only where no rule of the standard is broken: the
    difference is then exactly that, and no line that is missing.
    """
    if not reading.xml or not found.line_items or found.subtotal is None:
        return found
    remainder = found.subtotal - _summed(found)
    if not remainder or _INCONSISTENT & {problem.code for problem in found.problems}:
        return found
    if any(item.amount is None for item in found.line_items):
        return found
    text = "Charges of the whole document" if (remainder > 0) == (found.subtotal > 0) else _ALLOWANCES
    return replace(found, line_items=(*found.line_items, read.LineItem(description=text, amount=remainder)))


def line_doubts(found: read.Facts, stage: str) -> list[Problem]:
    """Return the doubt that several lines do not make the total: judged line by line, something would be missed."""
    if len(found.line_items) < 2 or found.total is None or _add_up(found):  # noqa: PLR2004 - one line follows the total
        return []
    summed = _summed(found)
    message = f"the lines read add up to {summed}, the total is {found.total}; check the lines"
    return [Problem(code="LINES_DISAGREE", message=message, field="lines", stage=stage)]


def problems_of(found: Iterable[doubts.Problem], places: Mapping[str, read.Place], stage: str) -> list[Problem]:
    """Return doubts as the contracts know them, each with the place its field was read at."""
    return [_problem(each, places.get(each.field or ""), stage) for each in found]


def _problem(doubt: doubts.Problem, place: read.Place | None, stage: str) -> Problem:
    known = Problem(code=doubt.code, message=doubt.message, field=doubt.field, stage=stage)
    return replace(known, page=place.page, box=_box(place)) if place else known


def _box(place: read.Place) -> tuple[float, ...]:
    return tuple(round(edge, 2) for edge in place.box)


def _add_up(found: read.Facts) -> bool:
    """Return whether the lines make the total, the subtotal, or the total less tax and tip."""
    summed = _summed(found)
    total, tax, tip = found.total or Decimal(0), found.tax or Decimal(0), found.tip or Decimal(0)
    targets: Sequence[Decimal | None] = (total, found.subtotal, total - tax, total - tip, total - tax - tip)
    return any(target is not None and abs(summed - target) <= _ROUNDING for target in targets)


def _summed(found: read.Facts) -> Decimal:
    return sum((item.amount for item in found.line_items if item.amount is not None), Decimal(0))


def _line(number: int, item: read.LineItem) -> Line:
    return Line(
        number=number,
        description=_text(item.description),
        quantity=_fit(item.quantity, _QUANTITY),
        unit_price=_fit(item.unit_price, _QUANTITY),
        tax_rate=_fit(item.tax_rate, _RATE),
        tax_jurisdiction=_text(item.tax_jurisdiction),
        service_date=item.service_date,
        amount=_fit(item.amount, _AMOUNT),
        page=item.place.page if item.place else None,
        box=_box(item.place) if item.place else (),
    )


def _fit(value: Decimal | None, scale: Decimal) -> Decimal | None:
    """Return the value with no more decimals than its contract holds; what fits is left as it was read."""
    if value is None:
        return None
    rounded = value.quantize(scale, rounding=ROUND_HALF_EVEN)
    # Compared by digits and not by value: the contract refuses zeros beyond its scale as well.
    return value if _decimals(value) <= _decimals(scale) else rounded


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _text(value: str | None) -> str | None:
    return value[:_MOST_TEXT] if value else None
