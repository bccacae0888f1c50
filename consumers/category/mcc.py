"""What a merchant category code says about a line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from iso18245 import MCCNotFound, get_mcc
from pydantic import BaseModel, ConfigDict, Field

from consumers.rulefile import RuleFileError, read_rules

__all__ = ["SHIPPED", "MccMeaning", "describe_mcc", "load_mccs"]

SHIPPED: Final = Path(__file__).with_name("mcc.yaml")
_CLEAR: Final = 85
_CODES: Final = 10_000


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    start: Annotated[str, Field(alias="from", pattern=r"^\d{4}$")]
    to: Annotated[str | None, Field(pattern=r"^\d{4}$")] = None
    category: str
    weight: Annotated[int, Field(ge=1, le=99)] = _CLEAR


@dataclass(frozen=True, slots=True)
class MccMeaning:
    """The category a code stands for, and how much it says by itself, 0 to 100."""

    category: str
    weight: int


def load_mccs(path: Path = SHIPPED) -> dict[str, MccMeaning]:
    """Return code to meaning, from a file of ranges; later rows refine earlier ones.

    Raises:
        RuleFileError: the file cannot be used, or a range runs backwards.

    """
    meanings: dict[str, MccMeaning] = {}
    for row in read_rules(path, list[_Row]):
        start, end = int(row.start), int(row.to or row.start)
        if not start <= end < _CODES:
            msg = f"{path}: from {row.start} to {row.to}: the range runs backwards; swap its ends"
            raise RuleFileError(msg)
        meanings.update({f"{code:04d}": MccMeaning(row.category, row.weight) for code in range(start, end + 1)})
    return meanings


def describe_mcc(code: str) -> str:
    """Return what the networks call a code, the code itself where none of them lists it."""
    try:
        entry = get_mcc(code)
    except (MCCNotFound, ValueError):
        return code
    names = (entry.iso_description, entry.visa_description, entry.mastercard_description, entry.usda_description)
    return next((f"{code} {name}" for name in names if name), code)
