"""What an outside model says about a document in doubt counts only where the page's own words say it too.

It can do two things: agree with a key field that was read unsurely, and point at a value on the page for one that was
not found. It can neither change what was read surely nor bring in what is not printed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from documents import currencies
from documents.layout import place_of
from documents.numerals import amounts_in
from documents.problems import Problem
from documents.survey import survey

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from documents.assistant import Answer, Assistant
    from documents.facts import Facts, Place
    from documents.reading import Reading
    from documents.survey import Survey

AGREED: Final = 0.9
"""Confidence of a value that both read alike: two ways that share no rule seldom err together. Set by hand."""

POINTED_AT: Final = 0.75
"""Confidence of a value that only the model found and the page prints: filled in, and looked at by a person."""

_MONEY: Final = ("subtotal", "tax", "total")
_DATES: Final = ("invoice_date", "due_date")
_TEXTS: Final = ("vendor_name", "invoice_number")
_SHORTEST: Final = 3
_SILENT: Final = "the language model gave no usable answer; what was read stands without its word"


def assist(facts: Facts, reading: Reading, assistant: Assistant, threshold: float, field: str | None) -> Facts:
    """The facts with what the model adds; the same facts when it has nothing that the words support.

    Where it gives no usable answer they stand as they were read, and say so beside the doubt it was to be asked about.
    """
    seen = survey(reading)
    answer = assistant.ask(seen.sheet.text)
    if answer is None:
        return replace(facts, problems=(*facts.problems, Problem("ASSISTANT_SILENT", _SILENT, field)))
    values: dict[str, Any] = {}
    confidence, places = dict(facts.confidence), dict(facts.places)
    for name, place in _supported(answer, seen).items():
        said, read = getattr(answer, name), getattr(facts, name)
        if facts.confidence.get(name, 0.0) >= threshold:
            continue
        if read is None:
            values[name], confidence[name] = said, POINTED_AT
            if place is not None:
                places[name] = place
        elif _plain(said) == _plain(read):
            confidence[name] = max(AGREED, facts.confidence[name])
    return replace(facts, **values, confidence=confidence, places=places)


def _supported(answer: Answer, seen: Survey) -> dict[str, Place | None]:
    """The answered fields whose value the page prints, each with where."""
    found: dict[str, Place | None] = {}
    for names, support in ((_MONEY, _amount), (_DATES, _date), (_TEXTS, _text)):
        for name in names:
            value = getattr(answer, name)
            place = support(value, seen) if value is not None else None
            if place is not None:
                found[name] = place
    code = currencies.find_currency(seen)
    if answer.currency and (answer.currency in seen.sheet.text.split() or (code and code.value == answer.currency)):
        found["currency"] = code.place if code else None
    return found


def _amount(value: Decimal, seen: Survey) -> Place | None:
    """The last printed amount of the value, under the page's own decimal mark."""
    for row in reversed(seen.sheet.rows):
        for amount in amounts_in(row.words, seen.mark or "."):
            if amount.value == value and amount.is_money:
                return place_of(row.page, amount.words)
    return None


def _date(value: date, seen: Survey) -> Place | None:
    """The first printed date that means this one in the document's order; one that stays open supports nothing."""
    spot = next((spot for spot in seen.dates if spot.printed.under(seen.order) == value), None)
    return seen.place(spot.row, spot.words) if spot else None


def _text(value: str, seen: Survey) -> Place | None:
    """The first row that prints the letters and digits of the value in one piece."""
    wanted = _plain(value)
    if len(wanted) < _SHORTEST:
        return None
    for row in seen.sheet.rows:
        for first in range(len(row.words)):
            joined = ""
            for last in range(first, len(row.words)):
                joined += _plain(row.words[last].text)
                if joined == wanted:
                    return place_of(row.page, row.words[first : last + 1])
                if not wanted.startswith(joined):
                    break
    return None


def _plain(value: object) -> str:
    return "".join(letter for letter in str(value).upper() if letter.isalnum())
