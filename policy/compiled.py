"""Rules compiled to dictionaries: the cost of a line does not grow with the number of rules.

Rules are grouped by which fields they match on; a group is one dictionary from the values of those fields to its
rules. A line costs one look-up per group, and there are as many groups as there are shapes of rules, not rules.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain, product
from math import prod
from operator import attrgetter
from sys import intern
from typing import Final, TypeVar

from policy.checks import Find, prepared
from policy.constraints import RANKS, Effective, Factor, Index, Node, Visit, effective
from policy.currency import ROUNDINGS, to_minor_unit
from policy.facts import Line, folded
from policy.fields import WHOLE
from policy.models import (
    CUMULATIVE,
    Budget,
    CheckSettings,
    Level,
    Limit,
    Match,
    Modifier,
    ModifierKind,
    PerDiem,
    PolicyDocument,
    Receipts,
)
from policy.per_diem.quoting import PerDiems

__all__ = ["RANKS", "CompiledPolicy", "Effective", "Node", "Visit", "compile_policy"]

T = TypeVar("T")
S = TypeVar("S")
EVERYONE: Final = "*"

# Field of a match -> field of a line.
FIELDS: Final[dict[str, str]] = {
    "categories": "category",
    "departments": "department",
    "projects": "project",
    "roles": "role",
    "countries": "country",
    "localities": "locality",
    "months": "month",
    "vendors": "vendor",
    "mccs": "mcc",
    "kinds": "kind",
    "properties": "property_id",
}
# Names that people spell with different capitals.
FOLDED: Final = frozenset({"departments", "projects", "roles", "localities", "vendors", "kinds", "properties"})
# One rule of five long lists would multiply to more keys than fit in memory.
_MAX_KEYS: Final = 2_000_000
# Scaled limits kept ready, least recently used out first: a few hundred bytes each.
_SCALED_KEPT: Final = 65_536
_ORDER = attrgetter("order")
_PREFERENCE = attrgetter("preference")


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy ready to judge. `version` is its snapshot's hash; `scaled` gives a node's limit under modifiers."""

    version: str
    currency: str
    warn_above: Decimal
    categories: frozenset[str]
    nodes: tuple[Node, ...]
    limits: Index[Visit]
    per_diems: PerDiems | None
    scaled: Callable[[int, tuple[str, ...]], Effective]
    budgets: Mapping[tuple[str, str], tuple[Budget, ...]]
    receipts: Receipts
    settings: Mapping[str, CheckSettings]
    checks: tuple[Find, ...]
    cumulative: bool

    def effective(self, node: Node, line: Line) -> Effective:
        """Return the limit of a node for a line: base x geo x role x season, rounded to the policy's currency."""
        chosen = []
        for index in node.factors:
            candidates = index.find(line)
            if candidates:
                chosen.append(min(candidates, key=_PREFERENCE).id)
        return self.scaled(node.order, tuple(chosen)) if chosen else node.plain

    def budgets_of(self, scope: str, name: str) -> tuple[Budget, ...]:
        """Return the budgets a department or project is under: its own, else everyone's, per period."""
        own, everyones = self.budgets.get((scope, name), ()), self.budgets.get((scope, EVERYONE), ())
        if not own or not everyones:
            return own or everyones
        periods = {budget.per for budget in own}
        return own + tuple(budget for budget in everyones if budget.per not in periods)


def compile_policy(document: PolicyDocument, version: str) -> CompiledPolicy:
    """Compile a valid document.

    Raises:
        ValueError: a rule's lists multiply to more combinations than can be held; split it.

    """
    tree = _Taxonomy.of(document)
    ordered: list[Limit | PerDiem] = [*document.limits, *document.per_diem]
    ordered.sort(key=lambda rule: (RANKS[rule.level], -rule.priority, rule.id))
    per_diems = PerDiems(
        document.per_diem_tables,
        {order: rule for order, rule in enumerate(ordered) if isinstance(rule, PerDiem)},
        tree.beneath,
        (document.currency, document.rounding, document.warn_above),
    )
    limits = {order: rule for order, rule in enumerate(ordered) if isinstance(rule, Limit)}
    effect = _Effects(document)
    modifiers = {m.id: m for m in document.modifiers}
    factors = {
        kind: _index([(m.match, m) for m in document.modifiers if m.kind is kind], tree, _factors)
        for kind in ModifierKind
        if any(m.kind is kind for m in document.modifiers)
    }
    nodes = {order: _node(limit, order, effect, factors) for order, limit in limits.items()}
    placed = [(limits[order].match, node) for order, node in nodes.items()]
    nodes |= per_diems.unplaced

    @lru_cache(maxsize=_SCALED_KEPT)
    def scaled(order: int, chosen: tuple[str, ...]) -> Effective:
        return effect.of(limits[order], tuple(modifiers[name] for name in chosen))

    return CompiledPolicy(
        version=version,
        currency=document.currency,
        warn_above=document.warn_above,
        categories=frozenset(category.code for category in document.taxonomy),
        nodes=tuple(nodes[order] for order in range(len(ordered))),
        limits=_index(placed, tree, _nearest),
        per_diems=per_diems if document.per_diem else None,
        scaled=scaled,
        budgets=_budgets(document.budgets),
        receipts=document.receipts,
        settings=document.checks,
        checks=prepared(document.checks),
        cumulative=any(node.cumulative for node in nodes.values()),
    )


@dataclass(frozen=True, slots=True)
class _Taxonomy:
    """Each category with itself and everything beneath it, and how far down."""

    beneath: Mapping[str, tuple[tuple[str, int], ...]]

    @classmethod
    def of(cls, document: PolicyDocument) -> "_Taxonomy":
        below: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for category in document.taxonomy:
            parts = category.code.split(".")
            for distance in range(len(parts)):
                below[".".join(parts[: len(parts) - distance])].append((category.code, distance))
        return cls({code: tuple(found) for code, found in below.items()})


@dataclass(frozen=True, slots=True)
class _Effects:
    """Builds effective limits of one policy."""

    document: PolicyDocument
    # One object per amount and exponent: equal limits of many rules are one in the processor's cache.
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def of(self, limit: Limit, modifiers: tuple[Modifier, ...] = ()) -> Effective:
        document = self.document
        value = limit.limit
        for modifier in modifiers:
            value *= modifier.factor
        value = to_minor_unit(value, document.currency, ROUNDINGS[document.rounding])
        factors = "".join(f" x {m.kind} {m.factor} ({m.id})" for m in modifiers)
        origin = (
            f"{limit.limit}{factors} = {value} {document.currency} per {limit.per}"
            if modifiers
            else (f"{value} {document.currency} per {limit.per}")
        )
        value = self.amounts.setdefault(str(value), value)
        return effective(limit.id, limit.level, value, origin, document.warn_above)


def _node(limit: Limit, order: int, effect: _Effects, factors: Mapping[ModifierKind, Index[Factor]]) -> Node:
    return Node(
        id=limit.id,
        level=limit.level,
        order=order,
        rank=RANKS[limit.level],
        per=limit.per,
        whole=limit.per in WHOLE,
        cumulative=limit.per in CUMULATIVE,
        factors=tuple(factors[kind] for kind in ModifierKind if kind in limit.scales and kind in factors),
        overrides=frozenset(limit.overrides),
        covers=limit.level in {Level.CATEGORY, Level.PER_DIEM}
        or Level.CATEGORY in limit.overrides
        or bool(limit.match.categories and limit.level is not Level.ABSOLUTE),
        valid_from=limit.valid_from,
        valid_until=limit.valid_until,
        plain=effect.of(limit),
    )


# What stands in one table cell before it is settled: the rule and how far its category is from the cell's.
_Cell = list[tuple[S, int]]


def _index(rules: Sequence[tuple[Match, S]], tree: _Taxonomy, settle: Callable[[_Cell[S]], tuple[T, ...]]) -> Index[T]:
    groups: dict[tuple[str, ...], dict[object, _Cell[S]]] = defaultdict(lambda: defaultdict(list))
    for match, rule in rules:
        signature, keys = _keys(match, tree)
        table = groups[signature]
        for key, distance in keys:
            table[key].append((rule, distance))
    return Index(
        tuple(
            (
                attrgetter(*signature) if signature else _anything,
                {key: found[0] if len(found := settle(cell)) == 1 else found for key, cell in table.items()},
            )
            for signature, table in sorted(groups.items())
        )
    )


def _anything(_line: Line) -> object:
    return ()


def _keys(match: Match, tree: _Taxonomy) -> tuple[tuple[str, ...], list[tuple[object, int]]]:
    """Return the line fields a match looks at, and each combination of values with its category distance."""
    signature: list[str] = []
    choices: list[list[tuple[object, int]]] = []
    for name, attribute in FIELDS.items():
        values = getattr(match, name)
        if not values:
            continue
        signature.append(attribute)
        if name == "categories":
            nearest: dict[object, int] = {}
            for code, distance in chain.from_iterable(tree.beneath[value] for value in values):
                nearest[_shared(code)] = min(distance, nearest.get(code, distance))
            choices.append(list(nearest.items()))
        else:
            named = (folded(value) if name in FOLDED else value for value in values)
            choices.append([(_shared(value), 0) for value in dict.fromkeys(named)])
    if prod(len(values) for values in choices) > _MAX_KEYS:
        raise ValueError(
            f"a rule on {', '.join(signature)} multiplies to over {_MAX_KEYS} combinations; split its lists"
        )
    keys: list[tuple[object, int]] = []
    for combination in product(*choices):
        key = tuple(value for value, _ in combination)
        keys.append((key[0] if len(key) == 1 else key, sum(distance for _, distance in combination)))
    return tuple(signature), keys


def _shared(value: object) -> object:
    """Return the one text there is for all rules that say the same: so it stays in the processor's cache."""
    return intern(value) if isinstance(value, str) else value


def _nearest(cell: "_Cell[Node]") -> tuple[Visit, ...]:
    """Mark each rule with those that name a nearer category, at its level and over its period."""
    settled = []
    for node, distance in cell:
        nearer = tuple(o for o, d in cell if d < distance and o.level is node.level and o.per is node.per)
        settled.append(replace(node, nearer=nearer) if nearer else node)
    return tuple(node.visit for node in sorted(settled, key=_ORDER))


def _factors(cell: "_Cell[Modifier]") -> tuple[Factor, ...]:
    factors = []
    for modifier, distance in cell:
        match = modifier.match
        fields = sum(bool(getattr(match, name)) for name in FIELDS)
        preference = (-fields, 0 if match.localities else 1, distance, -modifier.priority, modifier.id)
        factors.append(Factor(modifier.id, modifier.factor, preference))
    return tuple(factors)


def _budgets(budgets: Iterable[Budget]) -> dict[tuple[str, str], tuple[Budget, ...]]:
    found: dict[tuple[str, str], tuple[Budget, ...]] = {}
    for budget in sorted(budgets, key=attrgetter("id")):
        key = (budget.scope, folded(budget.name))
        found[key] = (*found.get(key, ()), budget)
    return found
