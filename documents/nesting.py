"""Rows that say an amount twice: a service and its parts below it, a summary and the details it sums up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.descriptions import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.descriptions import Loose

_NONE: Final = Decimal(0)
_UNKNOWN: Final = float("inf")
"""Left edge of a row without words."""

_INDENT: Final = 0.35
"""Share of a row's height from which a row stands further in than the one above."""


def drop_repeats(entries: Sequence[Draft | Loose]) -> list[Draft]:
    """The items among the rows of a table, none of them counted twice.

    Where rows further in make up the row above them, they are its parts: several stay and the row goes, a single one
    goes, tax and credits beside it or not.
    """
    dropped: set[int] = set()
    for at, entry in enumerate(entries):
        if not isinstance(entry, Draft) or not entry.item.amount or id(entry) in dropped:
            continue
        parts = _further_in(entries, at, entry)
        if not parts or sum((_amount(part) for part in parts), _NONE) != entry.item.amount:
            continue
        items = [part for part in parts if isinstance(part, Draft)]
        told = [part for part in items if part.item.amount]
        dropped.update([id(entry)] if len(told) > 1 else [id(part) for part in items])
    return [entry for entry in entries if isinstance(entry, Draft) and id(entry) not in dropped]


def more_detailed(parts: Sequence[list[Draft]]) -> list[Draft]:
    """The items of a page without headings, whose rows are cut at each total.

    Those above the first total, unless others that come to the same sum tell more of it.
    """
    filled = [part for part in parts if part]
    if not filled:
        return []
    first = filled[0]
    worth = sum((_amount(draft) for draft in first), _NONE)
    same = [part for part in filled if sum((_amount(draft) for draft in part), _NONE) == worth and worth]
    told = [part for part in same if all(draft.described for draft in part)]
    return max([first, *told], key=len)


def _further_in(entries: Sequence[Draft | Loose], at: int, parent: Draft) -> list[Draft | Loose]:
    """The rows with amounts right under an item that begin further in than it."""
    found: list[Draft | Loose] = []
    for each in entries[at + 1 :]:
        if not parent.left + _INDENT * (parent.bottom - parent.top) < each.left < _UNKNOWN:
            break
        found.append(each)
    return found


def _amount(entry: Draft | Loose) -> Decimal:
    return (entry.item.amount if isinstance(entry, Draft) else entry.amount) or _NONE
