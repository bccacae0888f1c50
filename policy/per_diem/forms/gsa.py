"""The master rates file of the General Services Administration: the 48 contiguous states and the District of Columbia.

Which cities and counties a destination covers stands in one column of words; they are taken apart here. What the words
do not say is not added, except how a few destinations are called by everyone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from policy.per_diem.forms.rows import Row, Season, fiscal_year_of, rates_of, read_rows
from policy.per_diem.models import Area, MealTier, Place, RateTable
from policy.per_diem.states import CONTIGUOUS, STATES
from policy.per_diem.where import plain

__all__ = ["convert"]

_STATE: Final = "STATE"
_DESTINATION: Final = "DESTINATION"
_COVERED: Final = "COUNTY/LOCATION DEFINED"
_BEGIN: Final = "SEASON BEGIN"
_END: Final = "SEASON END"
_LODGING: Final = "Lodging Rate"
_MEALS: Final = "M&IE"
_EFFECTIVE: Final = "Effective Date"
_COLUMNS: Final = (_STATE, _DESTINATION, _COVERED, _BEGIN, _END, _LODGING, _MEALS, _EFFECTIVE)

# gsa.gov/mie: total of a day, breakfast, lunch, dinner, incidentals; by the first fiscal year they are for.
_TIERS: Final[Mapping[int, tuple[tuple[int, int, int, int, int], ...]]] = {
    2022: ((59, 13, 15, 26, 5), (64, 14, 16, 29, 5), (69, 16, 17, 31, 5), (74, 17, 18, 34, 5), (79, 18, 20, 36, 5)),
    2025: ((68, 16, 19, 28, 5), (74, 18, 20, 31, 5), (80, 20, 22, 33, 5), (86, 22, 23, 36, 5), (92, 23, 26, 38, 5)),
}
# Destinations whose own words are not what their hotels and travellers write.
_CALLED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("NY", "new york city"): (
        "New York",
        "NYC",
        "Manhattan",
        "Brooklyn",
        "Bronx",
        "The Bronx",
        "Queens",
        "Staten Island",
    ),
    ("DC", "district of columbia"): ("Washington",),
    ("MD", "baltimore city"): ("Baltimore",),
    ("MO", "st louis"): ("St. Louis",),
}
_COUNTRY: Final = "US"
# Independent cities of Virginia, Maryland and Missouri are no part of a county; two counties are called City as well.
_INDEPENDENT: Final = frozenset({"VA", "MD", "MO"})
_COUNTIES_CALLED_CITY: Final = frozenset({"James City", "Charles City"})
_CITY: Final = re.compile(r"^(?:the )?city (?:limits )?of (.+)$", re.IGNORECASE)
_WITHOUT: Final = re.compile(r"^(.+?) less the cit(?:y|ies) of (.+)$", re.IGNORECASE)
_ALSO: Final = re.compile(r"^(.+?) \(also (.+)\)$", re.IGNORECASE)
_ALSO_STATE: Final = re.compile(r"^(?:and )?(.*?),? in ([A-Z][A-Za-z ]+)$")
_ALSO_PART: Final = re.compile(r"the (cities|city|counties|county) of (.+?)(?=,? and the c|$)", re.IGNORECASE)
_SUFFIX: Final = re.compile(r" (?:county|counties|parish|parishes)$", re.IGNORECASE)
_BASE: Final = re.compile(r"\b(?:AFB|NAWS|NAS|AFS)\b")


def convert(
    text: str,
    file: str,
    notices: list[str],
    *,
    source: str,
    zips: Mapping[tuple[str, str], Iterable[str]] | None = None,
) -> RateTable:
    """Return the table of a master rates file, as CSV.

    `zips`: the ZIP codes of a county, by state and county as `plain` writes it. Without them a ZIP gives its state
    alone. `notices` takes what is left without a rate.

    Raises:
        PolicyError: the file is not in the form, or a field of it cannot be read; with row and field.

    """
    rows = list(read_rows(text, file, _COLUMNS))
    effective = rows[0].day(_EFFECTIVE, "%B %d, %Y", "October 1, 2025")
    year, since, until = fiscal_year_of(effective)
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.text(_STATE), row.text(_DESTINATION), row.text(_COVERED)].append(row)
    places = []
    for (state, destination, covered), of_it in grouped.items():
        rates = rates_of((_season(row, since) for row in of_it), since, until, notices)
        if state:
            areas = _areas(state, destination, covered, zips or {})
            places.append(Place(name=destination, country=_COUNTRY, areas=areas, rates=rates))
        else:
            everywhere = tuple(Area(state=code) for code in sorted(CONTIGUOUS))
            places.append(Place(name="Standard rate", country=_COUNTRY, areas=everywhere, rest=True, rates=rates))
        if sum((rate.until - rate.since).days + 1 for rate in rates) != (until - since).days + 1:
            row = of_it[0]
            notices.append(f"{row.file}:{row.number}: {destination}: some days of {since} to {until} have no rate")
    tiers = _TIERS[max(first for first in _TIERS if first <= year)] if year >= min(_TIERS) else ()
    return RateTable(
        id=f"gsa-conus-fy{year}",
        name=f"GSA FY{year}",
        publisher="U.S. General Services Administration",
        source=source,
        fiscal_year=year,
        published=since,
        since=since,
        until=until,
        currency="USD",
        meal_tiers=tuple(
            MealTier(
                total=Decimal(t), breakfast=Decimal(b), lunch=Decimal(m), dinner=Decimal(d), incidentals=Decimal(i)
            )
            for t, b, m, d, i in tiers
        ),
        places=tuple(places),
    )


def _season(row: Row, since: date) -> Season:
    if not row.text(_BEGIN) and not row.text(_END):
        begins, ends = (since.month, since.day), (9, 30)
    else:
        # Of a leap year, so that 29 February is a day.
        first, last = (row.day(column, "%B %d %Y", "October 1", " 2024") for column in (_BEGIN, _END))
        begins, ends = (first.month, first.day), (last.month, last.day)
    return Season(row, begins, ends, since, row.amount(_LODGING), row.amount(_MEALS))


def _areas(
    state: str, destination: str, covered: str, zips: Mapping[tuple[str, str], Iterable[str]]
) -> tuple[Area, ...]:
    called = [*destination.split("/"), *_CALLED.get((state, plain(destination)), ())]
    also = _ALSO.match(covered)
    areas = [_area(state, "" if also else covered, called, zips)]
    for clause in also[2].split(";") if also else ():
        said = _ALSO_STATE.match(clause.strip())
        if said and plain(said[2]) in STATES:
            named = [(kind.lower(), re.split(r", | and ", names)) for kind, names in _ALSO_PART.findall(said[1])]
            counties = [name for kind, names in named if kind.startswith("count") for name in names]
            cities = [name for kind, names in named if kind.startswith("cit") for name in names]
            areas.append(_area(STATES[plain(said[2])], " / ".join(counties), cities, zips))
    return tuple(areas)


def _area(state: str, covered: str, cities: Iterable[str], zips: Mapping[tuple[str, str], Iterable[str]]) -> Area:
    less = _WITHOUT.match(covered)
    without = re.split(r", | and ", less[2]) if less else []
    counties, named = [], [city.strip() for city in cities]
    for piece in re.split(r" ?/ ?|, ", less[1] if less else covered):
        city = _CITY.match(piece)
        if city:
            named.append(city[1])
        elif state in _INDEPENDENT and piece.endswith(" City") and piece not in _COUNTIES_CALLED_CITY:
            named += [piece, piece.removesuffix(" City")]
        elif _BASE.search(piece):
            named.append(piece)
        elif piece:
            counties.append(_SUFFIX.sub("", piece))
    return Area(
        state=state,
        counties=tuple(dict.fromkeys(counties)),
        cities=tuple(dict.fromkeys(named)),
        without=tuple(without),
        zips=tuple(code for county in counties for code in zips.get((state, plain(county)), ())),
    )
