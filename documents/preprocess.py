"""Pixels made ready for an OCR engine: cropped to the print, level light, straight lines, letters of readable height.

Every step keeps what maps a pixel back to the page it came from, so that boxes point at the original.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from documents.engines import Pixels
    from documents.reading import Word

LETTER_HEIGHT: Final = 24.0
"""Pixels from which Tesseract's LSTM gains nothing more: it resizes each line to 36 rows by itself."""

DARKEN: Final = 1.8
"""Exponent on brightness; higher fills the counters of letters."""

WHITEN: Final = 1.25
"""Factor that lifts the grain of photographed paper to plain white; it loses the first digits of prices otherwise.
Scans have no such grain and lose faint strokes by it."""

MOST_SCALE: Final = 3.0
LEAST_SCALE: Final = 0.4
MOST_SKEW: Final = 12.0
"""Degrees looked at when straightening; more is a turned page, which orientation detection handles."""

SHEET_SHARE: Final = (0.15, 0.97)
"""Share of a photograph that its sheet can fill: less is a bright spot, more has no desk around it."""

DARKEST: Final = 0.75
"""How bright, relative to the sheet, the brighter parts of the desk may be for the sheet to stand out."""

MOST_PIXELS: Final = 16_000_000
"""Pixels a page is looked at with. A sheet of A4 has 8.7 million at 300 dpi; a camera of 50 million shows no more of a
receipt's print, and would take two gigabytes on the way."""

MOST_SIDE: Final = 6000
SMALLEST: Final = 12
"""Pixels of the shorter side under which no letter can be read."""

_MARGIN: Final = 16
_NOISE_AREA: Final = 6


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image ready to read, and the affine matrix (2 x 3) from its pixels back to those of the page."""

    image: Pixels
    back: tuple[tuple[float, float, float], tuple[float, float, float]]

    @property
    def angle(self) -> float:
        """Degrees the print lies turned clockwise on the page."""
        return round(math.degrees(math.atan2(self.back[1][0], self.back[0][0])), 2)

    def restore(self, word: Word) -> Word:
        """The same word with its box in the page's own pixels."""
        corners = [(x, y) for x in (word.x0, word.x1) for y in (word.top, word.bottom)]
        xs = [self.back[0][0] * x + self.back[0][1] * y + self.back[0][2] for x, y in corners]
        ys = [self.back[1][0] * x + self.back[1][1] * y + self.back[1][2] for x, y in corners]
        return replace(word, x0=min(xs), top=min(ys), x1=max(xs), bottom=max(ys))


def prepare(page: Pixels, *, level: bool) -> Prepared:
    """Crop, straighten and scale a grey page, its light made even when `level` says so."""
    if page.size > MOST_PIXELS:
        shrink = math.sqrt(MOST_PIXELS / page.size)
        size = max(1, int(page.shape[1] * shrink)), max(1, int(page.shape[0] * shrink))
        small = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return _enlarged(_prepare(small, level=level), 1 / shrink)
    return _prepare(page, level=level)


def _prepare(page: Pixels, *, level: bool) -> Prepared:
    paper = _paper(page)
    ink = np.asarray(cv2.bitwise_and(_ink(page), paper), dtype=np.uint8)
    left, top, right, bottom = _print_box(ink)
    inside = (slice(top, bottom), slice(left, right))
    cropped, ink = page[inside], ink[inside]
    angle = _skew(ink)
    scale = _scale(ink)
    height, width = cropped.shape
    forward = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    cosine, sine = abs(forward[0, 0]), abs(forward[0, 1])
    out_width, out_height = round(width * cosine + height * sine), round(width * sine + height * cosine)
    forward[0, 2] += out_width / 2 - width / 2
    forward[1, 2] += out_height / 2 - height / 2
    light = _level(cropped, photographed=not paper.all()) if level else cropped
    sheet = np.where(paper[inside] > 0, light, np.uint8(255))
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    turned = cv2.warpAffine(sheet, forward, (out_width, out_height), flags=interpolation, borderValue=(255.0,))
    back = cv2.invertAffineTransform(forward)
    back[0, 2] += left
    back[1, 2] += top
    rows = tuple((float(row[0]), float(row[1]), float(row[2])) for row in back)
    return Prepared(np.asarray(turned, dtype=np.uint8), (rows[0], rows[1]))


def _enlarged(prepared: Prepared, factor: float) -> Prepared:
    """The same image mapping back to a page larger by a factor."""
    across, down = ((a * factor, b * factor, c * factor) for a, b, c in prepared.back)
    return replace(prepared, back=(across, down))


def turn(prepared: Prepared, quarters: int) -> Prepared:
    """The same image turned clockwise by quarter turns, still mapping back to the page."""
    height, width = prepared.image.shape
    # From a pixel of the turned image to one of the prepared image, for one, two and three quarters.
    unturn = {1: ((0, 1, 0), (-1, 0, height)), 2: ((-1, 0, width), (0, -1, height)), 3: ((0, -1, width), (1, 0, 0))}
    back = np.array([*prepared.back, (0, 0, 1)]) @ np.array([*unturn[quarters], (0, 0, 1)], dtype=float)
    rows = tuple((float(row[0]), float(row[1]), float(row[2])) for row in back)
    return Prepared(np.ascontiguousarray(np.rot90(prepared.image, -quarters)), (rows[0], rows[1]))


def _shrunk(image: Pixels, longest: int) -> Pixels:
    """The image with its longer side at most `longest`, for looking at shapes; a hair's width stays a pixel."""
    factor = min(1.0, longest / max(image.shape))
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _paper(page: Pixels) -> Pixels:
    """Mask of the sheet in a photograph, all of the page where no bright sheet lies on something darker.

    The sheet's edge and the grain of the desk otherwise read as letters beside the last column.
    """
    small = np.asarray(cv2.GaussianBlur(_shrunk(page, 500), (0, 0), 3), dtype=np.uint8)
    _, bright = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    whole = np.full(page.shape, 255, np.uint8)
    if not contours:
        return whole
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    sheet = np.zeros(small.shape, np.uint8)
    cv2.drawContours(sheet, [hull], -1, (255.0,), cv2.FILLED)
    share = float(np.count_nonzero(sheet)) / sheet.size
    desk = small[sheet == 0]
    if not SHEET_SHARE[0] < share < SHEET_SHARE[1] or float(np.percentile(desk, 80)) > DARKEST * float(
        np.median(small[sheet > 0])
    ):
        return whole
    inner = cv2.erode(sheet, np.ones((7, 7), np.uint8), borderValue=(0.0,))
    return np.asarray(cv2.resize(inner, page.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _ink(page: Pixels) -> Pixels:
    """Mask of print: darker than its surroundings, whatever the light, and larger than a speck."""
    block = max(15, (min(page.shape) // 30) | 1)
    mask = cv2.adaptiveThreshold(page, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 15)
    return np.asarray(mask, dtype=np.uint8)


def _letters(ink: Pixels) -> Pixels:
    """Boxes (n x 4: left, top, width, height) of connected parts that can be letters."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes = stats[1:]
    area, width, height = boxes[:, 4], boxes[:, 2], boxes[:, 3]
    fitting = (area >= _NOISE_AREA) & (height >= 4) & (width < ink.shape[1] / 3) & (height < ink.shape[0] / 5)  # noqa: PLR2004 - under four pixels nothing is a letter
    return np.asarray(boxes[fitting][:, :4])


def _print_box(ink: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of all print with a margin; the whole page when there is too little to tell."""
    height, width = ink.shape
    boxes = _letters(ink)
    if len(boxes) < 20:  # noqa: PLR2004 - fewer parts than a short line of text has
        return 0, 0, width, height
    left, top = int(boxes[:, 0].min()), int(boxes[:, 1].min())
    right = int((boxes[:, 0] + boxes[:, 2]).max())
    bottom = int((boxes[:, 1] + boxes[:, 3]).max())
    return max(0, left - _MARGIN), max(0, top - _MARGIN), min(width, right + _MARGIN), min(height, bottom + _MARGIN)


def _scale(ink: Pixels) -> float:
    """Factor that brings the middle letter to `LETTER_HEIGHT`, within what memory and sharpness allow."""
    boxes = _letters(ink)
    if len(boxes) == 0:
        return 1.0
    # Small letters (x-height) are about 0.7 of a capital; the 60th percentile is between the two.
    wanted = LETTER_HEIGHT / float(np.percentile(boxes[:, 3], 60))
    wanted = min(MOST_SCALE, max(LEAST_SCALE, wanted))
    return float(min(wanted, MOST_SIDE / max(ink.shape)))


def _skew(ink: Pixels) -> float:
    """Degrees to turn (counter-clockwise) so that lines lie level: the angle of the sharpest row profile."""
    small = _shrunk(ink, 900)
    height, width = small.shape
    ys, xs = np.nonzero(small > 64)  # noqa: PLR2004 - a quarter of full ink survives shrinking
    if len(xs) < 200:  # noqa: PLR2004 - too little ink for a profile
        return 0.0
    weights = small[ys, xs].astype(np.float64)
    diagonal = math.hypot(height, width)

    def sharpness(degrees: float) -> float:
        shifted = ys - np.tan(np.radians(degrees)) * xs + diagonal
        profile = np.bincount(shifted.astype(np.int64).clip(0), weights=weights)
        return float(np.square(np.diff(profile)).sum())

    coarse = float(max(np.arange(-MOST_SKEW, MOST_SKEW + 0.1, 1.0), key=sharpness))
    fine = max(np.arange(coarse - 0.9, coarse + 0.95, 0.1), key=sharpness)
    # A hair's breadth costs sharpness in resampling and gains nothing.
    return float(fine) if abs(fine) >= 0.25 and sharpness(fine) > 1.02 * sharpness(0.0) else 0.0  # noqa: PLR2004


def _level(page: Pixels, *, photographed: bool) -> Pixels:
    """Even light: the page divided by its own background, so that shadows and grey paper turn white."""
    side = max(page.shape)
    kernel = max(15, (side // 40) | 1)
    small = _shrunk(page, 1000)
    size = max(9, int(kernel * max(small.shape) / side) | 1)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((size, size), np.uint8)), min(size, 255))
    background = cv2.resize(paper, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    even = cv2.divide(page, np.maximum(background, 1), scale=255)
    # Grey strokes of thermal print drawn darker: worth three points of word recall on receipts.
    darker = np.asarray(255.0 * (even / 255.0) ** DARKEN)
    even = (darker * WHITEN - 20.0 if photographed else darker).clip(0, 255).astype(np.uint8)
    if _grain(page) > 6.0:  # noqa: PLR2004 - standard deviation of sensor noise from which smoothing helps
        even = cv2.fastNlMeansDenoising(np.asarray(even, dtype=np.uint8), None, 12, 5, 11)
    return np.asarray(even, dtype=np.uint8)


def _grain(page: Pixels) -> float:
    """Noise of the paper: the median absolute deviation of the Laplacian, which print hardly moves."""
    fine = cv2.Laplacian(page, cv2.CV_32F)
    return float(np.median(np.abs(fine - np.median(fine)))) * 1.4826 / math.sqrt(20)
