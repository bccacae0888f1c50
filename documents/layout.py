"""Words become rows and phrases again: what stands on one line, what belongs together, what stands below what."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from documents.facts import Place
from documents.labels import Label, fold, mend
from documents.misreadings import mend as mend_word
from documents.reading import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from documents.reading import Page

PHRASE_GAP: Final = 1.3
"""A gap of this many row heights separates two phrases; a space between words is about a third."""

BELOW_ROWS: Final = 4.0
"""How many row heights under a label its value may stand."""

MOST_WORDS: Final = 80
"""Words of one row. No printed row has as many; a text file of one endless line is cut, since fields are looked for
among all pairs of words on a row."""

MOST_LETTERS: Final = 200
"""Letters of one word. What is longer is data somebody pasted; no field is read from it, and it is left out."""

_LABEL_THEN_VALUE = re.compile(r"^([^\W\d_][^\W\d_./]*\.?[:#°º=])([^/:].*)$")


@dataclass(frozen=True, slots=True)
class Row:
    """Words on one line of one page, left to right, boxes upright."""

    page: int
    words: tuple[Word, ...]

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(word.bottom for word in self.words)

    @property
    def height(self) -> float:
        """Middle height of its words, which one tall bracket does not change."""
        heights = sorted(word.bottom - word.top for word in self.words)
        return max(heights[len(heights) // 2], 0.1)

    @property
    def text(self) -> str:
        """Its words with single spaces."""
        return " ".join(word.text for word in self.words)

    def phrases(self) -> list[tuple[Word, ...]]:
        """Its words cut where the gaps are wide."""
        cut: list[list[Word]] = []
        gap = PHRASE_GAP * self.height
        for word in self.words:
            if cut and word.x0 - cut[-1][-1].x1 <= gap:
                cut[-1].append(word)
            else:
                cut.append([word])
        return [tuple(words) for words in cut]


@dataclass(frozen=True, slots=True)
class Hit:
    """A label found: on which row, from which word to which (both included)."""

    label: Label
    row: int
    first: int
    last: int


@dataclass(frozen=True)
class Sheet:
    """All rows of a document in reading order, page after page."""

    rows: tuple[Row, ...]
    scanned: bool

    @cached_property
    def tokens(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Per row: folded tokens, each with the index of its word."""
        tidy = mend if self.scanned else str
        return tuple(
            tuple((tidy(token), index) for index, word in enumerate(row.words) for token in fold(word.text))
            for row in self.rows
        )

    def folded(self, row: int) -> frozenset[str]:
        """Folded tokens of one row."""
        return frozenset(token for token, _ in self.tokens[row])

    @cached_property
    def text(self) -> str:
        """The whole text, a row a line."""
        return "\n".join(row.text for row in self.rows)

    def find(self, labels: Mapping[str, tuple[Label, ...]]) -> tuple[Hit, ...]:
        """Every label on the sheet, the longest at each spot, all roles that share the same words."""
        return tuple(hit for row in range(len(self.rows)) for hit in self.find_in(row, labels))

    def find_in(self, row: int, labels: Mapping[str, tuple[Label, ...]], *, parted: bool = False) -> list[Hit]:
        """Labels on one row, left to right; `parted` ones do not reach over a wide gap into the next phrase."""
        hits: list[Hit] = []
        tokens = self.tokens[row]
        phrases = [at for at, phrase in enumerate(self.rows[row].phrases()) for _ in phrase] if parted else []
        at = 0
        while at < len(tokens):
            words = [
                token for token, index in tokens[at : at + 8] if not parted or phrases[index] == phrases[tokens[at][1]]
            ]
            fitting = [each for each in labels.get(words[0], ()) if tuple(words[: len(each.tokens)]) == each.tokens]
            longest = len(fitting[0].tokens) if fitting else 1
            hits.extend(
                Hit(label, row, tokens[at][1], tokens[at + longest - 1][1])
                for label in fitting
                if len(label.tokens) == longest
            )
            at += longest
        return hits

    def right_of(self, hit: Hit) -> tuple[Word, ...]:
        """Words after the label on its row."""
        return self.rows[hit.row].words[hit.last + 1 :]

    def box_of(self, hit: Hit) -> Place:
        """Where the label stands."""
        row = self.rows[hit.row]
        return place_of(row.page, row.words[hit.first : hit.last + 1])

    def below(self, hit: Hit, reach: float = 2.0) -> list[tuple[int, tuple[Word, ...]]]:
        """Phrases under the label, nearest first, with their row; `reach` widens the label by row heights."""
        label = self.box_of(hit)
        height = self.rows[hit.row].height
        found: list[tuple[int, tuple[Word, ...]]] = []
        for index in range(hit.row + 1, len(self.rows)):
            row = self.rows[index]
            if row.page != label.page or row.top - label.bottom > BELOW_ROWS * height:
                break
            found.extend(
                (index, phrase)
                for phrase in row.phrases()
                if phrase[0].x0 < label.x1 + reach * height and phrase[-1].x1 > label.x0 - reach * height
            )
        return found


def lay_out(pages: Iterable[Page], *, scanned: bool) -> Sheet:
    """Rows of all pages. Words of a turned or skewed page are set upright first."""
    rows: list[Row] = []
    for page in pages:
        read = [mended for word in page.words for mended in (mend_word(word) if scanned else (word,))]
        short = (word for word in read if len(word.text) <= MOST_LETTERS)
        words = [piece for word in short for piece in _split(_upright(word, page.angle))]
        rows.extend(
            Row(page.number, tuple(line[start : start + MOST_WORDS]))
            for line in _lines(words)
            for start in range(0, len(line), MOST_WORDS)
        )
    return Sheet(tuple(rows), scanned)


def place_of(page: int, words: Sequence[Word]) -> Place:
    """The box around some words."""
    return Place(
        page,
        min(word.x0 for word in words),
        min(word.top for word in words),
        max(word.x1 for word in words),
        max(word.bottom for word in words),
    )


def _upright(word: Word, degrees: float) -> Word:
    """The word on a page turned back by `degrees`: its centre rotated, its true sides solved from the tilted box."""
    if not degrees:
        return word
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    x, y = cosine * x + sine * y, cosine * y - sine * x
    wide, tall = word.x1 - word.x0, word.bottom - word.top
    c, s = abs(cosine), abs(sine)
    width = (wide * c - tall * s) / (c * c - s * s)
    height = (tall * c - wide * s) / (c * c - s * s)
    return replace(word, x0=x - width / 2, x1=x + width / 2, top=y - height / 2, bottom=y + height / 2)


def _split(word: Word) -> list[Word]:
    """Make two words of "Total:31.00", the box shared out by letters; a URL or a time stays whole."""
    match = _LABEL_THEN_VALUE.match(word.text)
    if not match:
        return [word]
    middle = word.x0 + (word.x1 - word.x0) * len(match[1]) / len(word.text)
    return [replace(word, text=match[1], x1=middle), replace(word, text=match[2], x0=middle)]


def _lines(words: list[Word]) -> list[list[Word]]:
    """Words grouped by the line they stand on: more than half of the lower one beside the line's latest word."""
    lines: list[list[Word]] = []
    bands: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda word: ((word.top + word.bottom) / 2, word.x0)):
        for index in range(len(lines) - 1, max(-1, len(lines) - 6), -1):
            top, bottom = bands[index]
            shared = min(bottom, word.bottom) - max(top, word.top)
            if shared > 0.5 * min(bottom - top, word.bottom - word.top):
                lines[index].append(word)
                break
        else:
            lines.append([word])
            bands.append((word.top, word.bottom))
    ordered = [sorted(line, key=lambda word: word.x0) for line in lines]
    return sorted(ordered, key=lambda line: min((word.top + word.bottom) / 2 for word in line))
