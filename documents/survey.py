"""One pass over a reading that every field shares: rows, labels, numbers, dates, and where the document comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from documents import labels
from documents.dates import Order, Printed, dates_in, order_of
from documents.layout import Hit, Sheet, lay_out, place_of
from documents.locality import Locality, locate
from documents.misreadings import point
from documents.numerals import Amount, Mark, amounts_in, decimal_mark
from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from documents.facts import Place
    from documents.reading import Reading, Word

_CENTS: Final = 2
_CONTRADICTED: Final = 0.45


def witnessed(words: Iterable[Word]) -> int:
    """What a second engine says of a value: 1 it read all its figures so, -1 some otherwise, 0 it was not asked."""
    told = [word.witness for word in words if any(letter.isdigit() for letter in word.text)]
    return min(told) if told and (min(told) < 0 or 0 not in told) else 0


def contradicted(value: object, field: str) -> Problem:
    """The doubt that a second engine reads a value otherwise: whatever its confidence, a person looks."""
    return Problem(
        "LOW_CONFIDENCE", f"{field} was read as {value} by one engine and otherwise by another; check it", field
    )


@dataclass(frozen=True, slots=True)
class DateSpot:
    """A printed date and the words it stands in."""

    printed: Printed
    row: int
    words: tuple[Word, ...]


_OnRow = TypeVar("_OnRow", Hit, DateSpot)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen, before anything is decided."""

    sheet: Sheet
    scanned: bool
    hits: tuple[Hit, ...]
    hits_by_row: Mapping[int, list[Hit]]
    amounts: tuple[tuple[Amount, ...], ...]  # per row
    dates: tuple[DateSpot, ...]
    dates_by_row: Mapping[int, list[DateSpot]]
    locality: Locality
    mark: Mark | None
    order: Order | None
    order_proved: bool
    cents: bool  # most prices are printed with two decimals, so that a whole number is a count or a code

    def hits_on(self, row: int) -> list[Hit]:
        """Labels on one row, left to right."""
        return self.hits_by_row.get(row, [])

    def place(self, row: int, words: tuple[Word, ...]) -> Place:
        """Where some words of a row stand."""
        return place_of(self.sheet.rows[row].page, words)

    def trust(self, word_confidence: float) -> float:
        """Factor a word's own confidence puts on a value: 1 for a text layer, less for a doubtful scan."""
        return 1.0 if not self.scanned else min(1.0, 0.4 + 0.62 * word_confidence)

    def trust_in(self, words: tuple[Word, ...]) -> float:
        """The same for figures: what a second engine read too is sure, what it read otherwise is for a person."""
        testimony = witnessed(words)
        if testimony:
            return 1.0 if testimony > 0 else _CONTRADICTED
        return self.trust(min(word.confidence for word in words))


def survey(reading: Reading) -> Survey:
    """Look over all pages of a reading."""
    scanned = reading.scanned
    sheet = lay_out(reading.pages, scanned=scanned)
    locality = locate(sheet.text)
    mark = decimal_mark(sheet.text) or locality.mark
    amounts = tuple(tuple(amounts_in(row.words, mark)) for row in sheet.rows)
    if scanned:
        edges = [amount.x1 for row in amounts for amount in row if amount.decimals == _CENTS]
        rows = tuple(replace(row, words=point(row.words, mark or ".", edges)) for row in sheet.rows)
        sheet = replace(sheet, rows=rows)
        amounts = tuple(tuple(amounts_in(row.words, mark)) for row in sheet.rows)
    hits = sheet.find(labels.role_labels())
    dates = tuple(spot for row in range(len(sheet.rows)) for spot in _dates_on(sheet, row))
    proved = order_of(spot.printed for spot in dates)
    return Survey(
        sheet=sheet,
        scanned=scanned,
        hits=hits,
        hits_by_row=_by_row(hits),
        amounts=amounts,
        dates=dates,
        dates_by_row=_by_row(dates),
        locality=locality,
        mark=mark,
        order=proved or locality.order,
        order_proved=proved is not None,
        cents=sum(amount.decimals == _CENTS for row in amounts for amount in row) > 1,
    )


def _by_row(seen: Iterable[_OnRow]) -> dict[int, list[_OnRow]]:
    """What was seen row by row, which it comes in the order of."""
    return {row: list(together) for row, together in groupby(seen, key=attrgetter("row"))}


def _dates_on(sheet: Sheet, row: int) -> list[DateSpot]:
    words = sheet.rows[row].words
    spans: list[tuple[int, int]] = []
    start = 0
    for word in words:
        spans.append((start, start + len(word.text)))
        start += len(word.text) + 1
    return [
        DateSpot(
            printed,
            row,
            tuple(
                word
                for word, (begin, end) in zip(words, spans, strict=True)
                if begin < printed.end and end > printed.start
            ),
        )
        for printed in dates_in(sheet.rows[row].text)
    ]
