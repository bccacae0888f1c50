"""Several documents in one file, told apart by what only a new document has: its own number and its own total."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from documents.references import numbers_by_page
from documents.sums import find_sums
from documents.survey import survey
from documents.table import find_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from documents.reading import Page, Reading
    from documents.survey import Survey

_PLAIN: Final = 3
_LIKELY: Final = 2
"""Weights of the labels of a total: what says it in so many words, and what may also stand over a column."""


def split(reading: Reading) -> tuple[Reading, ...]:
    """The documents of a reading, in order; most often the reading itself.

    A page begins a document when it goes by a number of its own, the total of that number follows, and the pages before
    it have both as well. Anything less stays together: two halves of one invoice would be two wrong amounts.
    """
    if reading.xml or len(reading.pages) < 2:  # noqa: PLR2004 - one page is one document
        return (reading,)
    return cut(reading, survey(reading))


def cut(reading: Reading, seen: Survey) -> tuple[Reading, ...]:
    """As `split`, by a survey of the reading that is there already."""
    starts = _starts(reading, seen)
    edges = [0, *(at for at, page in enumerate(reading.pages) if page.number in starts), len(reading.pages)]
    return tuple(replace(reading, pages=reading.pages[begin:end]) for begin, end in pairwise(edges))


def loose_page(reading: Reading, seen: Survey) -> int | None:
    """The number of the first page that may be a document of its own, though nothing tells for certain.

    It shows a total that no page before it prints, behind a page with another, and no number that those go by; and its
    label is a plain one, or it has a date of its own. Read as one, the file would have one of the two totals, and the
    other would never be looked at.
    """
    plain, totals, numbers = _totals(seen), _totals(seen, _LIKELY), numbers_by_page(seen)
    dated = {seen.sheet.rows[spot.row].page for spot in seen.dates}
    known: set[str] = set()
    printed: set[Decimal] = set()
    ended = False
    for page in (page.number for page in reading.pages):
        own = numbers.get(page, set())
        told = plain.get(page) or (totals.get(page) if page in dated else None)
        if ended and told and printed.isdisjoint(told) and not own & known:
            return page
        known |= own
        ended = ended or page in totals
        rows = (at for at, row in enumerate(seen.sheet.rows) if row.page == page)
        printed |= {amount.value for at in rows for amount in seen.amounts[at]}
    return None


def _starts(reading: Reading, seen: Survey) -> set[int]:
    """Numbers of the pages, after the first, that begin another document."""
    numbers, totals = numbers_by_page(seen), _totals(seen)
    starts: set[int] = set()
    if len(set().union(*numbers.values())) < 2:  # noqa: PLR2004 - one number is one document
        return starts
    known: set[str] = set()
    complete = False
    for at, page in enumerate(reading.pages):
        own = numbers.get(page.number, set())
        if complete and own.isdisjoint(known) and _has_total(reading, at, numbers, totals):
            starts.add(page.number)
            known, complete = set(), False
        known |= own
        complete = complete or (bool(known) and (page.number in totals or _totals_alone(reading, page)))
    return starts


def _has_total(
    reading: Reading, at: int, numbers: Mapping[int, set[str]], totals: Mapping[int, frozenset[Decimal]]
) -> bool:
    """Whether a page goes by a number, and a total stands there or on a page behind that goes by the same."""
    own = numbers.get(reading.pages[at].number, set())
    for page in reading.pages[at:]:
        if not own & numbers.get(page.number, set()):
            return False
        if page.number in totals or _totals_alone(reading, page):
            return True
    return False


def _totals_alone(reading: Reading, page: Page) -> bool:
    """Whether a page read by itself has a total: by its sums, where no plain label says so."""
    seen = survey(replace(reading, pages=(page,)))
    return find_sums(seen, find_lines(seen)).total is not None


def _totals(seen: Survey, weight: int = _PLAIN) -> dict[int, frozenset[Decimal]]:
    """The amounts on rows with a label of a total, by page; a page without any is left out."""
    found: dict[int, frozenset[Decimal]] = {}
    for hit in seen.hits:
        if hit.label.role == "total" and hit.label.weight >= weight:
            page = seen.sheet.rows[hit.row].page
            amounts = frozenset(amount.value for amount in seen.amounts[hit.row] if amount.is_money)
            if amounts:
                found[page] = found.get(page, frozenset()) | amounts
    return found
