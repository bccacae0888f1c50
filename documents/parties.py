"""Who sells and who buys: by label, by legal form, by what stands at the head of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from documents.addresses import find_address
from documents.facts import Found
from documents.firms import LEGAL_FORM, reads_like_a_name, tidy
from documents.labels import fold, word_lists
from documents.names import Name, find_names, legal_name
from documents.recipients import find_recipient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.layout import Hit
    from documents.reading import Word
    from documents.survey import Survey

_PARTIES: Final = frozenset({"buyer", "recipient", "seller", "payee"})
_NAMED: Final = 4.5
"""Score of a name that a label announces; nothing but two marks of a letterhead outweighs it."""

_PAID: Final = 4.0
"""Score of the one who is to be paid: the seller, or who collects for it."""

_BOUGHT: Final = 0.87
"""Score of a buyer, by its label or over the only other address: neither was right more often than the other."""

_FORM_ROWS: Final = 8
"""Rows under a party's heading that a form fills with its numbers, name and address."""

_TWO_LETTERHEADS: Final = 0.72
"""Two names with an address each and nothing to tell seller from buyer: a person must say which."""

_RIVAL: Final = 2.0
"""A name that scores so much less is no second letterhead, whatever stands under it."""

_Named = tuple[str, int, tuple["Word", ...]]
"""A name, its row, its words."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Seller and buyer as printed."""

    vendor_name: Found[str] | None
    vendor_address: Found[str] | None
    buyer_name: Found[str] | None


def find_parties(survey: Survey) -> Parties:
    """The buyer by label; the seller by label, else the phrase with the most signs of being a firm."""
    buyer = _labelled(survey, "buyer")
    bought = _bought_rows(survey)
    names = find_names(survey, buyer[0] if buyer else None, bought)
    for role, score in (("seller", _NAMED), ("payee", _PAID)):
        named = _labelled(survey, role)
        if named and (role == "payee" or LEGAL_FORM.search(named[0]) or _is_told(survey, named)):
            names.append(Name(named[0], score, named[1], named[2], marked=True, proved=True))
    best = max(names, key=lambda name: (round(name.score, 3), name.proved, -name.row), default=None)
    if best is None:
        return Parties(None, None, _found(survey, buyer, _BOUGHT))
    confidence = min(0.95, 0.45 + 0.12 * best.score)
    rivals = [name for name in names if name.score > best.score - _RIVAL]
    others = [name for name in rivals if name.addressed and not _same(name, best)]
    if not best.proved and (any(name.marked for name in others) or (others and not best.marked)):
        confidence = min(confidence, _TWO_LETTERHEADS)
    if any(other.text != best.text and other.score > best.score - 0.4 and not _same(other, best) for other in names):
        confidence -= 0.12
    trust = survey.trust(sum(word.confidence for word in best.words) / len(best.words))
    vendor = Found(tidy(legal_name(best, names)), confidence * trust, survey.place(best.row, best.words))
    address = find_address(survey, best, bought)
    recipient = find_recipient(survey, best.text, address.value) if address and not buyer else None
    return Parties(vendor, address, _found(survey, buyer, _BOUGHT) or _found(survey, recipient, _BOUGHT))


def _found(survey: Survey, named: _Named | None, confidence: float) -> Found[str] | None:
    return Found(tidy(named[0]), confidence, survey.place(named[1], named[2])) if named else None


def _same(one: Name, two: Name) -> bool:
    return fuzz.partial_ratio(one.text.lower(), two.text.lower()) > 85  # noqa: PLR2004 - a name repeated or shortened


def _labelled(survey: Survey, role: str) -> _Named | None:
    """The first phrase beside or under a label of a party that reads like a name; in a form, the one labelled so."""
    for hit in survey.hits:
        if hit.label.role != role or not _is_heading(survey, hit):
            continue
        beside = _beside(survey, hit)
        # "Customer: 2" has its value, a number; what stands below is another row's.
        below = [] if any(_is_number(words) for _, words in beside) else _under(survey, hit)
        for row, words in (*beside, *_in_form(survey, hit), *below):
            own = _without_label(survey, row, words)
            text = " ".join(word.text for word in own).strip(" :,")
            if own and reads_like_a_name(text) and not _is_labelled(survey, row, own):
                return text, row, own
    return None


def _under(survey: Survey, hit: Hit) -> list[tuple[int, tuple[Word, ...]]]:
    """The phrases under a party's label; under one that ends a sentence, where the next row begins."""
    if _is_mail(survey, hit):
        return []
    if hit.label.role != "payee":
        return survey.sheet.below(hit, reach=0.5)
    rows = survey.sheet.rows
    ends = hit.first > 0 and hit.last == len(rows[hit.row].words) - 1
    follows = hit.row + 1 < len(rows) and rows[hit.row + 1].page == rows[hit.row].page
    return [(hit.row + 1, rows[hit.row + 1].phrases()[0])] if ends and follows else []


def _beside(survey: Survey, hit: Hit) -> list[tuple[int, tuple[Word, ...]]]:
    right = survey.sheet.right_of(hit)
    beside = [phrase for phrase in survey.sheet.rows[hit.row].phrases() if right and phrase[-1] in right]
    return [(hit.row, tuple(word for word in phrase if word in right)) for phrase in beside[:1]]


def _is_number(words: tuple[Word, ...]) -> bool:
    letters = "".join(word.text for word in words)
    return any(each.isdigit() for each in letters) and not any(each.isalpha() for each in letters)


def _in_form(survey: Survey, hit: Hit) -> Iterator[tuple[int, tuple[Word, ...]]]:
    """What a row labelled as a name says, in the block of rows that a party's heading opens."""
    rows, page = survey.sheet.rows, survey.sheet.rows[hit.row].page
    left = survey.sheet.box_of(hit).x0 - rows[hit.row].height
    for index in range(hit.row + 1, min(hit.row + 1 + _FORM_ROWS, len(rows))):
        phrases = [phrase for phrase in rows[index].phrases() if phrase[0].x0 >= left]
        last = _name_label(phrases[0]) if phrases else None
        if last is not None:
            rest = phrases[0][last + 1 :] or (phrases[1] if len(phrases) > 1 else ())
            if rest:
                yield index, rest
        elif rows[index].page != page or any(
            each.label.role in _PARTIES and _is_heading(survey, each) for each in survey.hits_on(index)
        ):
            return


def _name_label(phrase: tuple[Word, ...]) -> int | None:
    """Index of the word that ends a label of a name ("Name:", "Raison sociale :"), None when there is none."""
    for at, word in enumerate(phrase[:3]):
        if word.text.endswith(":"):
            said = " ".join(token for each in phrase[: at + 1] for token in fold(each.text))
            return at if said in word_lists()["name_labels"] else None
    return None


def _is_told(survey: Survey, named: _Named) -> bool:
    """Whether a name stands behind a label of its own in a form."""
    words = survey.sheet.rows[named[1]].words
    before = words[: words.index(named[2][0])]
    return _name_label(before) is not None


def _without_label(survey: Survey, row: int, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words behind a party's label that opens them: "Attn: X Ltd" under "Bill to" is X Ltd."""
    indexes = {id(word): at for at, word in enumerate(survey.sheet.rows[row].words)}
    first = indexes[id(words[0])]
    line = survey.sheet.rows[row].words
    opening = [
        hit
        for hit in survey.hits_on(row)
        if hit.first == first and hit.label.role in _PARTIES and line[hit.last].text.endswith(":")
    ]
    last = max((hit.last for hit in opening), default=first - 1)
    return tuple(word for word in words if indexes[id(word)] > last)


def _is_heading(survey: Survey, hit: Hit) -> bool:
    """Whether a party's label stands as one: at the start of its phrase, and marked or nearly alone there."""
    row = survey.sheet.rows[hit.row]
    phrase = next(each for each in row.phrases() if row.words[hit.first] in each)
    starts = phrase[0] is row.words[hit.first]
    after = row.words[hit.last + 1 : hit.last + 2]
    marked = row.words[hit.last].text.endswith(":") or any(word.text == ":" for word in after)
    alone = phrase[-1] is row.words[hit.last]
    named = bool(LEGAL_FORM.search(" ".join(word.text for word in phrase)))
    if hit.label.role == "payee":  # it may end a sentence: "please make all cheques payable to"
        return marked or alone
    return starts and (marked or alone or named or len(hit.label.tokens) > 1)


def _is_labelled(survey: Survey, row: int, words: tuple[Word, ...]) -> bool:
    """Whether a phrase is a label, or opens with one of something else than a party."""
    indexes = {id(word): at for at, word in enumerate(survey.sheet.rows[row].words)}
    first, last = indexes[id(words[0])], indexes[id(words[-1])]
    return any(
        hit.first == first
        and (hit.last >= last or (hit.label.weight > 2 and words[hit.last - first].text.endswith(":")))  # noqa: PLR2004 - says one thing only
        for hit in survey.hits_on(row)
    )


def _bought_rows(survey: Survey) -> frozenset[tuple[int, int]]:
    """Phrases in the block under a label of the buyer or the place of delivery: row and first word."""
    return frozenset(
        (row, id(phrase[0]))
        for hit in survey.hits
        if hit.label.role in {"buyer", "recipient"} and _is_heading(survey, hit)
        for row, phrase in (
            *(() if _is_mail(survey, hit) else survey.sheet.below(hit, reach=1.0)),
            *((hit.row, p) for p in _after(survey, hit)),
        )
    )


def _is_mail(survey: Survey, hit: Hit) -> bool:
    """Whether a label is a line of a printed e-mail's head: what stands below is the next line, or the letter."""
    return any("@" in word.text for word in survey.sheet.right_of(hit)[:2])


def _after(survey: Survey, hit: Hit) -> list[tuple[Word, ...]]:
    row = survey.sheet.rows[hit.row]
    return [phrase for phrase in row.phrases() if phrase[-1].x0 >= row.words[hit.first].x0]
