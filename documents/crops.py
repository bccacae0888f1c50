"""The piece of a page that a doubt is about, as a picture: what a person has to see to settle it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from documents import images, kinds, mail, pdf
from documents.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.engines import Pixels

_AROUND: Final = 2.5
"""Heights of the value that are shown around it: its label and its neighbours, not the whole page."""

_LEAST: Final = 40
"""Pixels around a value at least, so that small print stays readable."""

_FRAME: Final = (214, 51, 51)


class NoPicture(Exception):
    """The document has no such page to look at: it is text or data, or its page cannot be drawn."""


def crop(data: bytes, page: int, box: Sequence[float], limits: Limits = DEFAULT, attachment: int = 1) -> bytes:
    """PNG of the part of a page around `box` (x0, top, x1, bottom in the reading's page units), the value framed.

    `page` counts from 1, and so does the `attachment` of a message. Raises `NoPicture` where there is none,
    `LimitExceeded` as reading does.
    """
    pixels, scale = _page(data, page, attachment, limits)
    x0, top, x1, bottom = (edge * scale for edge in box)
    around = max(_LEAST, _AROUND * (bottom - top))
    height, width = pixels.shape
    left, upper = max(0, round(x0 - 2 * around)), max(0, round(top - around))
    right, lower = min(width, round(x1 + 2 * around)), min(height, round(bottom + around))
    if right <= left or lower <= upper:
        raise NoPicture(f"the box {tuple(box)} lies outside page {page}; look at the whole document")
    shown = Image.fromarray(pixels[upper:lower, left:right]).convert("RGB")
    ImageDraw.Draw(shown).rectangle(
        (x0 - left - 3, top - upper - 3, x1 - left + 3, bottom - upper + 3), outline=_FRAME, width=2
    )
    file = io.BytesIO()
    shown.save(file, "PNG")
    return file.getvalue()


def _page(data: bytes, number: int, attachment: int, limits: Limits) -> tuple[Pixels, float]:
    """The page's pixels, and how many of them a unit of the reading is."""
    container = kinds.sniff(data)
    try:
        if container == "mail":
            attached = mail.parts_of(data, limits)[attachment - 1 : attachment]
            if not attached:
                raise NoPicture(f"the message has no attachment {attachment}; look at the whole message")
            return _page(attached[0].data, number, 1, limits)
        if container == "image":
            frames = images.open_frames(data, limits)
            pixels = next((each for at, each in enumerate(frames, start=1) if at == number), None)
            if pixels is not None:
                return pixels, 1.0
        if container == "pdf":
            with pdf.open_pdf(data, limits) as (document, _):
                if 1 <= number <= len(document):
                    return pdf.render(document[number - 1], limits)
    except (pdf.UnreadablePdf, images.UnreadableImage, mail.UnreadableMail) as unreadable:
        raise NoPicture(str(unreadable)) from unreadable
    raise NoPicture(f"the document is {container} and has no page {number} to look at; read it as it is")
