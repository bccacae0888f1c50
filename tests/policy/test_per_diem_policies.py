"""Policies with per diems: tables travel inside the version, faults and gaps are told."""

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from policy.documents import check_document, json_schema, load
from policy.errors import PolicyError
from policy.explain import explain_decision, explain_findings
from policy.judge import judge
from policy.models import PolicyDocument
from policy.per_diem.models import Place, Rate, RateTable
from policy.per_diem.seasons import season
from policy.per_diem.shipped import rendered, shipped_ids, shipped_table
from policy.snapshot import Snapshot, genesis
from policy.validate import notices
from tests.policy.build import expense, line
from tests.policy.per_diem_tables import ABROAD, HOME, LODGING, MEALS, YEAR, place, snapshot, table

EXAMPLE = Path(__file__).parents[2] / "policy" / "examples" / "us-travel"


def test_a_policy_without_per_diems_keeps_its_version() -> None:
    """What per diems added to the model is not written where it is not used: the version is what it was before them."""
    rule = {
        "id": "meals",
        "level": "category",
        "limit": "75.00",
        "match": {"categories": ["meals"], "countries": ["NO"]},
    }
    data = {
        "name": "fixed",
        "currency": "USD",
        "effective_from": "2026-01-01T00:00:00Z",
        "taxonomy": [{"code": "meals", "name": "Meals"}],
        "limits": [rule],
    }
    before = "ff012faf665e205859d6e977dcda51283be74b8fff11069612720ef832fff26d"
    assert Snapshot.of(check_document(data, "test")).version == before
    assert not {"per_diem", "per_diem_tables"} & orjson.loads(genesis().canonical).keys()


def test_the_order_of_tables_and_places_makes_no_version() -> None:
    """Rules, tables and places in another order are the same version."""
    turned = ({**ABROAD, "places": ABROAD["places"][::-1]}, {**HOME, "places": HOME["places"][::-1]})
    assert snapshot(LODGING, MEALS).version == snapshot(MEALS, LODGING, tables=turned).version


def test_a_snapshot_holds_all_it_judges_by() -> None:
    """Read back from its bytes alone, a policy with tables decides the same."""
    found = snapshot(LODGING)
    again = Snapshot.read(found.canonical)
    assert again == found
    facts = expense(line("100.00", country="US", locality="boston"), nights=1)
    assert judge(facts, again.compiled()) == judge(facts, found.compiled())


def test_a_policy_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that no record of the topic could hold says so before anyone publishes it."""
    monkeypatch.setattr("policy.snapshot._OVERHEAD", 8 * 1024 * 1024 - 100)
    with pytest.raises(PolicyError, match=r"per_diem_tables: the policy has \d+ bytes; .* 100 at most; name fewer"):
        snapshot(LODGING)


@pytest.fixture(scope="module")
def example() -> PolicyDocument:
    """Return the example policy for travel, with the shipped tables it names."""
    return load(EXAMPLE)


def test_the_example_is_valid_and_holds_the_tables_it_names(example: PolicyDocument) -> None:
    """The example loads with the shipped tables in it; its gaps are those the per diems leave on purpose."""
    assert {t.id for t in example.per_diem_tables} == {name for rule in example.per_diem for name in rule.tables}
    assert [(notice.kind, notice.about) for notice in notices(example)] == [
        ("GAP", ("travel",)),
        ("GAP", ("travel.lodging",)),
        ("GAP", ("meals",)),
    ]


def test_the_schema_knows_per_diems() -> None:
    """A policy with tables and rules fits the generated JSON Schema; a misspelt field does not."""
    validator = jsonschema.Draft202012Validator(json_schema())
    data = orjson.loads(snapshot(LODGING).canonical)
    assert validator.is_valid(data)
    assert validator.is_valid({**data, "per_diem": [LODGING]})
    assert not validator.is_valid({**data, "per_diem": [{**LODGING, "table": "home"}]})


def test_a_table_written_to_a_file_is_read_back(tmp_path: Path) -> None:
    """A table made for next year is a file of the policy's folder."""
    (tmp_path / "table.json").write_text(rendered(RateTable.model_validate(HOME)))
    (tmp_path / "policy.yaml").write_text(
        "name: test\ncurrency: USD\ntaxonomy: [{code: lodging, name: Lodging}]\n"
        "limits: [{id: cap, level: absolute, limit: 100}]\n"
        "per_diem: [{id: rooms, component: lodging, categories: [lodging], tables: [home]}]\n"
    )
    assert load(tmp_path).per_diem_tables == (RateTable.model_validate(HOME),)


def test_shipped_tables_say_where_they_are_from() -> None:
    """Each shipped table names publisher, source and fiscal year, and is in dollars."""
    assert len(shipped_ids()) == 6
    for name in shipped_ids():
        found = shipped_table(name) or {}
        assert (found["id"], found["currency"]) == (name, "USD")
        assert found["publisher"].startswith("U.S. ")
        assert ".gov" in found["source"] or ".mil" in found["source"]
        assert found["fiscal_year"] in {2024, 2025, 2026}


@pytest.mark.parametrize(
    ("rule", "tables", "said"),
    [
        ({"tables": ["gone"]}, (HOME,), "per_diem.0.tables.0: there is no table 'gone'; give it under per_diem_tables"),
        (
            {"categories": ["hotels"]},
            (HOME, ABROAD),
            "per_diem.0.categories.0: category 'hotels' is not in the taxonomy",
        ),
        ({"id": "absolute"}, (HOME, ABROAD), "per_diem.0.id: id 'absolute' is taken by limits.0"),
        ({"per": "day"}, (HOME, ABROAD), "a per diem of lodging is not per day; give expense, line, night"),
        ({"overrides": ["absolute"]}, (HOME, ABROAD), "the absolute cap cannot be overridden"),
        ({"component": "dinner", "per": "line"}, (HOME, ABROAD), "'abroad' does not divide a day into meals"),
        ({"tables": ["home"]}, (HOME, HOME), "per_diem_tables.1.id: 'home' is given twice; keep one"),
        ({"tables": ["home"]}, ({**HOME, "currency": "EUR"},), "home is in EUR but the policy judges in USD"),
        ({"tables": ["home"]}, ({**HOME, "until": "2026-09-29"},), "goes beyond the table's own days"),
        (
            {"tables": ["home"]},
            ({**HOME, "meal_tiers": [{**HOME["meal_tiers"][0], "lunch": "21"}]},),
            "the parts add up to 79, not to 80; correct them",
        ),
        (
            {"tables": ["t"]},
            (table("t", "T", {**place("A", {}), "rates": [{**YEAR, "lodging": "1", "meals": "1"}] * 2}),),
            "A: the rates from 2025-10-01 and from 2025-10-01 claim the same day",
        ),
    ],
)
def test_faults_of_per_diems_are_said(rule: dict[str, Any], tables: tuple[dict[str, Any], ...], said: str) -> None:
    """What a rule or a table gets wrong stops the policy, with its path and what mends it."""
    with pytest.raises(PolicyError) as raised:
        snapshot({**LODGING, **rule}, tables=tables)
    assert said in str(raised.value)


def test_what_tables_leave_open_is_told() -> None:
    """A table that is over, days between two tables, places without a rate and a table nobody names are notices."""
    publisher = {"publisher": "GSA"}
    empty = {**place("Nowhere", {"state": "ND", "cities": ["Nowhere"]}), "rates": []}
    old_days = {"since": "2023-10-01", "until": "2024-09-30"}
    old = table(
        "old", "Old", {**place("A", {}), "rates": [{**old_days, "lodging": "1", "meals": "1"}]}, **publisher, **old_days
    )
    new = table("new", "New", place("A", {}), empty, **publisher)
    rule = {**LODGING, "tables": ["old", "new"]}
    data = orjson.loads(snapshot(rule, tables=(old, new, ABROAD)).canonical)

    def said(begins: str) -> dict[tuple[str, ...], list[str]]:
        told: dict[tuple[str, ...], list[str]] = {}
        for notice in notices(check_document({**data, "effective_from": begins}, "test")):
            told.setdefault((notice.kind, *notice.about), []).append(notice.message)
        return told

    late = said("2026-11-01T00:00:00Z")
    over = "its last day is 2026-09-30, before the policy begins on 2026-11-01, and none goes on from it"
    assert late["UNREACHABLE", "abroad"] == ["no per diem rule names this table"]
    assert late["GAP", "new"] == [over, "1 of 2 places without a rate: Nowhere"]
    between = "no table of GSA is for 2024-10-01 to 2025-09-30: what was spent then goes to a person"
    assert late["GAP", "old", "new"] == [between]
    assert ("GAP", "old") not in late
    assert said("2026-01-01T00:00:00Z")["GAP", "new"] == ["1 of 2 places without a rate: Nowhere"]


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (date(2025, 10, 1), date(2026, 9, 30), "all year"),
        (date(2026, 7, 1), date(2026, 9, 30), "July-September"),
        (date(2025, 12, 1), date(2026, 2, 28), "December-February"),
        (date(2026, 1, 1), date(2026, 1, 31), "January"),
        (date(2026, 4, 15), date(2026, 12, 15), "15 April-15 December"),
    ],
)
def test_seasons_in_words(since: date, until: date, words: str) -> None:
    """A season is said by its months where it is of whole months, else by its days."""
    rate = Rate.model_validate({"since": since, "until": until, "lodging": "1", "meals": "1"})
    assert season(rate, RateTable.model_validate(HOME)) == words


def test_a_person_is_told_place_season_and_table() -> None:
    """The explanation of a decision names the rate it stands on; in doubt it says what to state."""
    rules = snapshot(LODGING).compiled()
    over = judge(expense(line("400.00", locality="boston"), on=date(2026, 7, 1), nights=2), rules)
    said = " ".join(explain_decision(over.decisions[0]))
    assert "limit 349.00 USD per night (GSA FY2026, Boston / Cambridge (MA), July-August) x 2 nights" in said
    doubt = judge(expense(line("1.00", locality="portland"), nights=1), rules)
    assert explain_findings(doubt.findings) == [
        (
            "Line 1: The rate of per diem per-diem.lodging cannot be told: it may be Portland (ME) or Portland (OR); "
            "passes once country, city with state, county and date are stated and their rate allows it. "
            "[PER_DIEM_UNKNOWN] It waits for a person."
        )
    ]


def test_a_place_is_a_value() -> None:
    """Tables are frozen: no decision can change the rate of the next."""
    found = Place.model_validate(HOME["places"][0])
    with pytest.raises(ValueError, match="frozen"):
        found.name = "elsewhere"
