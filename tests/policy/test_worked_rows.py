"""The design's ten worked rows are the definition of judging."""

from decimal import Decimal
from typing import Any

import pytest

from policy.judge import judge
from tests.policy.build import expense, limit, line, policy

DEPARTMENT = {"departments": ["sales"]}
CATEGORY = {"categories": ["lodging"]}
EXECUTIVE = {"roles": ["executive"]}
NEW_YORK = {"localities": ["New York"], "categories": ["lodging"]}

department = limit("department", "department", "300", DEPARTMENT)
category = limit("category", "category", "250", CATEGORY)
executive = limit("executive", "role", "400", EXECUTIVE, overrides=["category"])
per_diem = limit("per_diem", "per_diem", "342", NEW_YORK)
scaled = [limit("category", "category", "100", CATEGORY, scales=["geo", "role"])]
modifiers = [
    {"id": "geo.new-york", "kind": "geo", "factor": "1.2", "match": {"localities": ["New York"]}},
    {"id": "role.executive", "kind": "role", "factor": "1.5", "match": EXECUTIVE},
]

ROWS: list[tuple[list[dict[str, Any]], str, str, str | None, str | None]] = [
    ([department, category], "275.00", "FAIL", "category", "250"),
    ([department, category], "310.00", "FAIL", "department", "300"),
    ([department, category], "240.00", "WARN", "category", "250"),
    ([category], "225.00", "PASS", "category", "250"),
    ([limit("absolute", "absolute", "350"), category, executive], "375.00", "FAIL", "absolute", "350"),
    ([department, category, executive], "320.00", "FAIL", "department", "300"),
    ([category, per_diem], "300.00", "FAIL", "category", "250"),
    ([category, {**per_diem, "overrides": ["category"]}], "300.00", "PASS", "per_diem", "342"),
    ([category, {**per_diem, "overrides": ["category"]}], "342.01", "FAIL", "per_diem", "342"),
    (scaled, "180.00", "WARN", "category", "180"),
    (scaled, "180.01", "FAIL", "category", "180"),
    ([limit("absolute", "absolute", "5000")], "100.00", "REVIEW_REQUIRED", "fallback.unmapped", None),
]


@pytest.mark.parametrize(("limits", "amount", "outcome", "rule", "value"), ROWS)
def test_worked_row(
    limits: list[dict[str, Any]], amount: str, outcome: str, rule: str | None, value: str | None
) -> None:
    """Each row has exactly the outcome, the deciding rule and the limit that the design says."""
    facts = expense(line(amount, department="sales", role="executive", locality="new york"))
    (decision,) = judge(facts, policy(limits, modifiers=modifiers)).decisions
    assert (decision.outcome, decision.rule_id) == (outcome, rule)
    assert decision.limit == (None if value is None else Decimal(value))


def test_every_failing_node_is_recorded() -> None:
    """The department names the decision, the category's failure is in the path too, the flip is the tightest."""
    facts = expense(line("310.00", department="sales"))
    (decision,) = judge(facts, policy([category, department])).decisions
    failed = [node.rule_id for node in decision.resolution_path if node.outcome == "FAIL"]
    assert failed == ["department", "category"]
    assert (decision.violation_code, decision.flip) == ("CAP_EXCEEDED", "passes at <= 250.00 USD")


def test_fallback_code_and_words() -> None:
    """What no limit covers is sent to a person under its own code."""
    verdict = judge(expense(line("100.00")), policy([limit("absolute", "absolute", "5000")]))
    assert verdict.decisions[0].violation_code == "FALLBACK_UNMAPPED"
    assert verdict.findings[0].blocking


def test_each_factor_is_shown() -> None:
    """The path entry of a scaled limit names base, every factor and the result."""
    facts = expense(line("50.00", role="executive", locality="new york"))
    (decision,) = judge(facts, policy(scaled, modifiers=modifiers)).decisions
    (entry,) = [node for node in decision.resolution_path if node.rule_id == "category"]
    assert entry.reason == (
        "holds: limit 100 x geo 1.2 (geo.new-york) x role 1.5 (role.executive) = 180.00 USD per line"
    )
