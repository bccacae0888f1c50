"""Finding a place in one table from what is stated. What fits several places is said, never settled by a guess."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.per_diem.models import Place, RateTable
from policy.per_diem.where import Where, plain

__all__ = ["Directory", "Doubt", "region"]

# Country, state ("" abroad) and name.
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why no place is taken, in words that end a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The places of one table by what they can be found under; each value is places by their number in the table."""

    table: RateTable
    cities: Mapping[_Key, frozenset[int]]
    counties: Mapping[_Key, frozenset[int]]
    # The same by country and name, and by name alone, for what is stated without a state or a country.
    stateless: Mapping[tuple[str, str, str], frozenset[int]]
    unlisted: Mapping[tuple[str, str], int]
    # Country and state, where places are listed.
    listed: frozenset[tuple[str, str]]
    zips: tuple[tuple[str, str, int], ...]

    @classmethod
    def of(cls, table: RateTable) -> "Directory":
        """Return the directory of a table."""
        cities: dict[_Key, set[int]] = defaultdict(set)
        counties: dict[_Key, set[int]] = defaultdict(set)
        stateless: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        unlisted: dict[tuple[str, str], int] = {}
        listed: set[tuple[str, str]] = set()
        zips: list[tuple[str, str, int]] = []
        for number, place in enumerate(table.places):
            for area in place.areas:
                for kind, names, into in (("city", area.cities, cities), ("county", area.counties, counties)):
                    for name in map(plain, names):
                        into[place.country, area.state, name].add(number)
                        stateless[kind, place.country, name].add(number)
                        stateless[kind, "", name].add(number)
                if place.rest:
                    unlisted[place.country, area.state] = number
                else:
                    listed.add((place.country, area.state))
                zips += [(code[:5], code[-5:], number) for code in area.zips]
        return cls(
            table, _frozen(cities), _frozen(counties), _frozen(stateless), unlisted, frozenset(listed), tuple(zips)
        )

    def find(self, where: Where) -> int | Doubt | None:
        """Return the number of the one place that fits, None where the table has none.

        A doubt where several fit, or where what is stated clashes: county, city and ZIP must each fit. Of a US state
        that the table lists, the rest applies to what is named and not listed; the state alone, or a ZIP the table
        cannot place, decides nothing.
        """
        cities = self._cities(where)
        found = list(self._evidence(where, cities))
        if not found:
            return self._rest(where)
        common = frozenset.intersection(*found)
        if not common:
            common = self._city_of_its_own(where, cities)
        if len(common) == 1:
            return next(iter(common))
        if not common:
            return Doubt(f"the county, city and ZIP stated are not of one place in {self.table.name}")
        return self._several(common)

    def may_be_listed(self, where: Where) -> bool:
        """Tell whether a town that is not listed may lie in a county that is, since its county is not stated."""
        placed = where.county or (where.zip and self.zips)
        key = (where.country or "", where.state or "")
        return not placed and any((country, state) == key for country, state, _ in self.counties)

    def names_abroad(self, where: Where) -> bool:
        """Tell whether letters taken for a US state may mean a country: it has a place of that name."""
        if where.foreign is None:
            return False
        return any((where.foreign, "", name) in self.cities for name in where.names)

    def _cities(self, where: Where) -> frozenset[int]:
        """Return the places of the name as a whole, else of each part of it: a district or a street may stand by."""
        whole, *parts = where.names or ("",)
        return self._named("city", where, whole) or frozenset[int]().union(
            *(self._named("city", where, part) for part in parts)
        )

    def _named(self, kind: str, where: Where, name: str) -> frozenset[int]:
        if where.country and (where.state or where.country != "US"):
            table = self.cities if kind == "city" else self.counties
            return table.get((where.country, where.state or "", name), frozenset())
        return self.stateless.get((kind, where.country or "", name), frozenset())

    def _evidence(self, where: Where, cities: frozenset[int]) -> Iterator[frozenset[int]]:
        """Yield what each thing stated fits. A county that is not listed, or a ZIP of none, fits the rest alone."""
        rest = self.unlisted.get((where.country or "", where.state or ""))
        others = frozenset() if rest is None else frozenset({rest})
        if where.zip and self.zips:
            yield from filter(None, [self._by_zip(where.zip) or others])
        if where.county:
            yield from filter(None, [self._named("county", where, where.county) or others])
        if cities:
            yield cities

    def _by_zip(self, code: str) -> frozenset[int]:
        return frozenset(number for first, last, number in self.zips if first <= code <= last)

    def _city_of_its_own(self, where: Where, cities: frozenset[int]) -> frozenset[int]:
        """Return the city where the county stated is only one it is taken out of, as Sedona is of Yavapai County."""
        if not where.county or not cities:
            return frozenset()
        around = self._named("county", where, where.county)
        taken_out = {plain(c) for number in around for area in self.table.places[number].areas for c in area.without}
        return cities if taken_out.intersection(where.names) else frozenset()

    def _rest(self, where: Where) -> int | Doubt | None:
        if where.country is None or (where.country == "US" and where.state is None):
            return None
        key = (where.country, where.state or "")
        number = self.unlisted.get(key)
        if number is None:
            return None
        county = next((name for name in where.names if (where.country, where.state or "", name) in self.counties), None)
        if county and not where.county:
            return Doubt(f"{county} is a listed county and may be a town of another one; say which county it is")
        if where.names or key not in self.listed or where.country != "US":
            return number
        said = "ZIP" if where.zip else "state"
        return Doubt(f"the {said} alone does not tell which rate of {where.state} in {self.table.name} applies")

    def _several(self, numbers: frozenset[int]) -> Doubt:
        places = sorted(f"{place.name} ({region(place)})" for place in (self.table.places[n] for n in numbers))
        return Doubt(f"it may be {' or '.join(places[:4])}{' or another' if len(places) > 4 else ''}")  # noqa: PLR2004 -- as many as a sentence bears


def region(place: Place) -> str:
    """Return the state of a US place, the country of any other."""
    return "/".join(sorted({area.state for area in place.areas if area.state})) or place.country


def _frozen(found: Mapping[_Key, set[int]]) -> dict[_Key, frozenset[int]]:
    return {key: frozenset(numbers) for key, numbers in found.items()}
