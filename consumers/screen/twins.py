"""Documents that seem to be one purchase although nothing about them is quite equal.

Three ways, all of documents of one vendor: one total within two days under numbers that differ by one slip of the pen
or of the reading; the same for one person where one of them has no number; and two totals that make up a third.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, islice
from typing import Final

import orjson
from rapidfuzz.distance import OSA

from consumers.runtime.stage import Store

__all__ = ["Near", "Sum", "Twins", "mistaken", "shifted"]

# A copy that comes later bears the date of the first. Further apart, numbers that run on look like slips of one another
# every few invoices: 1123 and 1132.
_DAYS: Final = 2
_SUM_DAYS: Final = 7
# Below, prices are so few that some add up to others by chance: two coffees to a sandwich.
_LEAST_PART: Final = Decimal(20)
_MOST: Final = 50
_SHORTEST: Final = 4
# Signs that a scan, a font or a quick hand takes for one another.
_ALIKE: Final = str.maketrans("OQDILZSGB", "000112568")
# The code point after "/": it closes a folder.
_AFTER: Final = "0"


@dataclass(frozen=True, slots=True)
class Near:
    """What a document is known by when nothing is quite equal; `vendor` and `subject` are quoted parts of keys."""

    vendor: str
    subject: str
    total: Decimal
    currency: str
    number: str | None

    @property
    def numbered(self) -> str:
        """The folder of numbered documents of this vendor and total."""
        return f"numbered/{self.vendor}/{self.total.normalize():f}-{self.currency}"

    @property
    def bought(self) -> str:
        """The folder of what this person bought of this vendor, in this currency."""
        return f"bought/{self.vendor}/{self.subject}/{self.currency}"

    def index(self, expense: str, day: date, place: str) -> Iterator[tuple[str, bytes]]:
        """Yield the entries under which later documents find this one."""
        if self.number:
            yield f"{self.numbered}/{day}/{place}", orjson.dumps([expense, self.number])
        yield f"{self.bought}/{day}/{place}", orjson.dumps([expense, self.number, f"{self.total:f}"])


@dataclass(frozen=True, slots=True)
class Sum:
    """Two expenses that add up to this one (`whole` is None), or the one that with this one adds up to `whole`."""

    parts: tuple[str, ...]
    whole: str | None = None

    @property
    def others(self) -> tuple[str, ...]:
        """Both of them."""
        return self.parts if self.whole is None else (*self.parts, self.whole)


def shifted(day: date, days: int) -> date:
    """Return a day some days on, at most the first or last day there is."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def mistaken(one: str, other: str) -> bool:
    """Tell whether two invoice numbers differ by one slip: signs that look alike, two exchanged, one left out.

    One digit in place of another is no slip but the next invoice, unless the two look alike.
    """
    if one == other or min(len(one), len(other)) < _SHORTEST:
        return False
    if one.translate(_ALIKE) == other.translate(_ALIKE):
        return True
    return OSA.distance(one, other) == 1 and (len(one) != len(other) or sorted(one) == sorted(other))


class Twins:
    """The documents of one ledger that came before a place in the order of arrival, but for the `same` expenses.

    What is known to be no twin, or no sum, is passed over.
    """

    def __init__(
        self,
        store: Store,
        at: str,
        before: int,
        same: AbstractSet[str],
        no_twins: AbstractSet[str] = frozenset(),
        no_sums: AbstractSet[frozenset[str]] = frozenset(),
    ) -> None:
        self._store, self._at, self._before, self._same = store, at, before, same
        self._no_twins, self._no_sums = no_twins, no_sums

    def of(self, near: Near, day: date) -> tuple[str, str] | None:
        """Return the earliest document that seems to be this one and what they share, None where there is none."""
        if near.number:
            for _, (other, number) in self._earlier(near.numbered, day, _DAYS):
                if other not in self._no_twins and mistaken(near.number, number):
                    return other, "the same vendor and total and, but for one slip, the same invoice number"
        for _, (other, number, total) in self._earlier(near.bought, day, _DAYS):
            if other not in self._no_twins and Decimal(total) == near.total and not (number and near.number):
                return other, "the same person, vendor and total within two days"
        return None

    def sum(self, near: Near, day: date) -> Sum | None:
        """Return the earliest pair that with this document is two parts and their whole, None where there is none."""
        if near.total < _LEAST_PART:
            return None
        read = ((other, Decimal(total)) for _, (other, _, total) in self._earlier(near.bought, day, _SUM_DAYS))
        for (one, first), (other, second) in combinations((row for row in read if row[1] >= _LEAST_PART), 2):
            if self._no_sums and frozenset((one, other)) in self._no_sums:
                continue
            if first + second == near.total:
                return Sum((one, other))
            if first + near.total == second:
                return Sum((one,), whole=other)
            if second + near.total == first:
                return Sum((other,), whole=one)
        return None

    def _earlier(self, folder: str, day: date, days: int) -> list[tuple[int, list[str]]]:
        start = f"{self._at}{folder}/{shifted(day, -days)}"
        end = f"{self._at}{folder}/{shifted(day, days)}{_AFTER}"
        rows = ((int(key.rpartition("/")[2]), orjson.loads(value)) for key, value in self._store.range(start, end))
        known = ((place, row) for place, row in rows if place < self._before and row[0] not in self._same)
        return sorted(islice(known, _MOST), key=lambda found: found[0])
