"""Pages drawn with what was used of them."""

import io
from collections.abc import Mapping
from decimal import Decimal

from PIL import Image

from documents.explain import DOUBTED, LINE, SURE, draw
from documents.extract import Document, documents_in
from documents.facts import Facts, LineItem, Place
from documents.limits import DEFAULT
from documents.problems import Problem
from documents.reading import Kind, Page, Reading
from documents.understanding import Understanding
from tests.documents.test_xml import UBL

WHITE = (255, 255, 255)


def _colour(code: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(code[1:]))


def _png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), 255).save(out, "PNG")
    return out.getvalue()


def _document(kind: Kind, content: bytes, facts: Facts, *pages: Page) -> Document:
    return Document("folder/a b.png", content, Reading(kind, pages, "engine"), Understanding(facts, accepted=False))


def _drawn(document: Document) -> Mapping[str, Image.Image]:
    return {name: Image.open(io.BytesIO(png)).convert("RGB") for name, png in draw(document, DEFAULT)}


def test_each_box_has_the_colour_of_its_trust() -> None:
    """A field no person need see is green, a doubted one red, a line blue; what lies elsewhere stays white."""
    facts = Facts(
        total=Decimal("22.00"),
        invoice_number="HG-4711",
        line_items=(LineItem(amount=Decimal("22.00"), place=Place(1, 50, 600, 350, 620)),),
        confidence={"total": 0.95, "invoice_number": 0.5},
        places={"total": Place(1, 100, 200, 180, 220), "invoice_number": Place(1, 100, 400, 180, 420)},
        problems=(Problem("LOW_CONFIDENCE", "check it", "invoice_number"),),
    )
    (picture,) = _drawn(_document("image", _png(400, 800), facts, Page(1, 400, 800, ()))).values()
    assert picture.size == (400, 800)
    assert [picture.getpixel((97, y)) for y in (210, 410)] == [_colour(SURE), _colour(DOUBTED)]
    assert picture.getpixel((47, 610)) == _colour(LINE)
    assert picture.getpixel((140, 210)) == WHITE


def test_boxes_follow_the_page_when_it_is_drawn_smaller() -> None:
    """A page of 4000 pixels is drawn at half its size, its boxes with it."""
    facts = Facts(total=Decimal(1), confidence={"total": 0.9}, places={"total": Place(1, 1000, 2000, 1400, 2100)})
    ((name, picture),) = _drawn(_document("image", _png(2000, 4000), facts, Page(1, 2000, 4000, ()))).items()
    assert (picture.size, picture.getpixel((497, 1020))) == ((1000, 2000), _colour(SURE))
    assert name.startswith("a_b.png-")


def test_text_is_drawn_in_its_columns() -> None:
    """A page without pixels of its own is typed, so that boxes have something to stand around."""
    (document,) = documents_in("note.txt", b"Harbour Garage Ltd\nTotal: GBP 22.00\n")
    (picture,) = _drawn(document).values()
    assert picture.getextrema()[0] == (0, 255)
    assert picture.width == len("Harbour Garage Ltd") * 9


def test_an_e_invoice_without_a_page_has_no_picture() -> None:
    """There is nothing to point at."""
    (document,) = documents_in("invoice.xml", UBL.encode())
    assert _drawn(document) == {}
