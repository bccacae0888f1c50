"""A second engine reads again what nothing else on the document proves: the date, and a total that no sum confirms.

Two engines of different make rarely misread the same digit the same way. Where they agree a value needs no person;
where they differ it does. Only the places in question are read twice, all in one call.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from documents.preprocess import DARKEN
from documents.reading import Page, Reading
from documents.understanding import scored

if TYPE_CHECKING:
    from documents.engines import Engine, Pixels
    from documents.facts import Place
    from documents.reading import Word

PROVED: Final = 0.9
"""Score that a total only reaches by a second figure on the document."""

_DATE_DIGITS: Final = 6
_PAPER: Final = 80
"""Percentile of brightness that is paper on a strip of print."""

_TRIM: Final = 0.16
"""Share of a box's height cut off above and below: detectors draw their boxes into the neighbouring lines."""

_MARGIN: Final = 0.25
"""Share of a line's height added left and right: boxes of words are estimated, and a lost edge is a lost digit."""

_GAP: Final = 48
"""White rows between two strips: more than a line's height, so that no engine joins them."""


def confirm(image: Pixels, words: tuple[Word, ...], engine: Engine, seconds: float) -> tuple[Word, ...]:
    """The same words, those asked about marked by whether the second engine reads the same digits.

    `words` carry pixel boxes of `image`, the upright page. Raises what the engine raises.
    """
    asked = [_words_at(words, place) for place in _questions(image, words)]
    asked = [group for group in asked if group]
    if not asked:
        return words
    canvas, starts = _strips(image, asked)
    heard = engine.recognise(canvas, seconds)
    marks: dict[int, int] = {}
    for group, (start, end) in zip(asked, starts, strict=True):
        again = [word for word in heard if start - _GAP / 2 <= (word.top + word.bottom) / 2 < end + _GAP / 2]
        read, wanted = _digits(sorted(again, key=lambda word: word.x0)), _digits(group)
        # Something of a neighbour may stand on the strip; of an amount it would be a digit in front.
        same = read == wanted or (len(wanted) >= _DATE_DIGITS and wanted in read)
        marks.update({id(word): 1 if same else -1 for word in group})
    return tuple(replace(word, witness=marks.get(id(word), 0)) for word in words)


def _questions(image: Pixels, words: tuple[Word, ...]) -> list[Place]:
    """Where the page says its date, and its total unless that is proved."""
    height, width = image.shape
    facts = scored(Reading("image", (Page(1, width, height, words),), engine="first"))
    names = ["invoice_date"] + ["total"] * (facts.confidence.get("total", 0.0) < PROVED)
    return [facts.places[name] for name in names if name in facts.places]


def _words_at(words: tuple[Word, ...], place: Place) -> list[Word]:
    """Words with digits that a place is made of, left to right; a label glued to its value comes along."""
    inside = [
        word
        for word in words
        if any(letter.isdigit() for letter in word.text)
        and min(word.x1, place.x1) - max(word.x0, place.x0) > 0.5 * min(word.x1 - word.x0, place.x1 - place.x0)
        and min(word.bottom, place.bottom) - max(word.top, place.top) > 0.5 * (word.bottom - word.top)
    ]
    return sorted(inside, key=lambda word: word.x0)


def _strips(image: Pixels, groups: list[list[Word]]) -> tuple[Pixels, list[tuple[int, int]]]:
    """The groups cut out and set below each other on white, and the rows each begins and ends at."""
    cuts: list[Pixels] = []
    for group in groups:
        top, bottom = min(word.top for word in group), max(word.bottom for word in group)
        left, right = min(word.x0 for word in group), max(word.x1 for word in group)
        margin, trim = round(_MARGIN * (bottom - top)), round(_TRIM * (bottom - top))
        cut = image[round(top) + trim : round(bottom) - trim, max(0, round(left) - margin) : round(right) + margin]
        cuts.append(_whitened(cut))
    height = sum(cut.shape[0] + _GAP for cut in cuts) + _GAP
    canvas = np.full((height, max(cut.shape[1] for cut in cuts) + 2 * _GAP), 255, np.uint8)
    starts: list[tuple[int, int]] = []
    at = _GAP
    for cut in cuts:
        canvas[at : at + cut.shape[0], _GAP : _GAP + cut.shape[1]] = cut
        starts.append((at, at + cut.shape[0]))
        at += cut.shape[0] + _GAP
    return canvas, starts


def _whitened(cut: Pixels) -> Pixels:
    """The strip with its paper white, so that its edge on the white sheet is no stroke."""
    level = cut.astype(np.float32) * (255.0 / max(float(np.percentile(cut, _PAPER)), 1.0))
    return np.asarray((255.0 * (np.minimum(level, 255.0) / 255.0) ** DARKEN), dtype=np.uint8)


def _digits(words: list[Word]) -> str:
    return "".join(letter for word in words for letter in word.text if letter.isdigit())
