"""Phrases that can name the seller: what speaks for each, from its place on the page to the web address it shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from documents.firms import LEGAL_FORM, MOST_WORDS, REGISTERED, REGISTRATION_ROW, reads_like_a_name, tidy
from documents.labels import column_labels, fold, title_labels, word_lists

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from documents.reading import Word
    from documents.survey import Survey

STREET = re.compile(
    r"^(?:jalan|jln|taman|lorong|kampung|bandar|seksyen|kawasan|persiaran|rue|calle|rua|avenida|viale|piazza)\s"
    r"|\w*(?:straße|strasse|str\.|platz|weg|gasse|allee|straat|laan|plein)\s*\d+|,\s*\d{4,5}\s+[^\W\d_]{3,}"
    r"|\d+.*(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|drive|blvd|way|suite|floor|rue|cours|place|straße|strasse|str\.|weg|"
    r"platz|allee|laan|straat|plein|via|viale|piazza|calle|avenida|plaza|rua|jalan|jln|lorong|taman|lot)\b"
    r"|\b(?:street|road|avenue|rue|jalan|jln|via|calle|rua|lot|no\.?)\b.*\d+|^\s*(?:[A-Z]{1,2}-)?\d{4,6}\s+[^\W\d_]{3,}"
    r"|[A-Z]{2},?\s+\d{5}",
    re.IGNORECASE,
)
"""What a street, a town behind its post code, or a region before one looks like."""

_DOMAIN = re.compile(
    r"(?:www\.|@|https?://)([\w-]+(?:\.[\w-]+)*)\.[a-z]{2,}|(?<![\w.])([\w-]{4,})\.(?:com|net|org|biz|info|eu|example)\b",
    re.IGNORECASE,
)
_SAME_PRINT: Final = 1.4
_TOP_ROWS: Final = 14
_HEAD_ROWS: Final = 3
_HEAD_GAP: Final = 6
_LETTERHEAD: Final = 1.2
_IMPRINT: Final = 2.6
"""Score of a name from small print: sure to be the seller's own, less sure to be whole."""

_OWN_DOMAIN: Final = 2.0
_DOMAIN_LETTERS: Final = 4
_ALIKE: Final = 85


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase that can be the seller's name."""

    text: str
    score: float
    row: int
    words: tuple[Word, ...]
    addressed: bool = False  # an address stands right under it
    marked: bool = False  # more than its place says that it is a firm
    proved: bool = False  # the document says that this firm is the one that sends it


def find_names(survey: Survey, buyer: str | None, bought: AbstractSet[tuple[int, int]]) -> list[Name]:
    """Phrases that may name the seller, scored by legal form, trade, place on the page, size and the web address.

    `buyer` and what stands in the buyer's block (row, id of the first word) are no candidates.
    """
    rows = survey.sheet.rows
    sizes = sorted(row.height for row in rows) or [1.0]
    middle = sizes[len(sizes) // 2]
    domains = _domains(survey)
    found: list[Name] = []
    for index, row in enumerate(rows):
        if row.page != rows[0].page:
            break
        for phrase in row.phrases():
            whole, raw = _whole(survey, index, phrase)
            text = tidy(raw)
            if not reads_like_a_name(text) or (index, id(phrase[0])) in bought or is_a_label(survey, index, phrase):
                continue
            if buyer and fuzz.ratio(text.lower(), buyer.lower()) > _ALIKE:  # the buyer repeated
                continue
            addressed = heads_an_address(survey, index, phrase)
            own = _OWN_DOMAIN * _shares(text, domains)
            register = _register_mark(survey, index, raw)
            named = _trade_marks(text) + own + register
            score = (
                _score(survey, index, phrase, text, middle) + named + _LETTERHEAD * (addressed and index <= _HEAD_ROWS)
            )
            found.append(Name(text, score, index, whole, addressed, named > 0, own > 0 or register > 0))
    return found + _imprints(survey, domains)


def legal_name(best: Name, names: list[Name]) -> str:
    """The name as the law writes it where small print does: a heading "X Shop" of what signs as "X Ltd" is X Ltd."""
    if LEGAL_FORM.search(best.text):
        return best.text
    for name in names:
        form = LEGAL_FORM.search(name.text)
        core = name.text[: form.start()].strip(" ,") if form and name.score >= _IMPRINT else ""
        if core and best.text.casefold().startswith(f"{core.casefold()} "):
            return name.text
    return best.text


def _imprints(survey: Survey, domains: list[str]) -> list[Name]:
    """Names that open a sentence of legal small print: "Name GmbH, registered at ..."."""
    found: list[Name] = []
    for index, row in enumerate(survey.sheet.rows):
        for phrase in row.phrases():
            if len(phrase) <= MOST_WORDS:
                continue
            for count in (2, 3, 4, 5):
                text = " ".join(word.text for word in phrase[:count])
                if _is_firm(text):
                    own = _shares(text, domains)
                    score = _IMPRINT + _OWN_DOMAIN * own + _high(index)
                    found.append(Name(text, score, index, phrase[:count], marked=True, proved=own))
                    break
    return found


def _is_firm(text: str) -> bool:
    """Whether words are a name in capitals with its legal form at the end; a sentence with "company" in it is none."""
    form = LEGAL_FORM.search(text)
    if form is None or form.start() <= 2 or form.end() < len(text) - 1:  # noqa: PLR2004 - a name stands before it
        return False
    return text[0].isupper() and form.group()[0].isupper()


def _domains(survey: Survey) -> list[str]:
    return [(one or two).lower().replace("-", "") for one, two in _DOMAIN.findall(survey.sheet.text)]


def _shares(text: str, domains: list[str]) -> bool:
    """Whether a name and one of the document's own web addresses begin alike."""
    joined = "".join(fold(text)).removeprefix("the")
    if len(joined) < _DOMAIN_LETTERS:
        return False
    parts = [part.removeprefix("the") for domain in domains for part in domain.split(".")]
    ends = [(joined[: len(part)], part[: len(joined)]) for part in parts if len(part) >= _DOMAIN_LETTERS]
    return any(fuzz.ratio(one, two) > _ALIKE for one, two in ends)


def is_a_label(survey: Survey, row: int, phrase: tuple[Word, ...]) -> bool:
    """Whether a phrase is nothing but a label or a column heading."""
    words = survey.sheet.rows[row].words
    first, last = words.index(phrase[0]), words.index(phrase[-1])
    hits = (*survey.hits_on(row), *survey.sheet.find_in(row, column_labels()))
    return any(hit.first <= first and hit.last >= last and hit.label.weight > 1 for hit in hits)


def _whole(survey: Survey, index: int, phrase: tuple[Word, ...]) -> tuple[tuple[Word, ...], str]:
    """A name broken before its legal form ("SMITH BOOKS" over "CO. (M) LTD"), put together again."""
    text = " ".join(word.text for word in phrase)
    form = LEGAL_FORM.search(text)
    if not index:
        return phrase, text
    cut = form is not None and len(text[: form.start()].split()) <= 1
    for above in survey.sheet.rows[index - 1].phrases():
        before = " ".join(word.text for word in above)
        tall, taller = sorted(max(word.bottom - word.top for word in each) for each in (above, phrase))
        beside = above[0].x0 < phrase[-1].x1 and above[-1].x1 > phrase[0].x0
        # A note written by hand above the print is not in the same case.
        alike = before.isupper() == text.isupper() and (cut or tidy(f"{before} {text}") in survey.sheet.text)
        if alike and beside and taller < _SAME_PRINT * tall and reads_like_a_name(before) and not STREET.search(before):
            return (*above, *phrase), f"{before} {text}"
    return phrase, text


def _register_mark(survey: Survey, index: int, text: str) -> float:
    """What a number of the register of companies says, behind a name or alone on the row under it."""
    rows = survey.sheet.rows
    below = rows[index + 1].text if index + 1 < len(rows) else ""
    return 1.2 if REGISTERED.search(text) else 0.8 if REGISTRATION_ROW.match(below) else 0.0


def _trade_marks(text: str) -> float:
    """What a name itself says: a legal form, a trade."""
    form = LEGAL_FORM.search(text)
    score = 2.0 if form and form.start() > 2 and form.end() > 0.4 * len(text) else 0.0  # noqa: PLR2004 - after a name
    return score + (1.0 if word_lists()["trades"].intersection(fold(text)) else 0.0)


def _high(row: int) -> float:
    """What standing high on the first page speaks for a name."""
    return max(0.0, 1.6 - 0.2 * row) if row < _TOP_ROWS else 0.0


def _score(survey: Survey, index: int, phrase: tuple[Word, ...], text: str, middle: float) -> float:
    form = LEGAL_FORM.search(text)
    score = 0.0
    score += _high(index)
    height = max(word.bottom - word.top for word in phrase)
    score += min(1.2, max(0.0, height / middle - 1.15) * 1.5)
    score += 0.3 if text.isupper() else 0.0
    score += 0.4 * min(2, survey.sheet.text.count(tidy(text)) - 1) if len(text) > 4 else 0.0  # noqa: PLR2004
    score -= 0.8 if text.islower() else 0.0
    score -= 1.5 if STREET.search(text) else 0.0
    score -= 1.0 if phrase[-1].text.endswith(",") else 0.0  # an address goes on
    score -= 1.2 if len(phrase) > 6 else 0.0  # noqa: PLR2004 - a sentence
    score -= 0.8 if any(letter.isdigit() for letter in text) and not form else 0.0
    labels = [
        hit
        for hit in survey.hits_on(index)
        if survey.sheet.rows[index].words[hit.first] in phrase and hit.label.weight > 1
    ]
    covered = sum(hit.last - hit.first + 1 for hit in labels)
    score -= 1.5 * min(1.0, covered / len(phrase))
    titles = [
        hit
        for hit in survey.sheet.find_in(index, title_labels())
        if survey.sheet.rows[index].words[hit.first] in phrase
    ]
    score -= (1.6 if len(phrase) <= 3 else 0.8) if titles else 0.0  # noqa: PLR2004 - up to three words are the title alone
    return score


def heads_an_address(survey: Survey, index: int, phrase: tuple[Word, ...]) -> bool:
    """Whether a street or town stands right under the phrase."""
    rows = survey.sheet.rows
    below = (
        row for row in rows[index + 1 : index + 4] if row.top - rows[index].bottom < _HEAD_GAP * rows[index].height
    )
    return any(
        STREET.search(" ".join(word.text for word in each))
        for row in below
        for each in row.phrases()
        if each[0].x0 < phrase[-1].x1 and each[-1].x1 > phrase[0].x0
    )
