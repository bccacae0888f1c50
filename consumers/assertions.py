"""What persons stated about an expense: it stands in place of what was read, and settles the doubts about it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from schemas.envelope import Event
from schemas.records import Assertion, Facts, Line, Problem

__all__ = ["restate", "settled", "stated"]


def stated(event: Event) -> dict[str, Assertion]:
    """Return the last statement per field: a later one replaces an earlier one."""
    return {assertion.field: assertion for assertion in event.asserted}


def settled(event: Event) -> tuple[Problem, ...]:
    """Return the doubts so far that no statement has settled."""
    fields = stated(event)
    return tuple(problem for problem in event.problems if problem.field not in fields) if fields else event.problems


def restate(facts: Facts, lines: tuple[Line, ...], event: Event) -> tuple[Facts, tuple[Line, ...]]:
    """Return facts and lines with every stated value in place, at confidence 1.

    Fields are named as in `Facts`, lines' as `lines.N.<field of Line>`. A value that does not fit its field leaves
    what was read, and the doubt about it stays with whoever raised it. Doing it twice changes nothing.
    """
    fields = stated(event)
    if not fields:
        return facts, lines
    changes = _fitting(fields, "", _FACTS)
    sure = {**facts.confidence, **dict.fromkeys(changes, 1.0)}
    restated = replace(facts, confidence=sure, **changes) if changes else facts
    return restated, tuple(_line(line, fields) for line in lines)


def _line(line: Line, fields: dict[str, Assertion]) -> Line:
    changes = _fitting(fields, f"lines.{line.number}.", _LINE)
    return replace(line, **changes) if changes else line


def _fitting(fields: dict[str, Assertion], prefix: str, kinds: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    found = {name: read(fields[prefix + name].value) for name, read in kinds.items() if prefix + name in fields}
    return {name: value for name, value in found.items() if value is not None}


def _text(value: str) -> str | None:
    return value.strip() or None


def _code(value: str) -> str | None:
    return value.strip().upper() or None


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        return None


_FACTS: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("document_type", "vendor_name", "vendor_address", "property_id", "invoice_number", "mcc"), _text),
    **dict.fromkeys(("currency", "original_currency", "vendor_tax_id", "vendor_iban"), _code),
    **dict.fromkeys(("subtotal", "tax", "tip", "total", "original_amount"), _number),
    **dict.fromkeys(("invoice_date", "due_date", "service_start", "service_end"), _day),
}
_LINE: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("description", "tax_jurisdiction"), _text),
    **dict.fromkeys(("quantity", "unit_price", "tax_rate", "amount"), _number),
    "service_date": _day,
}
