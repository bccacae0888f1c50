"""Whether a file was cut where one document ends and the next begins.

A wrong cut makes two wrong amounts, or one amount twice. So a cut counts only where nothing printed speaks against it;
otherwise every part of the file goes to a person.
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from documents.layout import lay_out
from documents.understanding import understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.facts import Facts
    from documents.reading import Reading

_NUMBERED = re.compile(
    r"\b(?:page|pag|pág|página|pagina|seite|blatt|blad|halaman|folio|feuille)\b[.:]?\s*(\d{1,3})\s*"
    r"(?:/|of|von|de|di|van|sur|dari)\s*(\d{1,3})\b",
    re.IGNORECASE,
)
"""A page's own count of pages, in the languages that labels are known in."""

_OWN: Final = ("invoice_number", "total", "invoice_date", "vendor_name")
"""What pages must show to be a document of their own."""

_COLLECTED: Final = 3
"""Documents from which one can be the sum of the others; of two, equal ones are told apart by their date."""


def misgiving(files: Sequence[Sequence[Reading]]) -> str | None:
    """Why the documents of one file may not be so many, in words; None where nothing speaks against it.

    `files` are the attachments of a message, or the one file itself, each with the documents it was cut into. They are
    understood one by one, which costs as much as understanding the file.
    """
    readings = [reading for file in files for reading in file]
    facts = [understand(reading).facts for reading in readings]
    pieces = [len(file) > 1 for file in files for _ in file]
    for number, (reading, found, piece) in enumerate(zip(readings, facts, pieces, strict=True), start=1):
        # A whole attachment is a document, whatever it lacks; pages are one only by what a document has of its own.
        missing = [name for name in _OWN if getattr(found, name) is None]
        if piece and missing:
            return f"document {number} shows no {missing[0]} of its own"
        several = next((problem.message for problem in found.problems if problem.code == "SEVERAL_DOCUMENTS"), None)
        if several:
            return f"of document {number} it is not sure that it is one: {several}"
        if piece and (told := _miscounted(reading)):
            return f"document {number} begins on a page that says {told}"
    return _repeated(readings, facts) or _collected(facts)


def _miscounted(reading: Reading) -> str | None:
    """What the first page says of its place among the pages, where that is not the first of as many as there are."""
    text = "\n".join(row.text for row in lay_out(reading.pages[:1], scanned=reading.scanned).rows)
    for match in _NUMBERED.finditer(text):
        if (int(match[1]), int(match[2])) != (1, len(reading.pages)):
            return match.group()
    return None


def _repeated(readings: Sequence[Reading], facts: Sequence[Facts]) -> str | None:
    """Two that seem to be one document: the same number, or one that may be a misreading or is not known."""
    for (first, one), (second, other) in combinations(enumerate(facts), 2):
        pair = f"documents {first + 1} and {second + 1}"
        numbers = _plain(one.invoice_number), _plain(other.invoice_number)
        if numbers[0] and numbers[0] == numbers[1]:
            return f"{pair} have the same number"
        # Numbers in a text layer are what they are; those in a picture are what was made of them.
        read = readings[first].scanned or readings[second].scanned
        if (read or not all(numbers)) and one.total is not None and _alike(one, other) and one.total == other.total:
            return f"{pair} have the same seller, date and total"
        if read and all(numbers) and one.invoice_date == other.invoice_date and OSA.distance(*numbers) <= 1:
            return f"{pair} are of one day, and their numbers differ by one sign that may be misread"
    return None


def _alike(one: Facts, other: Facts) -> bool:
    return one.invoice_date == other.invoice_date and _plain(one.vendor_name) == _plain(other.vendor_name)


def _collected(facts: Sequence[Facts]) -> str | None:
    """One whose total is what all others come to: it may stand for them, and would be paid twice."""
    totals = [found.total for found in facts if found.total is not None]
    if len(totals) < _COLLECTED:
        return None
    whole = max(totals, key=abs)
    if whole and sum(totals, Decimal(0)) == 2 * whole:
        return f"the total of one, {whole}, is what the others come to together"
    return None


def _plain(text: str | None) -> str:
    return "".join(letter for letter in (text or "").upper() if letter.isalnum())
