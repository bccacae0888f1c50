"""The tenant's categories: a tree of dotted paths, as data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumers.folding import fold
from consumers.rulefile import RuleFileError, read_rules

__all__ = ["SHIPPED", "Taxonomy", "load_taxonomy", "related"]

SHIPPED: Final = Path(__file__).with_name("taxonomy.yaml")


def related(one: str, other: str) -> bool:
    """Say whether two paths are the same branch: equal, or one an ancestor of the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Dotted paths and what people call them."""

    titles: dict[str, str]
    _by_name: dict[str, str]

    def nearest(self, path: str) -> str | None:
        """Return the path itself or its nearest ancestor in the tree; None when the tree has no such branch."""
        while path and path not in self.titles:
            path = path.rpartition(".")[0]
        return path or None

    def named(self, text: str) -> str | None:
        """Return the path that a person means by its path, its last part or its title."""
        return self._by_name.get(fold(text))


def load_taxonomy(path: Path = SHIPPED) -> Taxonomy:
    """Return the tree of a taxonomy file: dotted path to title.

    Raises:
        RuleFileError: the file cannot be used, or a path's parent is missing from it.

    """
    titles = read_rules(path, dict[str, str])
    for name in titles:
        parent = name.rpartition(".")[0]
        if parent and parent not in titles:
            msg = f"{path}: {name}: its parent {parent} is missing; add it"
            raise RuleFileError(msg)
    names: dict[str, str] = {}
    for name, title in titles.items():
        for spelling in (title, name.rpartition(".")[2]):
            names.setdefault(fold(spelling), name)
    return Taxonomy(titles, {**names, **{fold(name): name for name in titles}})
