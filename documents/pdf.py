"""PDF files: opened by pdfium, repaired by qpdf (through pikepdf) when damaged, pages one by one."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np
import pikepdf
import pypdfium2 as pdfium  # type: ignore[import-untyped] # ships no types
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped] # ships no types

from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.engines import Pixels
    from documents.limits import Limits

DPI: Final = 300
POINTS_PER_INCH: Final = 72


class UnreadablePdf(Exception):
    """Carries the `Problem` that says why no page could be opened."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@contextmanager
def open_pdf(data: bytes, limits: Limits) -> Iterator[tuple[pdfium.PdfDocument, tuple[Problem, ...]]]:
    """Open a PDF for the length of a `with`; a second value tells of a repair.

    Raises `UnreadablePdf` when it needs a password or cannot be repaired, `LimitExceeded` for too many pages.
    """
    problems: tuple[Problem, ...] = ()
    try:
        document = _open(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD:
            raise UnreadablePdf(_encrypted()) from error
        document = _open_repaired(data, error)
        problems = (Problem("REPAIRED", "the PDF is damaged and was repaired; content may be missing"),)
    try:
        limits.check("pages", len(document), limits.pages)
        yield document, problems
    finally:
        document.close()


def attachments(document: pdfium.PdfDocument, limits: Limits) -> Iterator[bytes]:
    """Embedded files that can be XML; one over the size limit is poison, not skipped."""
    for index in range(document.count_attachments()):
        try:
            attachment = document.get_attachment(index)
            named_xml = attachment.get_name().lower().endswith(".xml")
            content = bytes(attachment.get_data()) if named_xml else b""
        except (pdfium.PdfiumError, ValueError):
            continue  # a damaged attachment leaves the page, which is read next
        limits.check("xml_bytes", len(content), limits.xml_bytes)
        if content:
            yield content


def is_blank(page: pdfium.PdfPage) -> bool:
    """Whether nothing is drawn on the page at all."""
    return next(iter(page.get_objects(max_depth=1)), None) is None


def render(page: pdfium.PdfPage, limits: Limits) -> tuple[Pixels, float]:
    """The page as grey pixels at `DPI`, and pixels per point; large pages get fewer dots, never more memory.

    Raises `LimitExceeded` when the images on the page together unpack to more pixels than allowed.
    """
    embedded = 0
    for image in page.get_objects(filter=(pdfium_c.FPDF_PAGEOBJ_IMAGE,)):
        width, height = image.get_px_size()
        embedded += width * height
        limits.check("pixels", embedded, limits.pixels)
    width, height = page.get_size()
    scale = DPI / POINTS_PER_INCH
    wanted = width * height * scale * scale
    # A quarter of the ceiling: an A4 page at 300 dpi has 8.7 million pixels.
    scale *= min(1.0, (limits.pixels / 4 / max(wanted, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
    try:
        pixels = np.array(bitmap.to_numpy(), dtype=np.uint8, copy=True)
    finally:
        bitmap.close()
    return pixels.reshape(pixels.shape[:2]), scale


def _open(data: bytes) -> pdfium.PdfDocument:
    document = pdfium.PdfDocument(data)
    if len(document) == 0:
        document.close()
        raise pdfium.PdfiumError("no pages")
    return document


def _open_repaired(data: bytes, cause: Exception) -> pdfium.PdfDocument:
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=True, suppress_warnings=True) as damaged:
            if len(damaged.pages) == 0:
                raise UnreadablePdf(Problem("EMPTY", "the PDF has no pages; export it again"))
            sound = io.BytesIO()
            damaged.save(sound)
        document = pdfium.PdfDocument(sound.getvalue())
    except pikepdf.PasswordError as error:
        raise UnreadablePdf(_encrypted()) from error
    except (pikepdf.PdfError, pdfium.PdfiumError, ValueError, TypeError, RuntimeError, RecursionError) as error:
        message = f"the PDF is damaged beyond repair ({cause}); export or scan it again"
        raise UnreadablePdf(Problem("CORRUPT", message)) from error
    if len(document) == 0:
        document.close()
        raise UnreadablePdf(Problem("EMPTY", "the PDF has no pages; export it again"))
    return document


def _encrypted() -> Problem:
    return Problem("ENCRYPTED", "the PDF needs a password; upload it without one")
