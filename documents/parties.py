"""Who sells and who buys: by label, by legal form, by what stands at the head of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from documents.facts import Found
from documents.firms import LEGAL_FORM, MOST_WORDS, NOISE, REGISTERED, REGISTRATION_ROW, reads_like_a_name, tidy
from documents.labels import column_labels, fold, title_labels, word_lists
from documents.layout import place_of

if TYPE_CHECKING:
    from documents.layout import Hit
    from documents.reading import Word
    from documents.survey import Survey

_STREET = re.compile(
    r"^(?:jalan|jln|taman|lorong|kampung|bandar|seksyen|kawasan|persiaran|rue|calle|rua|avenida|viale|piazza)\s"
    r"|\w*(?:straße|strasse|str\.|platz|weg|gasse|allee|straat|laan|plein)\s*\d+|,\s*\d{4,5}\s+[^\W\d_]{3,}"
    r"|\d+.*(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|drive|blvd|way|suite|floor|rue|cours|place|straße|strasse|str\.|weg|"
    r"platz|allee|laan|straat|plein|via|viale|piazza|calle|avenida|plaza|rua|jalan|jln|lorong|taman|lot)\b"
    r"|\b(?:street|road|avenue|rue|jalan|jln|via|calle|rua|lot|no\.?)\b.*\d+|^\s*(?:[A-Z]{1,2}-)?\d{4,6}\s+[^\W\d_]{3,}"
    r"|[A-Z]{2},?\s+\d{5}",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"(?:www\.|@|https?://)([\w-]+(?:\.[\w-]+)*)\.[a-z]{2,}|(?<![\w.])([\w-]{4,})\.(?:com|net|org|biz|info|eu|example)\b",
    re.IGNORECASE,
)
_SAME_PRINT: Final = 1.4
_TOP_ROWS: Final = 14
_HEAD_ROWS: Final = 3
_HEAD_GAP: Final = 6
_LETTERHEAD: Final = 1.2
_TWO_LETTERHEADS: Final = 0.72
"""Two names with an address each and nothing to tell seller from buyer: a person must say which."""
_IMPRINT: Final = 2.6
"""Score of a name from small print: sure to be the seller's own, less sure to be whole."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Seller and buyer as printed."""

    vendor_name: Found[str] | None
    vendor_address: Found[str] | None
    buyer_name: Found[str] | None


@dataclass(frozen=True, slots=True)
class _Name:
    """A phrase that can be the seller's name."""

    text: str
    score: float
    row: int
    words: tuple[Word, ...]
    addressed: bool = False  # an address stands right under it
    proved: bool = False  # more than its place says that it is a firm, and this one's


def find_parties(survey: Survey) -> Parties:
    """The buyer by label; the seller by label, else the phrase with the most signs of being a firm."""
    buyer = _labelled(survey, "buyer")
    seller = _labelled(survey, "seller")
    names = _names(survey, buyer[0] if buyer else None)
    if seller and LEGAL_FORM.search(seller[0]):
        names.append(_Name(seller[0], 4.5, seller[1], seller[2]))
    best = max(names, key=lambda name: (name.score, -name.row), default=None)
    if best is None:
        return Parties(None, None, _found(survey, buyer, 0.8))
    confidence = min(0.95, 0.45 + 0.12 * best.score)
    if not best.proved and any(name.addressed and not _same(name, best) for name in names):
        confidence = min(confidence, _TWO_LETTERHEADS)
    if any(other.text != best.text and other.score > best.score - 0.4 and not _same(other, best) for other in names):
        confidence -= 0.12
    trust = survey.trust(sum(word.confidence for word in best.words) / len(best.words))
    vendor = Found(tidy(best.text), confidence * trust, survey.place(best.row, best.words))
    return Parties(vendor, _address(survey, best), _found(survey, buyer, 0.8))


def _found(survey: Survey, named: tuple[str, int, tuple[Word, ...]] | None, confidence: float) -> Found[str] | None:
    return Found(tidy(named[0]), confidence, survey.place(named[1], named[2])) if named else None


def _same(one: _Name, two: _Name) -> bool:
    return fuzz.partial_ratio(one.text.lower(), two.text.lower()) > 85  # noqa: PLR2004 - a name repeated or shortened


def _labelled(survey: Survey, role: str) -> tuple[str, int, tuple[Word, ...]] | None:
    """The first phrase beside or under a label of a party that reads like a name."""
    for hit in survey.hits:
        if hit.label.role != role or not _is_heading(survey, hit):
            continue
        right = survey.sheet.right_of(hit)
        beside = [(hit.row, phrase) for phrase in survey.sheet.rows[hit.row].phrases() if right and phrase[-1] in right]
        options = [(row, tuple(word for word in phrase if word in right)) for row, phrase in beside[:1]]
        for row, words in (*options, *survey.sheet.below(hit, reach=0.5)):
            text = " ".join(word.text for word in words).strip(" :,")
            if reads_like_a_name(text) and not _all_labels(survey, row, words):
                return text, row, words
    return None


def _is_heading(survey: Survey, hit: Hit) -> bool:
    """Whether a party's label stands as one: at the start of its phrase, and marked or nearly alone there."""
    row = survey.sheet.rows[hit.row]
    phrase = next(each for each in row.phrases() if row.words[hit.first] in each)
    starts = phrase[0] is row.words[hit.first]
    marked = row.words[hit.last].text.endswith(":")
    alone = phrase[-1] is row.words[hit.last]
    named = bool(LEGAL_FORM.search(" ".join(word.text for word in phrase)))
    return starts and (marked or alone or named or len(hit.label.tokens) > 1)


def _all_labels(survey: Survey, row: int, words: tuple[Word, ...]) -> bool:
    indexes = [survey.sheet.rows[row].words.index(word) for word in words]
    return any(hit.first <= indexes[0] and hit.last >= indexes[-1] for hit in survey.hits_on(row))


def _names(survey: Survey, buyer: str | None) -> list[_Name]:
    """Phrases that may name the seller, scored by legal form, trade, place on the page, size and the web address."""
    rows = survey.sheet.rows
    sizes = sorted(row.height for row in rows) or [1.0]
    middle = sizes[len(sizes) // 2]
    domains = [(one or two).lower().replace("-", "") for one, two in _DOMAIN.findall(survey.sheet.text)]
    bought = _bought_rows(survey)
    found: list[_Name] = []
    for index, row in enumerate(rows):
        if row.page != rows[0].page:
            break
        for phrase in row.phrases():
            whole, raw = _whole(survey, index, phrase)
            text = tidy(raw)
            if not reads_like_a_name(text) or (index, id(phrase[0])) in bought or _is_a_label(survey, index, phrase):
                continue
            if buyer and fuzz.ratio(text.lower(), buyer.lower()) > 85:  # noqa: PLR2004 - the buyer repeated
                continue
            addressed = _heads_an_address(survey, index, phrase)
            named = _own_marks(text, domains) + _register_mark(survey, index, raw)
            score = (
                _score(survey, index, phrase, text, middle) + named + _LETTERHEAD * (addressed and index <= _HEAD_ROWS)
            )
            found.append(_Name(text, score, index, whole, addressed, named > 0))
    return found + _imprints(survey)


def _imprints(survey: Survey) -> list[_Name]:
    """Names that open a sentence of legal small print: "Name GmbH, registered at ..."."""
    found: list[_Name] = []
    for index, row in enumerate(survey.sheet.rows):
        for phrase in row.phrases():
            if len(phrase) <= MOST_WORDS:
                continue
            for count in (2, 3, 4, 5):
                text = " ".join(word.text for word in phrase[:count])
                form = LEGAL_FORM.search(text)
                if form and form.start() > 2 and form.end() >= len(text) - 1 and text[0].isupper():  # noqa: PLR2004
                    found.append(_Name(text, _IMPRINT, index, phrase[:count]))
                    break
    return found


def _is_a_label(survey: Survey, row: int, phrase: tuple[Word, ...]) -> bool:
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
        if (
            alike
            and beside
            and taller < _SAME_PRINT * tall
            and reads_like_a_name(before)
            and not _STREET.search(before)
        ):
            return (*above, *phrase), f"{before} {text}"
    return phrase, text


def _register_mark(survey: Survey, index: int, text: str) -> float:
    """What a number of the register of companies says, behind a name or alone on the row under it."""
    rows = survey.sheet.rows
    below = rows[index + 1].text if index + 1 < len(rows) else ""
    return 1.2 if REGISTERED.search(text) else 0.8 if REGISTRATION_ROW.match(below) else 0.0


def _own_marks(text: str, domains: list[str]) -> float:
    """What a name itself says: a legal form, a trade, the document's own web address."""
    form = LEGAL_FORM.search(text)
    tokens = fold(text)
    joined = "".join(tokens)
    score = 2.0 if form and form.start() > 2 and form.end() > 0.4 * len(text) else 0.0  # noqa: PLR2004 - after a name
    score += 1.0 if word_lists()["trades"].intersection(tokens) else 0.0
    score += 1.2 if len(joined) > 3 and any(fuzz.partial_ratio(joined, domain) > 85 for domain in domains) else 0.0  # noqa: PLR2004
    return score


def _score(survey: Survey, index: int, phrase: tuple[Word, ...], text: str, middle: float) -> float:
    form = LEGAL_FORM.search(text)
    score = 0.0
    score += max(0.0, 1.6 - 0.2 * index) if index < _TOP_ROWS else 0.0
    height = max(word.bottom - word.top for word in phrase)
    score += min(1.2, max(0.0, height / middle - 1.15) * 1.5)
    score += 0.3 if text.isupper() else 0.0
    score += 0.4 * min(2, survey.sheet.text.count(tidy(text)) - 1) if len(text) > 4 else 0.0  # noqa: PLR2004
    score -= 0.8 if text.islower() else 0.0
    score -= 1.5 if _STREET.search(text) else 0.0
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


def _heads_an_address(survey: Survey, index: int, phrase: tuple[Word, ...]) -> bool:
    """Whether a street or town stands right under the phrase."""
    rows = survey.sheet.rows
    below = (
        row for row in rows[index + 1 : index + 4] if row.top - rows[index].bottom < _HEAD_GAP * rows[index].height
    )
    return any(
        _STREET.search(" ".join(word.text for word in each))
        for row in below
        for each in row.phrases()
        if each[0].x0 < phrase[-1].x1 and each[-1].x1 > phrase[0].x0
    )


def _bought_rows(survey: Survey) -> set[tuple[int, int]]:
    """Phrases in the block under a label of the buyer or the place of delivery: row and first word."""
    return {
        (row, id(phrase[0]))
        for hit in survey.hits
        if hit.label.role in {"buyer", "recipient"} and _is_heading(survey, hit)
        for row, phrase in (*survey.sheet.below(hit, reach=1.0), *((hit.row, p) for p in _after(survey, hit)))
    }


def _after(survey: Survey, hit: Hit) -> list[tuple[Word, ...]]:
    row = survey.sheet.rows[hit.row]
    return [phrase for phrase in row.phrases() if phrase[-1].x0 >= row.words[hit.first].x0]


def _address(survey: Survey, name: _Name) -> Found[str] | None:
    """Rows under the seller's name, in its column, as long as they read like an address."""
    rows = survey.sheet.rows
    box = survey.place(name.row, name.words)
    parts: list[tuple[int, tuple[Word, ...]]] = []
    bottom, height = box.bottom, rows[name.row].height
    for index in range(name.row + 1, min(name.row + 9, len(rows))):
        row = rows[index]
        if row.page != box.page or row.top - bottom > 2.5 * max(height, row.height):
            break
        phrase = next((each for each in row.phrases() if each[0].x0 < box.x1 and each[-1].x1 > box.x0), None)
        if phrase is None:
            continue
        text = " ".join(word.text for word in phrase)
        if _STREET.search(text) or (
            parts and re.search(r"[^\W\d_]{4,}", text) and not _ends_address(survey, index, text)
        ):
            parts.append((index, phrase))
        elif parts:
            break
        bottom = row.bottom
    if not parts:
        return None
    words = tuple(word for _, phrase in parts for word in phrase)
    text = ", ".join(tidy(" ".join(word.text for word in phrase)) for _, phrase in parts)
    confidence = 0.8 * survey.trust(sum(word.confidence for word in words) / len(words))
    return Found(text, confidence, place_of(box.page, words))


def _ends_address(survey: Survey, index: int, text: str) -> bool:
    labelled = any(hit.label.weight > 1 for hit in survey.hits_on(index))
    return labelled or bool(NOISE.search(text)) or bool(survey.sheet.find_in(index, title_labels()))
