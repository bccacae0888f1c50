"""The picture of a doubt: the value framed, with what stands around it."""

import io

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from documents.crops import NoPicture, crop
from documents.reader import read
from documents.understanding import understand
from tests.documents.collected import invoices, mailed

RED = (214, 51, 51)


def _pdf() -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(300, 400))
    for row, text in enumerate(("Northwind Cleaning Ltd", "Invoice number NC-7", "Total due GBP 120.00")):
        canvas.drawString(20, 350 - 60 * row, text)
    canvas.save()
    return file.getvalue()


def _shown(picture: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=np.uint8)


def test_the_value_of_a_doubt_is_framed() -> None:
    """A box in points of a PDF page becomes a picture with print inside its frame and white around it."""
    data = _pdf()
    place = understand(read("a.pdf", data)).facts.places["total"]
    shown = _shown(crop(data, place.page, place.box))
    frame = np.argwhere((shown == RED).all(axis=2))
    (top, left), (bottom, right) = frame.min(axis=0), frame.max(axis=0)
    inside = shown[top + 3 : bottom - 3, left + 3 : right - 3]
    assert (inside < 100).any()
    outside = shown.copy()
    outside[top : bottom + 1, left : right + 1] = 255
    assert shown.shape[0] < 500
    assert (outside[: top + 1] > 200).all()


def test_a_frame_of_a_picture_is_in_its_pixels() -> None:
    """A box of an image of several pages is cut from the page it names."""
    pages = [Image.fromarray(np.full((200, 300), shade, np.uint8)) for shade in (250, 120)]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    shown = _shown(crop(file.getvalue(), 2, (100, 80, 160, 100)))
    assert tuple(shown[0, 0]) == (120, 120, 120)
    assert tuple(shown[50 + 30, -1]) == (120, 120, 120)


def test_a_page_of_an_attachment_is_cut_from_that_attachment() -> None:
    """Of a message with several the one is shown that is asked for; one that is not there is told."""
    first, second, *_ = invoices()
    mail = mailed(("a.pdf", first.content), ("b.pdf", second.content))
    box = (50.0, 50.0, 300.0, 120.0)
    assert crop(mail, 1, box, attachment=2) == crop(second.content, 1, box) != crop(mail, 1, box)
    with pytest.raises(NoPicture, match="no attachment 3"):
        crop(mail, 1, box, attachment=3)


@pytest.mark.parametrize(
    ("data", "page", "box"),
    [(b"Total 12.00 GBP\n", 1, (0, 0, 5, 1)), (_pdf(), 2, (0, 0, 5, 5)), (_pdf(), 1, (900, 900, 950, 910))],
    ids=["text", "no such page", "outside"],
)
def test_what_cannot_be_shown_is_told(data: bytes, page: int, box: tuple[float, ...]) -> None:
    """Text has no picture, a page that is not there cannot be drawn, a box outside shows nothing."""
    with pytest.raises(NoPicture):
        crop(data, page, box)
