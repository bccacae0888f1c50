"""What was read off a document: words with their boxes, before anyone asks what they mean.

A `Reading` is the claim between the slow step (rendering, OCR) and the fast one (fields, lines): it travels as compact
bytes, so that understanding can be redone later with better rules and without the engine.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

from documents.problems import Problem

Kind = Literal["digital_pdf", "scanned_pdf", "image", "factur_x", "ubl", "cii", "text", "unsupported"]

FORMAT: Final = 1
"""Version of the byte form; a reader refuses what it does not know instead of misreading it."""

MOST_BYTES: Final = 256 * 1024 * 1024
"""Decompressed ceiling: a reading of the largest allowed document stays far below it."""


class UnreadableReading(ValueError):
    """The bytes are not a reading of a known format: damaged in storage, or written by newer code."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; the box is in its page's units, origin top left, and `confidence` runs from 0 to 1.

    `witness` is 1 where a second engine read the same digits, -1 where it read others, 0 where none was asked.
    `hand` says that the word looks written by hand.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    confidence: float = 1.0
    witness: int = 0
    hand: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page, numbered from 1. Units are points for a PDF, pixels for an image, characters for plain text.

    `angle` is how far the print lies turned clockwise on the page, in degrees; boxes are where the words really stand.
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read from one file. `xml` is the embedded or whole e-invoice, which wins over the page."""

    kind: Kind
    pages: tuple[Page, ...] = ()
    engine: str = "none"
    engine_version: str = ""
    problems: tuple[Problem, ...] = ()
    xml: str | None = None

    @property
    def scanned(self) -> bool:
        """Whether its words were recognised in a picture, and may be misread."""
        return self.engine not in {"pdfium", "text", "lxml"}


def reading_to_bytes(reading: Reading) -> bytes:
    """Pack a reading (JSON, then zlib); the same reading always gives the same bytes under one zlib build."""
    return zlib.compress(json.dumps(reading_to_plain(reading), ensure_ascii=False, separators=(",", ":")).encode(), 6)


def reading_from_bytes(data: bytes) -> Reading:
    """Unpack what `reading_to_bytes` made; raises `UnreadableReading` when the bytes are anything else."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, MOST_BYTES)
        if unpacker.unconsumed_tail:
            raise UnreadableReading(f"a reading may unpack to at most {MOST_BYTES} bytes; read the document again")
        plain = json.loads(text)
    except (zlib.error, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableReading(f"not a reading: {error}; read the document again") from error
    return reading_from_plain(plain)


def reading_to_plain(reading: Reading) -> dict[str, Any]:
    """The reading as JSON-ready data, for whoever packs it together with more."""
    return {
        "format": FORMAT,
        "kind": reading.kind,
        "engine": reading.engine,
        "engine_version": reading.engine_version,
        "xml": reading.xml,
        "problems": [[problem.code, problem.message, problem.field] for problem in reading.problems],
        "pages": [
            [page.number, page.width, page.height, [_pack_word(word) for word in page.words], page.angle]
            for page in reading.pages
        ],
    }


def reading_from_plain(plain: Any) -> Reading:
    """The reading behind `reading_to_plain`'s data; raises `UnreadableReading` for anything else."""
    try:
        if plain["format"] != FORMAT:
            raise UnreadableReading(f"reading format {plain['format']!r} is unknown, this code reads {FORMAT}")
        return _unpack(plain)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, UnreadableReading):
            raise
        raise UnreadableReading(f"not a reading: {error!r}; read the document again") from error


def _pack_word(word: Word) -> list[Any]:
    # A hundredth of a unit is finer than any engine places a box, and halves the bytes.
    box = [round(edge, 2) for edge in (word.x0, word.top, word.x1, word.bottom)]
    # Few words are read twice or written by hand; the others stay as short as they were.
    marks = [word.witness, True] if word.hand else [word.witness] if word.witness else []
    return [word.text, *box, round(word.confidence, 3), *marks]


def _unpack(packed: dict[str, Any]) -> Reading:
    return Reading(
        kind=packed["kind"],
        pages=tuple(
            Page(number, width, height, tuple(Word(*word) for word in words), angle)
            for number, width, height, words, angle in packed["pages"]
        ),
        engine=packed["engine"],
        engine_version=packed["engine_version"],
        problems=tuple(Problem(*problem) for problem in packed["problems"]),
        xml=packed["xml"],
    )
