"""What a business rule is: an id the norm gave it, what it asks in our words, and a function that finds it broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from documents.en16931.terms import Invoice, Scope

Find = Callable[[Invoice], Iterable[str]]

EVERY: Final[frozenset[Scope]] = frozenset({"full", "extended", "basic_wl", "minimum", "core"})
"""Asked of whatever calls itself an invoice: its sums and its key fields."""

NORM: Final[frozenset[Scope]] = EVERY - {"core"}
"""Asked of every profile of the norm."""

WITHOUT_LINES: Final[frozenset[Scope]] = NORM - {"minimum"}
"""Asked from BASIC WL on, which has a VAT breakdown but no lines."""

WITH_LINES: Final[frozenset[Scope]] = frozenset({"full", "extended"})
"""Asked of the profiles that are invoices in the sense of the norm."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `find` yields what breaks it, one sentence each; nothing when it holds."""

    id: str
    says: str
    find: Find
    scopes: frozenset[Scope] = NORM
    field: str | None = None
    arithmetic: bool = False


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold, the first thing that breaks it, and how many do."""

    rule: Rule
    found: str
    times: int


def judge(invoice: Invoice, rules: Iterable[Rule]) -> Iterator[Breach]:
    """Yield each rule of the invoice's scope that it breaks, in the order of the rules."""
    for rule in rules:
        if invoice.scope in rule.scopes and (found := list(rule.find(invoice))):
            yield Breach(rule, found[0], len(found))


def named(index: int, number: str | None) -> str:
    """What to call a line in a sentence: its own number, else where it stands."""
    return f"line {number or index}"
