"""What a document says: header fields, line items, how sure each is, and what stays in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final, Generic, Literal, TypeVar

from documents.problems import Problem

T = TypeVar("T")

DocumentType = Literal["invoice", "credit_note", "receipt", "statement", "utility_bill", "property_tax_bill"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the document a value stands: page from 1, box in the page's units, origin top left."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The four edges alone."""
        return self.x0, self.top, self.x1, self.bottom


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value with how sure it is (0 to 1) and where it was read."""

    value: T
    confidence: float
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line as printed. `amount` is the line's own total, with or without tax as the document lists it."""

    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None  # percent
    tax_jurisdiction: str | None = None
    service_date: date | None = None
    amount: Decimal | None = None
    place: Place | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line in the keys every later stage agrees on; amounts as decimal strings, dates as ISO 8601."""
        plain = {each.name: plain_value(getattr(self, each.name)) for each in fields(self) if each.name != "place"}
        box = [round(edge, 2) for edge in self.place.box] if self.place else None
        return {**plain, "page": self.place.page if self.place else None, "box": box}


@dataclass(frozen=True, slots=True)
class Facts:
    """The header fields. Absent is None, never a guess; `confidence` and `places` know only fields that are present."""

    vendor_name: str | None = None
    vendor_address: str | None = None
    vendor_tax_id: str | None = None
    vendor_iban: str | None = None
    buyer_name: str | None = None
    property_id: str | None = None
    document_type: DocumentType | None = None
    invoice_number: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    service_period: tuple[date, date] | None = None
    currency: str | None = None
    subtotal: Decimal | None = None
    tax: Decimal | None = None
    tip: Decimal | None = None
    total: Decimal | None = None
    line_items: tuple[LineItem, ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Header fields and lines in the keys every later stage agrees on."""
        plain: dict[str, Any] = {name: plain_value(getattr(self, name)) for name in HEADER_FIELDS}
        plain["line_items"] = [line.as_dict() for line in self.line_items]
        plain["confidence"] = {name: round(value, 3) for name, value in sorted(self.confidence.items())}
        plain["problems"] = [
            {"code": problem.code, "message": problem.message, "field": problem.field} for problem in self.problems
        ]
        return plain


HEADER_FIELDS: Final = tuple(
    each.name
    for each in fields(Facts)
    if each.name not in {"vendor_iban", "line_items", "confidence", "places", "problems"}
)
"""Names of the header fields, in the order they are printed."""


def plain_value(value: Any) -> Any:
    """A value as JSON can hold it without losing a digit: decimals as text, a period as an ISO 8601 interval."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "/".join(day.isoformat() for day in value)
    return value
