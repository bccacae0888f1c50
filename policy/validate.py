"""What a policy allows but its author may not have meant: contradictions, rules that never bind, gaps.

Faults stop a policy from loading (`policy.documents`); these notices do not. A gap can be meant: what no limit covers
goes to a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from policy.models import Level, Limit, Period, PolicyDocument

__all__ = ["Notice", "notices"]

_COVERING: Final = frozenset({Level.CATEGORY, Level.PER_DIEM})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at: CONTRADICTION, UNREACHABLE or GAP, the rules or categories concerned, what to do."""

    kind: str
    about: tuple[str, ...]
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.about)}: {self.message}; {self.remedy}"


def notices(document: PolicyDocument) -> tuple[Notice, ...]:
    """Return everything worth a look, contradictions first."""
    return (*_contradictions(document), *_unreachable(document), *_gaps(document))


def _contradictions(document: PolicyDocument) -> Iterator[Notice]:
    """Yield limits that claim the same place: same level, priority, period and match, valid on a common day."""
    places: dict[object, list[Limit]] = {}
    for limit in document.limits:
        match = tuple((name, frozenset(values)) for name, values in limit.match)
        places.setdefault((limit.level, limit.priority, limit.per, match), []).append(limit)
    for same in places.values():
        for one, other in combinations(same, 2):
            if _common_day(one, other):
                yield Notice(
                    "CONTRADICTION",
                    (one.id, other.id),
                    f"both apply with equal priority, {one.limit} and {other.limit}; the tighter one holds",
                    "keep one, or tell them apart by match, priority or validity",
                )


def _common_day(one: Limit, other: Limit) -> bool:
    starts = [day for day in (one.valid_from, other.valid_from) if day]
    ends = [day for day in (one.valid_until, other.valid_until) if day]
    return not starts or not ends or max(starts) <= min(ends)


def _unreachable(document: PolicyDocument) -> Iterator[Notice]:
    begins = document.effective_from.date()
    caps = {limit.per: limit for limit in document.limits if _everywhere(limit)}
    levels = {limit.level for limit in document.limits}
    scaled = {kind for limit in document.limits for kind in limit.scales}
    for limit in document.limits:
        if limit.valid_until and limit.valid_until < begins:
            message = f"valid until {limit.valid_until}, before the policy begins on {begins}"
            yield Notice("UNREACHABLE", (limit.id,), message, "take it out, or correct the date")
        cap = _binding_cap(limit, caps)
        if cap is not None and cap is not limit and limit.limit > cap.limit and not limit.scales:
            message = f"its {limit.limit} can never be spent: {cap.id} allows {cap.limit}"
            yield Notice("UNREACHABLE", (limit.id,), message, "lower it, or raise the absolute cap")
        if limit.overrides and not levels & set(limit.overrides):
            message = f"overrides {', '.join(limit.overrides)}, where there is no limit"
            yield Notice("UNREACHABLE", (limit.id,), message, "take overrides out")
    for modifier in document.modifiers:
        if modifier.kind not in scaled:
            message = f"no limit has {modifier.kind} in its scales"
            yield Notice(
                "UNREACHABLE", (modifier.id,), message, f"add scales: [{modifier.kind}] to the limits it is for"
            )


def _everywhere(limit: Limit) -> bool:
    unconditional = not any(values for _, values in limit.match) and not (limit.valid_from or limit.valid_until)
    return limit.level is Level.ABSOLUTE and unconditional


def _binding_cap(limit: Limit, caps: Mapping[Period, Limit]) -> Limit | None:
    """Return the absolute cap that an amount under this limit also meets; a whole expense is no less than a line."""
    if limit.per in {Period.LINE, Period.EXPENSE}:
        return caps.get(Period.EXPENSE) or caps.get(limit.per)
    return None


def _gaps(document: PolicyDocument) -> Iterator[Notice]:
    """Yield categories that no limit covers for everyone; it names those that some other condition would cover."""
    always: set[str] = set()
    sometimes: dict[str, list[str]] = {}
    for limit in document.limits:
        if limit.level not in _COVERING and Level.CATEGORY not in limit.overrides and not limit.match.categories:
            continue
        others = [name for name, values in limit.match if values and name != "categories"]
        named = limit.match.categories or tuple(category.code for category in document.taxonomy)
        for category in document.taxonomy:
            if not any(category.code == code or category.code.startswith(f"{code}.") for code in named):
                continue
            if others or limit.valid_from or limit.valid_until:
                sometimes.setdefault(category.code, []).append(limit.id)
            else:
                always.add(category.code)
    for category in document.taxonomy:
        if category.code not in always:
            partly = f" (only {', '.join(sometimes[category.code])} for some)" if category.code in sometimes else ""
            message = f"no limit covers it{partly}: its lines go to a person"
            yield Notice("GAP", (category.code,), message, "add a category limit, or leave it so on purpose")
