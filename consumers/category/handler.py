"""The category stage: what each line is for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from consumers.assertions import settled, stated
from consumers.category.resolve import Categoriser, Seen
from consumers.category.rules import Rules, rules_for
from consumers.runtime.stage import Handler
from consumers.tracks import answer_failed
from schemas.envelope import Event, caused, doubt
from schemas.events import CategoryResolved, ExpenseParsed
from schemas.lifecycle import State
from schemas.records import Assertion, CategoryMatch, Evidence

__all__ = ["HANDLER"]

STAGE: Final = "category"
_CERTAIN: Final = 100
_OURS: Final[Mapping[str, Rules]] = MappingProxyType({})


def categorise_lines(event: ExpenseParsed, *, categories: Mapping[str, Rules] = _OURS) -> Sequence[Event]:
    """Return the category of each line with its evidence; what a person stated stands, and settles the doubt.

    `categories` are the rules of tenants that have their own.
    """
    rules = rules_for(event.tenant_id, categories)
    categoriser = rules.categoriser
    facts, lines = event.facts, event.lines
    seen = Seen(
        merchant=facts.vendor_name,
        mcc=facts.mcc,
        document_type=facts.document_type,
        claimed=event.context.claimed_category,
    )
    matches, problems = categoriser.categorise(seen, [line.description for line in lines])
    # The categoriser counts lines from 1; an expense's own numbers are what everything else refers to.
    numbers = {place: line.number for place, line in enumerate(lines, start=1)}
    stated_by_line = _stated(stated(event), numbers, categoriser)
    answers = tuple(stated_by_line.get(match.line) or _numbered(match, numbers[match.line]) for match in matches)
    doubts = [
        replace(p, line=numbers[p.line], field=f"lines.{numbers[p.line]}.category")
        for p in problems
        if p.line is not None and p.line not in stated_by_line
    ]
    resolved = caused(
        event,
        CategoryResolved,
        stage=STAGE,
        status=State.PARSED,
        categories=answers,
        problems=settled(event),
        tables={**event.tables, "category_rules": rules.version},
    )
    return (doubt(resolved, *doubts),)


def _numbered(match: CategoryMatch, number: int) -> CategoryMatch:
    return match if match.line == number else replace(match, line=number)


def _stated(
    asserted: dict[str, Assertion], numbers: dict[int, int], categoriser: Categoriser
) -> dict[int, CategoryMatch]:
    found: dict[int, CategoryMatch] = {}
    for place, number in numbers.items():
        statement = asserted.get(f"lines.{number}.category")
        category = categoriser.claimed(statement.value) if statement else None
        if statement and category:
            evidence = Evidence(source="asserted", value=statement.value, category=category, weight=_CERTAIN)
            found[place] = CategoryMatch(line=number, category=category, score=_CERTAIN, evidence=(evidence,))
    return found


HANDLER = Handler(handle=categorise_lines, on_dead_letter=partial(answer_failed, STAGE), capabilities=("categories",))
