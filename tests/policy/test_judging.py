"""Judging beyond the worked rows: what fires, what is silent, what is weighed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from policy.judge import judge, worst
from tests.policy.build import DAY, expense, limit, line, policy

LODGING = {"categories": ["lodging"]}
MEALS = limit("meals", "category", "75", {"categories": ["meals"]}, per="expense")
GUESTS = limit("guests", "category", "150", {"categories": ["meals.entertainment"]}, per="expense")


def test_a_nearer_category_takes_its_parents_place() -> None:
    """A child's own limit stands instead of its parent's, and the parent's is recorded as silent."""
    (decision,) = judge(expense(line("120.00", category="meals.entertainment")), policy([MEALS, GUESTS])).decisions
    assert (decision.outcome, decision.rule_id) == ("PASS", "guests")
    silent = {node.rule_id: node.reason for node in decision.resolution_path if node.outcome == "NOT_APPLICABLE"}
    assert silent["meals"] == "guests is for a nearer category"


def test_a_parent_covers_children_without_a_limit() -> None:
    """A child without a limit of its own is under its parent's."""
    (decision,) = judge(expense(line("120.00", category="meals.entertainment")), policy([MEALS])).decisions
    assert (decision.outcome, decision.rule_id) == ("FAIL", "meals")


def test_an_expired_nearer_limit_gives_way() -> None:
    """A nearer limit that is no longer valid does not silence its parent's."""
    rules = policy([MEALS, {**GUESTS, "valid_until": "2025-12-31"}])
    (decision,) = judge(expense(line("120.00", category="meals.entertainment")), rules).decisions
    assert (decision.outcome, decision.rule_id) == ("FAIL", "meals")


def test_itemising_does_not_evade_a_limit_per_expense() -> None:
    """Two lines below a limit each are weighed together, and each says what it may be at most."""
    verdict = judge(expense(line("50.00", 1, "meals"), line("40.00", 2, "meals")), policy([MEALS]))
    assert [d.outcome for d in verdict.decisions] == ["FAIL", "FAIL"]
    assert [d.amount for d in verdict.decisions] == [Decimal("90.00"), Decimal("90.00")]
    assert {d.flip for d in verdict.decisions} == {"passes at <= 75.00 USD for the whole expense"}
    (finding,) = verdict.findings
    assert (finding.code, finding.line, finding.rule_id) == ("CAP_EXCEEDED", None, "meals")


def test_what_lines_share_is_found_once_and_what_is_their_own_per_line() -> None:
    """A limit on each line and a missing category are of that line, whatever the others; a currency is of them all."""
    rules = policy([limit("line", "absolute", "60", per="line")])
    equal = expense(line("65.00", 1), line("65.00", 2), line("5.00", 3), line("5.00", 4))
    assert [(f.code, f.line) for f in judge(equal, rules).findings] == [
        ("CAP_EXCEEDED", 1),
        ("CAP_EXCEEDED", 2),
        ("FALLBACK_UNMAPPED", 3),
        ("FALLBACK_UNMAPPED", 4),
    ]
    foreign = judge(replace(equal, currency="EUR"), rules)
    assert [(f.code, f.line) for f in foreign.findings] == [("AMOUNT_UNKNOWN", None)]


def test_a_flip_says_which_lines_it_counts() -> None:
    """A limit on some of the lines names how many, and what a line may be at most by itself."""
    rules = policy([MEALS, limit("line", "absolute", "60", per="line")])
    verdict = judge(expense(line("65.00", 1, "meals"), line("40.00", 2, "meals"), line("9.00", 3, "gifts")), rules)
    together = "passes at <= 75.00 USD for the 2 lines it limits, this line at <= 60.00 USD"
    assert [d.flip for d in verdict.decisions[:2]] == [together, together]
    assert [(f.rule_id, f.line) for f in verdict.findings] == [("line", 1), ("meals", 2), ("fallback.unmapped", 3)]


def test_nights_multiply_a_limit_per_night() -> None:
    """Three nights may cost three times the limit of one."""
    rules = policy([limit("night", "category", "350", LODGING, per="night")])
    assert judge(expense(line("1050.00"), nights=3), rules).outcome == "WARN"
    assert judge(expense(line("1050.01"), nights=3), rules).outcome == "FAIL"
    assert judge(expense(line("1050.00"), nights=1), rules).outcome == "FAIL"


def test_unknown_nights_are_one_and_the_finding_says_so() -> None:
    """Where the document does not count its nights, one is assumed, and whoever reviews it is told."""
    rules = policy([limit("night", "category", "350", LODGING, per="night")])
    verdict = judge(expense(line("400.00")), rules)
    assert verdict.findings[0].message.endswith("; one night is assumed, since the document does not say how many.")
    assert "assumed" not in judge(expense(line("400.00"), nights=1), rules).findings[0].message


def test_a_refund_is_weighed_by_its_size() -> None:
    """A refund above the limit needs the same eyes as spending above it."""
    rules = policy([limit("category", "category", "250", LODGING)])
    assert judge(expense(line("-250.01")), rules).outcome == "FAIL"
    assert judge(expense(line("-100.00")), rules).outcome == "PASS"


def test_a_running_total_is_left_to_screening() -> None:
    """A monthly limit covers its category but is not compared with one line."""
    rules = policy([limit("monthly", "category", "100", LODGING, per="month")])
    (decision,) = judge(expense(line("500.00")), rules).decisions
    assert decision.outcome == "PASS"
    assert any("running total" in node.reason for node in decision.resolution_path)


@pytest.mark.parametrize(("amount", "currency"), [(None, "USD"), ("10.00", "EUR")])
def test_an_amount_that_cannot_be_compared_goes_to_a_person(amount: str | None, currency: str) -> None:
    """Without an amount in policy currency nothing passes."""
    verdict = judge(expense(line(amount), currency=currency), policy([limit("c", "category", "250", LODGING)]))
    assert (verdict.outcome, verdict.decisions[0].violation_code) == ("REVIEW_REQUIRED", "AMOUNT_UNKNOWN")


def test_validity_is_by_the_day_of_spending() -> None:
    """A limit holds from its first to its last day, both included."""
    rules = policy([limit("c", "category", "10", LODGING, valid_from="2026-03-10", valid_until="2026-03-10")])
    assert judge(expense(line("11.00"), on=DAY), rules).outcome == "FAIL"
    for other in (date(2026, 3, 9), date(2026, 3, 11)):
        assert judge(expense(line("11.00"), on=other), rules).outcome == "REVIEW_REQUIRED"


def test_limits_round_to_the_minor_unit() -> None:
    """A scaled limit is rounded half up to cents before it is compared."""
    modifiers = [{"id": "geo", "kind": "geo", "factor": "1.005", "match": {"countries": ["CH"]}}]
    rules = policy([limit("c", "category", "1.00", LODGING, scales=["geo"])], modifiers=modifiers)
    (decision,) = judge(expense(line("1.01", country="CH")), rules).decisions
    assert (decision.limit, decision.outcome) == (Decimal("1.01"), "WARN")


def test_the_most_specific_modifier_of_a_kind_applies() -> None:
    """A locality's factor stands instead of its country's, never both."""
    modifiers = [
        {"id": "us", "kind": "geo", "factor": "1.1", "match": {"countries": ["US"]}},
        {"id": "ny", "kind": "geo", "factor": "2", "match": {"localities": ["New York"]}},
    ]
    rules = policy([limit("c", "category", "100", LODGING, scales=["geo"])], modifiers=modifiers)
    facts = expense(line("150.00", country="US", locality="new york"))
    assert judge(facts, rules).decisions[0].limit == Decimal("200.00")
    elsewhere = replace(facts, lines=(line("105.00", country="US", locality="albany"),))
    assert judge(elsewhere, rules).decisions[0].limit == Decimal("110.00")


def test_a_replaced_override_replaces_nothing() -> None:
    """An overriding node that is itself replaced leaves the levels it names alone."""
    rules = policy(
        [
            limit("role", "role", "400", {"roles": ["chief"]}, overrides=["per_diem"]),
            limit("category", "category", "250", LODGING),
            limit("diem", "per_diem", "500", {"countries": ["US"]}, overrides=["category"]),
        ]
    )
    (decision,) = judge(expense(line("300.00", role="chief", country="US")), rules).decisions
    assert (decision.outcome, decision.rule_id) == ("FAIL", "category")


def test_per_diem_has_its_own_code() -> None:
    """A per diem exceeded is told apart from a cap exceeded."""
    rules = policy([limit("diem", "per_diem", "100", {"countries": ["US"]})])
    (decision,) = judge(expense(line("100.01", country="US")), rules).decisions
    assert decision.violation_code == "PER_DIEM_EXCEEDED"


def test_the_worst_outcome_is_a_broken_rule() -> None:
    """FAIL is worse than REVIEW_REQUIRED, that than WARN, that than PASS."""
    assert worst(["PASS", "FAIL", "REVIEW_REQUIRED"]) == "FAIL"
    assert worst(["WARN", "REVIEW_REQUIRED"]) == "REVIEW_REQUIRED"
    assert worst([]) == "PASS"
