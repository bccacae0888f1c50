"""evaluate: from a coded expense to a decision per line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.stages import stage_named
from policy.coded import facts_of, spread
from policy.errors import PolicyError
from policy.snapshot import genesis
from policy.table import Policies
from schemas.events import ExpenseCoded, ExpenseEvaluated
from schemas.topics import POLICIES
from tests.evaluate.build import SUBMITTED, coded, converted, published
from tests.harness import StageRun


def evaluated(event: ExpenseCoded, *policies: Any) -> ExpenseEvaluated:
    """Return what the stage answers."""
    (answer,) = StageRun(stage_named("evaluate"), {POLICIES.name: policies})(event)
    assert isinstance(answer, ExpenseEvaluated)
    return answer


def test_a_clean_expense_passes_under_genesis() -> None:
    """Within its limits, an expense passes with no findings under the shipped policy."""
    answer = evaluated(coded("clean", "42.00"))
    assert (answer.outcome, answer.findings, answer.policy_version) == ("PASS", (), genesis().version)
    assert answer.decisions[0].rule_id == "category.office-supplies"


def test_a_violation_names_rule_limit_and_remedy() -> None:
    """Above its category's limit it fails, and the finding says by which rule and what would pass."""
    answer = evaluated(coded("dear", "640.00"))
    assert answer.outcome == "FAIL"
    assert answer.findings[0].message == (
        "640.00 USD is above the limit of 500.00 USD set by category.office-supplies; passes at <= 500.00 USD."
    )


def test_the_absolute_cap_sees_the_whole_expense() -> None:
    """Ten lines below the cap each are above it together."""
    lines = [("600.00", "site_maintenance")] * 10
    answer = evaluated(coded("many", "6000.00", lines=lines))
    assert {d.rule_id for d in answer.decisions} == {"absolute.single-expense"}


def test_tax_and_tip_count() -> None:
    """A meal below its limit by its lines alone is above it with tax and tip."""
    answer = evaluated(coded("meal", "80.00", lines=[("50.00", "meals"), ("15.00", "meals")]))
    assert answer.outcome == "FAIL"
    assert answer.decisions[0].amount == Decimal("80.00")


@given(
    st.integers(-100_000, 100_000),
    st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=12),
)
def test_spreading_loses_no_cent(total: int, parts: list[int]) -> None:
    """Whatever the amounts, the spread lines add up to the total exactly."""
    amounts = [Decimal(part) / 100 for part in parts]
    whole = Decimal(total) / 100
    assert sum(spread(whole, amounts, "USD")) == whole


def test_converted_amounts_are_judged() -> None:
    """A bill in euro is judged by what it is in the ledger's currency."""
    event = replace(
        coded("eur", "480.00", facts={"currency": "EUR"}), conversion=converted("USD", "528.00", ["528.00"])
    )
    assert evaluated(event).decisions[0].amount == Decimal("528.00")
    assert evaluated(event).outcome == "FAIL"


def test_without_a_rate_nothing_passes() -> None:
    """A foreign amount without a conversion is no amount; a person decides."""
    answer = evaluated(coded("eur", "4.00", facts={"currency": "EUR"}))
    assert (answer.outcome, answer.decisions[0].violation_code) == ("REVIEW_REQUIRED", "AMOUNT_UNKNOWN")


def test_a_currency_nobody_pays_in_is_no_crash() -> None:
    """A reporting currency that is none leaves nothing to compare, and a person decides."""
    odd = coded("odd", "4.00", facts={"currency": "XXX"}, context={"reporting_currency": "XXX"})
    assert evaluated(odd).decisions[0].violation_code == "AMOUNT_UNKNOWN"


def test_without_lines_the_whole_is_judged() -> None:
    """An expense of which no line was read has one decision, on the expense as a whole."""
    answer = evaluated(coded("no lines", "10.00", lines=[]))
    assert [(d.line, d.violation_code) for d in answer.decisions] == [(0, "FALLBACK_UNMAPPED")]


def test_an_unread_line_of_several_is_not_guessed() -> None:
    """With one of two amounts unread, that line is for a person and the other is judged."""
    answer = evaluated(coded("gap", "10.00", lines=[("4.00", "meals"), (None, "meals")]))
    assert [d.outcome for d in answer.decisions] == ["PASS", "REVIEW_REQUIRED"]


def test_nights_come_from_the_service_period() -> None:
    """A stay of three nights may cost three times the limit of one."""
    period = {"service_start": datetime(2026, 3, 7, tzinfo=UTC).date(), "service_end": SUBMITTED.date()}
    assert facts_of(coded("stay", "1.00", facts=period)).nights == 4


def test_nights_are_counted_on_the_lines_of_the_stay() -> None:
    """A breakfast a day makes no nights: only lines of lodging count, or all where nothing has a category."""
    event = coded("folio", "90.00", lines=[("60.00", "travel.lodging"), ("30.00", "meals")])
    quantities = [replace(line, quantity=Decimal(count)) for line, count in zip(event.lines, (2, 6), strict=True)]
    assert facts_of(replace(event, lines=tuple(quantities))).nights == 2
    assert facts_of(event).nights is None


def test_the_document_names_its_property_before_the_submission_does() -> None:
    """Rules on a property see the one the document names, as coding does; else the one the submission names."""
    named = coded("named", "1.00", facts={"property_id": "P-1"}, context={"property_id": "P-2"})
    assert facts_of(named).lines[0].property_id == "p-1"
    assert facts_of(coded("given", "1.00", context={"property_id": "P-2"})).lines[0].property_id == "p-2"


def test_the_policy_of_the_submission_applies() -> None:
    """A policy published for later does not touch what was submitted before, and does what comes after."""
    event = coded("dear", "400.00")
    limits = [{"id": "tight", "level": "category", "limit": "1.00", "match": {"categories": ["office_supplies"]}}]
    later = published(SUBMITTED + timedelta(seconds=1), limits=limits)
    assert evaluated(event, later).outcome == "PASS"
    after = replace(event, submitted_at=SUBMITTED + timedelta(seconds=1))
    assert evaluated(after, later).decisions[0].rule_id == "tight"


def test_the_table_is_the_same_whatever_the_order() -> None:
    """Two replicas that read the same snapshots in another order agree on the version, and forget tombstones."""
    events = [published(SUBMITTED, name=name) for name in ("a", "b", "c")]
    one, other = Policies(), Policies()
    for event in events:
        one.apply(POLICIES.key(event), event)
    for event in reversed(events):
        other.apply(POLICIES.key(event), event)
    assert one.version == other.version
    one.apply(POLICIES.key(events[0]), None)
    assert one.version != other.version
    other.apply(POLICIES.key(events[0]), None)
    assert one.version == other.version


def test_a_tenant_is_judged_under_its_own_policy() -> None:
    """Another tenant's policy changes nothing."""
    event = published(SUBMITTED - timedelta(days=1), warn_above="0.01")
    table = Policies()
    table.apply(POLICIES.key(event), event)
    assert table.at("acme", SUBMITTED).version == event.version
    assert table.at("other", SUBMITTED).version == genesis().version


def test_an_unreadable_snapshot_stops() -> None:
    """A snapshot this release cannot read is an error, never skipped."""
    event = replace(published(), snapshot='{"name":"x"}')
    with pytest.raises(PolicyError, match="currency"):
        Policies().apply(POLICIES.key(event), event)


def test_problems_are_left_to_approval() -> None:
    """What earlier stages doubted stays a problem and is not repeated as a finding."""
    event = coded("doubt", "10.00")
    answer = evaluated(event)
    assert (answer.problems, answer.findings) == (event.problems, ())
