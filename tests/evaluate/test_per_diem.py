"""From a coded expense to its decision: the place stated, the days of the stay and the trip, and running totals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from consumers.evaluate.handler import evaluate
from policy.coded import facts_of
from policy.table import Policies
from schemas.events import ExpenseCoded, ExpenseEvaluated
from tests.evaluate.build import coded, published
from tests.policy.per_diem_tables import ABROAD, HOME, LODGING, MEALS
from tests.screen.desk import Desk

ROOMS = {**LODGING, "categories": ["travel.lodging"]}
BOSTON = {"country": "US", "locality": "Boston, MA"}


def with_tables(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return the sections that add per diems to the shipped policy, without its own limits and checks."""
    cap = {"id": "absolute", "level": "absolute", "limit": "100000.00"}
    return {"per_diem": list(rules), "per_diem_tables": [HOME, ABROAD], "limits": [cap], "checks": {}}


def judged(event: ExpenseCoded, *rules: dict[str, Any]) -> ExpenseEvaluated:
    """Return the event that `evaluate` answers under these rules."""
    policies = Policies()
    policies.apply("policy", published(**with_tables(*rules)))
    (answer,) = evaluate(event, policies=policies)
    assert isinstance(answer, ExpenseEvaluated)
    return answer


def hotel(total: str, **facts: Any) -> ExpenseCoded:
    """Return a hotel's bill from Boston."""
    period = {"service_start": date(2026, 6, 29), "service_end": date(2026, 7, 2), **facts}
    return coded("hotel", total, category="travel.lodging", day=date(2026, 7, 2), context=BOSTON, facts=period)


def test_a_hotel_bill_is_held_to_the_rates_of_its_nights() -> None:
    """Two nights of June at 200 and one of July at 349 allow 749; the event says so."""
    within, over = judged(hotel("749.00"), ROOMS), judged(hotel("749.01"), ROOMS)
    assert (within.outcome, over.outcome) == ("WARN", "FAIL")
    assert over.decisions[0].limit == Decimal("749.00")
    assert [finding.code for finding in over.findings] == ["PER_DIEM_EXCEEDED"]


def test_nights_are_the_days_of_the_stay() -> None:
    """The service period gives the nights, else the days of the room lines, else nothing is said."""
    assert facts_of(hotel("1.00")).nights_on == (date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 1))
    undated = replace(hotel("1.00").facts, service_start=None, service_end=None)
    assert facts_of(replace(hotel("1.00"), facts=undated)).nights_on == ()
    lodging = coded("rooms", "2.00", lines=[("1.00", "travel.lodging")] * 2, context=BOSTON)
    dated = tuple(replace(line, service_date=date(2026, 6, 29 + n)) for n, line in enumerate(lodging.lines))
    assert facts_of(replace(lodging, lines=dated)).nights_on == (date(2026, 6, 29), date(2026, 6, 30))


def test_no_place_goes_to_a_person() -> None:
    """A hotel's bill without any place waits for a person, who is told what to state."""
    answer = judged(replace(hotel("1.00"), context=replace(hotel("1.00").context, country=None, locality=None)), ROOMS)
    assert (answer.outcome, answer.decisions[0].violation_code) == ("REVIEW_REQUIRED", "PER_DIEM_UNKNOWN")
    assert answer.findings[0].blocking


def test_what_no_per_diem_is_for_needs_no_place() -> None:
    """Other categories are judged as ever, with or without a place."""
    software = {"id": "software", "level": "category", "limit": "100.00", "match": {"categories": ["software"]}}
    sections = with_tables(ROOMS)
    policies = Policies()
    policies.apply("policy", published(**{**sections, "limits": [*sections["limits"], software]}))
    (answer,) = evaluate(coded("licence", "50.00", category="software"), policies=policies)
    assert isinstance(answer, ExpenseEvaluated)
    assert answer.outcome == "PASS"


def meal(name: str, total: str, **facts: Any) -> ExpenseCoded:
    """Return a meal in Boston, on a day of July unless said otherwise."""
    return coded(name, total, vendor=name, category="meals", day=date(2026, 7, 10), context=BOSTON, facts=facts)


def test_a_day_has_one_amount_for_all_its_meals() -> None:
    """Receipts of one person on one day are weighed together against the day's rate."""
    desk = Desk(**with_tables(MEALS), budgets=[])
    (first,) = desk.submit(meal("lunch", "50.00"))
    (second,) = desk.submit(meal("dinner", "30.01"))
    assert (first.outcome, second.outcome) == ("PASS", "FAIL")
    assert second.decisions[-1].limit == Decimal("80.00")
    assert "GSA FY2026, Boston / Cambridge (MA), July-August" in second.decisions[-1].resolution_path[-1].reason


@pytest.mark.parametrize(("total", "outcome"), [("54.00", "PASS"), ("60.00", "WARN"), ("60.01", "FAIL")])
def test_the_first_day_of_a_trip_has_three_quarters(total: str, outcome: str) -> None:
    """Where the document names the trip, meals on the day it begins have 75 % of the rate."""
    trip = {"service_start": date(2026, 7, 10), "service_end": date(2026, 7, 12)}
    (answer,) = Desk(**with_tables(MEALS), budgets=[]).submit(meal("dinner", total, **trip))
    assert answer.outcome == outcome


def test_lines_of_several_days_have_a_day_each() -> None:
    """Meals on one bill are of their own days: three of 65 do not make one day of 195."""
    bill = coded("bill", "195.00", lines=[("65.00", "meals")] * 3, day=date(2026, 7, 12), context=BOSTON)
    dated = tuple(replace(line, service_date=date(2026, 7, 10 + n)) for n, line in enumerate(bill.lines))
    (together,) = Desk(**with_tables(MEALS), budgets=[]).submit(bill)
    (apart,) = Desk(**with_tables(MEALS), budgets=[]).submit(replace(bill, lines=dated))
    assert (together.outcome, apart.outcome) == ("FAIL", "PASS")


def test_the_day_that_is_exceeded_is_named() -> None:
    """Of several days on one bill the message speaks of the one that is over, with its share and its season."""
    period = {"service_start": date(2026, 6, 30), "service_end": date(2026, 7, 2)}
    bill = coded("bill", "130.00", lines=[("65.00", "meals")] * 2, day=date(2026, 7, 2), context=BOSTON, facts=period)
    dated = tuple(replace(line, service_date=date(2026, 7, 1 + n)) for n, line in enumerate(bill.lines))
    (answer,) = Desk(**with_tables(MEALS), budgets=[]).submit(replace(bill, lines=dated))
    (finding,) = answer.findings
    assert finding.code == "PER_DIEM_EXCEEDED"
    assert "the total is 65.00 USD, above 80.00 x 0.75 on the first or last day = 60.00 USD per day" in finding.message


def test_a_day_above_the_lowest_rate_goes_to_a_person() -> None:
    """Meals in an unlisted town of a state with listed counties are a person's to decide above the standard rate."""
    lunch = meal("lunch", "68.01")
    worcester = replace(lunch, context=replace(lunch.context, locality="Worcester, MA"))
    (answer,) = Desk(**with_tables(MEALS), budgets=[]).submit(worcester)
    (finding,) = answer.findings
    assert (answer.outcome, finding.code, finding.severity) == ("REVIEW_REQUIRED", "PER_DIEM_UNKNOWN", "warn")
