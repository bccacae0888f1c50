"""How sure a field may be said to be: fitted to labelled documents, and measured on documents it was not fitted to.

Five folds, by document, drawn by the hash of what the document is: copies of one share a fold, and every run draws the
same. `spendtrail bench calibration` measures; with `--write` it also writes what the product ships.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from bench.labelled import Labelled, is_right
from documents.calibration import Step, look_up
from documents.understanding import KEY_FIELDS, THRESHOLD, scored, understand

__all__ = ["FOLDS", "Accepted", "Bin", "Value", "accepted", "bins", "error", "fit", "fold_of", "out_of_fold", "values"]

FOLDS: Final = 5
EDGES: Final = (0.0, 0.5, 0.65, 0.75, 0.85, 0.925, 0.965)
"""Scores at which a step begins; finer ones would hold too few values to tell anything."""

PRIOR: Final = 3
"""How many values the score itself counts for: few right ones prove little, and a step without any says its score."""

FEWEST: Final = 10
"""Values from which a field has steps of its own."""

BINS: Final = 10
"""Equal widths that reliability and expected calibration error are told by (Naeini, Cooper, Hauskrecht 2015)."""

HEADER: Final = frozenset(
    {"vendor_name", "invoice_number", "invoice_date", "due_date", "currency", "subtotal", "tax", "total"}
)
"""Fields that an expense is judged and posted by; what is right in an accepted document is counted on these."""

Maps = Mapping[str, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class Value:
    """One field of one document as read: its score, and whether it is right."""

    field: str
    score: float
    right: bool
    fold: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Values said to be about equally sure: mean probability, how many were right, how many there are."""

    said: float
    right: int
    seen: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """Documents of one kind that need no person, and how much of what is known about those was read right."""

    documents: int
    accepted: int
    key_fields: int
    key_fields_right: int
    fields: int
    fields_right: int


def fold_of(group: str) -> int:
    """The fold of a document and all its copies."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") % FOLDS


def values(documents: Iterable[Labelled]) -> list[Value]:
    """Every labelled field that was read, with its bare score. What was not read has no confidence to be judged."""
    found: list[Value] = []
    for document in documents:
        facts = scored(document.reading)
        found += [
            Value(field, facts.confidence[field], is_right(field, facts, truth), fold_of(document.group))
            for field, truth in document.truth.items()
            if field in facts.confidence
        ]
    return found


def fit(known: Sequence[Value]) -> dict[str, tuple[Step, ...]]:
    """Steps per field that never fall: the share right, drawn towards the score by `PRIOR`, neighbours pooled."""
    found: dict[str, tuple[Step, ...]] = {}
    for field in sorted({value.field for value in known}):
        own = [value for value in known if value.field == field]
        if len(own) >= FEWEST:
            found[field] = _rising([_step(own, low, high) for low, high in pairwise((*EDGES, 1.01))])
    return found


def out_of_fold(known: Sequence[Value]) -> list[tuple[Value, float]]:
    """Each value with the probability said by steps fitted without its fold."""
    maps = {fold: fit([value for value in known if value.fold != fold]) for fold in range(FOLDS)}
    return [(value, _said(maps[value.fold], value.field, value.score)) for value in known]


def bins(told: Iterable[tuple[Value, float]]) -> list[Bin]:
    """The values by what was said of them, in `BINS` equal widths; empty ones are left out."""
    sorted_in: dict[int, list[tuple[Value, float]]] = {}
    for value, said in told:
        sorted_in.setdefault(min(int(said * BINS), BINS - 1), []).append((value, said))
    return [
        Bin(sum(said for _, said in each) / len(each), sum(value.right for value, _ in each), len(each))
        for _, each in sorted(sorted_in.items())
    ]


def error(measured: Sequence[Bin]) -> float:
    """Expected calibration error: the mean distance of what was said from what came true, each value counting once."""
    seen = sum(each.seen for each in measured)
    return sum(abs(each.said * each.seen - each.right) for each in measured) / seen if seen else 0.0


def accepted(
    documents: Sequence[Labelled], known: Sequence[Value], threshold: float = THRESHOLD
) -> dict[str, Accepted]:
    """What goes on without a person, by kind of document, each judged by steps fitted without its fold."""
    maps = {fold: fit([value for value in known if value.fold != fold]) for fold in range(FOLDS)}
    found: dict[str, Accepted] = {}
    for kind, photographed in (("digital", False), ("photographed", True)):
        own = [document for document in documents if document.photographed is photographed]
        key: list[bool] = []
        every: list[bool] = []
        passed = 0
        for document in own:
            understood = understand(document.reading, threshold, _by(maps[fold_of(document.group)]))
            if understood.accepted:
                passed += 1
                right = {
                    field: is_right(field, understood.facts, truth)
                    for field, truth in document.truth.items()
                    if field in understood.facts.confidence
                }
                every += [right[field] for field in right if field in HEADER]
                key += [right[field] for field in KEY_FIELDS if field in right]
        found[kind] = Accepted(len(own), passed, len(key), sum(key), len(every), sum(every))
    return found


def measured(documents: Sequence[Labelled]) -> dict[str, Any]:
    """Everything the product ships about its confidence, ready for JSON."""
    known = values(documents)
    told = out_of_fold(known)
    fields: dict[str, Any] = {}
    for field, steps in fit(known).items():
        own = bins([each for each in told if each[0].field == field])
        fields[field] = {
            "labelled": sum(field in document.truth for document in documents),
            "read": sum(each.seen for each in own),
            "right": sum(each.right for each in own),
            "error": round(error(own), 4),
            "steps": [[step.score, step.probability, step.right, step.seen] for step in steps],
            "bins": [[round(each.said, 4), each.right, each.seen] for each in own],
        }
    return {
        "threshold": THRESHOLD,
        "folds": FOLDS,
        "prior": PRIOR,
        "fields": fields,
        "accepted": {kind: asdict(each) for kind, each in accepted(documents, known).items()},
    }


def _step(own: Sequence[Value], low: float, high: float) -> Step:
    inside = [value for value in own if low <= value.score < high]
    score = sum(value.score for value in inside) / len(inside) if inside else (low + min(high, 1.0)) / 2
    right = sum(value.right for value in inside)
    return Step(low, (right + PRIOR * score) / (len(inside) + PRIOR), right, len(inside))


def _rising(steps: list[Step]) -> tuple[Step, ...]:
    """Pool neighbours that fall (pool adjacent violators), each weighing what it was learned from and its prior."""
    pools: list[list[Step]] = []
    for step in steps:
        pools.append([step])
        while len(pools) > 1 and _mean(pools[-2]) >= _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return tuple(
        Step(pool[0].score, round(_mean(pool), 4), sum(each.right for each in pool), sum(each.seen for each in pool))
        for pool in pools
    )


def _mean(pool: Sequence[Step]) -> float:
    weights = [_weight(step) for step in pool]
    return sum(step.probability * weight for step, weight in zip(pool, weights, strict=True)) / sum(weights)


def _weight(step: Step) -> float:
    """An empty step follows its neighbours where it would fall, and never draws them down."""
    return step.seen + PRIOR if step.seen else 1e-6


def _said(maps: Maps, field: str, score: float) -> float:
    return look_up(maps[field], score) if field in maps else score


def _by(maps: Maps) -> Callable[[str, float], float]:
    return lambda field, score: _said(maps, field, score)
