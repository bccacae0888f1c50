"""The text layer of a PDF page as words with boxes, straight from pdfium's characters.

pdfium is called per character (about a microsecond each) because its own word boxes merge table columns.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped] # ships no types

from documents.reading import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pypdfium2 as pdfium

GAP: Final = 0.6
"""A gap of this many letter heights ends a word even where the file holds no space (table columns)."""

_REPLACEMENT: Final = 0xFFFD
_SURROGATES: Final = range(0xD800, 0xE000)
"""Halves of a character beyond the basic plane (a pictogram): no text can hold them, and no field needs them."""

_PRIVATE: Final = range(0xE000, 0xF900)
_IGNORED: Final = frozenset({0x00, 0x02, 0xAD, 0xFFFE, 0x200B, 0x200E, 0x200F, 0xFEFF})
_SPACES: Final = frozenset({0x20, 0x09, 0x0A, 0x0D, 0xA0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000})


@dataclass(slots=True)
class _Run:
    """A word being put together; edges in PDF space (origin bottom left)."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    def follows(self, left: float, bottom: float, top: float) -> bool:
        """Whether a letter with these edges continues the word."""
        height = max(self.top - self.bottom, top - bottom, 0.1)
        level = min(self.top, top) - max(self.bottom, bottom) > 0.2 * height
        return level and -height < left - self.right < GAP * height

    def add(self, letter: str, box: tuple[float, float, float, float]) -> None:
        """Append a letter and widen the box to hold it."""
        self.text += letter
        self.left, self.bottom = min(self.left, box[0]), min(self.bottom, box[1])
        self.right, self.top = max(self.right, box[2]), max(self.top, box[3])


def read_words(page: pdfium.PdfPage, most_chars: int) -> tuple[Word, ...]:
    """Words of the page in file order, boxes in points from the top left of the page as it is shown."""
    text_page = page.get_textpage()
    try:
        place = _placement(page)
        runs = _runs(text_page.raw, min(text_page.count_chars(), most_chars))
        width, height = page.get_size()
        words = (_finish(run, place) for run in runs)
        # What stands beside the page is seen by nobody, and must not outvote what is.
        return tuple(
            word for word in words if 0 <= word.x0 + word.x1 <= 2 * width and 0 <= word.top + word.bottom <= 2 * height
        )
    finally:
        text_page.close()


def is_legible(words: tuple[Word, ...]) -> bool:
    """Whether the layer can be used: enough letters, and not glyphs of a font that names none."""
    letters = [ord(letter) for word in words for letter in word.text]
    if sum(1 for letter in letters if chr(letter).isalnum()) < 8:  # noqa: PLR2004 - a page number is no text layer
        return False
    broken = sum(1 for letter in letters if letter == _REPLACEMENT or letter in _PRIVATE or letter < 0x20)  # noqa: PLR2004
    return broken * 5 < len(letters)


def is_all_text(page: pdfium.PdfPage, words: tuple[Word, ...]) -> bool:
    """Whether the words are all that a page shows: it has some, draws nothing but letters, and each letter is named.

    A page number alone is no scan; looking for print on such a page costs a second and finds the number again.
    """
    if not words or pdfium_c.FPDFPage_GetAnnotCount(page.raw):
        return False
    if any(each.type != pdfium_c.FPDF_PAGEOBJ_TEXT for each in page.get_objects(max_depth=1)):
        return False
    text_page = page.get_textpage()
    try:
        count = text_page.count_chars()
        return all(pdfium_c.FPDFText_HasUnicodeMapError(text_page.raw, index) == 0 for index in range(count))
    finally:
        text_page.close()


def _runs(raw: ctypes.c_void_p, count: int) -> Iterator[_Run]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    loose = pdfium_c.FS_RECTF()
    run: _Run | None = None
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(raw, index)
        if code in _IGNORED or code in _SURROGATES:
            continue
        if code in _SPACES:
            if run:
                yield run
            run = None
            continue
        pdfium_c.FPDFText_GetCharBox(raw, index, left, right, bottom, top)
        # The loose box gives all letters of a line the same height, the tight one the true width.
        if pdfium_c.FPDFText_GetLooseCharBox(raw, index, loose) and loose.top > loose.bottom:
            box = (left.value, loose.bottom, right.value, loose.top)
        else:
            box = (left.value, bottom.value, right.value, top.value)
        letter = chr(code)
        if run and run.follows(box[0], box[1], box[3]):
            run.add(letter, box)
            continue
        if run:
            yield run
        run = _Run(letter, *box)
    if run:
        yield run


@dataclass(frozen=True, slots=True)
class _Placement:
    """How PDF space lies on the shown page."""

    left: float
    bottom: float
    width: float
    height: float
    turns: int

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point in PDF space as (x, y) from the top left of the page as shown."""
        x, y = x - self.left, y - self.bottom
        if self.turns == 1:
            return y, x
        if self.turns == 2:  # noqa: PLR2004 - half a turn
            return self.width - x, y
        if self.turns == 3:  # noqa: PLR2004 - three quarters
            return self.height - y, self.width - x
        return x, self.height - y


def _placement(page: pdfium.PdfPage) -> _Placement:
    left, bottom, right, top = page.get_bbox()
    return _Placement(left, bottom, right - left, top - bottom, page.get_rotation() // 90)


def _finish(run: _Run, placement: _Placement) -> Word:
    one, two = placement.place(run.left, run.bottom), placement.place(run.right, run.top)
    return Word(run.text, min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1]))
