"""What is written by hand goes to a person, whatever the engine's confidence: more of it is guessed than of print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from documents.facts import Place
    from documents.reading import Word
    from documents.survey import Survey

_FEWEST: Final = 6
_SHARE: Final = 0.1
"""So many marked words, and so large a part of all, make a page of handwriting; a few are signatures and notes."""

_BESIDE: Final = 1.5
"""Heights of a value in which a marked word still belongs to it: figures are joined less than words are."""


def doubts(survey: Survey, places: Mapping[str, Place]) -> tuple[Problem, ...]:
    """A doubt for each key field that is written by hand, or for the document when so much of it is."""
    words = [(row.page, word) for row in survey.sheet.rows for word in row.words]
    marked = [(page, word) for page, word in words if word.hand]
    if len(marked) >= _FEWEST and len(marked) >= _SHARE * len(words):
        message = f"{len(marked)} of {len(words)} words look written by hand; compare every field with the page"
        return (Problem("HANDWRITTEN", message),)
    return tuple(
        Problem("HANDWRITTEN", f"{field} looks written by hand; compare it with the page", field)
        for field, place in places.items()
        if any(page == place.page and _touches(word, place) for page, word in marked)
    )


def _touches(word: Word, place: Place) -> bool:
    height = place.bottom - place.top
    level = min(word.bottom, place.bottom) - max(word.top, place.top) > 0.5 * min(word.bottom - word.top, height)
    near = word.x0 - place.x1 < _BESIDE * height and place.x0 - word.x1 < _BESIDE * height
    return level and near
