"""Numbers that name something: the document, the seller's tax registration, the property it is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stdnum import iban
from stdnum.eu.vat import MEMBER_STATES
from stdnum.util import get_cc_module

from documents.facts import Found
from documents.layout import place_of
from documents.numerals import parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.layout import Hit
    from documents.reading import Word
    from documents.survey import Survey

_REFERENCE = re.compile(r"^(?=.*\d)[A-Z0-9][A-Z0-9/_.\-\\#]*[A-Z0-9]$|^\d$", re.IGNORECASE)
_PREFIX = re.compile(r"^(?!N[ORo]$|INV$)[A-Z]{1,4}$")
_DATE_LIKE = re.compile(r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$")
_TAX_CANDIDATE = re.compile(r"(?<![\w-])(?:[A-Z]{2,3}[ -]?)?\d[\dA-Z]*(?:[ .-]?[\dA-Z]{2,})*(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{2,4}){3,8}")
_CONFIDENCE: Final = {3: 0.97, 2: 0.92, 1: 0.75}
_LIKELY: Final = 2
"""Weight of a label that mostly stands before the document's own number: a folio, a statement, the title itself."""

_UNCHECKED: Final = 0.82
"""Score of a tax id without a checksum to hold it against; its label alone is seldom wrong."""

_EU: Final = frozenset(code.upper() for code in MEMBER_STATES)


def find_invoice_number(survey: Survey) -> Found[str] | None:
    """The value beside or under the best label for it, the surest first."""
    hits = [hit for hit in survey.hits if hit.label.role == "invoice_number"]
    for hit in sorted(hits, key=lambda hit: (-hit.label.weight, hit.row)):
        for words, beside in _values(survey, hit):
            value = _reference(words)
            if value is None or (len(value) == 1 and not beside):
                continue
            confidence = _CONFIDENCE[hit.label.weight] * survey.trust(min(word.confidence for word in words))
            return Found(
                value, confidence * (1.0 if beside else 0.95), place_of(survey.sheet.rows[hit.row].page, words)
            )
    return None


def find_tax_id(survey: Survey) -> Found[str] | None:
    """The seller's tax id: a number whose checksum holds wins, else what a label announces (kept, less sure)."""
    labelled: Found[str] | None = None
    for hit in survey.hits:
        if hit.label.role != "tax_id" or _is_buyers(survey, hit):
            continue
        for words, _ in _values(survey, hit):
            text = " ".join(word.text for word in words).strip(" :.,)(")
            place = place_of(survey.sheet.rows[hit.row].page, words)
            trust = survey.trust(min(word.confidence for word in words))
            checked = _checked(text, survey.locality.country)
            if checked:
                return Found(checked, 0.98 * trust, place)
            first = _TAX_CANDIDATE.search(text)
            digits = sum(letter.isdigit() for letter in first.group()) if first else 0
            if labelled is None and first and 7 <= digits <= 16:  # noqa: PLR2004 - lengths of registrations in use
                labelled = Found(first.group().strip(), _UNCHECKED * trust, place)
    return labelled or _unlabelled_vat(survey)


def _is_buyers(survey: Survey, hit: Hit) -> bool:
    """Whether the label of a tax id stands behind one of the buyer; a buyer named right of it says nothing."""
    return any(
        other.label.role in {"buyer", "recipient"} and other.first < hit.first for other in survey.hits_on(hit.row)
    )


def find_iban(survey: Survey) -> Found[str] | None:
    """The first IBAN with a sound checksum; invoices print the seller's, never the buyer's."""
    for match in _IBAN.finditer(survey.sheet.text):
        compact = str(iban.compact(match.group()))
        for length in range(len(compact), 14, -1):  # the next word may have been taken along
            if iban.is_valid(compact[:length]):
                return Found(compact[:length], 0.97)
    return None


def numbers_by_page(survey: Survey) -> dict[int, set[str]]:
    """The numbers a page goes by: those beside a plain label, on a page without any those beside a likely one."""
    plain: dict[int, set[str]] = {}
    likely: dict[int, set[str]] = {}
    for hit in survey.hits:
        if hit.label.role != "invoice_number" or hit.label.weight < _LIKELY:
            continue
        value = next((value for words, beside in _values(survey, hit) if beside and (value := _reference(words))), None)
        if value:
            found = plain if hit.label.weight == max(_CONFIDENCE) else likely
            found.setdefault(survey.sheet.rows[hit.row].page, set()).add(value)
    return likely | plain


def find_labelled(survey: Survey, role: str) -> Found[str] | None:
    """The reference right of a label of a role: a property, a site, a parcel, a meter."""
    for hit in survey.hits:
        if hit.label.role != role:
            continue
        value = next((found for words, beside in _values(survey, hit) if beside and (found := _reference(words))), None)
        if value:
            return Found(value, 0.85, survey.sheet.box_of(hit))
    return None


def _values(survey: Survey, hit: Hit) -> Iterator[tuple[tuple[Word, ...], bool]]:
    """What can be a label's value: the words to its right up to the next label, then phrases below."""
    row = survey.sheet.rows[hit.row]
    following = [other.first for other in survey.hits_on(hit.row) if other.first > hit.last and other.label.weight > 1]
    right = row.words[hit.last + 1 : min(following, default=len(row.words))]
    if right:
        yield right, True
    if not right or not _reference(right):
        label, reach = survey.sheet.box_of(hit), 0.5 * row.height
        for index, phrase in survey.sheet.below(hit, reach=0.5):
            if any(
                other.label.weight > 1 and survey.sheet.rows[index].words[other.first] in phrase
                for other in survey.hits_on(index)
            ):
                return  # a label of its own stands between: what is below it is its value
            under = tuple(word for word in phrase if word.x0 < label.x1 + reach and word.x1 > label.x0 - reach)
            if under:
                yield under, False


def _reference(words: Sequence[Word]) -> str | None:
    """The first word or two that look like a document number."""
    for at, word in enumerate(words[:3]):
        text = word.text.strip(":;,.()[]*'\"").lstrip("#№°º")
        if _PREFIX.match(text) and at + 1 < len(words) and _REFERENCE.match(words[at + 1].text):
            return f"{text} {words[at + 1].text}"  # "LH 220-26"
        if _REFERENCE.match(text) and not _DATE_LIKE.match(text) and not _is_money(text):
            return text
        if any(letter.isalpha() for letter in text) and len(text) > 2:  # noqa: PLR2004 - a word, so the value is elsewhere
            return None
    return None


def _is_money(text: str) -> bool:
    return "." in text[-3:-2] and parse_amount(text) is not None


def _checked(text: str, country: str | None) -> str | None:
    """The compact id when a national checksum holds for it, the document's own country first."""
    for match in _TAX_CANDIDATE.finditer(text):
        raw = match.group()
        prefix = raw[:2].upper() if raw[:2].isalpha() else None
        for code in dict.fromkeys(each for each in (prefix, country) if each):
            module = get_cc_module(code.lower(), "vat")
            if module and module.is_valid(raw):
                compact = str(module.compact(raw))
                return f"{code}{compact}" if code in _EU and not compact.startswith(code) else compact
    return None


def _unlabelled_vat(survey: Survey) -> Found[str] | None:
    """A VAT id with its country code and a sound checksum needs no label."""
    for row in survey.sheet.rows:
        for word in row.words:
            text = word.text.strip(":;,.()")
            if text[:2] in _EU and len(text) >= 8 and (checked := _checked(text, None)):  # noqa: PLR2004 - shortest VAT id
                return Found(checked, 0.9 * survey.trust(word.confidence), place_of(row.page, (word,)))
    return None
