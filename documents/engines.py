"""What an OCR engine is: anything that turns the pixels of one page into words with boxes."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from documents.reading import Word

Pixels = NDArray[np.uint8]
"""A grey page: height x width, 0 is black."""


class EngineFailed(Exception):
    """The engine gave up on a page: crashed or out of time."""


class EngineMissing(Exception):
    """The engine is not installed or does not start: nothing is known about the document, another try can help."""


class Engine(Protocol):
    """Reads one upright page at a time. Words carry pixel boxes of the image given, confidence 0 to 1."""

    @property
    def name(self) -> str:
        """Short name that goes with every reading, e.g. "tesseract"."""

    @property
    def version(self) -> str:
        """Version that goes with every reading, so that a re-run can be told apart."""

    @property
    def wants_level_light(self) -> bool:
        """Whether pages must be levelled for it; networks trained on photographs lose strokes by that."""

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:
        """Words of a grey image (height x width, 0 black); raises `EngineFailed` after `seconds`."""

    def quarter_turns(self, image: Pixels, seconds: float) -> int:
        """How many quarter turns clockwise set the image upright; 0 when the engine cannot tell."""
