"""The category of each line, by the evidence for it.

What the line itself says goes before what the seller sells, and that before what the employee claims; but a claim
that nothing contradicts is taken, and one that the evidence contradicts goes to a person. The answer depends on the
expense alone, never on other expenses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from consumers.category.company import TAKEN, Judged, in_company
from consumers.category.mcc import SHIPPED as OUR_MCCS
from consumers.category.mcc import MccMeaning, describe_mcc, load_mccs
from consumers.category.taxonomy import SHIPPED as OUR_TAXONOMY
from consumers.category.taxonomy import Taxonomy, load_taxonomy, related
from consumers.category.words import CLEAR, WEAK, Words, load_words
from consumers.category.words import SHIPPED as OUR_WORDS
from consumers.category.words import SHIPPED_CHAINS as OUR_CHAINS
from consumers.folding import fold
from consumers.lexicon import Hit
from schemas.records import CategoryMatch, Evidence, Problem

__all__ = ["OUR_CHAINS", "OUR_MCCS", "OUR_TAXONOMY", "OUR_WORDS", "Categoriser", "Seen", "load_categoriser"]

STAGE: Final = "category"
_CACHE: Final = 65_536
# A merchant's name says what it sells, not what was bought there: a little less than the line's own words.
_MERCHANT_DISCOUNT: Final = 10
_CLAIM: Final = 60
_AGREEMENT: Final = 5
_CONTRADICTION: Final = 15
_MOST: Final = 99
# Where weights are equal, who is believed.
_RANK: Final = {"document": 4, "description": 3, "mcc": 2, "merchant": 1, "claimed": 0}
# Kinds of document that say by themselves what they bill.
_DOCUMENTS: Final = {"utility_bill": "utilities", "property_tax_bill": "property_tax"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an expense as far as its category goes; any of it may be absent."""

    merchant: str | None = None
    mcc: str | None = None
    document_type: str | None = None
    claimed: str | None = None


class Categoriser:
    """The shipped or a tenant's tree, codes and words, compiled; answers are remembered."""

    def __init__(self, taxonomy: Taxonomy, mccs: dict[str, MccMeaning], words: Words) -> None:
        self.taxonomy = taxonomy
        self._mccs = mccs
        self._words = words
        self._judge = lru_cache(maxsize=_CACHE)(self._judged)

    def categorise(
        self, seen: Seen, descriptions: Sequence[str | None]
    ) -> tuple[tuple[CategoryMatch, ...], tuple[Problem, ...]]:
        """Return the category of each line (numbered from 1) with its evidence, and what is doubtful.

        A line that nothing speaks for is FALLBACK_UNMAPPED. A claim that no line bears out while the evidence says
        otherwise is CATEGORY_MISMATCH; a hotel bill with a restaurant line is still the lodging it was claimed as. A
        line that nothing speaks for takes the category that all the other lines agree on: one seller's document is
        mostly one purchase.
        """
        judged = in_company([self._judge(description, seen) for description in descriptions])
        matches = tuple(
            CategoryMatch(line=number, category=j.category, score=j.score, evidence=j.evidence)
            for number, j in enumerate(judged, start=1)
        )
        return matches, self._unmapped(judged) + self._mismatch(seen, judged)

    def _unmapped(self, judged: list[Judged]) -> tuple[Problem, ...]:
        return tuple(
            Problem(
                code="FALLBACK_UNMAPPED",
                message="Nothing says what this line is for: state its category.",
                field=f"lines.{number}.category",
                line=number,
                stage=STAGE,
            )
            for number, j in enumerate(judged, start=1)
            if j.category is None
        )

    def _mismatch(self, seen: Seen, judged: list[Judged]) -> tuple[Problem, ...]:
        # A line that agrees with the claim explains it; so does one that only the claim speaks for.
        mapped = [(number, j) for number, j in enumerate(judged, start=1) if j.category is not None]
        if not mapped or not all(j.contradicts for _, j in mapped):
            return ()
        number, first = mapped[0]
        return (
            Problem(
                code="CATEGORY_MISMATCH",
                message=f"Claimed as {self.claimed(seen.claimed)}, but it looks like {first.category}: "
                "state which it is.",
                field=f"lines.{number}.category",
                line=number,
                stage=STAGE,
            ),
        )

    def claimed(self, text: str | None) -> str | None:
        """Return the category an employee means by a path, a title or words of their own."""
        if not text:
            return None
        named = self.taxonomy.named(text)
        if named:
            return named
        clear = [hit for hit in self._words.in_line(text) if hit.weight > WEAK]
        return self.taxonomy.nearest(clear[0].meaning) if clear else None

    def _judged(self, description: str | None, seen: Seen) -> Judged:
        evidence = self._evidence(description, seen)
        facts = [e for e in evidence if e.source != "claimed"]
        claim = next((e for e in evidence if e.source == "claimed"), None)
        best = max(evidence, key=lambda e: (e.weight, _RANK[e.source]), default=None)
        if best is None:
            return Judged(None, 0, evidence, contradicts=False)
        category = _finest(best.category, evidence)
        score = best.weight
        for source in sorted({e.source for e in evidence if e is not best and e.source != best.source}):
            said = max((e for e in evidence if e.source == source), key=lambda e: e.weight)
            if related(said.category, category):
                score += _AGREEMENT
            elif said.weight > _CLAIM:
                score -= _CONTRADICTION
        if score < TAKEN:
            return Judged(None, 0, evidence, contradicts=False)
        against = bool(claim) and any(e.weight >= TAKEN for e in facts)
        contradicts = (
            against
            and claim is not None
            and not any(related(e.category, claim.category) for e in facts if e.weight >= TAKEN)
        )
        return Judged(category, min(score, _MOST), evidence, contradicts)

    def _evidence(self, description: str | None, seen: Seen) -> tuple[Evidence, ...]:
        found: list[Evidence] = []
        if seen.document_type in _DOCUMENTS:
            found.append(self._speak("document", seen.document_type, _DOCUMENTS[seen.document_type], CLEAR))
        meaning = self._mccs.get(seen.mcc or "")
        if meaning:
            found.append(self._speak("mcc", describe_mcc(seen.mcc or ""), meaning.category, meaning.weight))
        if description and fold(description) != fold(seen.merchant or ""):
            found.extend(self._read("description", self._words.in_line(description), 0))
        if seen.merchant:
            found.extend(self._read("merchant", self._words.in_seller(seen.merchant), _MERCHANT_DISCOUNT))
        claimed = self.claimed(seen.claimed)
        if claimed:
            found.append(self._speak("claimed", seen.claimed or "", claimed, _CLAIM))
        return tuple(e for e in found if e.category)

    def _read(self, source: str, hits: Sequence[Hit], discount: int) -> list[Evidence]:
        strongest: dict[str, Evidence] = {}
        for hit in hits:
            # A phrase of several words says more than a word: "parking lot reseal" is not about parking.
            weight = min(hit.weight + 2 * (hit.words - 1), _MOST) - discount
            spoken = self._speak(source, hit.phrase, hit.meaning, weight)
            if spoken.category not in strongest or strongest[spoken.category].weight < weight:
                strongest[spoken.category] = spoken
        return list(strongest.values())

    def _speak(self, source: str, value: str, category: str, weight: int) -> Evidence:
        return Evidence(source=source, value=value, category=self.taxonomy.nearest(category) or "", weight=weight)


def _finest(category: str, evidence: tuple[Evidence, ...]) -> str:
    """Return the finest category of this branch that anything but a weak word speaks for."""
    finer = [e for e in evidence if e.category.startswith(f"{category}.") and e.weight > WEAK]
    return max(finer, key=lambda e: (e.weight, _RANK[e.source])).category if finer else category


def load_categoriser(
    taxonomy: Path = OUR_TAXONOMY, mccs: Path = OUR_MCCS, words: Path = OUR_WORDS, chains: Path = OUR_CHAINS
) -> Categoriser:
    """Return the shipped categoriser, or one with a tenant's own files in place of ours.

    Raises:
        RuleFileError: a file cannot be used.

    """
    return Categoriser(load_taxonomy(taxonomy), load_mccs(mccs), load_words(words, chains))
