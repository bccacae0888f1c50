"""What one policy changes about another, in words, rule by rule. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from policy.models import Budget, Category, Limit, Match, Modifier, PerDiem, PolicyDocument, RateTable
from policy.per_diem.models import Place

__all__ = ["Difference", "applies_to", "differences"]

_AMOUNT = "limit"
_LISTS = ("limits", "modifiers", "budgets", "per_diem", "per_diem_tables")
# Said rule by rule; effective_from is no rule and differs between any two versions.
_APART = frozenset({"taxonomy", "checks", "receipts", "effective_from", *_LISTS})


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule or setting: `kind` is added, removed or changed, `about` its section, `name` its id."""

    kind: str
    about: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.about} {self.name}: {self.message}"


def differences(before: PolicyDocument, after: PolicyDocument) -> list[Difference]:
    """Return what changes from one policy to another, empty when both judge the same."""
    found = [
        Difference("changed", "policy", name, message)
        for name in PolicyDocument.model_fields
        if name not in _APART
        for message in _value(name, getattr(before, name), getattr(after, name), after.currency)
    ]
    found += _section("category", _by("code", before.taxonomy), _by("code", after.taxonomy), after.currency)
    for section in _LISTS:
        old, new = _by("id", getattr(before, section)), _by("id", getattr(after, section))
        found += _section(section.removesuffix("s"), old, new, after.currency)
    found += _section("check", before.checks, after.checks, after.currency)
    receipts = list(_fields(before.receipts, after.receipts, after.currency))
    if receipts:
        found.append(Difference("changed", "receipts", "receipts", "; ".join(receipts)))
    return found


def applies_to(match: Match) -> str:
    """Return where a rule applies, in words."""
    named = [f"{name} {_words(values)}" for name, values in match if values]
    return "; ".join(named) or "everywhere"


def _by(key: str, rules: tuple[Any, ...]) -> dict[str, BaseModel]:
    return {getattr(rule, key): rule for rule in rules}


def _section(
    about: str, before: Mapping[str, BaseModel], after: Mapping[str, BaseModel], currency: str
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield Difference("added", about, name, _described(new, currency))
        elif new is None and old is not None:
            yield Difference("removed", about, name, _described(old, currency))
        elif old is not None and new is not None:
            changes = list(_fields(old, new, currency))
            if changes:
                yield Difference("changed", about, name, "; ".join(changes))


def _described(rule: BaseModel, currency: str) -> str:
    match rule:
        case Limit():
            return f"{rule.level} level, {rule.limit} {currency} per {rule.per}, {applies_to(rule.match)}"
        case Modifier():
            return f"{rule.kind} factor {rule.factor}, {applies_to(rule.match)}"
        case Budget():
            return f"{rule.limit} {currency} per {rule.per} for {rule.scope} {rule.name}"
        case PerDiem():
            return f"{rule.component} per {rule.per} of {_words(rule.tables)}, categories {_words(rule.categories)}"
        case RateTable() | Category():
            return rule.name
    return ", ".join(f"{name} {_words(value)}" for name, value in rule)


def _fields(before: BaseModel, after: BaseModel, currency: str, within: str = "") -> Iterator[str]:
    for name in type(after).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if name == "places":
            yield from _places(old, new)
        elif isinstance(old, BaseModel) and isinstance(new, BaseModel):
            yield from _fields(old, new, currency, f"{within}{name}.")
        else:
            yield from _value(f"{within}{name}", old, new, currency)


def _places(before: tuple[Place, ...], after: tuple[Place, ...]) -> Iterator[str]:
    """Say which places of a table come, go or change; their rates are too many to be said one by one."""
    old, new = ({(place.country, place.areas, place.name): place for place in places} for places in (before, after))
    changed = [key for key in new.keys() & old.keys() if new[key] != old[key]]
    for said, keys in (
        ("gains", new.keys() - old.keys()),
        ("loses", old.keys() - new.keys()),
        ("has other rates for", changed),
    ):
        if keys:
            yield f"{said} {', '.join(sorted(name for _, _, name in keys))}"


def _value(name: str, old: Any, new: Any, currency: str) -> Iterator[str]:
    if old == new:
        return
    if name == _AMOUNT and isinstance(old, Decimal) and isinstance(new, Decimal):
        raised = "raised" if new > old else "lowered"
        percent = f" ({(new - old) / old * 100:+.1f} %)" if old else ""
        yield f"limit {raised} from {old} to {new} {currency}{percent}"
    elif isinstance(old, tuple) and isinstance(new, tuple):
        gained, lost = [v for v in new if v not in old], [v for v in old if v not in new]
        told = [f"gains {_words(tuple(gained))}"] if gained else []
        told += [f"loses {_words(tuple(lost))}"] if lost else []
        yield f"{name} {' and '.join(told) or f'reordered to {_words(new)}'}"
    else:
        yield f"{name} changes from {_words(old)} to {_words(new)}"


def _words(value: Any) -> str:
    if value is None or value in ((), ""):
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
