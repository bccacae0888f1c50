"""The checks of one expense: what each finds, and what it leaves alone."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from policy.documents import check_document
from policy.explain import explain_decision, explain_findings
from policy.facts import Expense
from policy.judge import judge
from policy.validate import notices
from schemas.records import PathNode
from tests.policy.build import DAY, TAXONOMY, expense, limit, line, policy

ROOM = [limit("room", "category", "9999", {"categories": list(TAXONOMY)})]
SATURDAY = date(2026, 3, 7)


def found(facts: Expense, code: str, **settings: Any) -> list[str]:
    """Return the messages of one check."""
    verdict = judge(facts, policy(ROOM, checks={code: settings}))
    return [finding.message for finding in verdict.findings if finding.code == code]


@pytest.mark.parametrize(
    ("code", "settings", "yes", "no"),
    [
        ("RESTRICTED_MCC", {"mccs": ["7995"]}, expense(line("5", mcc="7995")), expense(line("5", mcc="5812"))),
        ("FUTURE_DATED", {}, expense(line("5"), on=DAY + timedelta(2)), expense(line("5"), on=DAY + timedelta(1))),
        ("STALE_EXPENSE", {}, expense(line("5"), on=DAY - timedelta(61)), expense(line("5"), on=DAY - timedelta(60))),
        ("WEEKEND_SPEND", {}, expense(line("5"), on=SATURDAY), expense(line("5"), on=SATURDAY - timedelta(1))),
        (
            "WEEKEND_SPEND",
            {"except_categories": ["meals"]},
            expense(line("5", category="lodging"), on=SATURDAY),
            expense(line("5", category="meals.entertainment"), on=SATURDAY),
        ),
        ("ROUND_AMOUNT", {}, expense(line("600.00")), expense(line("600.01"))),
        ("ROUND_AMOUNT", {}, expense(line("-600.00")), expense(line("400.00"))),
        (
            "ALCOHOL",
            {"words": ["Wine", "gin"]},
            expense(line("5", description="House WINE 0.2l")),
            expense(line("5", description="Winery tour, ginger ale")),
        ),
        (
            "ALCOHOL",
            {"words": ["wine"], "merchants": True},
            expense(line("5"), merchant="The Wine Bar"),
            expense(line("5")),
        ),
        (
            "ALCOHOL",
            {"words": ["wine"]},
            expense(line("5", description="wine")),
            expense(line("5"), merchant="The Wine Bar"),
        ),
        (
            "MEAL_AND_PER_DIEM",
            {"meals": ["meals"], "per_diems": ["gifts"]},
            expense(line("5", 1, "meals.entertainment"), line("9", 2, "gifts")),
            expense(line("5", 1, "meals", on=DAY - timedelta(1)), line("9", 2, "gifts")),
        ),
        (
            "PERSONAL_SPEND",
            {"words": ["perfume"], "merchants": False},
            expense(line("5", description="Perfume")),
            expense(line("5"), merchant="Perfume Palace"),
        ),
    ],
)
def test_check(code: str, settings: dict[str, Any], yes: Expense, no: Expense) -> None:
    """The check finds the one and leaves the other alone, and is silent when switched off."""
    assert len(found(yes, code, **settings)) == 1
    assert found(no, code, **settings) == []
    assert found(yes, code, enabled="false", **settings) == []


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({"severity": "info"}, "PASS"),
        ({"severity": "warn", "blocking": "false"}, "WARN"),
        ({"severity": "info", "blocking": "true"}, "REVIEW_REQUIRED"),
        ({"severity": "warn", "blocking": "true"}, "REVIEW_REQUIRED"),
        ({"severity": "violation"}, "FAIL"),
    ],
)
def test_the_policy_says_what_a_check_leads_to(settings: dict[str, str], outcome: str) -> None:
    """Severity and blocking make the outcome; a violation always waits for a person."""
    verdict = judge(expense(line("5"), on=SATURDAY), policy(ROOM, checks={"WEEKEND_SPEND": settings}))
    assert verdict.outcome == outcome
    assert verdict.findings[0].blocking == (outcome in {"REVIEW_REQUIRED", "FAIL"})


def test_messages_keep_the_lines_text_out() -> None:
    """A finding names the policy's word, never what else stands in the line."""
    facts = expense(line("5", description="wine for jane doe"))
    assert found(facts, "ALCOHOL", words=["wine"]) == ["The word 'wine' speaks of alcohol."]


def test_a_decision_reads_as_sentences() -> None:
    """The explanation says outcome, rule, what would pass, and every rule looked at."""
    rules = policy([limit("cap", "absolute", "5000"), limit("hotel", "category", "250", {"categories": ["lodging"]})])
    verdict = judge(expense(line("275.00")), rules)
    assert explain_decision(verdict.decisions[0]) == [
        "Line 1 (275.00 USD) breaks a rule [CAP_EXCEEDED].",
        "Decided by hotel, which allows 250.00 USD.",
        "It passes at <= 250.00 USD.",
        f"Judged under policy {rules.version[:12]}.",
        "- absolute: cap (5000.00 USD) holds: limit 5000.00 USD per line.",
        "- department: level.department does not apply: no department or project rule applies.",
        "- role: level.role does not apply: no role rule applies.",
        "- category: hotel (250.00 USD) does not hold: limit 250.00 USD per line.",
        "- per_diem: level.per_diem does not apply: no per diem rule applies.",
    ]
    close = judge(expense(line("240.00")), rules)
    assert "- category: hotel (250.00 USD) holds, but above 90 %: limit 250.00 USD per line." in explain_decision(
        close.decisions[0]
    )
    floor = PathNode(
        rule_id="rooms",
        level="per_diem",
        outcome="REVIEW_REQUIRED",
        limit=Decimal(110),
        reason="exceeded: limit 110.00 USD",
    )
    doubted = replace(close.decisions[0], resolution_path=(floor,))
    assert explain_decision(doubted)[-1] == "- per_diem: rooms (110.00 USD) needs a person: exceeded: limit 110.00 USD."
    assert explain_findings(verdict.findings) == [
        f"Line 1: {verdict.findings[0].message} [CAP_EXCEEDED] It waits for a person."
    ]


def test_notices_name_what_an_author_may_not_have_meant() -> None:
    """Equal places, limits that never bind, expired rules, idle overrides and modifiers, and gaps are each named."""
    meals = {"categories": ["meals"]}
    document = check_document(
        {
            "name": "test",
            "currency": "USD",
            "effective_from": "2026-01-01T00:00:00Z",
            "taxonomy": [{"code": code, "name": code} for code in ("meals", "gifts")],
            "limits": [
                limit("cap", "absolute", "100"),
                limit("one", "category", "50", meals),
                limit("two", "category", "60", meals),
                limit("high", "category", "101", {**meals, "countries": ["US"]}),
                limit("old", "category", "5", {**meals, "countries": ["CA"]}, valid_until="2025-12-31"),
                limit("idle", "role", "5", {"roles": ["chief"]}, overrides=["per_diem"]),
            ],
            "modifiers": [{"id": "geo", "kind": "geo", "factor": Decimal(2), "match": {"countries": ["US"]}}],
        },
        "test",
    )
    assert [(notice.kind, notice.about) for notice in notices(document)] == [
        ("CONTRADICTION", ("one", "two")),
        ("UNREACHABLE", ("high",)),
        ("UNREACHABLE", ("old",)),
        ("UNREACHABLE", ("idle",)),
        ("UNREACHABLE", ("geo",)),
        ("GAP", ("gifts",)),
    ]
