"""Words with a meaning, found in printed text: longest phrase first, compound words, and words OCR has spoiled."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import takewhile
from typing import Final

from rapidfuzz import fuzz, process

from consumers.folding import fold

__all__ = ["Hit", "Lexicon", "Term"]

_CACHE: Final = 65_536
# What lines say comes back; 4k texts are about 2 MB.
_TEXTS: Final = 4_096
# Shorter words differ by a letter and mean something else ("hotel", "hostel"; "flight", "fright").
_REPAIRABLE: Final = 6
_SAME: Final = 90
# A misread word says a little less than the word itself, in per cent.
_REPAIRED: Final = 90
_COMPOUND: Final = 8
# The fewest letters a cut word must have left.
_CUT: Final = 2


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase that speaks for `meaning` with `weight`, 0 to 100. `part` says it may be part of a compound word."""

    phrase: str
    meaning: str
    weight: int
    part: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that was found: what it means, how much it says, and whether it had to be repaired."""

    phrase: str
    meaning: str
    weight: int
    words: int


class Lexicon:
    """Phrases compiled to one dictionary: the cost of a text does not grow with the number of phrases.

    `find` returns what a text says, in its order; each word counts for the longest phrase it is in. Texts that came
    lately are remembered.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._phrases: dict[str, Term] = {}
        for term in terms:
            phrase = fold(term.phrase)
            taken = self._phrases.get(phrase)
            if taken is not None and taken.meaning != term.meaning:
                msg = f"{phrase!r} cannot mean both {taken.meaning} and {term.meaning}; keep one"
                raise ValueError(msg)
            weight = max(term.weight, taken.weight if taken else 0)
            self._phrases[phrase] = Term(phrase, term.meaning, weight, term.part or bool(taken and taken.part))
        self._longest = max((phrase.count(" ") + 1 for phrase in self._phrases), default=0)
        self._sorted = sorted(self._phrases)
        self._parts = {phrase: term for phrase, term in self._phrases.items() if term.part}
        self._words: dict[str, list[str]] = defaultdict(list)
        for word in sorted({w for phrase in self._phrases for w in phrase.split() if len(w) >= _REPAIRABLE}):
            self._words[word[0]].append(word)
        self._known = frozenset(w for phrase in self._phrases for w in phrase.split())
        self._repair = lru_cache(maxsize=_CACHE)(self._repaired)
        self.find = lru_cache(maxsize=_TEXTS)(self._find)

    @property
    def meanings(self) -> frozenset[str]:
        """Everything that any phrase speaks for."""
        return frozenset(term.meaning for term in self._phrases.values())

    def _find(self, text: str) -> tuple[Hit, ...]:
        words = fold(text).split()
        spoiled = [self._repair(word) for word in words]
        hits, place = [], 0
        while place < len(words):
            hit = self._longest_at(spoiled, place) or self._compound(words[place])
            if hit is None:
                place += 1
                continue
            if spoiled[place : place + hit.words] != words[place : place + hit.words]:
                hit = Hit(hit.phrase, hit.meaning, hit.weight * _REPAIRED // 100, hit.words)
            hits.append(hit)
            place += hit.words
        return tuple(hits)

    def completed(self, words: list[str]) -> tuple[Hit, ...]:
        """Return what a text cut off in its last word must have said, where every phrase it may be means the same.

        Two words or more are asked for, with two letters of the last: one alone begins too many.
        """
        if len(words[-1]) < _CUT:
            return ()
        for count in range(min(self._longest, len(words)), 1, -1):
            start = " ".join(words[-count:])
            first = bisect_left(self._sorted, start)
            begun = takewhile(partial(_begins, start), self._sorted[first:])
            terms = [self._phrases[phrase] for phrase in begun if phrase.count(" ") == count - 1]
            if terms:
                weight = min(term.weight for term in terms) * _REPAIRED // 100
                same = len({term.meaning for term in terms}) == 1
                return (Hit(terms[0].phrase, terms[0].meaning, weight, count),) if same else ()
        return ()

    def _longest_at(self, words: list[str], place: int) -> Hit | None:
        for count in range(min(self._longest, len(words) - place), 0, -1):
            term = self._phrases.get(" ".join(words[place : place + count]) if count > 1 else words[place])
            if term:
                return Hit(term.phrase, term.meaning, term.weight, count)
        return None

    def _compound(self, word: str) -> Hit | None:
        if len(word) < _COMPOUND:
            return None
        fitting = [part for part in self._parts if word.startswith(part) or word.endswith(part)]
        if not fitting:
            return None
        term = self._parts[max(fitting, key=lambda part: (len(part), part))]
        return Hit(term.phrase, term.meaning, term.weight, 1)

    def _repaired(self, word: str) -> str:
        """Return the known word that `word` must have been, or `word` itself."""
        if word in self._known or len(word) < _REPAIRABLE:
            return word
        near = process.extractOne(word, self._words.get(word[0], ()), scorer=fuzz.ratio, score_cutoff=_SAME)
        return near[0] if near else word


def _begins(start: str, phrase: str) -> bool:
    return phrase.startswith(start)
