"""Files of every kind, made here: each is known by its content, and each of its pages is looked at once."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A6
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from documents import images, kinds
from documents.engines import Pixels
from documents.limits import DEFAULT, LimitExceeded, Limits
from documents.reader import read
from documents.reading import Word
from tests.documents.heic import SIDE, heic

TOTAL = (Word("Total", 10.0, 10.0, 60.0, 30.0, 0.9), Word("Invoice", 70.0, 10.0, 120.0, 30.0, 0.9))


class Reader:
    """An engine that answers the same for every page and remembers how many it was shown."""

    name = "reader"
    version = "1"
    wants_level_light = True

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:  # noqa: ARG002 - the protocol has it
        """Return the two words."""
        self.shown.append(image.shape)
        return TOTAL * 2

    def quarter_turns(self, image: Pixels, seconds: float) -> int:  # noqa: ARG002 - the protocol has them
        """Return none."""
        return 0


def _page(print_: str) -> Image.Image:
    page = np.full((300, 400), 255, np.uint8)
    cv2.putText(page, print_, (20, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0.0,), 3, cv2.LINE_AA)
    return Image.fromarray(page)


def _saved(kind: str, pages: int) -> bytes:
    first, *others = [_page(f"Total {number}") for number in range(pages)]
    file = io.BytesIO()
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(file, kind, **more)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "pages", "looked_at"),
    [("WEBP", 1, 1), ("AVIF", 1, 1), ("TIFF", 1, 1), ("TIFF", 3, 3), ("BMP", 1, 1), ("GIF", 1, 1), ("GIF", 3, 1)],
)
def test_each_page_of_a_picture_is_looked_at(kind: str, pages: int, looked_at: int) -> None:
    """Whatever the name says, every page is read once; an animation shows one document."""
    data, engine = _saved(kind, pages), Reader()
    assert kinds.sniff(data) == "image"
    reading = read("scan", data, engines=(engine,))
    assert (reading.kind, reading.problems) == ("image", ())
    assert [page.number for page in reading.pages] == list(range(1, looked_at + 1))
    assert len(engine.shown) == looked_at
    assert all(len(page.words) == 4 for page in reading.pages)


def test_a_picture_under_a_wrong_name_is_told() -> None:
    """A WebP called .pdf is read as what it is, and somebody is asked whether it was meant."""
    reading = read("scan.pdf", _saved("WEBP", 1), engines=(Reader(),))
    assert reading.kind == "image"
    assert [problem.code for problem in reading.problems] == ["WRONG_EXTENSION"]


def test_a_heic_picture_is_decoded() -> None:
    """A telephone's picture gives its pixels: luma from 16 to 235 becomes grey from black to white."""
    luma = [16 + 7 * at % 220 for at in range(SIDE * SIDE)]
    data = heic(luma)
    assert kinds.sniff(data) == "image"
    (pixels,) = images.open_frames(data, DEFAULT)
    wanted = (np.array(luma).reshape(SIDE, SIDE) - 16) * 255 / 219
    assert np.abs(pixels - wanted).max() <= 2
    reading = read("photo.heic", data, engines=(Reader(),))
    assert (reading.kind, reading.problems) == ("image", ())
    assert [word.text for word in reading.pages[0].words] == ["Total", "Invoice"] * 2


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_a_damaged_heic_is_a_problem(brand: bytes) -> None:
    """A picture of a telephone that breaks off is told apart from one that nobody reads."""
    data = b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1" + brand + b"\x00" * 40
    reading = read("photo.heic", data, engines=(Reader(),))
    assert [problem.code for problem in reading.problems] == ["CORRUPT"]


def _mixed() -> bytes:
    """A page of text, a scanned page, and a page of text again."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A6)
    for scanned in (False, True, False):
        if scanned:
            canvas.drawImage(ImageReader(_page("Total 7")), 0, 0, *A6)
        else:
            for row in range(12):
                canvas.drawString(20, 380 - 20 * row, f"Row {row} of a page that was written, not scanned")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def test_a_mixed_pdf_is_read_page_by_page() -> None:
    """Only the scanned page goes to the engine; the others keep the words they carry."""
    engine = Reader()
    reading = read("a.pdf", _mixed(), engines=(engine,))
    assert len(engine.shown) == 1
    assert [len(page.words) for page in reading.pages] == [120, 4, 120]
    assert {word.text for word in reading.pages[1].words} == {"Total", "Invoice"}
    assert all(word.confidence == 1.0 for page in reading.pages[::2] for word in page.words)
    assert reading.engine == "reader"
    assert all(0 <= word.x0 <= page.width for page in reading.pages for word in page.words)


def _claiming(kind: str, width: int, height: int) -> bytes:
    """Return a small picture whose header says that it is as large as that."""
    data = bytearray(_saved(kind, 1))
    if kind == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
    else:
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize(("kind", "width"), [("BMP", -127), ("BMP", 65_000), ("GIF", 65_535), ("PNG", 65_000)])
def test_a_header_that_the_bytes_cannot_hold_is_damage(kind: str, width: int) -> None:
    """A picture that claims more pixels than its bytes could ever stand for is corrupt, which a person can replace."""
    reading = read(f"scan.{kind.lower()}", _claiming(kind, width, 64_000), engines=(Reader(),))
    assert [problem.code for problem in reading.problems] == ["CORRUPT"]


def test_a_picture_that_is_too_large_breaks_the_limit() -> None:
    """A sound picture of more pixels than are allowed is poison: nobody knows what unfolding it would cost."""
    with pytest.raises(LimitExceeded, match="pixels"):
        read("scan.png", _saved("PNG", 1), Limits(pixels=100_000), (Reader(),))
