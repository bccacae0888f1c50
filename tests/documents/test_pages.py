"""Pages of PDFs and images: words where they stand, problems for what cannot be read, limits for what must not."""

import io

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from documents import images, preprocess
from documents.engines import Pixels
from documents.limits import LimitExceeded, Limits
from documents.reader import read
from documents.reading import Page, Word
from documents.tesseract import Tesseract

LINES = ("Invoice 2024-17", "Date 05.03.2024", "Widget 2 10,00 20,00", "Total 20,00")


def pdf(lines: tuple[str, ...] = LINES, pages: int = 1) -> bytes:
    """A PDF with a line of text every 20 points from (72, 100) down."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    for _ in range(pages):
        for number, line in enumerate(lines):
            canvas.drawString(72, A4[1] - 100 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def picture(lines: tuple[str, ...] = LINES, angle: float = 0.0) -> Pixels:
    """A white page with large print, turned by some degrees."""
    page = np.full((900, 1000), 255, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(page, line, (80, 150 + 90 * number), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0.0,), 3, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((500, 450), angle, 1.0)
    return np.asarray(cv2.warpAffine(page, turn, (1000, 900), borderValue=(255.0,)), dtype=np.uint8)


def png(page: Pixels) -> bytes:
    """The page as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    return file.getvalue()


class Reader:
    """An engine that remembers what it was shown and answers with what it was given."""

    name = "reader"
    version = "1"
    wants_level_light = True

    def __init__(self, *answers: tuple[Word, ...], turns: int = 0) -> None:
        self.answers = list(answers)
        self.turns = turns
        self.shown: list[tuple[int, ...]] = []

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:  # noqa: ARG002 - the protocol has it
        """Return the next answer."""
        self.shown.append(image.shape)
        return self.answers.pop(0) if self.answers else ()

    def quarter_turns(self, image: Pixels, seconds: float) -> int:  # noqa: ARG002 - the protocol has them
        """Return the turns it was told."""
        return self.turns


def _texts(page: Page) -> list[str]:
    return [word.text for word in page.words]


def test_text_layer_has_words_where_they_stand() -> None:
    """A text layer is read without OCR; boxes are points from the top left."""
    reading = read("a.pdf", pdf())
    assert (reading.kind, reading.engine) == ("digital_pdf", "pdfium")
    (page,) = reading.pages
    assert _texts(page) == " ".join(LINES).split()
    first = page.words[0]
    assert first.x0 == pytest.approx(72, abs=2)
    assert first.top < 100 < first.bottom + 5


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_page_keeps_its_boxes_on_the_page(rotation: int) -> None:
    """Whatever the page's rotation, every box lies on the page as it is shown."""
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.pages[0].Rotate = rotation
        file = io.BytesIO()
        document.save(file)
    (page,) = read("a.pdf", file.getvalue()).pages
    assert len(page.words) == len(" ".join(LINES).split())
    assert all(
        0 <= word.x0 <= word.x1 <= page.width and 0 <= word.top <= word.bottom <= page.height for word in page.words
    )
    assert (page.width > page.height) == (rotation != 180)


def test_text_beside_the_page_is_not_read() -> None:
    """What stands outside the page is seen by nobody, so it is no evidence of anything."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    canvas.drawString(72, 700, "Total 20,00 to be paid now")
    canvas.drawString(900, 700, "Total 1,00")
    canvas.save()
    assert _texts(read("a.pdf", file.getvalue()).pages[0]) == ["Total", "20,00", "to", "be", "paid", "now"]


def test_locked_and_damaged_files_are_problems() -> None:
    """A password and a cut-off file are told apart; a lost cross-reference table is repaired."""
    with pikepdf.open(io.BytesIO(pdf())) as document:
        locked = io.BytesIO()
        document.save(locked, encryption=pikepdf.Encryption(owner="owner", user="user"))
    assert [problem.code for problem in read("a.pdf", locked.getvalue()).problems] == ["ENCRYPTED"]
    assert [problem.code for problem in read("a.pdf", pdf()[:200]).problems] == ["CORRUPT"]
    healed = read("a.pdf", pdf().replace(b"startxref", b"startxxxx").replace(b"xref", b"xxxx"))
    assert _texts(healed.pages[0]) == " ".join(LINES).split()


def test_a_page_without_words_is_told() -> None:
    """A PDF whose pages are blank has no text, and no engine is asked."""
    engine = Reader()
    reading = read("a.pdf", pdf(lines=()), engines=(engine,))
    assert [problem.code for problem in reading.problems] == ["NO_TEXT"]
    assert engine.shown == []


def test_a_page_of_few_words_and_nothing_else_is_not_scanned() -> None:
    """A page number alone is the whole page; beside a picture it may be all the text layer knows of it."""
    engine = Reader((Word("scanned", 0, 0, 90, 20),))
    told = read("a.pdf", pdf(("Page 1",)), engines=(engine,))
    assert (told.kind, _texts(told.pages[0]), engine.shown) == ("digital_pdf", ["Page", "1"], [])
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    canvas.drawString(72, 700, "Page 1")
    canvas.drawInlineImage(Image.fromarray(picture()), 72, 100, 300, 270)
    canvas.save()
    told = read("a.pdf", file.getvalue(), engines=(engine,))
    assert (told.kind, _texts(told.pages[0]), len(engine.shown)) == ("scanned_pdf", ["scanned"], 1)


def test_limits_are_poison() -> None:
    """Too many pages, pixels or bytes raise before the memory is taken."""
    with pytest.raises(LimitExceeded, match="pages"):
        read("a.pdf", pdf(pages=3), Limits(pages=2))
    with pytest.raises(LimitExceeded, match="pixels"):
        read("a.png", png(picture()), Limits(pixels=1000))
    with pytest.raises(LimitExceeded, match="bytes"):
        read("a.pdf", pdf(), Limits(bytes=10))


def test_a_damaged_picture_is_a_problem() -> None:
    """Pixels that cannot be decoded are the document's fault, told in a sentence."""
    assert [problem.code for problem in read("a.png", png(picture())[:300]).problems] == ["CORRUPT"]


@pytest.mark.parametrize("angle", [-7.0, -2.0, 3.0, 6.0])
def test_tilted_print_is_set_level(angle: float) -> None:
    """The angle is found to a quarter of a degree, and a box maps back to where the print is on the page."""
    prepared = preprocess.prepare(picture(angle=angle), level=True)
    assert prepared.angle == pytest.approx(-angle, abs=0.25)
    dark = np.argwhere(prepared.image < 100)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    word = prepared.restore(Word("all", float(left), float(top), float(right), float(bottom)))
    assert min(word.x0, 1000 - word.x1) > -60


@pytest.mark.parametrize("shape", [(1, 1), (5, 3000), (3000, 5), (14, 20000), (20000, 14), (40, 40)])
def test_odd_shapes_have_no_words(shape: tuple[int, int]) -> None:
    """A hair's width, a strip or a stamp is looked at without harm and found empty."""
    reading = read("a.png", png(np.full(shape, 255, np.uint8)), engines=(Reader(),))
    assert [problem.code for problem in reading.problems] == ["NO_TEXT"]


def test_a_turned_picture_is_read_again_upright() -> None:
    """When the first attempt makes no sense, the page is turned as the engine says and read once more."""
    engine = Reader((), (Word("Total", 10.0, 10.0, 60.0, 30.0, 0.9),), turns=1)
    reading = read("a.png", png(picture()), engines=(engine,))
    assert engine.shown[0] == engine.shown[1][::-1]
    assert _texts(reading.pages[0]) == ["Total"]
    assert abs(reading.pages[0].angle) == pytest.approx(90, abs=1)


def test_a_page_of_too_many_pixels_is_looked_at_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read keeps its place on the large page, and the picture that is worked on stays small."""
    page = picture()
    whole = preprocess.prepare(page, level=False)
    monkeypatch.setattr(preprocess, "MOST_PIXELS", page.size // 4)
    small = preprocess.prepare(page, level=False)
    for prepared in (whole, small):
        ink = np.argwhere(prepared.image < 128)
        (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
        word = prepared.restore(Word("all", float(left), float(top), float(right), float(bottom)))
        assert (word.x0, word.top) == pytest.approx((80, 105), abs=12)


def test_transparency_lies_on_white() -> None:
    """A picture without a background is read as print on paper, a half-transparent stroke as a grey one."""
    layered = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    layered.paste((0, 0, 0, 128), (0, 0, 20, 20))
    layered.paste((0, 0, 0, 255), (0, 0, 10, 20))
    file = io.BytesIO()
    layered.save(file, "PNG")
    (pixels,) = images.open_frames(file.getvalue(), Limits())
    assert [int(pixels[10, x]) for x in (5, 15, 30)] == [0, 127, 255]


def test_the_sheet_is_found_on_the_desk() -> None:
    """In a photograph the desk around the sheet becomes white, so that its grain is not read."""
    rng = np.random.default_rng(7)
    photo = rng.integers(40, 90, (1100, 1200), dtype=np.uint8)
    photo[100:1000, 100:1100] = picture()
    prepared = preprocess.prepare(photo, level=True)
    edge = np.concatenate([prepared.image[:, :4].ravel(), prepared.image[:, -4:].ravel()])
    assert float((edge < 128).mean()) < 0.01


@pytest.mark.slow
def test_tesseract_reads_a_tilted_page() -> None:
    """Tesseract alone reads every word of a page that lies three degrees off."""
    reading = read("a.png", png(picture(angle=3.0)), engines=(Tesseract(),))
    assert {"Invoice", "Total", "20,00", "Widget"} <= set(_texts(reading.pages[0]))


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_cascade_reads_a_page_however_it_lies(quarters: int) -> None:
    """Level, on either side or upside down, the page says the same."""
    reading = read("a.png", png(np.ascontiguousarray(np.rot90(picture(), quarters))))
    assert {"Invoice", "Total", "20,00", "Widget"} <= set(_texts(reading.pages[0]))


@pytest.mark.slow
def test_the_cascade_reads_a_tilted_page() -> None:
    """The engines as they are shipped read every word of a page that lies three degrees off."""
    reading = read("a.png", png(picture(angle=3.0)))
    assert {"Invoice", "Total", "20,00", "Widget"} <= set(_texts(reading.pages[0]))
