"""Who a letter is addressed to where no label says so: the other address at the head of the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from documents.addresses import TOWN, is_street, own_words, says_else
from documents.firms import reads_like_a_name
from documents.headings import find_headings
from documents.names import is_a_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.reading import Word
    from documents.survey import Survey

_HEAD_ROWS: Final = 24
_MOST_ROWS: Final = 6
_FEWEST_ROWS: Final = 3
"""A name, a street and a town."""

_GAP: Final = 2.5
"""Row heights between the town and what stands over it."""

_WITHIN: Final = 1.0
_WIDER: Final = 1.3
"""Row heights between further rows, and by how much one gap may exceed those before: rows of a block stand evenly."""

_ALIGNED: Final = 2.0
_SAME: Final = 85

_Line = tuple[int, tuple["Word", ...]]


def find_recipient(survey: Survey, seller: str, address: str) -> tuple[str, int, tuple[Word, ...]] | None:
    """The name over the only address that is not the seller's, its row and words; None where there are several."""
    found: dict[str, _Line] = {}
    for index, town in _towns(survey):
        if _text(town).casefold() in address.casefold():
            continue
        block = _block(survey, index, town, seller)
        named = [line for line in reversed(block) if _names(survey, line)]
        # A row of an item begins with a number and a word as a town does.
        streets = [line for line in block[1:] if is_street(survey, *line) and not TOWN.match(_text(line[1]))]
        if len(block) >= _FEWEST_ROWS and streets and named and named[0] == block[-1]:
            found.setdefault(_text(named[0][1]).casefold(), named[0])
    if len(found) != 1:
        return None
    ((row, words),) = found.values()
    return _text(words), row, words


def _towns(survey: Survey) -> Iterator[_Line]:
    rows = survey.sheet.rows
    table = min((head.row for head in find_headings(survey)), default=len(rows))
    for index in range(min(_HEAD_ROWS, table)):
        if rows[index].page != rows[0].page:
            return
        for phrase in rows[index].phrases():
            own = own_words(survey, index, phrase)
            if own and TOWN.search(_text(own)) and not says_else(survey, index, own):
                yield index, own


def _block(survey: Survey, index: int, town: tuple[Word, ...], seller: str) -> list[_Line]:
    """The town and the rows over it in its column, upwards, as far as they belong together."""
    block: list[_Line] = [(index, town)]
    widest = 0.0
    for at in range(index - 1, max(-1, index - 2 * _MOST_ROWS), -1):
        row, below = survey.sheet.rows[at], block[-1][1]
        height, tall = sorted((row.height, below[0].bottom - below[0].top))
        phrase = next((each for each in row.phrases() if abs(each[0].x0 - town[0].x0) <= _ALIGNED * tall), None)
        if phrase is None:
            continue
        gap = below[0].top - phrase[0].bottom
        most = _GAP * tall if len(block) == 1 else max(_WITHIN * height, _WIDER * widest)
        ours = fuzz.partial_ratio(_text(phrase).casefold(), seller.casefold()) > _SAME
        if gap > most or len(block) == _MOST_ROWS or ours or says_else(survey, at, phrase):
            break
        widest = max(widest, gap)
        block.append((at, phrase))
    return block


def _names(survey: Survey, line: _Line) -> bool:
    return reads_like_a_name(_text(line[1])) and not is_street(survey, *line) and not is_a_label(survey, *line)


def _text(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)
