"""Published rate files made into tables: what each form says, and what is wrong named with row and field."""

from datetime import date
from decimal import Decimal

import pytest

from policy.errors import PolicyError
from policy.per_diem.forms.countries import code_of
from policy.per_diem.forms.gsa import convert
from policy.per_diem.forms.outside import convert_dod, convert_state
from policy.per_diem.forms.zips import read_zips
from policy.per_diem.models import Area, RateTable

GSA_HEAD = "ID,STATE,DESTINATION,COUNTY/LOCATION DEFINED,SEASON BEGIN,SEASON END,Lodging Rate,M&IE,Effective Date\n"
STANDARD = ',,Standard CONUS rate applies,,,,$ 107,$ 59,"October 1, 2023"\n'
STATE_HEAD = (
    "Country,Location,Season Start Date,Season End Date,Lodging,Meals & Incidentals,Effective Date,Publication Date\n"
)
DOD_HEAD = (
    "State/Country,Location,Season Begin,Season End,Lodging,Local Meal Rate,Local Incidental,Effective Date,"
    "Publication Date\n"
)


def gsa(*rows: str) -> RateTable:
    """Return the table of a master rates file of fiscal year 2024 with these rows."""
    return convert(
        GSA_HEAD + STANDARD + "".join(f'{row},"October 1, 2023"\n' for row in rows), "gsa.csv", [], source="x"
    )


def areas(state: str, destination: str, covered: str) -> tuple[Area, ...]:
    """Return the areas of a destination as the file words them."""
    return gsa(f'1,{state},{destination},"{covered}",,,$ 123,$ 69').places[1].areas


@pytest.mark.parametrize(
    ("state", "destination", "covered", "expected"),
    [
        ("AL", "Birmingham", "Jefferson", Area(state="AL", counties=("Jefferson",), cities=("Birmingham",))),
        (
            "MA",
            "Boston / Cambridge",
            "Suffolk, city of Cambridge",
            Area(state="MA", counties=("Suffolk",), cities=("Boston", "Cambridge")),
        ),
        (
            "AZ",
            "Flagstaff",
            "Coconino / Yavapai less the city of Sedona",
            Area(state="AZ", counties=("Coconino", "Yavapai"), cities=("Flagstaff",), without=("Sedona",)),
        ),
        ("AZ", "Sedona", "City Limits of Sedona", Area(state="AZ", cities=("Sedona",))),
        (
            "LA",
            "New Orleans",
            "Orleans / Jefferson Parishes",
            Area(state="LA", counties=("Orleans", "Jefferson"), cities=("New Orleans",)),
        ),
        (
            "VA",
            "Williamsburg / York",
            "James City / York Counties / City of Williamsburg",
            Area(state="VA", counties=("James City", "York"), cities=("Williamsburg", "York")),
        ),
        (
            "VA",
            "Lynchburg",
            "Campbell / Lynchburg City",
            Area(state="VA", counties=("Campbell",), cities=("Lynchburg", "Lynchburg City")),
        ),
        ("MT", "Helena", "Lewis and Clark", Area(state="MT", counties=("Lewis and Clark",), cities=("Helena",))),
        (
            "CA",
            "Death Valley",
            "Inyo / NAWS China Lake",
            Area(state="CA", counties=("Inyo",), cities=("Death Valley", "NAWS China Lake")),
        ),
    ],
)
def test_the_words_of_a_destination_are_taken_apart(state: str, destination: str, covered: str, expected: Area) -> None:
    """Counties, cities, and cities taken out of a county are told from each other."""
    assert areas(state, destination, covered) == (expected,)


def test_the_capital_reaches_into_two_states() -> None:
    """What a destination covers in other states is in areas of those states."""
    covered = (
        "Washington DC (also the cities of Alexandria, Falls Church and Fairfax, and the counties of Arlington and "
        "Fairfax, in Virginia; and the counties of Montgomery and Prince George's in Maryland)"
    )
    assert areas("DC", "District of Columbia", covered)[1:] == (
        Area(state="VA", counties=("Arlington", "Fairfax"), cities=("Alexandria", "Falls Church", "Fairfax")),
        Area(state="MD", counties=("Montgomery", "Prince George's")),
    )


def test_a_fiscal_year_is_cut_into_its_seasons() -> None:
    """Seasons become dates of the fiscal year; one that ends with February ends with its last day."""
    table = gsa(
        '2,AL,Gulf Shores,Baldwin,October 1,February 29,"$ 1,137",$ 69',
        "2,AL,Gulf Shores,Baldwin,March 1,September 30,$ 166.50,$ 69",
    )
    assert (table.id, table.fiscal_year, table.since, table.until) == (
        "gsa-conus-fy2024",
        2024,
        date(2023, 10, 1),
        date(2024, 9, 30),
    )
    assert [(r.since, r.until, r.lodging) for r in table.places[1].rates] == [
        (date(2023, 10, 1), date(2024, 2, 29), Decimal(1137)),
        (date(2024, 3, 1), date(2024, 9, 30), Decimal("166.5")),
    ]
    assert [tier.total for tier in table.meal_tiers] == [59, 64, 69, 74, 79]


def test_days_without_a_rate_are_said() -> None:
    """A season that is missing leaves days without a rate; a notice names row and place."""
    notices: list[str] = []
    text = GSA_HEAD + '2,AL,Gulf Shores,Baldwin,October 1,May 31,$ 137,$ 69,"October 1, 2023"\n'
    convert(text, "gsa.csv", notices, source="x")
    assert notices == ["gsa.csv:2: Gulf Shores: some days of 2023-10-01 to 2024-09-30 have no rate"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,AL,Mobile,Mobile,,,$ 1x3,$ 69", "gsa.csv:3: Lodging Rate: '$ 1x3' is no amount; give digits"),
        ("1,AL,Mobile,Mobile,,,$ 113,", "gsa.csv:3: M&IE: '' is no amount"),
        ("1,AL,Mobile,Mobile,,,-5,$ 69", "gsa.csv:3: Lodging Rate: '-5' is no amount"),
        ("1,AL,Mobile,Mobile,,,NaN,$ 69", "gsa.csv:3: Lodging Rate: 'NaN' is no amount"),
        (
            "1,AL,Mobile,Mobile,Octember 1,May 31,$ 113,$ 69",
            "gsa.csv:3: SEASON BEGIN: 'Octember 1' is no date; write it as October 1",
        ),
    ],
)
def test_a_bad_field_is_named(row: str, said: str) -> None:
    """A row that cannot be read stops the table, with its row, its field and the remedy."""
    with pytest.raises(PolicyError) as raised:
        gsa(row)
    assert said in str(raised.value)


@pytest.mark.parametrize(("text", "said"), [("a,b\n1,2\n", "there is no such column"), (GSA_HEAD, "there is no row")])
def test_another_file_is_refused(text: str, said: str) -> None:
    """A file in another form is refused before anything is made of it."""
    with pytest.raises(PolicyError, match=said):
        convert(text, "other.csv", [], source="x")


def test_a_foreign_rate_begins_when_it_holds() -> None:
    """A season comes back within the fiscal year, and no rate begins before its effective date."""
    rows = (
        'EGYPT,Aswan,2026-04-01,2026-09-30,135.0,102.0,2019-11-01,"April 1, 2026"\n'
        'EGYPT,Aswan,2026-10-01,2026-03-31,165.0,105.0,2026-01-01,"April 1, 2026"\n'
        'EGYPT,[Other],2026-01-01,2026-12-31,165.0,70.0,2019-11-01,"April 1, 2026"\n'
        'ATLANTIS,[Other],2026-01-01,2026-12-31,1.0,1.0,2019-11-01,"April 1, 2026"\n'
    )
    notices: list[str] = []
    table = convert_state(STATE_HEAD + rows, "state.csv", notices, source="x")
    aswan, other = table.places
    assert [(r.since, r.until, r.meals) for r in aswan.rates] == [
        (date(2026, 1, 1), date(2026, 3, 31), Decimal(105)),
        (date(2026, 4, 1), date(2026, 9, 30), Decimal(102)),
    ]
    assert (other.rest, aswan.rest, other.country) == (True, False, "EG")
    assert notices == ["state.csv:5: ATLANTIS is no country or territory known: left out"]


def test_islands_are_not_mixed_up() -> None:
    """Where islands have their own rates, what is not listed has none: a town's name does not tell its island."""
    tail = ",01/01/2026,12/31/2026,202.0,130.0,33.0,10/01/2025,04/01/2026\n"
    rows = "".join(f"{place}{tail}" for place in ("HAWAII,ISLE OF OAHU", "HAWAII,[OTHER]", "ALASKA,[OTHER]"))
    table = convert_dod(DOD_HEAD + rows, "dod.csv", [], source="x")
    assert [(p.name, p.rest) for p in table.places] == [
        ("HAWAII, ISLE OF OAHU", False),
        ("HAWAII, [OTHER]", False),
        ("ALASKA, [OTHER]", True),
    ]
    assert table.places[0].areas == (Area(state="HI", cities=("ISLE OF OAHU", "OAHU")),)
    assert table.places[0].rates[0].meals == Decimal(163)


def test_zips_of_counties_become_ranges() -> None:
    """A range runs over unused codes and never over another county's; a code of two counties is in both."""
    lines = (
        "02108,MA,Suffolk County",
        "02110,MA,Suffolk",
        "02138,MA,Middlesex",
        "02139,MA,Suffolk",
        "02139,MA,Middlesex",
    )
    text = "\n".join(("zip,state,county", *lines))
    zips = read_zips(text, "zips.csv")
    assert zips == {("MA", "suffolk"): ("02108-02110", "02139"), ("MA", "middlesex"): ("02138", "02139")}
    rows = GSA_HEAD + STANDARD + '1,MA,Boston,"Suffolk, city of Cambridge",,,$ 123,$ 69,"October 1, 2023"\n'
    assert convert(rows, "gsa.csv", [], source="x", zips=zips).places[1].areas[0].zips == ("02108-02110", "02139")
    with pytest.raises(PolicyError, match=r"zips\.csv:2: zip: '2108' is no ZIP code"):
        read_zips("zip,state,county\n2108,MA,Suffolk\n", "zips.csv")


@pytest.mark.parametrize(
    ("name", "code"),
    [("GERMANY", "DE"), ("Korea, South", "KR"), ("COTE D'IVOIRE", "CI"), ("TURKEY", "TR"), ("NOWHERE", None)],
)
def test_countries_as_they_are_written(name: str, code: str | None) -> None:
    """The Department of State's names give ISO codes."""
    assert code_of(name) == code
