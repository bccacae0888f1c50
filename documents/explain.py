"""Why a document reads as it does: each page as a picture, with a named box around what every field was read from."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import PurePath
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

from documents import images, kinds, pdf
from documents.facts import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.engines import Pixels
    from documents.extract import Document
    from documents.facts import Facts, Place
    from documents.limits import Limits
    from documents.reading import Page

LONGEST: Final = 2000
"""Pixels of a picture's longer side: print of ten points stays readable on it."""

SURE: Final = "#1b7f3b"
DOUBTED: Final = "#c62828"
LINE: Final = "#1f5fbf"

_LETTER: Final = (9, 18)
"""Pixels a letter of plain text takes; text has no pixels of its own."""

_SIZE: Final = 16
_PAD: Final = 3
_STRIP: Final = _SIZE + 3 * _PAD
_LONGEST_VALUE: Final = 60
_UNSAFE = re.compile(r"[^\w.-]+")


def draw(document: Document, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """File name and PNG of each page: fields that need no person in green, doubted ones in red, lines in blue.

    An e-invoice's values come from its data and not from its page, which its picture says; one without pages gives
    none. Raises `LimitExceeded` as reading does.
    """
    stem = _UNSAFE.sub("_", PurePath(document.name).name) or "document"
    told = document.told()["sha256"] or ""
    for page, pixels in _pictures(document, limits):
        canvas = _on_canvas(pixels)
        scale = canvas.width / max(page.width, 1.0)
        _draw_marks(canvas, list(_marks(document.understanding.facts, page.number, scale)))
        if document.reading.xml:
            _caption(canvas, "every value comes from the e-invoice's own data, none from this page")
        png = io.BytesIO()
        canvas.save(png, "PNG")
        yield f"{stem}-{told[:8]}-p{page.number}.png", png.getvalue()


def _pictures(document: Document, limits: Limits) -> Iterator[tuple[Page, Pixels | Image.Image]]:
    pages = {page.number: page for page in document.reading.pages}
    content = document.content or b""
    match kinds.sniff(content):
        case "pdf" if pages:
            with pdf.open_pdf(content, limits) as (opened, _):
                for number, page in pages.items():
                    if page.width:
                        yield page, pdf.render(opened[number - 1], limits)[0]
        case "image" if pages:
            for number, pixels in enumerate(images.open_frames(content, limits), start=1):
                if number in pages:
                    yield pages[number], pixels
                if number == max(pages):
                    break
        case "text" | "mail":
            for page in pages.values():
                yield page, _typed(page, limits)


def _typed(page: Page, limits: Limits) -> Image.Image:
    """Plain text as it stands in its columns."""
    wide, tall = (max(1, round(side)) * letter for side, letter in zip((page.width, page.height), _LETTER, strict=True))
    limits.check("pixels", wide * tall, limits.pixels)
    sheet = Image.new("RGB", (wide, tall), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_LETTER[1] - 4)
    for word in page.words:
        pen.text((word.x0 * _LETTER[0], word.top * _LETTER[1]), word.text, "black", font)
    return sheet


def _on_canvas(pixels: Pixels | Image.Image) -> Image.Image:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.thumbnail((LONGEST, LONGEST))
    return image.convert("RGB")


def _caption(canvas: Image.Image, words: str) -> None:
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((0, 0, canvas.width, _STRIP), fill=LINE)
    pen.text((_PAD, _PAD), words, "white", ImageFont.load_default(_SIZE))


@dataclass(frozen=True, slots=True)
class _Mark:
    """A box in the picture's pixels with what it says."""

    box: tuple[float, float, float, float]
    label: str
    colour: str


def _marks(facts: Facts, page: int, scale: float) -> Iterator[_Mark]:
    """What was used of a page, lines first, so that the fields' labels lie above them."""

    def mark(place: Place, label: str, colour: str) -> Iterator[_Mark]:
        if place.page == page:
            x0, top, x1, bottom = (edge * scale for edge in place.box)
            yield _Mark((x0 - _PAD, top - _PAD, max(x0, x1) + _PAD, max(top, bottom) + _PAD), label, colour)

    for number, line in enumerate(facts.line_items, start=1):
        if line.place:
            yield from mark(line.place, f"line {number}: {plain_value(line.amount)}", LINE)
    doubted = {problem.field for problem in facts.problems}
    for name, place in facts.places.items():
        value = shorten(str(plain_value(getattr(facts, name))), _LONGEST_VALUE, placeholder=" ...")
        told = f"{name}: {value} ({facts.confidence.get(name, 0.0):.2f})"
        yield from mark(place, told, DOUBTED if name in doubted else SURE)


def _draw_marks(canvas: Image.Image, marks: Sequence[_Mark]) -> None:
    """Boxes with labels that cover neither each other nor another box, as far as there is room."""
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(_SIZE)
    taken = [mark.box for mark in marks]
    for mark in marks:
        x0, top, x1, bottom = mark.box
        pen.rectangle(mark.box, outline=mark.colour, width=2)
        wide = pen.textlength(mark.label, font) + 2 * _PAD
        # Above the box, below it, beside it, then further away a strip at a time.
        spots = [(x0, top - _STRIP - 1), (x0, bottom + 1), (x1 + 1, top), (x0 - wide - 1, top)]
        spots += [(x0, top - up * _STRIP - 1) for up in range(2, 6)]
        labels = [_inside(canvas, left, up, wide) for left, up in spots]
        free = next((each for each in labels if not any(_overlap(each, other) for other in taken)), labels[0])
        taken.append(free)
        pen.rectangle(free, fill=mark.colour)
        pen.text((free[0] + _PAD, free[1] + _PAD), mark.label, "white", font)


def _inside(canvas: Image.Image, left: float, top: float, wide: float) -> tuple[float, float, float, float]:
    left = max(0.0, min(left, canvas.width - wide))
    top = max(0.0, min(top, canvas.height - _STRIP))
    return left, top, left + wide, top + _STRIP


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
