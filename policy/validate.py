"""What a policy allows but its author may not have meant: contradictions, rules that never bind, gaps.

Faults stop a policy from loading (`policy.documents`); these notices do not. A gap can be meant: what no limit covers
goes to a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from policy.models import Level, Limit, PerDiem, Period, PolicyDocument
from policy.overlaps import common_day, crossing, undercut
from policy.per_diem.gaps import gaps_between, is_over, rateless

__all__ = ["Notice", "notices"]

_COVERING: Final = frozenset({Level.CATEGORY, Level.PER_DIEM})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at: CONTRADICTION, OVERLAP, UNREACHABLE or GAP, the rules or categories, what to do."""

    kind: str
    about: tuple[str, ...]
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.about)}: {self.message}; {self.remedy}"


def notices(document: PolicyDocument) -> tuple[Notice, ...]:
    """Return everything worth a look, contradictions first."""
    return (
        *_contradictions(document),
        *_overlaps(document),
        *_unreachable(document),
        *_gaps(document),
        *_tables(document),
    )


def _contradictions(document: PolicyDocument) -> Iterator[Notice]:
    """Yield limits that claim the same place: same level, priority, period and match, valid on a common day."""
    places: dict[object, list[Limit]] = {}
    for limit in document.limits:
        match = tuple((name, frozenset(values)) for name, values in limit.match)
        places.setdefault((limit.level, limit.priority, limit.per, match), []).append(limit)
    for same in places.values():
        for one, other in combinations(same, 2):
            if common_day(one, other):
                yield Notice(
                    "CONTRADICTION",
                    (one.id, other.id),
                    f"both apply with equal priority, {one.limit} and {other.limit}; the tighter one holds",
                    "keep one, or tell them apart by match, priority or validity",
                )


def _overlaps(document: PolicyDocument) -> Iterator[Notice]:
    """Yield limits that meet where their author may have thought of one of them alone."""
    for one, other in crossing(document):
        message = (
            f"with equal priority both apply where they meet, {one.limit} and {other.limit}; the tighter one holds"
        )
        yield Notice("OVERLAP", (one.id, other.id), message, "give them priorities, or tell them apart by match")


def _unreachable(document: PolicyDocument) -> Iterator[Notice]:
    begins = document.effective_from.date()
    caps = {limit.per: limit for limit in document.limits if _everywhere(limit)}
    rules: tuple[Limit | PerDiem, ...] = (*document.limits, *document.per_diem)
    levels = {rule.level for rule in rules}
    scaled = {kind for limit in document.limits for kind in limit.scales}
    tighter = undercut(document)
    for limit in document.limits:
        if limit.valid_until and limit.valid_until < begins:
            message = f"valid until {limit.valid_until}, before the policy begins on {begins}"
            yield Notice("UNREACHABLE", (limit.id,), message, "take it out, or correct the date")
        cap = _binding_cap(limit, caps)
        if cap is not None and cap is not limit and limit.limit > cap.limit and not limit.scales:
            message = f"its {limit.limit} can never be spent: {cap.id} allows {cap.limit}"
            yield Notice("UNREACHABLE", (limit.id,), message, "lower it, or raise the absolute cap")
        elif limit.id in tighter:
            tight = tighter[limit.id]
            message = f"its {limit.limit} can never be spent: {tight.id} is for all it is for and allows {tight.limit}"
            remedy = f"narrow {tight.id}, lower this one, or have a rule above override {tight.level}"
            yield Notice("UNREACHABLE", (limit.id,), message, remedy)
    for rule in rules:
        if rule.overrides and not levels & set(rule.overrides):
            message = f"overrides {', '.join(rule.overrides)}, where there is no limit"
            yield Notice("UNREACHABLE", (rule.id,), message, "take overrides out")
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
    sometimes = _by_per_diem(document)
    for limit in document.limits:
        if limit.level not in _COVERING and Level.CATEGORY not in limit.overrides and not limit.match.categories:
            continue
        others = [name for name, values in limit.match if values and name != "categories"]
        named = limit.match.categories or tuple(category.code for category in document.taxonomy)
        for category in document.taxonomy:
            if not _within(category.code, named):
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


def _by_per_diem(document: PolicyDocument) -> dict[str, list[str]]:
    """Return the per diem rules on each category; they cover it where there is a rate for the place and day."""
    return {
        category.code: rules
        for category in document.taxonomy
        if (rules := [rule.id for rule in document.per_diem if _within(category.code, rule.categories)])
    }


def _within(code: str, named: Iterable[str]) -> bool:
    return any(code == above or code.startswith(f"{above}.") for above in named)


def _tables(document: PolicyDocument) -> Iterator[Notice]:
    """Yield what the per diem tables leave open: what falls there goes to a person."""
    begins = document.effective_from.date()
    named = {name for rule in document.per_diem for name in rule.tables}
    for table in document.per_diem_tables:
        if table.id not in named:
            yield Notice("UNREACHABLE", (table.id,), "no per diem rule names this table", "name it, or take it out")
        if is_over(table, begins, document.per_diem_tables):
            message = f"its last day is {table.until}, before the policy begins on {begins}, and none goes on from it"
            yield Notice("GAP", (table.id,), message, "add the next year's table")
        without = rateless(table)
        if without:
            names = ", ".join(place.name for place in without[:3])
            message = (
                f"{len(without)} of {len(table.places)} places without a rate: {names}{', ...' if without[3:] else ''}"
            )
            yield Notice("GAP", (table.id,), message, "give their rates, or take the places out")
    for before, after, first, last in gaps_between(document.per_diem_tables):
        message = f"no table of {before.publisher} is for {first} to {last}: what was spent then goes to a person"
        yield Notice("GAP", (before.id, after.id), message, "add the table between them")
