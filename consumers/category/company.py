"""What a document says of lines that say nothing by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumers.category.taxonomy import related
from schemas.records import Evidence

__all__ = ["TAKEN", "Judged", "in_company"]

# From this score on an answer is taken; below it the line is unmapped and a person looks.
TAKEN: Final = 50
# What the other lines of a document say about one that nothing speaks for: taken, but never sure.
_COMPANY: Final = 60
# Words that say little alone say enough together: so many different ones, and so many times more than for any other.
_ENOUGH: Final = 2
_CLEARLY: Final = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """A line's category with its evidence; `contradicts` says that the evidence speaks against the claim."""

    category: str | None
    score: int
    evidence: tuple[Evidence, ...]
    contradicts: bool


def in_company(judged: Sequence[Judged]) -> list[Judged]:
    """Return the judgements with silent lines in the category of their document.

    Where all other lines agree on a branch, a silent line is of that branch: one seller's document is mostly one
    purchase. Where every line is silent, weak words of the seller and of all lines count together.
    """
    said = sorted({j.category for j in judged if j.category is not None}, key=lambda path: (len(path), path))
    if not said:
        return _together(judged)
    if not all(one.startswith(said[0]) and related(one, said[0]) for one in said):
        return list(judged)
    first = next(place for place, j in enumerate(judged, start=1) if j.category is not None)
    heard = Evidence(source="document", value=f"line {first}", category=said[0], weight=_COMPANY)
    contradicts = all(j.contradicts for j in judged if j.category is not None)
    return [_joined(j, heard, contradicts=contradicts) for j in judged]


def _together(judged: Sequence[Judged]) -> list[Judged]:
    """Return the judgements where two or more weak words, and clearly more than for anything else, name one branch."""
    words: dict[str, set[str]] = {}
    for evidence in (e for j in judged for e in j.evidence):
        words.setdefault(evidence.category, set()).add(evidence.value)
    ranked = sorted(words, key=lambda category: (-len(words[category]), category))
    if not ranked or len(words[ranked[0]]) < _ENOUGH:
        return list(judged)
    best = ranked[0]
    rivals = [len(words[other]) for other in ranked[1:] if not related(other, best)]
    if rivals and len(words[best]) < _CLEARLY * max(rivals):
        return list(judged)
    heard = Evidence(source="document", value=", ".join(sorted(words[best])), category=best, weight=_COMPANY)
    return [_joined(j, heard, contradicts=False) for j in judged]


def _joined(line: Judged, heard: Evidence, *, contradicts: bool) -> Judged:
    """Return a silent line in the category heard of, unless something about it speaks for another."""
    if line.category is not None or not all(related(e.category, heard.category) for e in line.evidence):
        return line
    return Judged(heard.category, heard.weight, (heard, *line.evidence), contradicts)
