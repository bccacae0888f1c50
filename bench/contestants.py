"""What reads the same pages in the same run: this project, and the bare engines it is built on.

Each is one function from a file to how many pages it read, made once a process and given one thread.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["DIGITAL", "SCANS", "pages_of"]

Reads = Callable[[Path], Any]


def _ours() -> Reads:
    """Read a file as `extract` does: words, fields, lines, confidence."""
    from documents.extract import extract  # noqa: PLC0415 - each process loads what it runs, so that none pays for others

    return lambda path: extract(path.name, path.read_bytes())


def _rapidocr() -> Reads:
    """Read words with the package as its first example shows it, on one thread."""
    from rapidocr import RapidOCR  # noqa: PLC0415 - as above

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={"Global.log_level": "error", **threads})
    return lambda path: engine(str(path))


def _tesseract() -> Reads:
    """Read words with the program as it comes, on one thread."""
    import pytesseract  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    os.environ["OMP_THREAD_LIMIT"] = "1"
    return lambda path: pytesseract.image_to_data(str(path), lang="eng")


def _pdfplumber() -> Reads:
    """Read words with pdfplumber as it comes."""
    import pdfplumber  # noqa: PLC0415 - as above

    def read(path: Path) -> int:
        with pdfplumber.open(path) as pdf:
            return sum(len(page.extract_words()) for page in pdf.pages)

    return read


def _pdfium() -> Reads:
    """Read the text with pdfium, without a place for any word."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    def read(path: Path) -> int:
        document = pypdfium2.PdfDocument(path)
        try:
            return sum(len(document[number].get_textpage().get_text_range()) for number in range(len(document)))
        finally:
            document.close()

    return read


def pages_of(path: Path) -> int:
    """Return how many pages a PDF has."""
    import pypdfium2  # noqa: PLC0415 - as above

    document = pypdfium2.PdfDocument(path)
    try:
        return len(document)
    finally:
        document.close()


DIGITAL: Final = {"ours": _ours, "pdfplumber": _pdfplumber, "pdfium": _pdfium}
SCANS: Final = {"ours": _ours, "rapidocr": _rapidocr, "tesseract": _tesseract}
