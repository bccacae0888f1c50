"""Applying what a person states to what was read.

A statement overrides every stage: it is written into the facts where it belongs there, and travels as `asserted`
for the tracks to honour, so the corrected expense cannot come back with the same doubt.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Any

from schemas.contracts import Field, fields_of
from schemas.events import ExpenseParsed
from schemas.records import Assertion, Context, Facts, Line, Problem

__all__ = ["Corrected", "CorrectionRefused", "corrected"]

# Answers of the tracks: no field of what was read holds them, so they are only asserted.
_TRACK_FIELDS = frozenset({"category", "gl_code", "recovery_status"})
# A person says what a document says, never where its data may be.
_NOT_STATED = frozenset({"kind", "confidence", "engine", "pages", "account", "number", "page", "box", "region"})
_WANTED = {
    "decimal": "a decimal with a point, like 1234.50",
    "date": "a date like 2026-03-14",
    "long": "a whole number from 1 on",
}
# Doubts of these stages are about what was read; later stages raise theirs anew when they still hold.
_READERS = frozenset({"ocr", "parse", "upload", "card_feed", ""})


class CorrectionRefused(Exception):
    """A statement names no field that can be stated, or a value that does not fit; the message says which."""


class Corrected:
    """The parts of an expense after corrections."""

    def __init__(self, expense: ExpenseParsed) -> None:
        self.facts, self.lines, self.context = expense.facts, expense.lines, expense.context

    def apply(self, stated: Assertion) -> None:
        """Write one statement in.

        Raises:
            CorrectionRefused: no such field, or the value does not fit it.

        """
        head, _, rest = stated.field.partition(".")
        if head == "lines":
            self._line(stated, rest)
        elif field := _field(Facts, stated.field):
            value = _value(field, stated)
            confidence = {**self.facts.confidence, stated.field: 1.0}
            self._follow(stated.field, value)
            self.facts = replace(self.facts, confidence=confidence, **{stated.field: value})
        elif field := _field(Context, stated.field):
            self.context = replace(self.context, **{stated.field: _value(field, stated)})
        else:
            msg = f"there is no field {stated.field!r} to correct; there are {', '.join(_known())}"
            raise CorrectionRefused(msg)

    def _line(self, stated: Assertion, rest: str) -> None:
        number, _, name = rest.partition(".")
        index = next((i for i, line in enumerate(self.lines) if str(line.number) == number), None)
        if index is None:
            numbers = ", ".join(str(line.number) for line in self.lines) or "none"
            msg = f"{stated.field!r}: there is no line {number!r}; there are {numbers}"
            raise CorrectionRefused(msg)
        if name in _TRACK_FIELDS:
            return
        field = _field(Line, name)
        if field is None:
            msg = f"{stated.field!r}: a line has no field {name!r} to correct"
            raise CorrectionRefused(msg)
        changed = replace(self.lines[index], **{name: _value(field, stated)})
        self.lines = (*self.lines[:index], changed, *self.lines[index + 1 :])

    def _follow(self, name: str, value: Any) -> None:
        """Let the only line of an expense follow its total, when it was the total before."""
        if name == "total" and len(self.lines) == 1 and self.lines[0].amount == self.facts.total:
            self.lines = (replace(self.lines[0], amount=value),)


def corrected(decision: ExpenseParsed, stated: Sequence[Assertion]) -> tuple[Corrected, tuple[Problem, ...]]:
    """Return the corrected parts, and the doubts about what was read that the statements do not settle.

    Raises:
        CorrectionRefused: a statement does not fit, or the lines no longer add up to the total.

    """
    parts = Corrected(decision)
    for statement in stated:
        parts.apply(statement)
    if _adds_up(decision.facts, decision.lines) and not _adds_up(parts.facts, parts.lines):
        total = sum((line.amount or Decimal(0) for line in parts.lines), Decimal(0))
        msg = f"the lines add up to {total.normalize():f}, not to the total stated; correct lines.N.amount as well"
        raise CorrectionRefused(msg)
    settled = {s.field for s in (*decision.asserted, *stated)}
    left = tuple(p for p in decision.problems if p.stage in _READERS and _name(p) not in settled)
    return parts, left


def _name(problem: Problem) -> str:
    if problem.line is None or (problem.field or "").startswith("lines."):
        return problem.field or ""
    return f"lines.{problem.line}.{problem.field or ''}"


def _adds_up(facts: Facts, lines: Sequence[Line]) -> bool:
    """Return whether the lines, with or without tax and tip, make the total; True where a number is missing."""
    if facts.total is None or not lines or any(line.amount is None for line in lines):
        return True
    base = sum((line.amount for line in lines if line.amount is not None), Decimal(0))
    extras = [x for x in (facts.tax, facts.tip) if x]
    sums = [base + sum(some, Decimal(0)) for n in range(len(extras) + 1) for some in combinations(extras, n)]
    return facts.total in sums


def _field(record: type, name: str) -> Field | None:
    return next((f for f in fields_of(record) if f.name == name and name not in _NOT_STATED), None)


def _known() -> list[str]:
    return [*sorted({f.name for r in (Facts, Context) for f in fields_of(r)} - _NOT_STATED), "lines.N.<field>"]


def _value(field: Field, stated: Assertion) -> Any:
    text = stated.value.strip()
    if not text:
        return None
    shape = field.shape
    try:
        if shape.name == "decimal" and shape.logical:
            return _decimal(text, shape.logical.scale)
        if shape.name == "date":
            return date.fromisoformat(text)
        if shape.name == "long":
            return _count(text)
    except (ValueError, InvalidOperation) as error:
        msg = f"{stated.field!r}: {text!r} is not {_WANTED[shape.name]}"
        raise CorrectionRefused(msg) from error
    return text


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


def _decimal(text: str, scale: int) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or value != round(value, scale):
        raise InvalidOperation
    return value
