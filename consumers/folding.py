"""One spelling for printed words, so that case, accents, punctuation and misread digits do not tell words apart."""

import re
import unicodedata
from typing import Final

__all__ = ["fold"]

_OCR: Final = re.compile(r"(?<=[a-z]{2})[015](?=[a-z])|(?<=[a-z])[015](?=[a-z]{2})")
_OCR_LETTERS: Final = {"0": "o", "1": "i", "5": "s"}
_APART: Final = re.compile(r"[\W_]+")
_JOINED: Final = str.maketrans({"'": None, "`": None, "\u2019": None, "&": " and ", "+": " and "})


def fold(text: str) -> str:
    """Return words in one spelling: no accents, case or punctuation, and letters where OCR put a digit inside one.

    Folding twice changes nothing. Words are separated by single spaces.
    """
    if text.isascii():
        # Nothing to take apart, and most words are such.
        plain = text.lower().translate(_JOINED)
    else:
        lower = unicodedata.normalize("NFKD", text).casefold().translate(_JOINED)
        plain = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    words = _APART.sub(" ", plain).strip()
    # Each letter put back may be the neighbour that shows the next digit to be one.
    while (repaired := _OCR.sub(lambda hit: _OCR_LETTERS[hit[0]], words)) != words:
        words = repaired
    return words
