"""What every bench answers: figures, what they were measured against, and the ratios of the two."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

__all__ = ["Figure", "Report", "middle", "per_second", "ratio"]

# A figure that could not be had is None, never a guess; the baselines say why. Some are one a stage.
Figure = float | int | str | Mapping[str, float] | None

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """One bench. `baselines` says what the figures stand beside, and why one is missing."""

    bench: str
    figures: Mapping[str, Figure]
    baselines: Mapping[str, Any] = field(default_factory=dict)
    ratios: Mapping[str, float | None] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return asdict(self)


def per_second(count: int, seconds: float) -> float:
    """Return how many a second, to one decimal.

    Raises:
        ValueError: no time passed, so there is no rate.

    """
    if seconds <= 0:
        msg = f"{count} in {seconds} s is no rate"
        raise ValueError(msg)
    return round(count / seconds, 1)


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return part / whole to three decimals; None where either is missing or the whole is zero."""
    return None if part is None or not whole else round(part / whole, _DIGITS)


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of those that are there, None where none is: one slow round on a busy machine moves nothing."""
    found = [value for value in values if value is not None]
    return round(median(found), _DIGITS) if found else None
