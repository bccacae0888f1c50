"""Every pair of levels in conflict, each with what must come of it written out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from policy.judge import judge
from policy.models import Level
from tests.policy.build import expense, limit, line, policy

_MATCH: dict[str, dict[str, list[str]]] = {
    "absolute": {},
    "department": {"departments": ["sales"]},
    "project": {"projects": ["tower"]},
    "role": {"roles": ["chief"]},
    "category": {"categories": ["lodging"]},
    "per_diem": {"localities": ["New York"]},
}

# Upper level and its limit, lower level and its limit, amount -> outcome, the rule that names the decision, and all
# that fail. Both must hold: the upper one is looked at first and names what both break.
BOTH_HOLD: list[tuple[str, str, str, str, str, str, str, str]] = [
    ("absolute", "300", "department", "250", "275.00", "FAIL", "department", "department"),
    ("absolute", "250", "department", "300", "275.00", "FAIL", "absolute", "absolute"),
    ("absolute", "250", "department", "300", "310.00", "FAIL", "absolute", "absolute department"),
    ("absolute", "300", "project", "250", "275.00", "FAIL", "project", "project"),
    ("absolute", "250", "project", "300", "275.00", "FAIL", "absolute", "absolute"),
    ("absolute", "250", "project", "300", "310.00", "FAIL", "absolute", "absolute project"),
    ("absolute", "300", "role", "250", "275.00", "FAIL", "role", "role"),
    ("absolute", "250", "role", "300", "275.00", "FAIL", "absolute", "absolute"),
    ("absolute", "250", "role", "300", "310.00", "FAIL", "absolute", "absolute role"),
    ("absolute", "300", "category", "250", "275.00", "FAIL", "category", "category"),
    ("absolute", "250", "category", "300", "275.00", "FAIL", "absolute", "absolute"),
    ("absolute", "250", "category", "300", "310.00", "FAIL", "absolute", "absolute category"),
    ("absolute", "300", "per_diem", "250", "275.00", "FAIL", "per_diem", "per_diem"),
    ("absolute", "250", "per_diem", "300", "275.00", "FAIL", "absolute", "absolute"),
    ("absolute", "250", "per_diem", "300", "310.00", "FAIL", "absolute", "absolute per_diem"),
    ("department", "300", "project", "250", "275.00", "FAIL", "project", "project"),
    ("department", "250", "project", "300", "275.00", "FAIL", "department", "department"),
    ("department", "250", "project", "300", "310.00", "FAIL", "department", "department project"),
    ("department", "300", "role", "250", "275.00", "FAIL", "role", "role"),
    ("department", "250", "role", "300", "275.00", "FAIL", "department", "department"),
    ("department", "250", "role", "300", "310.00", "FAIL", "department", "department role"),
    ("department", "300", "category", "250", "275.00", "FAIL", "category", "category"),
    ("department", "250", "category", "300", "275.00", "FAIL", "department", "department"),
    ("department", "250", "category", "300", "310.00", "FAIL", "department", "department category"),
    ("department", "300", "per_diem", "250", "275.00", "FAIL", "per_diem", "per_diem"),
    ("department", "250", "per_diem", "300", "275.00", "FAIL", "department", "department"),
    ("department", "250", "per_diem", "300", "310.00", "FAIL", "department", "department per_diem"),
    ("project", "300", "role", "250", "275.00", "FAIL", "role", "role"),
    ("project", "250", "role", "300", "275.00", "FAIL", "project", "project"),
    ("project", "250", "role", "300", "310.00", "FAIL", "project", "project role"),
    ("project", "300", "category", "250", "275.00", "FAIL", "category", "category"),
    ("project", "250", "category", "300", "275.00", "FAIL", "project", "project"),
    ("project", "250", "category", "300", "310.00", "FAIL", "project", "project category"),
    ("project", "300", "per_diem", "250", "275.00", "FAIL", "per_diem", "per_diem"),
    ("project", "250", "per_diem", "300", "275.00", "FAIL", "project", "project"),
    ("project", "250", "per_diem", "300", "310.00", "FAIL", "project", "project per_diem"),
    ("role", "300", "category", "250", "275.00", "FAIL", "category", "category"),
    ("role", "250", "category", "300", "275.00", "FAIL", "role", "role"),
    ("role", "250", "category", "300", "310.00", "FAIL", "role", "role category"),
    ("role", "300", "per_diem", "250", "275.00", "FAIL", "per_diem", "per_diem"),
    ("role", "250", "per_diem", "300", "275.00", "FAIL", "role", "role"),
    ("role", "250", "per_diem", "300", "310.00", "FAIL", "role", "role per_diem"),
    ("category", "300", "per_diem", "250", "275.00", "FAIL", "per_diem", "per_diem"),
    ("category", "250", "per_diem", "300", "275.00", "FAIL", "category", "category"),
    ("category", "250", "per_diem", "300", "310.00", "FAIL", "category", "category per_diem"),
]

# The overriding level with 300, the level it replaces with 250, amount -> outcome and rule. The absolute cap replaces
# what it names and is replaced by nothing (a policy that says otherwise is refused).
REPLACED: list[tuple[str, str, str, str, str]] = [
    ("absolute", "department", "260.00", "PASS", "absolute"),
    ("absolute", "project", "275.00", "WARN", "absolute"),
    ("absolute", "role", "300.01", "FAIL", "absolute"),
    ("absolute", "category", "260.00", "PASS", "absolute"),
    ("absolute", "per_diem", "275.00", "WARN", "absolute"),
    ("department", "project", "260.00", "PASS", "department"),
    ("department", "role", "275.00", "WARN", "department"),
    ("department", "category", "300.01", "FAIL", "department"),
    ("department", "per_diem", "260.00", "PASS", "department"),
    ("project", "department", "275.00", "WARN", "project"),
    ("project", "role", "300.01", "FAIL", "project"),
    ("project", "category", "260.00", "PASS", "project"),
    ("project", "per_diem", "275.00", "WARN", "project"),
    ("role", "department", "300.01", "FAIL", "role"),
    ("role", "project", "260.00", "PASS", "role"),
    ("role", "category", "275.00", "WARN", "role"),
    ("role", "per_diem", "300.01", "FAIL", "role"),
    ("category", "department", "260.00", "PASS", "category"),
    ("category", "project", "275.00", "WARN", "category"),
    ("category", "role", "300.01", "FAIL", "category"),
    ("category", "per_diem", "260.00", "PASS", "category"),
    ("per_diem", "department", "275.00", "WARN", "per_diem"),
    ("per_diem", "project", "300.01", "FAIL", "per_diem"),
    ("per_diem", "role", "260.00", "PASS", "per_diem"),
    ("per_diem", "category", "275.00", "WARN", "per_diem"),
]
# Covers what only general caps would speak of, far above every amount here.
_COVER = limit("cover", "category", "9999", {"categories": ["lodging"], "roles": ["chief"]})


def _judged(amount: str, *limits: dict[str, Any]) -> Any:
    facts = expense(line(amount, department="sales", project="tower", role="chief", locality="new york"))
    (decision,) = judge(facts, policy(limits)).decisions
    return decision


def _of(level: str, amount: str, **more: Any) -> dict[str, Any]:
    return limit(level, level, amount, _MATCH[level], **more)


@pytest.mark.parametrize(("upper", "high", "lower", "low", "amount", "outcome", "rule", "failing"), BOTH_HOLD)
def test_both_levels_hold(
    upper: str, high: str, lower: str, low: str, amount: str, outcome: str, rule: str, failing: str
) -> None:
    """The tighter one fails; where both do, the upper one names the decision and the other is recorded."""
    decision = _judged(amount, _of(lower, low), _of(upper, high), _COVER)
    assert (decision.outcome, decision.rule_id) == (outcome, rule)
    assert [node.rule_id for node in decision.resolution_path if node.outcome == "FAIL"] == failing.split()
    assert decision.limit == Decimal(high if rule == upper else low)


@pytest.mark.parametrize(("over", "under", "amount", "outcome", "rule"), REPLACED)
def test_a_level_replaces_another(over: str, under: str, amount: str, outcome: str, rule: str) -> None:
    """What is replaced fires no more, whichever of the two stands higher; the path says by what."""
    cover = [] if under == "category" else [_COVER]
    decision = _judged(amount, _of(under, "250"), _of(over, "300", overrides=[under]), *cover)
    assert (decision.outcome, decision.rule_id) == (outcome, rule)
    (gone,) = [node for node in decision.resolution_path if node.rule_id == under]
    assert (gone.outcome, gone.reason) == ("OVERRIDDEN", f"replaced by {over}")


def test_the_tables_are_whole() -> None:
    """Every pair of levels stands in the first table, every level that can be replaced by each other in the second."""
    levels = [level.value for level in Level]
    pairs = {(upper, lower) for place, upper in enumerate(levels) for lower in levels[place + 1 :]}
    assert {(row[0], row[2]) for row in BOTH_HOLD} == pairs
    assert {(row[0], row[1]) for row in REPLACED} == {
        (over, under) for over in levels for under in levels if under not in {over, "absolute"}
    }
