"""RapidOCR's models as an engine: text lines are found on a small picture and recognised from a large one.

The package itself would pad every line to 320 columns and find lines on an enlarged page; running its two networks
directly, on what is there, costs about a third less (docs/decisions/0040). Nothing is loaded before the first page.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import time
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines import EngineFailed, EngineMissing
from documents.reading import Word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    import onnxruntime  # type: ignore[import-untyped] # ships no types

    from documents.engines import Pixels

Floats = NDArray[np.float32]

DETECTOR: Final = "PP-OCRv6_det_small.onnx"
RECOGNISER: Final = "PP-OCRv6_rec_small.onnx"
PROVIDER: Final = "CPUExecutionProvider"

SHRINK: Final = 0.5
"""Share of the prepared page's size that finding lines needs: letters of 12 pixels."""

MOST_SIDE: Final = 1600
"""Longer side of the picture lines are found on; the cost grows with its square."""

INKED: Final = 0.3
BELIEVED: Final = 0.5
UNCLIP: Final = 1.6
"""DB text detection finds shrunk lines; thresholds and the factor that grows them again are RapidOCR's own defaults."""

LINE_HEIGHT: Final = 48
"""Rows of a line image, fixed by the recogniser."""

COLUMN: Final = 8
"""Pixels of a line image behind one answer of the recogniser."""

PADDING: Final = 24
"""Empty columns right of a line's picture: without them the last letter of one line in a hundred is lost."""

LONGEST: Final = 6
"""How many of the longest lines tell whether a page stands upright."""

WIDEST: Final = 2400
SURE_FOREIGN: Final = 0.7
"""Probability from which a character outside the European alphabets is believed rather than the best one inside."""

LEAST_CONFIDENCE: Final = 0.3
CLEARLY: Final = 1.3
"""How much better a turned page must read to be turned."""

_GUESS: Final = 0.5
_DIVISOR: Final = 32
_MIDDLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Networks:
    """Both networks with the recogniser's alphabet; `european` indexes the part of it that invoices here use."""

    detector: onnxruntime.InferenceSession
    recogniser: onnxruntime.InferenceSession
    alphabet: tuple[str, ...]
    european: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a line of text stands in the prepared page's pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def columns(self) -> int:
        """Width of its picture once it is `LINE_HEIGHT` high, a multiple of what one answer stands for."""
        wanted = (self.right - self.left) * LINE_HEIGHT / max(self.bottom - self.top, 1)
        return int(min(WIDEST, max(2, round(wanted / COLUMN)) * COLUMN))


@cache
def _load() -> _Networks:
    try:
        import onnxruntime  # noqa: PLC0415 - 60 MB that a worker without scans never needs
    except ImportError as error:
        raise EngineMissing("onnxruntime is not installed; run `make setup`") from error
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        raise EngineMissing("the rapidocr package with its models is not installed; run `make setup`")
    folder = Path(found.origin).parent / "models"
    # The arena keeps the most that was ever needed: that of one line is small, and spares a tenth of the time; that
    # of a page would stay taken for the rest of the worker's life.
    detector, recogniser = (
        onnxruntime.InferenceSession(str(folder / name), _options(onnxruntime, arena=arena), providers=[PROVIDER])
        for name, arena in ((DETECTOR, False), (RECOGNISER, True))
    )
    characters = recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
    alphabet = ("", *characters, " ")
    european = np.array([index for index, character in enumerate(alphabet) if _is_european(character)])
    return _Networks(detector, recogniser, alphabet, european)


def _options(onnxruntime: ModuleType, *, arena: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # One thread: workers share the cores by their number, as with Tesseract.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = arena
    options.log_severity_level = 3
    return options


def _is_european(character: str) -> bool:
    plain = unicodedata.normalize("NFKC", character)
    return all(letter.isascii() or letter in "€£°№" or "LATIN" in unicodedata.name(letter, "") for letter in plain)


class RapidOcr:
    """PP-OCRv6 small, detection and recognition, as the RapidOCR package carries them."""

    @property
    def name(self) -> str:
        """Short name for the reading."""
        return "rapidocr"

    @property
    def version(self) -> str:
        """Version of the package that carries the models; raises `EngineMissing` when there is none."""
        try:
            return importlib.metadata.version("rapidocr")
        except importlib.metadata.PackageNotFoundError as error:
            raise EngineMissing("rapidocr is not installed; run `make setup`") from error

    @property
    def wants_level_light(self) -> bool:
        """It was trained on photographs; levelling costs it faint strokes."""
        return False

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:
        """Words of the image; raises `EngineFailed` after `seconds`, looked at between lines."""
        end = time.monotonic() + seconds
        networks = _load()
        words: list[Word] = []
        for line in _find_lines(networks, image):
            if time.monotonic() > end:
                raise EngineFailed(f"rapidocr gave up on a page after {seconds:g} s")
            words.extend(_recognise(networks, image, line))
        return tuple(sorted(words, key=lambda word: (word.top, word.x0)))

    def quarter_turns(self, image: Pixels, seconds: float) -> int:
        """The turn after which the longest lines read best; 0 unless another one is clearly better."""
        end = time.monotonic() + seconds
        networks = _load()
        scores: list[float] = []
        for turns in range(4):
            turned = np.ascontiguousarray(np.rot90(image, -turns))
            lines = sorted(_find_lines(networks, turned), key=lambda line: line.columns)[-LONGEST:]
            words = [word for line in lines if time.monotonic() < end for word in _recognise(networks, turned, line)]
            scores.append(sum(len(word.text) * max(0.0, word.confidence - _GUESS) for word in words))
        best = max(range(4), key=scores.__getitem__)
        return best if scores[best] > CLEARLY * scores[0] else 0


def _normalised(image: NDArray[Any]) -> Floats:
    """Three equal channels of -1 to 1, channels first."""
    plane = image.astype(np.float32) / 127.5 - 1.0
    return np.repeat(plane[np.newaxis], 3, axis=0)


def _find_lines(networks: _Networks, image: Pixels) -> list[_Line]:
    """Upright boxes around lines of text, grown from the detector's shrunk ones."""
    height, width = image.shape
    factor = min(SHRINK, MOST_SIDE / max(image.shape))
    rows, columns = (max(_DIVISOR, round(side * factor / _DIVISOR) * _DIVISOR) for side in (height, width))
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    heat: Floats = networks.detector.run(None, {"x": _normalised(small)[np.newaxis]})[0][0, 0]
    mask = cv2.dilate((heat > INKED).astype(np.uint8), np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    lines: list[_Line] = []
    for index in range(1, count):
        x, y, wide, tall, _ = (int(value) for value in stats[index])
        inside = labels[y : y + tall, x : x + wide] == index
        if min(wide, tall) < 3 or float(heat[y : y + tall, x : x + wide][inside].mean()) < BELIEVED:  # noqa: PLR2004 - specks
            continue
        grown = wide * tall * UNCLIP / (2 * (wide + tall))
        lines.append(
            _Line(
                left=max(0, round((x - grown) * width / columns)),
                top=max(0, round((y - grown) * height / rows)),
                right=min(width, round((x + wide + grown) * width / columns)),
                bottom=min(height, round((y + tall + grown) * height / rows)),
            )
        )
    return lines


def _recognise(networks: _Networks, image: Pixels, line: _Line) -> Iterator[Word]:
    """Words of one line. Several at once would be padded to the widest, and the padding is recognised as well."""
    cut = cv2.resize(image[line.top : line.bottom, line.left : line.right], (line.columns, LINE_HEIGHT))
    padded = np.pad(_normalised(cut), ((0, 0), (0, 0), (0, PADDING)))
    answers: Floats = networks.recogniser.run(None, {"x": padded[np.newaxis]})[0][0]
    yield from _words(line, _characters(networks, answers[: line.columns // COLUMN]))


def _characters(networks: _Networks, answers: Floats) -> list[tuple[str, int, float]]:
    """Greedy CTC: characters with the column they stand in and their probability; repeats and blanks fall away."""
    european = answers[:, networks.european]
    inner = european.argmax(axis=1)
    chosen, sure = networks.european[inner], european.max(axis=1)
    # Probabilities of one column make 1: where Europe has its share, nobody else can be sure. Looking there all the
    # same would go through eighteen thousand characters a column.
    open_to_all = np.flatnonzero(sure < 1 - SURE_FOREIGN)
    foreign = open_to_all[answers[open_to_all].max(axis=1) > SURE_FOREIGN] if len(open_to_all) else open_to_all
    chosen[foreign], sure[foreign] = answers[foreign].argmax(axis=1), answers[foreign].max(axis=1)
    return [
        (networks.alphabet[index], column, float(sure[column]))
        for column, index in enumerate(chosen)
        if index and (column == 0 or chosen[column - 1] != index)
    ]


def _words(line: _Line, characters: list[tuple[str, int, float]]) -> Iterator[Word]:
    """Words of a line, each with the box its characters' columns say."""
    scale = (line.right - line.left) / (line.columns // COLUMN)
    word: list[tuple[str, int, float]] = []
    for each in [*characters, (" ", 0, 1.0)]:
        if not each[0].isspace():
            word.append(each)
            continue
        if word:
            sure = [probability for _, _, probability in word]
            text = unicodedata.normalize("NFKC", "".join(character for character, _, _ in word))
            # A number is as sure as its least sure digit; a misread letter leaves a name recognisable.
            exact = any(character.isdigit() for character in text)
            confidence = min(sure) if exact else sum(sure) / len(sure)
            if sum(sure) / len(sure) >= LEAST_CONFIDENCE:
                first, last = word[0][1], word[-1][1]
                yield Word(
                    text,
                    line.left + max(0.0, first - _MIDDLE) * scale,
                    line.top,
                    min(line.right, line.left + (last + 1 + _MIDDLE) * scale),
                    line.bottom,
                    confidence,
                )
        word = []
