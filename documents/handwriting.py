"""Which words look written by hand: letters joined to each other, on a line that does not hold still.

Print sets letter beside letter on a level line. Of 4,199 words of three letters or more on 57 printed receipts (SROIE)
21 look otherwise by both signs at once: three are in pen, the others are blurred. Of a note in pen one word or two are
found rather than all. How much of real handwriting is found was not measured: nobody labelled any. What is missed is
read like print, with the doubts that print has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from documents.engines import Pixels
    from documents.reading import Word

FEWEST_LETTERS: Final = 3
"""Fewer letters make neither a line nor a habit."""

JOINED: Final = 0.65
"""Separate strokes per letter below which letters are joined; print has one or more."""

UNSTEADY: Final = 0.035
"""Spread of the strokes' lower edges, in heights of the word, above which they stand on no line."""

_LEAST_HEIGHT: Final = 0.25
_LEAST_PIXELS: Final = 8


def mark_written(image: Pixels, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The same words, those that look written by hand marked; boxes are pixels of `image`, the upright page."""
    return tuple(replace(word, hand=True) if is_written(image, word) else word for word in words)


def is_written(image: Pixels, word: Word) -> bool:
    """Whether a word's letters are joined and unsteady."""
    letters = sum(letter.isalnum() for letter in word.text)
    left, top = max(0, round(word.x0)), max(0, round(word.top))
    piece = image[top : round(word.bottom), left : round(word.x1)]
    if letters < FEWEST_LETTERS or min(piece.shape) < _LEAST_PIXELS:
        return False
    _, ink = cv2.threshold(piece, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    _, _, found, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    height = piece.shape[0]
    tall = found[1:][found[1:, cv2.CC_STAT_HEIGHT] > _LEAST_HEIGHT * height]
    strokes = tall[tall[:, cv2.CC_STAT_AREA] > _LEAST_PIXELS]
    if len(strokes) == 0 or len(strokes) >= JOINED * letters:
        return False
    feet = strokes[:, cv2.CC_STAT_TOP] + strokes[:, cv2.CC_STAT_HEIGHT]
    return bool(np.std(feet) > UNSTEADY * height)
