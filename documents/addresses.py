"""The seller's address: the rows under its name that read like one, up to the first that says something else."""

from __future__ import annotations

import re
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from documents.facts import Found
from documents.firms import LEGAL_FORM, REGISTRATION_ROW, tidy
from documents.labels import fold, title_labels, word_lists
from documents.layout import place_of
from documents.names import STREET, is_a_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.layout import Hit
    from documents.names import Name
    from documents.reading import Word
    from documents.survey import Survey

_CONFIDENCE: Final = 0.8
_ELSEWHERE: Final = 0.6
"""Score of an address that does not stand under the name."""

_SAME: Final = 90
"""Ratio from which a row is the name again."""

_MOST_ROWS: Final = 9
_TOP_ROWS: Final = 14
_GAP: Final = 2.5
"""Row heights from the name to its address; within one the rows stand closer."""

_WITHIN: Final = 1.25
_NUMBERS: Final = frozenset(
    {"tax_id", "other_number", "invoice_number", "invoice_date", "due_date", "buyer", "recipient", "total", "property"}
)
"""Roles of labels that open a row of something else than an address."""

_CONTACT = re.compile(
    r"^\W*(?:tele?(?:phone|fon|fax)?|te1|t[eé]l|phone|fax|mobile?|mob|hp|h/p|whats\w*|e-?mail|courriel|contact|web\w*|url)"
    r"\s*(?:[.:&/+(\d]|no|$)|@|https?:|www\.",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r":\s*[A-Z]{0,3}\s?(?:\d[ -]?){6,}")
"""A long number with a label, however that was read."""

_IN_BRACKETS = re.compile(r"^\W*[(\[{].*[)\]}]?\W*$")
_WORD = re.compile(r"[^\W\d_]{4,}")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_PLACE = re.compile(r"\d|,")
_POST_CODE = re.compile(r"^\W*\d{4,6}\s")
TOWN = re.compile(
    r"^\W*(?:[A-Z]{1,2}[ -])?\d{4,6}\s?(?:[A-Z]{2}\b\s?)?,?\s*[^\W\d_]{3,}"
    r"|^\d{4}-\d{3}\s+[^\W\d_]{3,}|[A-Z]{2},?\s+\d{5}"
)
"""A post code and its town, or a state before one."""

_HOUSE = re.compile(r"^[^\W\d_][^\d,:]*\s\d{1,4}\s?[a-z]?(?:\s?[-/]\s?\d{1,4}[a-z]?)?,?$")
"""A street named without the word, and the number of the house: "Weena 664"."""

_DASHES: Final = frozenset("-\u2013\u2014|\u2022\u00b7")
_DASHED = re.compile(r"\s[-\u2013\u2014|\u2022\u00b7]\s")

_MARK: Final = re.compile(r"^\W*((?:[^\W\d_]+[. ]+){0,2}[^\W\d_]+)\s*:\s*")
"""Up to three words and a colon."""


def find_address(survey: Survey, name: Name, bought: frozenset[tuple[int, int]]) -> Found[str] | None:
    """The address of the firm called `name`: behind it in a phrase, under it, else at the head of the page.

    What stands in the buyer's block (`bought`: row, id of the first word) is no address of the seller, and with such a
    block on the page only what stands by the name is.
    """
    parts = _behind(survey, name) or _below(survey, name)
    confidence = _CONFIDENCE
    if not parts and not bought and name.row < _TOP_ROWS:
        parts, confidence = _at_the_head(survey), _ELSEWHERE
    if not parts:
        return None
    words = tuple(word for part in parts for word in part)
    texts = [tidy(_DASHED.sub(", ", _text(part))) for part in parts]
    trust = survey.trust(sum(word.confidence for word in words) / len(words))
    page = survey.sheet.rows[name.row].page
    return Found(", ".join(text for text in texts if text), confidence * trust, place_of(page, words))


def _below(survey: Survey, name: Name) -> list[tuple[Word, ...]]:
    """The address in the rows under the name, without those that are the name again."""
    box = survey.place(name.row, name.words)
    rows = _rows_from(survey, name.row + 1, (box.x0, box.x1), box.bottom, survey.sheet.rows[name.row].height)
    return list(dropwhile(partial(_says_again, name=name.text.lower()), rows))


def _says_again(part: tuple[Word, ...], *, name: str) -> bool:
    """Whether a row above the street is the name again, or more of it."""
    return not _PLACE.match(_text(part)) and fuzz.partial_ratio(_text(part).lower(), name) >= _SAME


def _rows_from(
    survey: Survey, start: int, span: tuple[float, float], bottom: float, height: float
) -> list[tuple[Word, ...]]:
    """The address that begins among the rows from `start` on, in the column between the edges of `span`."""
    parts: list[tuple[Word, ...]] = []
    opening: list[tuple[Word, ...]] = []
    for index, phrase in _column(survey, start, span):
        row = survey.sheet.rows[index]
        if row.top - bottom > (_WITHIN * row.height if parts else _GAP * max(height, row.height)):
            break
        bottom = row.bottom
        own = own_words(survey, index, phrase)
        other = not own or says_else(survey, index, own)
        if (parts and (other or _is_another(_text(own)))) or (own and _opens_a_block(survey, index, own)):
            break
        if other:
            opening = []
        elif parts or not is_street(survey, index, own):
            (parts or opening).append(own)
        else:
            parts = [*_before(opening, own), own]
        if parts and len(own) < len(phrase):
            break  # what was cut off says something else
    return parts


def _opens_a_block(survey: Survey, index: int, words: Sequence[Word]) -> bool:
    """Whether a phrase announces the buyer or the place of delivery, so that what follows is theirs."""
    line = survey.sheet.rows[index].words
    return any(
        hit.label.role in {"buyer", "recipient"} and line[hit.first] is words[0] and _is_printed(hit, line)
        for hit in survey.hits_on(index)
    )


def _is_another(text: str) -> bool:
    """Whether a row below an address is none of it: too short to say anything, or the name of the next firm."""
    form = LEGAL_FORM.search(text)
    return not _WORD.search(text) or (form is not None and form.end() == len(text))


def _column(survey: Survey, start: int, span: tuple[float, float]) -> Iterator[tuple[int, tuple[Word, ...]]]:
    """The phrases of a few rows that stand between two edges, with their rows, on the first row's page."""
    rows = survey.sheet.rows
    for index in range(start, min(start + _MOST_ROWS, len(rows))):
        if rows[index].page != rows[start].page:
            return
        within = (each for each in rows[index].phrases() if each[0].x0 < span[1] and each[-1].x1 > span[0])
        phrase = next(within, None)
        if phrase is not None:
            yield index, phrase


def _before(opening: list[tuple[Word, ...]], street: tuple[Word, ...]) -> list[tuple[Word, ...]]:
    """What of the rows above the first street belongs to it: a floor or a building; above a bare town, its street."""
    named = [own for own in opening if _WORD.search(_text(own)) and not LEGAL_FORM.search(_text(own))]
    town = _POST_CODE.match(_text(street))
    return [own for own in named if _PLACE.search(_text(own)) or (town and own is opening[-1])]


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def own_words(survey: Survey, index: int, phrase: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of a phrase that can be an address: not "Address:" before them, nor a number with its label after."""
    words = survey.sheet.rows[index].words
    mark = _MARK.match(_text(phrase))
    said = " ".join(fold(mark[1])) if mark else ""
    known = any(said.endswith(each) for each in word_lists()["address_labels"]) if said else False
    first = len(mark[0].split()) if mark and known else 0
    at = words.index(phrase[0])
    ends = [
        hit.first - at
        for hit in survey.hits_on(index)
        if hit.label.role in _NUMBERS and hit.label.weight > 2 and words[hit.last].text.endswith(":")  # noqa: PLR2004 - plainly
    ]
    contacts = [place for place, word in enumerate(phrase) if _CONTACT.search(word.text)]
    end = min((place for place in (*ends, *contacts) if place > first), default=len(phrase))
    return phrase[first:end]


def says_else(survey: Survey, index: int, words: Sequence[Word]) -> bool:
    """Whether a phrase is a number with its label, a way to reach the firm, a branch in brackets or a title."""
    text = _text(words)
    line = survey.sheet.rows[index].words
    at = line.index(words[0])
    opens = any(
        hit.label.role in _NUMBERS and hit.label.weight > 1 and at <= hit.first <= at + 1 and _is_printed(hit, line)
        for hit in survey.hits_on(index)
    )
    heading = text.endswith(":") or any(
        at <= hit.first < at + len(words) for hit in survey.sheet.find_in(index, title_labels())
    )
    dated = any(word in words for spot in survey.dates_by_row.get(index, []) for word in spot.words)
    other = dated or any(pattern.search(text) for pattern in (_NUMBERED, _CONTACT, _IN_BRACKETS, REGISTRATION_ROW))
    return opens or heading or other or is_a_label(survey, index, tuple(words))


def _is_printed(hit: Hit, line: Sequence[Word]) -> bool:
    """Whether a label stands there letter by letter: names of places lie near too many labels."""
    said = [token for word in line[hit.first : hit.last + 1] for token in fold(word.text)]
    return all(token in said for token in hit.label.tokens)


def is_street(survey: Survey, index: int, words: Sequence[Word]) -> bool:
    """Whether a phrase is a street or a town; a bare name with a number is a street where a town stands under it."""
    text = _text(words)
    if STREET.search(text) or TOWN.search(text):
        return bool(_LETTERS.search(text))
    rows = survey.sheet.rows
    if not _HOUSE.match(text) or index + 1 == len(rows):
        return False
    left, right = words[0].x0, words[-1].x1
    under = (phrase for phrase in rows[index + 1].phrases() if phrase[0].x0 < right and phrase[-1].x1 > left)
    return any(TOWN.search(_text(phrase)) for phrase in under)


def _behind(survey: Survey, name: Name) -> list[tuple[Word, ...]]:
    """The address that follows the name in one phrase of the page: "Name Ltd - 12 Mill Road - Portland"."""
    count = len(name.text.split())
    page = survey.sheet.rows[name.row].page
    for index, row in enumerate(survey.sheet.rows):
        if row.page != page or len(row.words) <= count:
            continue
        for phrase in row.phrases():
            if _text(phrase[:count]).strip(" ,;").casefold() != name.text.casefold() or len(phrase) == count:
                continue
            own = tuple(dropwhile(lambda word: word.text in _DASHES, own_words(survey, index, phrase[count:])))
            if own and STREET.search(_text(own)):
                return [own]
    return []


def _at_the_head(survey: Survey) -> list[tuple[Word, ...]]:
    """The only address at the head of the first page; of two nobody could say whose is which."""
    rows = survey.sheet.rows
    found: list[list[tuple[Word, ...]]] = []
    taken: set[int] = set()
    for index in range(min(_TOP_ROWS, len(rows))):
        for phrase in rows[index].phrases():
            own = own_words(survey, index, phrase)
            if not own or id(own[0]) in taken or says_else(survey, index, own) or not is_street(survey, index, own):
                continue
            part = _rows_from(survey, index, (phrase[0].x0, phrase[-1].x1), rows[index].top, rows[index].height)
            taken.update(id(words[0]) for words in part)
            found.append(part)
    return found[0] if len(found) == 1 else []
