"""Per diems outside the contiguous states: the Department of State's foreign ones, the Department of Defense's others.

Both are published monthly, give seasons by day and month, and say since when each rate holds. A table begins with the
fiscal year; a rate in it begins no earlier than it holds, so that an older table can be asked about the days before.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from policy.per_diem.forms.countries import code_of
from policy.per_diem.forms.rows import Row, Season, fiscal_year_of, rates_of, read_rows
from policy.per_diem.models import Area, Place, RateTable
from policy.per_diem.states import STATES
from policy.per_diem.where import plain

__all__ = ["convert_dod", "convert_state"]

_OTHER: Final = "[other]"
_ISLE: Final = "ISLE OF "
_US_DAY: Final = ("%m/%d/%Y", "04/01/2026")
_LONG_DAY: Final = ("%B %d, %Y", "April 1, 2026")
_ISO_DAY: Final = ("%Y-%m-%d", "2026-04-01")
_BRACKETS: Final = re.compile(r"[\[(]([^\])]*)[\])]?")
# Military installations are named by a hyphen that joins two of them; towns by one that joins two towns.
_JOINT: Final = ("JB ", "CNI ")


@dataclass(frozen=True, slots=True)
class _Form:
    """How one department writes: its columns, its dates, and what its meals are the sum of."""

    region: str
    begins: str
    ends: str
    dates: tuple[str, str]
    meals: tuple[str, ...]
    published: tuple[str, str]
    area: Callable[[Row], tuple[str, str] | None]

    def columns(self) -> tuple[str, ...]:
        return (
            self.region, "Location", self.begins, self.ends, "Lodging", *self.meals, "Effective Date",
            "Publication Date",
        )  # fmt: skip


def convert_state(text: str, file: str, notices: list[str], *, source: str, until: date | None = None) -> RateTable:
    """Return the table of the Department of State's foreign per diem rates, as CSV.

    `until`: the last day it is for, the end of the fiscal year otherwise. A country that is not recognised has no
    rate; `notices` takes it, and days that two seasons claim.

    Raises:
        PolicyError: the file is not in the form, or a field of it cannot be read; with row and field.

    """
    rows = list(read_rows(text, file, _STATE_FORM.columns()))
    published = rows[0].day("Publication Date", *_STATE_FORM.published)
    heading = (f"state-foreign-{published:%Y-%m}", f"State Department {published:%B %Y}", "U.S. Department of State")
    return _table(_STATE_FORM, rows, heading, (published, until), source, notices)


def convert_dod(text: str, file: str, notices: list[str], *, source: str, until: date | None = None) -> RateTable:
    """Return the table of the Department of Defense's rates for Alaska, Hawaii and the territories, as CSV.

    Its meals are the local meal rate and the local incidental rate together. In a state whose islands have rates of
    their own nothing stands for what is not listed: a town's name does not tell its island.

    Raises:
        PolicyError: the file is not in the form, or a field of it cannot be read; with row and field.

    """
    rows = list(read_rows(text, file, _DOD_FORM.columns()))
    published = rows[0].day("Publication Date", *_DOD_FORM.published)
    heading = (f"dod-oconus-{published:%Y-%m}", f"DoD {published:%B %Y}", "U.S. Department of Defense")
    return _table(_DOD_FORM, rows, heading, (published, until), source, notices)


def _table(
    form: _Form,
    rows: Iterable[Row],
    heading: tuple[str, str, str],
    days: tuple[date, date | None],
    source: str,
    notices: list[str],
) -> RateTable:
    published, said_until = days
    year, since, year_ends = fiscal_year_of(published)
    until = said_until or year_ends
    grouped: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        area = form.area(row)
        if area is None:
            notices.append(
                f"{row.file}:{row.number}: {row.text(form.region)} is no country or territory known: left out"
            )
        else:
            grouped[area][row.text("Location")].append(row)
    places = []
    for (country, state), locations in grouped.items():
        rest = _rest(locations, form.region)
        for location, of_it in locations.items():
            rates = rates_of((_season(form, row) for row in of_it), since, until, notices)
            areas = (Area(state=state, cities=tuple(_spellings(location))),)
            name = f"{of_it[0].text(form.region)}, {location}"
            places.append(Place(name=name, country=country, areas=areas, rest=location == rest, rates=rates))
    table_id, name, publisher = heading
    return RateTable(
        id=table_id,
        name=name,
        publisher=publisher,
        source=source,
        fiscal_year=year,
        published=published,
        since=since,
        until=until,
        currency="USD",
        places=tuple(places),
    )


def _season(form: _Form, row: Row) -> Season:
    first, last = row.day(form.begins, *form.dates), row.day(form.ends, *form.dates)
    return Season(
        row,
        (first.month, first.day),
        (last.month, last.day),
        row.day("Effective Date", *form.dates),
        row.amount("Lodging"),
        sum((row.amount(column) for column in form.meals), Decimal(0)),
    )


def _rest(locations: Mapping[str, list[Row]], region: str) -> str | None:
    """Return which location stands for those that are not listed: [Other], or the one that is the whole country."""
    if any(location.startswith(_ISLE) for location in locations):
        return None
    other = next((location for location in locations if location.casefold() == _OTHER), None)
    if other or len(locations) == 1:
        return other or next(iter(locations))
    regions = {row.text(region) for rows in locations.values() for row in rows}
    whole = {plain(name) for name in regions} if len(regions) == 1 else set()
    return next((name for name in locations if plain(_BRACKETS.sub("", name)) in whole), None)


def _spellings(location: str) -> list[str]:
    """Return what a location is called, out of how it is printed; nothing for those that are all others."""
    if location.casefold() == _OTHER:
        return []
    bare = " ".join(_BRACKETS.sub(" ", location).split())
    inside = [part for part in _BRACKETS.findall(location) if not part.upper().startswith("INCL")]
    names = [bare, *inside, *re.split(r"\s*(?:/|&)\s*", bare), bare.split(",")[0]]
    if bare.startswith(_ISLE):
        island, _, town = bare.removeprefix(_ISLE).partition(": ")
        names.append(town or island)
    if not bare.startswith(_JOINT) and bare.isupper():
        names += bare.split("-")
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _country(row: Row) -> tuple[str, str] | None:
    code = code_of(row.text("Country"))
    return (code, "") if code else None


def _territory(row: Row) -> tuple[str, str] | None:
    code = STATES.get(plain(_BRACKETS.sub("", row.text("State/Country"))))
    return ("US", code) if code else None


_STATE_FORM: Final = _Form(
    "Country", "Season Start Date", "Season End Date", _ISO_DAY, ("Meals & Incidentals",), _LONG_DAY, _country
)
_DOD_FORM: Final = _Form(
    "State/Country", "Season Begin", "Season End", _US_DAY, ("Local Meal Rate", "Local Incidental"), _US_DAY, _territory
)
