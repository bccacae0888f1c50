"""Several documents in one file, told apart by what only a new document has: its own number and its own total."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from documents.references import numbers_by_page
from documents.survey import survey

if TYPE_CHECKING:
    from documents.reading import Reading
    from documents.survey import Survey

_PLAIN: Final = 3


def split(reading: Reading) -> tuple[Reading, ...]:
    """The documents of a reading, in order; most often the reading itself.

    A page begins a document when it announces a number of its own beside a total of its own, and the pages before it
    have both as well. Anything less stays together: two halves of one invoice would be two wrong amounts.
    """
    if reading.xml or len(reading.pages) < 2:  # noqa: PLR2004 - one page is one document
        return (reading,)
    return cut(reading, survey(reading))


def cut(reading: Reading, seen: Survey) -> tuple[Reading, ...]:
    """As `split`, by a survey of the reading that is there already."""
    edges = [0, *_starts(seen), len(reading.pages)]
    return tuple(replace(reading, pages=reading.pages[begin:end]) for begin, end in pairwise(edges))


def _starts(seen: Survey) -> list[int]:
    """Indexes of the pages, after the first, that begin another document."""
    numbers, totals = numbers_by_page(seen), _pages_with_total(seen)
    pages = sorted({row.page for row in seen.sheet.rows})
    starts: list[int] = []
    known: set[str] = set()
    complete = False
    for page in pages:
        own = numbers.get(page, set())
        if complete and own and own.isdisjoint(known) and page in totals:
            starts.append(page - 1)
            known, complete = set(), False
        known |= own
        complete = complete or (bool(known) and page in totals)
    return starts


def _pages_with_total(seen: Survey) -> set[int]:
    """Pages on which a plain label of a total stands on a row with money."""
    return {
        seen.sheet.rows[hit.row].page
        for hit in seen.hits
        if hit.label.role == "total" and hit.label.weight >= _PLAIN and any(a.is_money for a in seen.amounts[hit.row])
    }
