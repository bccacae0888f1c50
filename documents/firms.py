"""How firms write themselves: legal forms, numbers in registers, and what of a printed phrase is the name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_FORMS: Final = (
    r"gmbh(?: & co\.? ?kg)?|mbh|ag|kg|ohg|e\.? ?k\.?|ug",
    r"inc\.?|incorporated|llc|l\.l\.c\.?|corp(?:oration|\.)?|ltd\.?|limited|plc|llp|co\.|company",
    r"s\.?a\.?r\.?l\.?|s\.?a\.?s\.?u?|s\.?a\.?|eurl|sprl|bvba|b\.?v\.?|n\.?v\.?|v\.?o\.?f\.?",
    r"s\.? ?r\.? ?l\.?s?|s\.?p\.?a\.?|s\.?n\.?c\.?|s\.?l\.?u?\.?|lda\.?|unipessoal|ltda\.?|eireli",
    r"sdn\.?,? ?bhd\.?|s/?b|bhd\.?|pte\.? ?ltd\.?|pvt\.? ?ltd\.?|pty\.? ?ltd\.?",
    r"oy|ab|a/?s|aps|spółka|sp\. ?z ?o\.?o\.?|z\.s\.",
)
LEGAL_FORM = re.compile(rf"(?<!\w)(?:{'|'.join(_FORMS)})(?!\w)", re.IGNORECASE)
NOISE = re.compile(
    r"^(?:page|seite|tel|phone|fax|www\.|http|e-?mail|copy|original|duplicate|date|time|no\.?|nr\.?)\b"
    r"|@|https?:|\d{4,}.*\d{4,}",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(r"\s*[({\[][^)}\]]*\d{3}[^)}\]]*[)}\]]?\s*$")
REGISTERED = re.compile(
    r"\S\s*[({\[]\s*(?:co\S*\s*)?(?:reg\S*|no\S*)?\s*\d{5,}\s*-?\s*[A-Z]{0,2}\s*[)}\]]", re.IGNORECASE
)
"""A name with its number in the register of companies behind it."""

REGISTRATION_ROW = re.compile(r"^\W*(?:co\S*\s*)?(?:reg\S*|no\S*)?\W*\d{5,}\s*-?\s*[A-Z]{0,2}\W*$", re.IGNORECASE)
_AFTER_NUMBER = re.compile(r"(\w.*?)\s*[({\[][^({\[]*\d{5,}[^)}\]]*[)}\]].*$")
_AFTER_FORM = re.compile(
    rf"^(.{{4,}}?(?<!\w)(?:{'|'.join(_FORMS)})(?!\w)),\s(?!(?:{'|'.join(_FORMS)})\b).*$", re.IGNORECASE
)
_FORM_MISREAD = re.compile(r"\b[5S]/[8B](?=\s*[({\[]\s*\d)")
MOST_WORDS: Final = 9
_LONGEST: Final = 200
"""Letters of a phrase in which a name is looked for: a page of prose on one row would cost the square of its length."""


def reads_like_a_name(text: str) -> bool:
    """Whether a phrase can be a name: mostly letters, no sentence, nothing that announces a number or a date."""
    letters = sum(letter.isalpha() for letter in text)
    if letters < 3 or letters < 0.5 * len(text.replace(" ", "")) or NOISE.search(text):  # noqa: PLR2004
        return False
    return len(text.split()) <= MOST_WORDS


@lru_cache(maxsize=256)
def tidy(text: str) -> str:
    """The name alone: without the number in the register, what follows the legal form, and stray marks."""
    text = _AFTER_NUMBER.sub(r"\1", _FORM_MISREAD.sub("S/B", text[:_LONGEST]))
    text = _AFTER_FORM.sub(r"\1", _REGISTRATION.sub("", text))
    return re.sub(r"\s+", " ", text).strip(" :;,|*_-~='\"\u201c\u201d\u2018\u2019")
