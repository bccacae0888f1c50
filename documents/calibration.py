"""From a score to a probability: how often a field of such a score was right, on documents whose content is known.

The rules that find a field rank their findings; what a rank is worth only documents can tell. `calibration.json` holds
that: per field a few steps, each with how many values it was learned from, and what 5-fold measurement made of them.
`spendtrail bench calibration --write` writes it. It holds figures, never anything of a document.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

FILE: Final = "calibration.json"


@dataclass(frozen=True, slots=True)
class Step:
    """Scores from `score` up to the next step: `right` of `seen` values were right, `probability` is what is said."""

    score: float
    probability: float
    right: int
    seen: int


def calibrated(field: str, score: float) -> float:
    """The probability that a value of this score is right; the score itself for a field nobody labelled."""
    steps = _steps().get(field)
    return look_up(steps, score) if steps else score


def look_up(steps: tuple[Step, ...], score: float) -> float:
    """The probability of the last step that begins at or below a score. Never falls as the score rises."""
    return steps[max(bisect_right([step.score for step in steps], score) - 1, 0)].probability


@cache
def shipped() -> Mapping[str, Any]:
    """What was measured, as shipped: documents, fields with steps and 5-fold figures, shares accepted."""
    measured: dict[str, Any] = json.loads(files("documents").joinpath(FILE).read_text("utf-8"))
    return measured


@cache
def _steps() -> Mapping[str, tuple[Step, ...]]:
    return {field: tuple(Step(*step) for step in told["steps"]) for field, told in shipped()["fields"].items()}
