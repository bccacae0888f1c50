"""Constraint nodes: what a line is weighed against, and how it is found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Final, Generic, TypeVar

from policy.facts import Line
from policy.fields import Level, Period
from schemas.frozen import maker
from schemas.records import PathNode

__all__ = ["RANKS", "Effective", "Factor", "Index", "Node", "Visit", "effective"]

T = TypeVar("T")

RANKS: Final[dict[Level, int]] = {
    Level.ABSOLUTE: 0,
    Level.DEPARTMENT: 1,
    Level.PROJECT: 1,
    Level.ROLE: 2,
    Level.CATEGORY: 3,
    Level.PER_DIEM: 4,
}


@dataclass(frozen=True, slots=True)
class Effective:
    """A limit as it holds for a line: the amount, where its warning starts, how it came about, its path entries.

    `source`: the published rate it stands on, for what is said to a person; empty for a limit of the policy's own.
    """

    value: Decimal
    warn_at: Decimal
    origin: str
    passed: PathNode
    warned: PathNode
    failed: PathNode
    source: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One constraint node. `order` is its place in the visit, top down; `covers` says that it limits a category.

    `whole`: it weighs all lines of an expense it applies to. `cumulative`: it is for running totals. `factors`: the
    modifiers of each kind that scales it.

    `nearer` are rules of the same fields, level and period that name a category nearer to the line's: while one of
    them is valid, this one does not fire.

    `doubt`: why nobody can tell its limit; a line it applies to goes to a person. `dated`: it is weighed on the day of
    the line, not of the document.

    `visit` follows from the others: how it stands for a line whose facts do not matter to it.
    """

    id: str
    level: Level
    order: int
    rank: int
    per: Period
    whole: bool
    cumulative: bool
    factors: "tuple[Index[Factor], ...]"
    overrides: frozenset[Level]
    covers: bool
    valid_from: date | None
    valid_until: date | None
    plain: Effective
    nearer: tuple["Node", ...] = ()
    doubt: str = ""
    dated: bool = False
    visit: "Visit" = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what most lines take as it is."""
        object.__setattr__(self, "visit", Visit.of(self, self.plain, ""))

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule is valid on a day."""
        return (self.valid_from is None or day >= self.valid_from) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """A node as it stands for a line: its limit there, and why it does not fire; `silent` is empty where it does.

    What judging looks at is side by side: of ten thousand rules the one that a line meets is in no cache, and each
    further object that has to be fetched for it takes longer than what is done with it.

    `always`: wherever the node applies it fires with its plain limit, and it replaces no level. `counted`: its limit is
    per night or attendee.
    """

    node: Node
    effective: Effective
    silent: str
    order: int
    rank: int
    always: bool
    counted: bool
    covers: bool
    cumulative: bool
    whole: bool
    value: Decimal
    failed: PathNode
    source: str

    @staticmethod
    def of(node: Node, effective: Effective, silent: str) -> "Visit":
        """Return a visit of a node."""
        dated = node.valid_from is not None or node.valid_until is not None
        depends = dated or node.factors or node.overrides or node.nearer or node.doubt or node.per is Period.TRIP
        return _visit(
            node=node,
            effective=effective,
            silent=silent,
            order=node.order,
            rank=node.rank,
            always=not depends,
            counted=node.per in {Period.NIGHT, Period.ATTENDEE},
            covers=node.covers,
            cumulative=node.cumulative,
            whole=node.whole,
            value=effective.value,
            failed=effective.failed,
            source=effective.source,
        )


_visit = maker(Visit)


@dataclass(frozen=True, slots=True)
class Factor:
    """A modifier as it is chosen: the lowest `preference` of its kind wins."""

    id: str
    factor: Decimal
    preference: tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Index(Generic[T]):
    """Rules by the values they match on: per shape of rule, how to read its fields off a line, and its table.

    Values with one rule, as most have, have the rule itself, the others a tuple of them.
    """

    groups: tuple[tuple[Callable[[Line], object], dict[object, T | tuple[T, ...]]], ...]

    def find(self, line: Line) -> list[T]:
        """Return what applies to the line, unordered."""
        found: list[T] = []
        for key, table in self.groups:
            hit = table.get(key(line))
            if hit is None:
                continue
            if isinstance(hit, tuple):
                found += hit
            else:
                found.append(hit)
        return found


def effective(
    rule: str, level: Level, value: Decimal, origin: str, warn_above: Decimal, *, source: str = "", above: str = "FAIL"
) -> Effective:
    """Return a limit with its entries in the path; `origin` says in words how the value came about.

    `above` is the outcome of what exceeds it: REVIEW_REQUIRED where a higher limit may be the one that applies.
    """

    def entry(outcome: str, words: str) -> PathNode:
        # Many rules have one limit; there is one text for all of them.
        reason = intern(f"{words}: limit {origin}")
        return PathNode(rule_id=rule, level=level.value, outcome=outcome, limit=value, reason=reason)

    percent = f"{(warn_above * 100).normalize():f}"
    return Effective(
        value=value,
        warn_at=_warning(value, warn_above),
        origin=origin,
        passed=entry("PASS", "holds"),
        warned=entry("WARN", f"holds, but above {percent} %"),
        failed=entry(above, "exceeded"),
        source=source,
    )


# Equal limits share one amount, so that what many lines meet stays near the processor.
@lru_cache(maxsize=4_096)
def _warning(value: Decimal, share: Decimal) -> Decimal:
    return value * share
