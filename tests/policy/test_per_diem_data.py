"""The shipped tables against the files of their publishers, recomputed here without any of the project's reading."""

import calendar
import csv
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from policy.documents import check_document
from policy.judge import judge
from policy.per_diem.forms.gsa import convert
from policy.per_diem.forms.outside import convert_dod, convert_state
from policy.per_diem.models import RateTable
from policy.per_diem.shipped import rendered, shipped_table
from policy.snapshot import Snapshot
from tests.policy.build import expense, line

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[3] / "shared" / "data"))
FOLDER = DATA / "reference" / "perdiem_gsa"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no per diem files in {FOLDER}: set SPENDTRAIL_DATA"),
]
MONTHS = [*range(10, 13), *range(1, 10)]
FORTY = 40
# CSV and the file name of the table made of it.
OUTSIDE = {
    "October2025PD.csv": (convert_state, "state-foreign-2025-10", date(2026, 3, 31)),
    "April2026PD.csv": (convert_state, "state-foreign-2026-04", None),
    "ovs26-04.csv": (convert_dod, "dod-oconus-2026-04", None),
}


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a published file."""
    with (FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def dollars(text: str) -> Decimal:
    """Return an amount as these files write it."""
    return Decimal(text.strip(" $").replace(",", ""))


def in_season(month: int, begin: str, end: str) -> bool:
    """Tell whether a month lies between the months two dates such as `October 1` are of."""
    if not begin:
        return True
    first, last = (list(calendar.month_name).index(day.split(maxsplit=1)[0]) for day in (begin, end))
    return first <= month <= last if first <= last else month >= first or month <= last


def judged(table: str, component: str) -> Snapshot:
    """Return a policy that judges one component of one shipped table per line."""
    rule = {"id": "rule", "component": component, "categories": ["lodging"], "tables": [table], "per": "line"}
    return Snapshot.of(
        check_document(
            {
                "name": "test",
                "currency": "USD",
                "taxonomy": [{"code": "lodging", "name": "Lodging"}],
                "limits": [{"id": "absolute", "level": "absolute", "limit": "100000"}],
                "per_diem": [rule],
                "per_diem_tables": [shipped_table(table)],
            },
            "test",
        )
    )


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_forty_localities_by_month_equal_the_published_rates(year: int) -> None:
    """Lodging and meals of forty localities in each month of a fiscal year are what the master rates file says."""
    published = [row for row in rows(f"FY{year}_PerDiemMasterRatesFile.csv") if row["STATE"]]
    localities = list(dict.fromkeys((row["STATE"], row["DESTINATION"]) for row in published))
    chosen = localities[:: len(localities) // FORTY][:FORTY]
    assert len(chosen) == FORTY
    policies = {name: judged(f"gsa-conus-fy{year}", name).compiled() for name in ("lodging", "meals")}
    compared = 0
    for state, destination in chosen:
        of_it = [row for row in published if (row["STATE"], row["DESTINATION"]) == (state, destination)]
        city = destination.split("/")[0].strip()
        for month in MONTHS:
            (row,) = [row for row in of_it if in_season(month, row["SEASON BEGIN"], row["SEASON END"])]
            spent = date(year - (month >= MONTHS[0]), month, 15)
            facts = expense(line("1.00", country="US", locality=f"{city}, {state}".casefold()), on=spent)
            for name, column in (("lodging", "Lodging Rate"), ("meals", "M&IE")):
                (decision,) = judge(facts, policies[name]).decisions
                assert (decision.limit, city, month) == (dollars(row[column]), city, month)
                compared += 1
    assert compared == FORTY * 12 * 2


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_standard_rate_is_the_lowest(year: int) -> None:
    """No listed locality is below the standard rate: what stays within it is allowed wherever it was spent."""
    standard, *listed = rows(f"FY{year}_PerDiemMasterRatesFile.csv")
    for column in ("Lodging Rate", "M&IE"):
        assert dollars(standard[column]) <= min(dollars(row[column]) for row in listed)


def _all_year(name: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield country, location and row of what has one rate for the whole year."""
    for row in rows(name):
        if row["Season Start Date"].endswith("-01-01") and row["Season End Date"].endswith("-12-31"):
            yield row["Country"], row["Location"], row


@pytest.mark.parametrize("name", ["October2025PD.csv", "April2026PD.csv"])
def test_forty_places_abroad_by_month_equal_the_published_rates(name: str) -> None:
    """Forty places abroad have the published amounts in each of the six months an edition is for."""
    codes = {
        "FRANCE": "FR",
        "GERMANY": "DE",
        "UNITED KINGDOM": "GB",
        "JAPAN": "JP",
        "Korea, South": "KR",
        "INDIA": "IN",
    }
    table = OUTSIDE[name][1]
    policies = {part: judged(table, part).compiled() for part in ("lodging", "meals")}
    found = [
        (codes[country], location, row)
        for country, location, row in _all_year(name)
        if country in codes and location != "[Other]"
    ]
    chosen = found[:: len(found) // FORTY][:FORTY]
    assert len(chosen) == FORTY
    months = MONTHS[:6] if name.startswith("October") else MONTHS[6:]
    for code, location, row in chosen:
        for month in months:
            spent = date(2025 + (month < MONTHS[0]), month, 15)
            facts = expense(line("1.00", country=code, locality=location.casefold()), on=spent)
            for part, column in (("lodging", "Lodging"), ("meals", "Meals & Incidentals")):
                assert judge(facts, policies[part]).decisions[0].limit == dollars(row[column]), (location, month)


def test_the_territories_meals_are_meals_and_incidentals() -> None:
    """Lodging and the sum of the two local rates make the maximum per diem that the file prints, place by place."""
    printed = {
        (row["Location"], dollars(row["Lodging"])): dollars(row["Maximum Per Diem"]) for row in rows("ovs26-04.csv")
    }
    table = RateTable.model_validate(shipped_table("dod-oconus-2026-04"))
    checked = 0
    for place in table.places:
        location = place.name.split(", ", 1)[1]
        for rate in place.rates:
            assert rate.lodging + rate.meals == printed[location, rate.lodging]
            checked += 1
    assert checked > FORTY


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_shipped_tables_are_made_of_the_published_files(year: int) -> None:
    """Converting the master rates file again gives the shipped table to the last byte."""
    name = f"gsa-conus-fy{year}"
    shipped = RateTable.model_validate(shipped_table(name))
    text = (FOLDER / f"FY{year}_PerDiemMasterRatesFile.csv").read_text(encoding="utf-8")
    assert rendered(convert(text, "file.csv", [], source=shipped.source)) == rendered(shipped)


@pytest.mark.parametrize("name", OUTSIDE)
def test_the_shipped_tables_outside_are_made_of_the_published_files(name: str) -> None:
    """Converting the foreign and the OCONUS files again gives the shipped tables to the last byte."""
    made, table, until = OUTSIDE[name]
    shipped = RateTable.model_validate(shipped_table(table))
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert rendered(made(text, "file.csv", [], source=shipped.source, until=until)) == rendered(shipped)


def test_days_that_a_file_claims_twice_are_said() -> None:
    """The OCONUS file gives one town two rates for some days: they are named and left without a rate."""
    notices: list[str] = []
    convert_dod((FOLDER / "ovs26-04.csv").read_text(encoding="utf-8"), "ovs26-04.csv", notices, source="test")
    assert notices == [
        "ovs26-04.csv:151: seasons overlap: 2026-04-01 to 2026-05-31 has 2 rates, so it has none",
        "ovs26-04.csv:151: seasons overlap: 2026-09-01 to 2026-09-30 has 2 rates, so it has none",
    ]
