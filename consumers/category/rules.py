"""The rules by which a tenant's lines are told apart: ours, or files of its own in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from consumers.category.resolve import (
    OUR_CHAINS,
    OUR_MCCS,
    OUR_TAXONOMY,
    OUR_WORDS,
    Categoriser,
    load_categoriser,
)
from consumers.rulefile import RuleFileError, rules_version

__all__ = ["EVERYONE", "Rules", "load_rules", "rules_for", "shipped"]

EVERYONE: Final = "*"
"""Who is meant where a tenant has no folder of its own."""

_SHIPPED: Final = {
    "taxonomy.yaml": OUR_TAXONOMY,
    "mcc.yaml": OUR_MCCS,
    "keywords.yaml": OUR_WORDS,
    "chains.yaml": OUR_CHAINS,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What categorises, and the SHA-256 of the files it was made from: an answer is stamped with it."""

    categoriser: Categoriser
    version: str


@cache
def shipped() -> Rules:
    """Return our own rules."""
    return Rules(load_categoriser(), rules_version(*_SHIPPED.values()))


def load_rules(folders: Mapping[str, Path]) -> Mapping[str, Rules]:
    """Return the rules of each tenant that has a folder; what a folder lacks is ours.

    Everything is read before the first line is judged: a stage never runs on half of a tenant's rules.

    Raises:
        RuleFileError: a folder holds no rule file, or one of a name that means nothing, or one that cannot be used.

    """
    return {tenant: _of(folder) for tenant, folder in sorted(folders.items())}


def rules_for(tenant: str, given: Mapping[str, Rules]) -> Rules:
    """Return what a tenant's lines are judged by."""
    return given.get(tenant) or given.get(EVERYONE) or shipped()


def _of(folder: Path) -> Rules:
    found = {path.name for path in folder.glob("*.yaml")}
    known = ", ".join(_SHIPPED)
    if not found:
        msg = f"{folder}: holds no rule file; put one or more of {known} there"
        raise RuleFileError(msg)
    if strange := sorted(found - _SHIPPED.keys()):
        msg = f"{folder / strange[0]}: no rule file is called that; the names are {known}"
        raise RuleFileError(msg)
    paths = {name: folder / name if name in found else ours for name, ours in _SHIPPED.items()}
    categoriser = load_categoriser(
        taxonomy=paths["taxonomy.yaml"],
        mccs=paths["mcc.yaml"],
        words=paths["keywords.yaml"],
        chains=paths["chains.yaml"],
    )
    return Rules(categoriser, rules_version(*paths.values()))
