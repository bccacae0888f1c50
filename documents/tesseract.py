"""Tesseract as an engine: one process per page, one thread per process, so that workers share the cores fairly."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final

import pytesseract  # type: ignore[import-untyped] # ships no types

from documents.engines import EngineFailed, EngineMissing
from documents.reading import Word

if TYPE_CHECKING:
    from documents.engines import Pixels

SURE_TURN: Final = 3.0
"""Orientation confidence from which a turn is believed; below it, receipts with few letters get turned wrongly."""

_WORD_LEVEL: Final = 5


@cache
def _installed() -> tuple[str, frozenset[str]]:
    try:
        return str(pytesseract.get_tesseract_version()), frozenset(pytesseract.get_languages())
    except (pytesseract.TesseractNotFoundError, OSError, SystemExit) as error:
        raise EngineMissing("tesseract is not installed; on Debian: apt-get install tesseract-ocr") from error


class Tesseract:
    """The `tesseract` program through pytesseract. Languages not installed are left out; English always stays."""

    def __init__(self, languages: tuple[str, ...] = ("eng", "deu", "fra", "spa", "ita", "nld", "por", "msa")) -> None:
        self._languages = languages
        # Without this every page starts four threads that mostly wait for each other.
        os.environ["OMP_THREAD_LIMIT"] = "1"

    @property
    def name(self) -> str:
        """Short name for the reading."""
        return "tesseract"

    @property
    def version(self) -> str:
        """Version of the installed program; raises `EngineMissing` when there is none."""
        return _installed()[0]

    @property
    def wants_level_light(self) -> bool:
        """Shadows become letters for it."""
        return True

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:
        """Words of the image by page segmentation mode 6 (one block, lines as wide as the page)."""
        present = [language for language in self._languages if language in _installed()[1]] or ["eng"]
        try:
            found = pytesseract.image_to_data(
                image,
                lang="+".join(present),
                config="--oem 1 --psm 6",
                output_type=pytesseract.Output.DICT,
                timeout=seconds,
            )
        except (RuntimeError, pytesseract.TesseractError) as error:
            raise EngineFailed(f"tesseract gave up on a page after at most {seconds:g} s: {error}") from error
        return tuple(
            Word(text.strip(), left, top, left + width, top + height, max(0.0, float(confidence)) / 100)
            for level, text, left, top, width, height, confidence in zip(
                *(found[key] for key in ("level", "text", "left", "top", "width", "height", "conf")), strict=True
            )
            if level == _WORD_LEVEL and text.strip()
        )

    def quarter_turns(self, image: Pixels, seconds: float) -> int:
        """Quarter turns by Tesseract's orientation detection; 0 when it is unsure or has no model for it."""
        if "osd" not in _installed()[1]:
            return 0
        try:
            found = pytesseract.image_to_osd(image, output_type=pytesseract.Output.DICT, timeout=seconds)
        except (RuntimeError, pytesseract.TesseractError):
            return 0  # too few letters to tell is the ordinary case, not a failure
        return int(found["rotate"]) // 90 if float(found["orientation_conf"]) >= SURE_TURN else 0
