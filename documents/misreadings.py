"""What engines typically misread, set right where the shape of a word leaves one meaning only.

A word that was mended is never sure: its confidence drops, so that only arithmetic or a second engine can vouch for it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.numerals import Mark
    from documents.reading import Word

MENDED: Final = 0.8
"""Factor on the confidence of a word whose letters were taken for digits."""

_LETTERS: Final = str.maketrans("OoDQUlI|", "00000111")
_MONEY = re.compile(
    r"^(?P<sign>-?(?:RM|[$€£S])?)(?P<number>[\dOoDQUlI|]{1,6}[.,][\dOoDQUlI|]{2})(?P<tail>[A-Z*,]{0,2})$"
)
_DATE_AND_TIME = re.compile(r"^(\d{1,2}([/.-])\d{1,2}\2(?:20\d{2}|\d{2}))(\d{1,2}:\d{2}.*)$")


def mend(word: Word) -> list[Word]:
    """The words that one scanned word stands for: itself, most often."""
    glued = _DATE_AND_TIME.match(word.text)
    if glued:
        middle = word.x0 + (word.x1 - word.x0) * len(glued[1]) / len(word.text)
        return [replace(word, text=glued[1], x1=middle), replace(word, text=glued[3], x0=middle)]
    money = _MONEY.match(word.text)
    if not money or not any(letter.isdigit() for letter in money["number"]):
        return [word]
    number = money["number"].translate(_LETTERS)
    text = money["sign"].replace("S", "$") + number + money["tail"].rstrip(",")
    sure = word.confidence if number == money["number"] else word.confidence * MENDED
    return [replace(word, text=text, confidence=sure)]


def point(words: Sequence[Word], mark: Mark, edges: Sequence[float]) -> tuple[Word, ...]:
    """The words of a row with the point put back where whole and cents stand apart in a column of amounts.

    `edges` are the right edges of amounts that kept theirs.
    """
    found: list[Word] = []
    for word in words:
        left = found[-1] if found else word
        height = word.bottom - word.top
        lost = (
            re.fullmatch(r"\d{2}", word.text)
            and left is not word
            and re.fullmatch(r"\d{1,4}", left.text)
            and word.x0 - left.x1 < 0.6 * height
            and any(abs(word.x1 - edge) < 0.7 * height for edge in edges)
        )
        if lost:
            sure = MENDED * min(left.confidence, word.confidence)
            found[-1] = replace(left, text=f"{left.text}{mark}{word.text}", x1=word.x1, confidence=sure)
        else:
            found.append(word)
    return tuple(found)
