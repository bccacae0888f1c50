"""`read`: one file's bytes to a `Reading`, by whatever way its content needs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pypdfium2 as pdfium  # type: ignore[import-untyped] # ships no types

from documents import handwriting, images, kinds, mail, pdf, pdftext, preprocess, witness, xmltree
from documents.limits import DEFAULT, Limits
from documents.problems import Problem
from documents.rapidocr import RapidOcr
from documents.reading import Kind, Page, Reading, Word
from documents.tesseract import Tesseract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.engines import Engine, Pixels

_CLEAR: Final = 0.85
_WORD: Final = 3
_FEW_WORDS: Final = 3
_LEAST_CLEAR: Final = 0.15
_LETTERS = re.compile(r"[^\W\d_]")
"""A page lies right where it has at least three clear words of three letters, and 15 % of its words are such."""


def cascade() -> tuple[Engine, ...]:
    """The engines in the order they are asked: one that reads the page, one that reads doubtful figures again."""
    return RapidOcr(), Tesseract(("eng",))


def read(name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = ()) -> Reading:
    """Read a file. Its name is only compared with its content, never believed.

    The first engine reads pages without text, the second (where there is one) witnesses; none given is `cascade`.
    A document understood to be unusable comes back with a `Problem`; raises `LimitExceeded` for one that breaks a limit
    `EngineMissing` without an OCR engine and `EngineFailed` when it gives up.
    """
    limits.check("bytes", len(data), limits.bytes)
    container = kinds.sniff(data)
    note = kinds.check_extension(name, container)
    notes = (note,) if note else ()
    match container:
        case "pdf":
            return _read_pdf(data, limits, engines or cascade(), notes)
        case "image":
            return _read_image(data, limits, engines or cascade(), notes)
        case "xml":
            return _read_xml(data, limits, notes)
        case "mail":
            return _read_mail(data, limits, engines, notes)
        case "text":
            return _read_text(data, limits, notes)
        case _:
            return Reading("unsupported", problems=(_unusable(container, data),))


def _unusable(container: kinds.Container, data: bytes) -> Problem:
    if container == "empty":
        return Problem("EMPTY", "the file has no content; send it again")
    return Problem("UNSUPPORTED", f"{kinds.describe(data)} is not supported; send a PDF, an image or XML")


def _read_pdf(data: bytes, limits: Limits, engines: Sequence[Engine], notes: tuple[Problem, ...]) -> Reading:
    try:
        with pdf.open_pdf(data, limits) as (document, repairs):
            xml = _embedded_invoice(document, limits)
            # The embedded data wins, so its page is only looked up for agreement and never worth OCR.
            pages, scanned = _read_pages(document, limits, () if xml else engines)
    except pdf.UnreadablePdf as unreadable:
        return Reading("digital_pdf", problems=(*notes, unreadable.problem))
    kind: Kind = "factur_x" if xml else "scanned_pdf" if scanned == len(pages) else "digital_pdf"
    problems = (*notes, *repairs)
    if not xml and not any(page.words for page in pages):
        problems = (*problems, Problem("NO_TEXT", "no words were found on any page; scan or photograph it again"))
    used = (engines[0].name, engines[0].version) if scanned else ("pdfium", str(pdfium.PDFIUM_INFO))
    return Reading(kind, pages, *used, problems=problems, xml=xml)


def _read_pages(
    document: pdfium.PdfDocument, limits: Limits, engines: Sequence[Engine]
) -> tuple[tuple[Page, ...], int]:
    """All pages, and how many of them went through the OCR engine."""
    pages: list[Page] = []
    scanned = chars = 0
    for number in range(1, len(document) + 1):
        try:
            page = document[number - 1]
        except pdfium.PdfiumError:
            pages.append(Page(number, 0.0, 0.0, ()))
            continue
        words, angle = pdftext.read_words(page, limits.chars), 0.0
        chars += sum(len(word.text) for word in words)
        limits.check("chars", chars, limits.chars)
        told = pdftext.is_legible(words) or pdftext.is_all_text(page, words)
        if engines and not told and not pdf.is_blank(page):
            pixels, scale = pdf.render(page, limits)
            found, angle = _recognise(pixels, engines, limits)
            words = tuple(_scaled(word, 1 / scale) for word in found)
            scanned += 1
        width, height = page.get_size()
        pages.append(Page(number, width, height, words, angle))
        page.close()
    return tuple(pages), scanned


def _embedded_invoice(document: pdfium.PdfDocument, limits: Limits) -> str | None:
    """The first attachment that is an invoice by its root element, whatever it is called."""
    for content in pdf.attachments(document, limits):
        try:
            root = xmltree.parse_xml(content)
        except xmltree.RefusedXml:
            continue  # the page is still there to be read
        if xmltree.syntax_of(root) != "other":
            return xmltree.to_text(root)
    return None


def _read_image(data: bytes, limits: Limits, engines: Sequence[Engine], notes: tuple[Problem, ...]) -> Reading:
    pages: list[Page] = []
    try:
        for number, pixels in enumerate(images.open_frames(data, limits), start=1):
            height, width = pixels.shape
            pages.append(Page(number, width, height, *_recognise(pixels, engines, limits)))
    except images.UnreadableImage as unreadable:
        notes = (*notes, unreadable.problem)
    if not notes and not any(page.words for page in pages):
        notes = (Problem("NO_TEXT", "no words were found in the image; photograph it again in better light"),)
    return Reading("image", tuple(pages), engines[0].name, engines[0].version, notes)


def _recognise(pixels: Pixels, engines: Sequence[Engine], limits: Limits) -> tuple[tuple[Word, ...], float]:
    """Words of one page and how it lies; turned upright and read again when the first attempt makes little sense."""
    if min(pixels.shape) < preprocess.SMALLEST:
        return (), 0.0
    first, last = engines[0], engines[-1]
    prepared = preprocess.prepare(pixels, level=first.wants_level_light)
    words = first.recognise(prepared.image, limits.seconds)
    # Upside down, figures still read as figures; words do not.
    clear = sum(word.confidence > _CLEAR and len(_LETTERS.findall(word.text)) >= _WORD for word in words)
    if clear < max(_FEW_WORDS, _LEAST_CLEAR * len(words)):
        turns = first.quarter_turns(prepared.image, limits.seconds)
        if turns:
            prepared = preprocess.turn(prepared, turns)
            words = first.recognise(prepared.image, limits.seconds)
    if last is not first:
        words = witness.confirm(prepared.image, words, last, limits.seconds)
    words = handwriting.mark_written(prepared.image, words)
    return tuple(prepared.restore(word) for word in words), prepared.angle


def _read_xml(data: bytes, limits: Limits, notes: tuple[Problem, ...]) -> Reading:
    limits.check("xml_bytes", len(data), limits.xml_bytes)
    try:
        root = xmltree.parse_xml(data)
    except xmltree.RefusedXml as refused:
        return Reading("unsupported", problems=(*notes, refused.problem))
    syntax = xmltree.syntax_of(root)
    if syntax == "other":
        message = f"the XML is a <{xmltree.local_name(root)}>, not a CII or UBL invoice; send the invoice itself"
        return Reading("unsupported", problems=(*notes, Problem("UNSUPPORTED", message)))
    return Reading(syntax, engine="lxml", engine_version=xmltree.VERSION, problems=notes, xml=xmltree.to_text(root))


def _read_text(data: bytes, limits: Limits, notes: tuple[Problem, ...]) -> Reading:
    """Plain text as a page of fixed-width letters, so that columns and "right of" mean what they look like."""
    text = kinds.decode_text(data) or ""
    limits.check("chars", len(text), limits.chars)
    lines = text.expandtabs(8).splitlines()
    limits.check("lines", len(lines), limits.lines)
    words = tuple(
        Word(match, float(column), float(row), float(column + len(match)), row + 1.0)
        for row, line in enumerate(lines)
        for column, match in _columns(line)
    )
    page = Page(1, float(max((len(line) for line in lines), default=0)), float(len(lines)), words)
    return Reading("text", (page,), "text", "1", notes)


def _read_mail(data: bytes, limits: Limits, engines: Sequence[Engine], notes: tuple[Problem, ...]) -> Reading:
    """The one document of a message. Of several nobody could say which the expense is; each has to come alone."""
    try:
        parts = mail.parts_of(data, limits)
    except mail.UnreadableMail as unreadable:
        return Reading("unsupported", problems=(*notes, unreadable.problem))
    if len(parts) > 1:
        names = ", ".join(f"{at}: {len(part.data):,} bytes" for at, part in enumerate(parts, start=1))
        message = f"the e-mail holds {len(parts)} documents ({names}); send each attachment as a file of its own"
        return Reading("unsupported", problems=(*notes, Problem("SEVERAL_DOCUMENTS", message)))
    if kinds.sniff(parts[0].data) == "mail":
        message = "the e-mail's attachment is an e-mail again; send what is attached to that one"
        return Reading("unsupported", problems=(*notes, Problem("UNSUPPORTED", message)))
    reading = read(parts[0].name, parts[0].data, limits, engines)
    return replace(reading, problems=(*notes, *reading.problems))


def _columns(line: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    start: int | None = None
    for column, letter in enumerate(f"{line} "):
        if letter.isspace():
            if start is not None:
                found.append((start, line[start:column]))
            start = None
        elif start is None:
            start = column
    return found


def _scaled(word: Word, factor: float) -> Word:
    x0, top, x1, bottom = (edge * factor for edge in (word.x0, word.top, word.x1, word.bottom))
    return replace(word, x0=x0, top=top, x1=x1, bottom=bottom)
