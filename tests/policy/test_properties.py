"""What must hold for every policy and every expense."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policy.judge import OUTCOMES, judge
from tests.depth import examples
from tests.policy.build import TAXONOMY, expense, line, policy

AMOUNTS = st.integers(0, 60_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
MATCHES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "absolute": st.just({}),
    "department": st.just({"departments": ["sales"]}),
    "project": st.just({"projects": ["tower"]}),
    "role": st.sampled_from([{"roles": ["chief"]}, {"roles": ["staff"]}]),
    "category": st.sampled_from([{"categories": [code]} for code in TAXONOMY]),
    "per_diem": st.sampled_from([{"countries": ["US"]}, {"localities": ["boston"], "categories": ["lodging"]}]),
}


@st.composite
def limits(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return limits of every level, with overrides, periods and modifiers."""
    rules = []
    for index in range(draw(st.integers(1, 8))):
        level = draw(st.sampled_from(sorted(MATCHES)))
        absolute = level == "absolute"
        rules.append(
            {
                "id": f"rule-{index}",
                "level": level,
                "limit": draw(AMOUNTS),
                "priority": draw(st.integers(1, 100)),
                "match": draw(MATCHES[level]),
                "per": draw(st.sampled_from(["line", "expense", "night", "attendee", "trip", "month"])),
                "overrides": draw(st.lists(st.sampled_from(["role", "category", "per_diem"]), max_size=2, unique=True)),
                "scales": [] if absolute else draw(st.lists(st.sampled_from(["geo", "role"]), max_size=2, unique=True)),
            }
        )
    return rules


MODIFIERS = [
    {"id": "geo", "kind": "geo", "factor": "1.25", "match": {"countries": ["US"]}},
    {"id": "chief", "kind": "role", "factor": "1.5", "match": {"roles": ["chief"]}},
]
LINES = st.lists(st.tuples(AMOUNTS, st.sampled_from([*TAXONOMY, None])), min_size=1, max_size=4)


def _facts(parts: list[tuple[str, str | None]]) -> Any:
    dims = {"department": "sales", "project": "tower", "role": "chief", "country": "US", "locality": "boston"}
    return expense(*(line(amount, number, code, **dims) for number, (amount, code) in enumerate(parts, 1)))


def _outcomes(verdict: Any) -> Mapping[int, tuple[str, str, Any]]:
    return {d.line: (d.outcome, d.rule_id, d.limit) for d in verdict.decisions}


@settings(deadline=None, max_examples=examples(60))
@given(limits(), LINES, st.randoms(use_true_random=False))
def test_order_changes_nothing(rules: list[dict[str, Any]], parts: list[tuple[str, str | None]], random: Any) -> None:
    """Rules and lines in any other order give the same policy version and the same decision for each line."""
    facts = _facts(parts)
    first = policy(rules, modifiers=MODIFIERS)
    shuffled_rules, shuffled_lines = list(rules), list(facts.lines)
    random.shuffle(shuffled_rules)
    random.shuffle(shuffled_lines)
    second = policy(shuffled_rules, modifiers=MODIFIERS)
    assert first.version == second.version
    before, after = judge(facts, first), judge(replace(facts, lines=tuple(shuffled_lines)), second)
    assert (before.outcome, _outcomes(before)) == (after.outcome, _outcomes(after))


@settings(deadline=None, max_examples=examples(60))
@given(limits(), LINES, st.data())
def test_lowering_a_limit_never_clears(
    rules: list[dict[str, Any]], parts: list[tuple[str, str | None]], data: st.DataObject
) -> None:
    """With one limit lowered, no line that failed does better."""
    at = data.draw(st.integers(0, len(rules) - 1))
    lower = Decimal(rules[at]["limit"]) * data.draw(st.integers(0, 99)) / 100
    lowered = [*rules[:at], {**rules[at], "limit": f"{lower:.2f}"}, *rules[at + 1 :]]
    before = _outcomes(judge(_facts(parts), policy(rules, modifiers=MODIFIERS)))
    after = _outcomes(judge(_facts(parts), policy(lowered, modifiers=MODIFIERS)))
    for number, (outcome, _, _) in before.items():
        assert OUTCOMES.index(after[number][0]) >= OUTCOMES.index(outcome)


@settings(deadline=None, max_examples=examples(60))
@given(limits(), LINES)
def test_one_final_outcome_per_line_and_again_the_same(
    rules: list[dict[str, Any]], parts: list[tuple[str, str | None]]
) -> None:
    """Every line has exactly one decision, and deciding again gives the same to the last byte."""
    facts, compiled = _facts(parts), policy(rules, modifiers=MODIFIERS)
    first, second = judge(facts, compiled), judge(facts, compiled)
    assert [d.line for d in first.decisions] == [found.number for found in facts.lines]
    assert all(d.outcome in OUTCOMES for d in first.decisions)
    assert repr(first) == repr(second)
