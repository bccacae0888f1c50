"""The words that stand before a value, per language: data in `labels.yaml`, looked up by their first word.

A rule never names a vendor; it names what is printed on documents in general.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import yaml
from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from collections.abc import Iterable

FUZZY_FROM: Final = 5
"""Letters from which one OCR error still leaves a label word recognisable."""

# "TotalGST", as narrow print is read; "RoundIng" is a misread letter
_GLUED = re.compile(r"(?<=[a-z]{3})(?=[A-Z](?:[A-Z]|[a-z]{3}))")
_TOKEN = re.compile(r"[a-z0-9]+|[#%&]")


@dataclass(frozen=True, slots=True)
class Label:
    """One printed label: what it announces, and how surely."""

    role: str
    weight: int
    tokens: tuple[str, ...]


def fold(text: str) -> tuple[str, ...]:
    """Tokens of a text without case, accents and punctuation: "Sous-total :" is ("sous", "total")."""
    text = _GLUED.sub(" ", text)
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss").replace("№", "no"))
    return tuple(_TOKEN.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


@cache
def role_labels() -> dict[str, tuple[Label, ...]]:
    """Labels of values by their first token, longest first; the same words under one role keep the heavier weight."""
    return _index(
        Label(role, weight, fold(phrase))
        for role, weights in _tables()["roles"].items()
        for weight, phrases in weights.items()
        for phrase in phrases
    )


@cache
def column_labels() -> dict[str, tuple[Label, ...]]:
    """Labels of table columns by their first token, longest first."""
    return _flat("columns")


@cache
def title_labels() -> dict[str, tuple[Label, ...]]:
    """Titles that say what the document is, by their first token, longest first."""
    return _flat("titles")


@cache
def mend(token: str) -> str:
    """The label word an OCR token was meant to be when it is one error away from exactly one, else the token."""
    if len(token) < FUZZY_FROM or token in _vocabulary() or token.isdigit():
        return token
    near = {
        word
        for word in _vocabulary()
        if len(word) >= FUZZY_FROM
        and abs(len(word) - len(token)) <= 1
        and Levenshtein.distance(token, word, score_cutoff=1) <= 1
    }
    return near.pop() if len(near) == 1 else token


@cache
def _vocabulary() -> frozenset[str]:
    tables = (role_labels(), column_labels(), title_labels())
    return frozenset(
        token for table in tables for labels in table.values() for label in labels for token in label.tokens
    )


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = yaml.load(files("documents").joinpath("labels.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return tables


@cache
def language_words() -> dict[str, frozenset[str]]:
    """Everyday words of invoices per language, in lower case with their accents."""
    return {language: frozenset(words) for language, words in _tables()["languages"].items()}


@cache
def word_lists() -> dict[str, frozenset[str]]:
    """Other lists of folded words by name."""
    return {name: frozenset(words) for name, words in _tables()["lists"].items()}


def _flat(table: str) -> dict[str, tuple[Label, ...]]:
    return _index(Label(role, 2, fold(phrase)) for role, phrases in _tables()[table].items() for phrase in phrases)


def _index(labels: Iterable[Label]) -> dict[str, tuple[Label, ...]]:
    best: dict[tuple[str, tuple[str, ...]], Label] = {}
    for label in labels:
        known = best.get((label.role, label.tokens))
        if known is None or label.weight > known.weight:
            best[label.role, label.tokens] = label
    index: dict[str, list[Label]] = {}
    for label in best.values():
        index.setdefault(label.tokens[0], []).append(label)
    return {
        first: tuple(sorted(found, key=lambda label: (-len(label.tokens), -label.weight)))
        for first, found in index.items()
    }
