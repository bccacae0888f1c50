"""Two small tables of rates, in the form a policy is written in, for the tests of per diems."""

from typing import Any

from policy.documents import check_document
from policy.snapshot import Snapshot
from tests.policy.build import TAXONOMY

SUMMER = {"since": "2026-07-01", "until": "2026-08-31"}
BEFORE = {"since": "2025-10-01", "until": "2026-06-30"}
AFTER = {"since": "2026-09-01", "until": "2026-09-30"}
YEAR = {"since": "2025-10-01", "until": "2026-09-30"}


def place(name: str, *areas: dict[str, Any], country: str = "US", rest: bool = False, **rates: Any) -> dict[str, Any]:
    """Return a place with one rate all year, lodging and meals."""
    rate = {**YEAR, "lodging": "110", "meals": "68", **rates}
    return {"name": name, "country": country, "areas": list(areas), "rest": rest, "rates": [rate]}


def table(table_id: str, name: str, *places: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a table of fiscal year 2026 in US dollars."""
    return {
        "id": table_id,
        "name": name,
        "publisher": name,
        "source": "written for this test",
        "fiscal_year": 2026,
        "published": "2025-10-01",
        "currency": "USD",
        "places": list(places),
        **YEAR,
        **more,
    }


NEW_YORK = place(
    "New York City", {"state": "NY", "counties": ["Kings"], "cities": ["New York"]}, lodging="342", meals="92"
)
BOSTON: dict[str, Any] = {
    "name": "Boston / Cambridge",
    "country": "US",
    "areas": [{"state": "MA", "counties": ["Suffolk"], "cities": ["Boston", "Cambridge"], "zips": ["02108-02137"]}],
    "rates": [
        {**BEFORE, "lodging": "200", "meals": "80"},
        {**SUMMER, "lodging": "349", "meals": "80"},
        {**AFTER, "lodging": "300", "meals": "80"},
    ],
}
STANDARD = place("Standard rate", {"state": "MA"}, {"state": "ME"}, {"state": "NY"}, {"state": "ND"}, rest=True)
PORTLANDS = [
    place("Portland", {"state": code, "counties": [county], "cities": ["Portland"]}, lodging="211")
    for code, county in (("ME", "Cumberland"), ("OR", "Multnomah"))
]
TIERS = [{"total": "80", "breakfast": "20", "lunch": "22", "dinner": "33", "incidentals": "5"}]
HOME = table("home", "GSA FY2026", NEW_YORK, BOSTON, STANDARD, *PORTLANDS, meal_tiers=TIERS)
ABROAD = table(
    "abroad",
    "State Department",
    place("FRANCE, Paris", {"cities": ["Paris"]}, country="FR", lodging="511"),
    place("FRANCE, [Other]", {}, country="FR", rest=True, lodging="220"),
    place("CANADA, Vancouver", {"cities": ["Vancouver"]}, country="CA", lodging="335"),
    place("CANADA, Portland", {"cities": ["Portland"]}, country="CA", lodging="120"),
)
TABLES = (HOME, ABROAD)
LODGING = {"id": "per-diem.lodging", "component": "lodging", "categories": ["lodging"], "tables": ["home", "abroad"]}
MEALS = {"id": "per-diem.meals", "component": "meals", "categories": ["meals"], "tables": ["home", "abroad"]}


def snapshot(
    *rules: dict[str, Any], limits: tuple[dict[str, Any], ...] = (), tables: tuple[dict[str, Any], ...] = TABLES
) -> Snapshot:
    """Return a policy of per diem rules over these tables, with a cap that nothing meets."""
    cap = {"id": "absolute", "level": "absolute", "limit": "100000"}
    data = {
        "name": "test",
        "currency": "USD",
        "taxonomy": [{"code": code, "name": code} for code in TAXONOMY],
        "limits": [cap, *limits],
        "per_diem": list(rules),
        "per_diem_tables": list(tables),
    }
    return Snapshot.of(check_document(data, "test"))
