"""Image files to grey pixels, page by page, without letting a small file unfold into all memory."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
import pi_heif  # type: ignore[import-untyped] # ships no types
from PIL import Image, ImageOps

from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.engines import Pixels
    from documents.limits import Limits

FORMATS: Final = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "HEIF", "AVIF", "MPO")
"""The only decoders tried: every further one is attack surface for a format no receipt comes in."""


_ORIENTATION: Final = 0x0112
"""The EXIF tag that says how a camera was held; 1 is upright."""

_MOST_PIXELS_A_BYTE: Final = {"raw": 8, "gif": 2_560, "zip": 8_256}
"""Pixels that one byte of a file can stand for, by Pillow's name of the decoder; the others have no such bound.

Uncompressed: eight of one bit. GIF: a code of 12 bits for at most 3,838 pixels (GIF89a, appendix F). PNG: deflate
unfolds a byte to 1,032 at most (zlib's technical details) of eight pixels each.
"""


class UnreadableImage(Exception):
    """Carries the `Problem` that says why no pixels came out."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def open_frames(data: bytes, limits: Limits) -> Iterator[Pixels]:
    """Yield each frame as grey pixels (height x width), EXIF orientation applied, transparency on white.

    Raises `LimitExceeded` for too many frames or pixels before decoding them, `UnreadableImage` when damaged.
    """
    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # the limit below is the document's own, and raises what the runner knows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about tags of damaged files; the limits below decide
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            frames = int(getattr(image, "n_frames", 1))
        except (OSError, ValueError, SyntaxError, TypeError, KeyError, EOFError, OverflowError) as error:
            raise UnreadableImage(_corrupt(error)) from error
        if image.format == "GIF":
            frames = 1  # an animation shows one document
        limits.check("pages", frames, limits.pages)
        for number in range(frames):
            yield _decode(image, number, len(data), limits)


def _decode(image: Image.Image, number: int, size: int, limits: Limits) -> Pixels:
    try:
        image.seek(number)
        wanted = image.width * image.height
        if wanted > limits.pixels and wanted > _most_pixels(image, size):
            # No picture that is too large, but a header that is wrong: whoever sent it can send it whole.
            raise UnreadableImage(_corrupt(f"it says {wanted:,} pixels, which its {size:,} bytes cannot hold"))
        limits.check("pixels", wanted, limits.pixels)
        # Copies of a picture that stands upright already would cost as much memory again.
        upright = image if image.getexif().get(_ORIENTATION, 1) == 1 else ImageOps.exif_transpose(image)
        if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
            # Grey before it is laid on white: four copies in colour would take a gigabyte of a large picture.
            layered = upright if upright.mode == "RGBA" else upright.convert("RGBA")
            paper = Image.new("L", layered.size, "white")
            paper.paste(layered.convert("L"), mask=layered.getchannel("A"))
            upright = paper
        if upright.mode.startswith("I;16") or upright.mode == "I":
            return (np.asarray(upright, dtype=np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.asarray(upright.convert("L"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, EOFError, IndexError, ZeroDivisionError) as error:
        raise UnreadableImage(_corrupt(error)) from error


def _most_pixels(image: Image.Image, size: int) -> float:
    """How many pixels a file of `size` bytes can hold at most."""
    return size * min(
        (_MOST_PIXELS_A_BYTE.get(tile[0], math.inf) for tile in getattr(image, "tile", ())), default=math.inf
    )


def _corrupt(error: BaseException | str) -> Problem:
    return Problem("CORRUPT", f"the image cannot be decoded ({error}); export or photograph it again")
