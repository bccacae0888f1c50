"""Per diems: the rate of place, season and day holds, and where it cannot be told a person decides."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.judge import judge
from schemas.records import Decision
from tests.depth import examples
from tests.policy.build import expense, limit, line
from tests.policy.per_diem_tables import ABROAD, AFTER, HOME, LODGING, MEALS, place, snapshot, table

JULY = date(2026, 7, 10)
RULES = snapshot(LODGING, MEALS).compiled()
CATEGORY = limit("category", "category", "250", {"categories": ["lodging"]})


def decided(amount: str, locality: str | None, country: str | None = None, **more: Any) -> Decision:
    """Return the decision on one hotel line, spent on a day in July unless said otherwise."""
    facts = {"on": JULY, "nights": 1, **more}
    return judge(expense(line(amount, country=country, locality=locality), **facts), RULES).decisions[0]


@pytest.mark.parametrize(
    ("overrides", "amount", "outcome", "rule"),
    [
        ([], "300.00", "FAIL", "category"),
        (["category"], "300.00", "PASS", "per-diem.lodging"),
        (["category"], "342.01", "FAIL", "per-diem.lodging"),
    ],
)
def test_worked_rows_hold_for_tables(overrides: list[str], amount: str, outcome: str, rule: str) -> None:
    """The design's rows on New York at 342 beside a category limit of 250 hold for a rate out of a table too."""
    rules = snapshot({**LODGING, "overrides": overrides}, limits=(CATEGORY,)).compiled()
    facts = expense(line(amount, country="US", locality="new york"), nights=1)
    (decision,) = judge(facts, rules).decisions
    assert (decision.outcome, decision.rule_id) == (outcome, rule)


def test_place_season_and_table_are_named() -> None:
    """The path and what would pass both name the table, the place and the season of the rate."""
    decision = decided("400.00", "boston, ma")
    named = decision.resolution_path[-1]
    assert (decision.outcome, decision.violation_code) == ("FAIL", "PER_DIEM_EXCEEDED")
    assert decision.flip == (
        "passes at <= 349.00 USD (GSA FY2026, Boston / Cambridge (MA), July-August: 349.00 USD a night)"
    )
    assert named.reason == "exceeded: limit 349.00 USD per night (GSA FY2026, Boston / Cambridge (MA), July-August)"


@pytest.mark.parametrize(
    ("day", "allowed"),
    [(date(2025, 10, 1), "200"), (date(2026, 6, 30), "200"), (JULY, "349"), (date(2026, 9, 30), "300")],
)
def test_the_day_of_spend_picks_the_season(day: date, allowed: str) -> None:
    """The first and the last day of a season belong to it."""
    assert decided("1.00", "boston", on=day).limit == Decimal(allowed)


def test_a_stay_over_a_change_of_season_adds_up_its_nights() -> None:
    """Two nights of August at 349 and one of September at 300 allow 998 for the stay, and not a cent more."""
    nights = (date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 1))
    within, over = (
        decided(amount, "boston", nights=3, nights_on=nights, on=date(2026, 9, 2)) for amount in ("998.00", "998.01")
    )
    assert within.outcome == "WARN"
    assert (over.outcome, over.limit) == ("FAIL", Decimal("998.00"))
    assert over.resolution_path[-1].reason == (
        "exceeded: limit 2 x 349.00 USD (GSA FY2026, Boston / Cambridge (MA), July-August) + 1 x 300.00 USD "
        "(GSA FY2026, Boston / Cambridge (MA), September) = 998.00 USD for the stay"
    )


@pytest.mark.parametrize(
    ("locality", "country", "allowed"),
    [
        ("boston", None, "349"),
        ("boston, ma", None, "349"),
        ("boston massachusetts", "US", "349"),
        ("suffolk county, ma", "US", "349"),
        ("02110", "US", "349"),
        ("boston ma 02110-1234", None, "349"),
        ("boston, ma, usa", None, "349"),
        ("portland, maine", "US", "211"),
        ("bismarck, nd", "US", "110"),
        ("nd", "US", "110"),
        ("paris", "FR", "511"),
        ("paris, ile de france", "FR", "511"),
        ("12 rue de rivoli, 75004 paris, paris", "FR", "511"),
        ("back bay, boston, ma", "US", "349"),
        ("1 main st, cambridge, boston, ma 02110", "US", "349"),
        ("nantes", "FR", "220"),
        (None, "FR", "220"),
        ("vancouver", "CA", "335"),
    ],
)
def test_places_are_found(locality: str | None, country: str | None, allowed: str) -> None:
    """City, county, ZIP and country find their rate; what a country does not list has its other rate."""
    decision = decided("1.00", locality, country)
    assert (decision.outcome, decision.limit) == ("PASS", Decimal(allowed))


@pytest.mark.parametrize(
    ("locality", "country", "why"),
    [
        (None, None, "no place is stated"),
        ("portland", "US", "it may be Portland (ME) or Portland (OR)"),
        ("portland", None, "it may be Portland (ME) or Portland (OR)"),
        ("springfield", "US", "the place stated is in none of its tables"),
        ("portland, vancouver", "CA", "it may be CANADA, Portland (CA) or CANADA, Vancouver (CA)"),
        ("ny", "US", "the state alone does not tell which rate of NY in GSA FY2026 applies"),
        ("boston ny 02110", "US", "what is stated lies in several states: MA, NY"),
        ("kings, ny", "US", "kings is a listed county and may be a town of another one; say which county it is"),
        ("boston, kings county, ny", "US", None),
        ("new york, suffolk county, ny", "US", "the county, city and ZIP stated are not of one place in GSA FY2026"),
        ("vancouver, ca", None, "CA may be a state or a country; the country is not stated"),
        ("75001", None, "the place stated is in none of its tables"),
        ("rome", "IT", "the place stated is in none of its tables"),
    ],
)
def test_what_is_unclear_goes_to_a_person(locality: str | None, country: str | None, why: str | None) -> None:
    """No rate is ever guessed: the line waits for a person and the path says what is unclear."""
    decision = decided("1.00", locality, country)
    if why is None:
        assert decision.limit == Decimal("342.00")
        return
    assert (decision.outcome, decision.violation_code) == ("REVIEW_REQUIRED", "PER_DIEM_UNKNOWN")
    assert (decision.rule_id, decision.resolution_path[-1].reason) == ("per-diem.lodging", why)


def test_the_standard_rate_is_a_floor_where_the_county_is_not_stated() -> None:
    """An unlisted town of a state with listed counties passes at the lowest rate; above it a person decides."""
    assert decided("90.00", "worcester, ma", "US").outcome == "PASS"
    above = decided("150.00", "worcester, ma", "US")
    assert (above.outcome, above.violation_code) == ("REVIEW_REQUIRED", "PER_DIEM_UNKNOWN")
    assert decided("150.00", "worcester county, ma", "US").outcome == "FAIL"
    assert decided("150.00", "bismarck, nd", "US").outcome == "FAIL"


def test_a_day_without_a_table_goes_to_a_person() -> None:
    """Before and after the days of its tables a per diem has no rate."""
    decision = decided("1.00", "boston", on=date(2026, 10, 1))
    assert decision.resolution_path[-1].reason == "none of its tables is for 2026-10-01"
    assert judge(expense(line("1.00", locality="boston"), on=date(2026, 10, 1)), RULES).findings[0].blocking


def test_the_last_published_table_counts_first() -> None:
    """A later edition is asked first; for the days before its rate holds the earlier one is."""
    later = table(
        "later",
        "State Department April",
        {
            **place("FRANCE, Paris", {"cities": ["Paris"]}, country="FR"),
            "rates": [{**AFTER, "lodging": "9", "meals": "9"}],
        },
        published="2026-04-01",
    )
    rule = {**LODGING, "tables": ["abroad", "later"]}
    rules = snapshot(rule, tables=(HOME, ABROAD, later)).compiled()
    facts = expense(line("1.00", country="FR", locality="paris"), on=date(2026, 9, 1))
    assert judge(facts, rules).decisions[0].limit == Decimal("9.00")
    assert judge(replace(facts, on=JULY), rules).decisions[0].limit == Decimal("511.00")


@pytest.mark.parametrize(
    ("days", "allowed", "reason"),
    [
        ((JULY, date(2026, 7, 12)), "60", "80.00 x 0.75 on the first or last day = 60.00 USD per expense"),
        ((date(2026, 7, 8), JULY), "60", "80.00 x 0.75 on the first or last day = 60.00 USD per expense"),
        ((date(2026, 7, 9), date(2026, 7, 11)), "80", "80.00 USD per expense (GSA FY2026, Boston / Cambridge (MA), "),
        ((None, None), "80", "a whole day, since the document names no first and last day"),
    ],
)
def test_first_and_last_day_have_three_quarters(
    days: tuple[date | None, date | None], allowed: str, reason: str
) -> None:
    """Meals of the day a trip begins or ends are weighed against 75 % of the rate, and the path says so."""
    rules = snapshot({**MEALS, "per": "expense"}).compiled()
    first, last = days
    facts = expense(line("1.00", category="meals", locality="boston"), on=JULY, first=first, last=last)
    (decision,) = judge(facts, rules).decisions
    assert decision.limit == Decimal(allowed)
    assert reason in decision.resolution_path[-1].reason


def test_a_line_is_of_its_own_day() -> None:
    """The day of a line's service decides its season and share before the date of the document does."""
    rules = snapshot({**MEALS, "per": "line"}).compiled()
    lines = (
        line("61.00", number, "meals", locality="boston", on=date(2026, 7, day)) for number, day in ((1, 10), (2, 11))
    )
    facts = expense(*lines, on=date(2026, 7, 12), first=JULY, last=date(2026, 7, 12))
    assert [d.outcome for d in judge(facts, rules).decisions] == ["FAIL", "PASS"]


def test_a_meal_has_its_part_of_the_day() -> None:
    """A rule for breakfast alone takes the part of the day's total that the table gives it."""
    breakfast = {**MEALS, "component": "breakfast", "per": "line", "tables": ["home"]}
    facts = expense(line("20.01", category="meals", locality="boston"), on=JULY)
    (decision,) = judge(facts, snapshot(breakfast).compiled()).decisions
    assert (decision.outcome, decision.limit) == ("FAIL", Decimal("20.00"))
    elsewhere = expense(line("1.00", category="meals", locality="new york, ny"), on=JULY)
    (undivided,) = judge(elsewhere, snapshot(breakfast).compiled()).decisions
    assert undivided.resolution_path[-1].reason == "GSA FY2026 does not divide 92 USD a day into meals"


def test_a_nearer_category_and_an_override_silence_a_per_diem() -> None:
    """A rule of the same component on a nearer category goes first; a level that replaces per diems replaces these."""
    guests = {**MEALS, "id": "per-diem.guests", "categories": ["meals.entertainment"], "per": "line"}
    both = snapshot({**MEALS, "per": "line"}, guests).compiled()
    facts = expense(line("1.00", category="meals.entertainment", locality="boston"), on=JULY)
    path = {node.rule_id: node for node in judge(facts, both).decisions[0].resolution_path}
    assert path["per-diem.meals"].reason == "per-diem.guests is for a nearer category"
    chief = limit("chief", "role", "500", {"roles": ["chief"]}, overrides=["per_diem"])
    unplaced = expense(line("499.00", role="chief"), on=JULY)
    (decision,) = judge(unplaced, snapshot(LODGING, limits=(chief, CATEGORY)).compiled()).decisions
    assert decision.rule_id == "category"
    assert decision.resolution_path[-1].outcome == "OVERRIDDEN"


@settings(deadline=None, max_examples=examples(100))
@given(
    st.one_of(st.none(), st.sampled_from(["boston", "portland", "ny", "02110", "paris"]), st.text(max_size=30)),
    st.sampled_from([None, "US", "FR", "CA", "PR", "XX"]),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    st.integers(0, 100_000),
)
def test_any_place_and_day_is_held_to_a_published_rate_or_goes_to_a_person(
    locality: str | None, country: str | None, day: date, cents: int
) -> None:
    """Nothing raises; a line that passes or fails has a rate that a table has on that day, all else waits."""
    found = decided(f"{Decimal(cents) / 100:.2f}", locality, country, on=day)
    assert repr(found) == repr(decided(f"{Decimal(cents) / 100:.2f}", locality, country, on=day))
    entry = found.resolution_path[-1]
    published = {
        Decimal(rate["lodging"])
        for rates in (found["rates"] for known in (HOME, ABROAD) for found in known["places"])
        for rate in rates
        if rate["since"] <= day.isoformat() <= rate["until"]
    }
    if found.outcome == "REVIEW_REQUIRED":
        assert (found.violation_code, entry.limit in {None, *published}) == ("PER_DIEM_UNKNOWN", True)
    else:
        assert entry.limit in published
        assert entry.outcome == found.outcome
