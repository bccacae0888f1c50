"""Where a table's descriptions stand: between columns of codes on their left and those of numbers on their right."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from documents.descriptions import COUNT, LETTERS, is_weak, name_of
from documents.layout import PHRASE_GAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.headings import Head
    from documents.layout import Row
    from documents.numerals import Amount
    from documents.reading import Word
    from documents.survey import Survey

_ALIGNED: Final = 0.6
"""Share of a row's height by which the first letters of a column lie apart."""

_APART: Final = 0.5
"""Share of a row's height that two columns are apart at least; a space between words is about a third."""

_UNBOUND: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Band:
    """Left and right edge of a table's descriptions, and its heading; a page without a table is one wide band."""

    head: Head | None = None
    left: float = -_UNBOUND
    right: float = _UNBOUND

    def words_on(self, row: Row, before: float, numbers: Sequence[Amount]) -> list[Word]:
        """Words of an item's row that describe: in the band, left of `before`, none of the prices among `numbers`."""
        words = [word for word in row.words if self.left <= word.x0 < before]
        if self.head and self.right < _UNBOUND:
            # A number apart, whose words reach under a heading of numbers, is no name: "2 x 3.00 each".
            first = {id(each.words[0]) for each in numbers}
            inside = [phrase for phrase in row.phrases() if phrase[-1].x0 >= self.left]
            apart = [phrase for phrase in inside[1:] if phrase[-1].x1 > self.right and id(phrase[0]) in first]
            stray = {id(word) for phrase in apart for word in phrase}
            words = [word for word in words if id(word) not in stray]
        # A size with decimals in the middle of a name is no price, nor is what runs on from it short of the numbers.
        last = max((word.x0 for word in words if LETTERS.search(word.text) and not is_weak(word.text)), default=0.0)
        named = [phrase for phrase in row.phrases() if self.right < _UNBOUND and LETTERS.search(phrase[0].text)]
        own = {id(word) for phrase in named for word in phrase}
        prices = {
            id(word)
            for each in numbers
            if each.is_money and each.x0 > last and (each.x1 >= self.right or id(each.words[0]) not in own)
            for word in each.words
        }
        words = [word for word in words if id(word) not in prices]
        return self._beside(words)

    def words_alone_on(self, row: Row) -> list[Word]:
        """The same of a row without numbers of its own, where a name may run on over their columns."""
        phrases = [[word for word in phrase if word.x0 >= self.left] for phrase in row.phrases()]
        return [word for phrase in phrases if phrase and phrase[0].x0 < self.right for word in phrase]

    def text_of(self, words: Sequence[Word]) -> str:
        """The words as a description."""
        return name_of([word.text for word in words], headed=self.head is not None)

    def counts_on(self, row: Row) -> bool:
        """Whether a number stands under the heading of counts: the row is an article of its own, priced or not."""
        if self.head is None or self.head.span("quantity") is None:
            return False
        firsts = [phrase[0] for phrase in row.phrases()]
        return any(
            COUNT.match(word.text) and word.x0 >= self.right and self.head.column_of(word.x0, word.x1) == "quantity"
            for word in firsts
        )

    def is_crossed_by(self, row: Row) -> bool:
        """Whether a sentence from further left runs into the band: what runs across columns belongs to none."""
        return any(
            left.x0 < self.left < right.x0 - 2 * _ALIGNED * row.height
            and right.x0 - left.x1 <= PHRASE_GAP * row.height
            and LETTERS.search(left.text)
            and LETTERS.search(right.text)
            for left, right in pairwise(row.words)
        )

    def _beside(self, words: list[Word]) -> list[Word]:
        head = self.head
        if head is None or head.span("description") is None:
            return words
        kept: list[Word] = []
        for word in words:
            beside = kept and word.x1 < self.right and word.x0 - kept[-1].x1 <= word.bottom - word.top
            named = LETTERS.search(word.text) and word.x0 < self.right
            column = head.column_of(word.x0, word.x1)
            if beside or named or column == "description" or (column == "code" and word.x0 < self.right):
                kept.append(word)
        return kept


def find_band(survey: Survey, head: Head | None, rows: range) -> Band:
    """The band of the table whose heading is `head` and whose rows are `rows`."""
    span = head.span("description") if head else None
    if head is None or span is None:
        return Band(head)
    right = min((x0 for _, x0, _ in head.columns if x0 > span[0]), default=_UNBOUND)
    tolerance = _ALIGNED * survey.sheet.rows[head.row].height
    texts = [[word for word in survey.sheet.rows[at].words if word.x0 < right] for at in rows]
    for left in (*_edges(survey, head, span[0]), *_indented(survey, head, rows, tolerance)):
        named = [
            words for words in texts if any(LETTERS.search(each.text) and each.x0 > left - tolerance for each in words)
        ]
        aligned = sum(_begins(words, left, tolerance) for words in named)
        if aligned and aligned * 2 >= len(named):
            return Band(head, left - tolerance, right)
    return Band(head, right=right)


def _begins(words: Sequence[Word], left: float, tolerance: float) -> bool:
    """Whether a word stands at an edge, and apart from the one before it."""
    ends = [0.0, *(word.x1 for word in words)]
    return any(
        abs(word.x0 - left) <= tolerance and word.x0 - end > _APART * (word.bottom - word.top)
        for word, end in zip(words, ends, strict=False)
    )


def _indented(survey: Survey, head: Head, rows: range, tolerance: float) -> list[float]:
    """Where phrases begin right of the column before, the last first: the heading may be centred over its column."""
    x0, x1 = head.span("description") or (0.0, 0.0)
    before = max((right for _, _, right in head.columns if right < x0), default=_UNBOUND)
    begun = (phrase[0].x0 for at in rows for phrase in survey.sheet.rows[at].phrases())
    starts = sorted({start for start in begun if before < start < x1}, reverse=True)
    firsts = (min(other for other in starts if start - other <= tolerance) for start in starts)
    return list(dict.fromkeys(firsts))


def _edges(survey: Survey, head: Head, start: float) -> Iterator[float]:
    """Where the descriptions can begin: under a word of their heading, the last first, others being left of it.

    A heading that nothing stands left of may be centred over its column, and says nothing.
    """
    rows = [survey.sheet.rows[at] for at in range(head.row, head.last_row + 1)]
    taken = [(x0, x1) for role, x0, x1 in head.columns if role != "description"]
    for row in rows:
        for phrase in row.phrases():
            if not any(word.x0 == start for word in phrase):
                continue
            own = [word.x0 for word in phrase if word.x0 <= start and not any(a <= word.x0 < b for a, b in taken)]
            lefts = [word for each in rows for word in each.words]
            yield from (x0 for x0 in reversed(own) if any(word.x1 <= x0 for word in lefts))
