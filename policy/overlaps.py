"""Limits that meet in one place: one that another always undercuts, and two of equal priority that cross.

Every applicable limit must hold, so the tighter one does. An author who means the narrower rule to stand instead of the
wider one has to say so with `overrides`; these notices find where that was forgotten.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

from policy.fields import Level
from policy.models import Limit, PerDiem, PolicyDocument

__all__ = ["common_day", "crossing", "undercut"]

# What every limit of a level names: only limits that share such a name can meet.
_OWN: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.DEPARTMENT: ("departments",),
    Level.PROJECT: ("projects",),
    Level.ROLE: ("roles",),
    Level.CATEGORY: ("categories",),
    Level.PER_DIEM: ("localities", "countries"),
}

Fields = Mapping[str, frozenset[object]]


def undercut(document: PolicyDocument) -> dict[str, Limit]:
    """Return, by its id, for each limit that can never be used up the tightest one that applies wherever it does."""
    rules: tuple[Limit | PerDiem, ...] = (*document.limits, *document.per_diem)
    replaced = {level for rule in rules for level in rule.overrides}
    found: dict[str, Limit] = {}
    for pair in _meeting(document.limits):
        tight, loose = sorted(pair, key=lambda limit: limit.limit)
        plain = not (tight.scales or loose.scales or tight.valid_from or tight.valid_until)
        wider = tight.limit < loose.limit and _inside(_fields(loose), _fields(tight))
        if plain and wider and tight.level not in replaced:
            found[loose.id] = min(tight, found.get(loose.id, tight), key=lambda limit: (limit.limit, limit.id))
    return found


def crossing(document: PolicyDocument) -> Iterator[tuple[Limit, Limit]]:
    """Yield limits of equal priority that meet although neither is for a part of the other's places."""
    for one, other in _meeting(document.limits):
        first, second = _fields(one), _fields(other)
        apart = not _inside(first, second) and not _inside(second, first)
        if one.priority == other.priority and one.limit != other.limit and apart and common_day(one, other):
            yield one, other


def common_day(one: Limit, other: Limit) -> bool:
    """Tell whether two limits are both valid on some day."""
    starts = [day for day in (one.valid_from, other.valid_from) if day]
    ends = [day for day in (one.valid_until, other.valid_until) if day]
    return not starts or not ends or max(starts) <= min(ends)


def _meeting(limits: Iterable[Limit]) -> Iterator[tuple[Limit, Limit]]:
    """Yield pairs of one level and period whose matches differ and have a place in common, each pair once."""
    named: dict[tuple[object, ...], list[Limit]] = defaultdict(list)
    for limit in limits:
        for name in _OWN.get(limit.level, ()):
            for value in getattr(limit.match, name):
                named[limit.level, limit.per, name, value].append(limit)
    seen: set[tuple[str, str]] = set()
    for same in named.values():
        for one, other in combinations(same, 2):
            first, second = _fields(one), _fields(other)
            pair = (one.id, other.id)
            if (
                pair not in seen
                and first != second
                and all(first[name] & second[name] for name in first.keys() & second)
            ):
                seen.add(pair)
                yield one, other


def _fields(limit: Limit) -> Fields:
    return {name: frozenset(values) for name, values in limit.match if values}


def _inside(narrow: Fields, wide: Fields) -> bool:
    """Tell whether one match is for a part of the other's places."""
    return all(name in narrow and narrow[name] <= values for name, values in wide.items())
