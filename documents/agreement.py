"""Does the printed page say what the data embedded in it says? The data wins; a difference is for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents import currencies, references, sums, table
from documents.numerals import amounts_in
from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.facts import Facts
    from documents.survey import Survey

_SHORTEST: Final = 3
"""Letters and digits from which a number's absence from a page means something."""

_SURE: Final = 0.9


def disagreements(facts: Facts, seen: Survey) -> tuple[Problem, ...]:
    """Total, number and currency that the page shows otherwise, each with both values."""
    return (*_total(facts, seen), *_number(facts, seen), *_currency(facts, seen))


def _total(facts: Facts, seen: Survey) -> Iterator[Problem]:
    if facts.total is None:
        return
    # Either mark, because one page rarely holds enough to tell a thousand from a fraction.
    printed = {amount.value for row in seen.sheet.rows for mark in (".", ",") for amount in amounts_in(row.words, mark)}
    if abs(facts.total) not in {abs(value) for value in printed}:
        found = sums.find_sums(seen, table.find_lines(seen)).total
        yield _differs("total", str(facts.total), str(found.value) if found else None)


def _number(facts: Facts, seen: Survey) -> Iterator[Problem]:
    wanted = _plain(facts.invoice_number or "")
    if len(wanted) >= _SHORTEST and wanted not in _plain(seen.sheet.text):
        found = references.find_invoice_number(seen)
        yield _differs("invoice_number", str(facts.invoice_number), found.value if found else None)


def _currency(facts: Facts, seen: Survey) -> Iterator[Problem]:
    found = currencies.find_currency(seen)
    if facts.currency and found and found.confidence >= _SURE and found.value != facts.currency:
        yield _differs("currency", facts.currency, found.value)


def _differs(field: str, stated: str, printed: str | None) -> Problem:
    shown = f"the page shows {printed}" if printed else "the page does not show it"
    return Problem("PAGE_DISAGREES", f"{field}: the embedded data says {stated}, {shown}; state which is right", field)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())
