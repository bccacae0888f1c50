"""What a person bought on a day, in one value: every key costs its place in the state file and in the changelog.

The keys, under the ledger's, are `day/<subject>/<day>`; a value has one line of JSON for each expense: its place in the
order of arrival, its id, the sides it is on of a meal and a per diem of one day, what it may be a part of and with
which amount, and how a receipt and a card line know each other. A crowded day takes no more: what comes then lies under
keys of its own, as all did in state of versions 1 and 2, and is looked for in both places.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from consumers.runtime.stage import Store
from consumers.screen.known import Known

__all__ = ["Bought", "Days", "names_in"]

# Each further expense writes the day anew, so there is a most. Hardly anybody buys more often on one day.
_MOST: Final = 8
_LINE: Final = b"\n"


class Bought(NamedTuple):
    """One expense of a day; amounts are decimal strings. `parts` are by rule and vendor.

    `purchase` is whether it is a card line, the total in minor units, and the seller.
    """

    place: int
    expense: str
    sides: Sequence[str]
    parts: dict[str, str]
    purchase: Sequence[Any] | None


class Days:
    """The days of one ledger, whose keys begin with `at`; a day is named `<subject>/<day>`."""

    def __init__(self, store: Store, at: str, known: Known) -> None:
        self._store, self._at, self._known = store, at, known

    def of(self, day: str) -> list[Bought]:
        """Return what lies under a day, in order of arrival."""
        if not self._known.may_hold(f"day/{day}"):
            return []
        value = self._store.get(f"{self._at}day/{day}")
        return [] if value is None else _read(value)

    def add(self, day: str, bought: Bought) -> bool:
        """Take an expense in and return True; False where the day is crowded."""
        name = f"day/{day}"
        value = self._store.get(self._at + name) if self._known.may_hold(name) else None
        if value is not None and value.count(_LINE) >= _MOST - 1:
            return False
        for each in _names(day, bought):
            self._known.note(each)
        line = orjson.dumps(list(bought))
        self._store.put(self._at + name, line if value is None else value + _LINE + line)
        return True

    def remove(self, day: str, place: int) -> None:
        """Let go of the expense that came in this place."""
        self._keep(day, [each for each in self.of(day) if each.place != place])

    def forget_purchase(self, day: str, place: int) -> bool:
        """Make an expense of the day known to no receipt; return whether anything else of it stays."""
        kept = [each._replace(purchase=None) if each.place == place else each for each in self.of(day)]
        left = [each for each in kept if each.sides or each.parts or each.purchase]
        self._keep(day, left)
        return any(each.place == place for each in left)

    def _keep(self, day: str, bought: Sequence[Bought]) -> None:
        key = f"{self._at}day/{day}"
        if bought:
            self._store.put(key, _LINE.join(orjson.dumps(list(each)) for each in bought))
        else:
            self._store.delete(key)


def names_in(key: str, value: bytes) -> Iterator[str]:
    """Yield the names under which what a key of the history holds is asked for; see `Known`."""
    family, _, rest = key.partition("/")
    if family == "day":
        for bought in _read(value):
            yield from _names(rest, bought)
    elif family == "purchase":
        yield "/".join(key.split("/", 3)[:3])
    else:
        yield key.rpartition("/")[0]


def _names(day: str, bought: Bought) -> Iterator[str]:
    subject, _, on = day.rpartition("/")
    yield f"day/{day}"
    for side in bought.sides:
        yield f"print/{side}/{day}"
    for part in bought.parts:
        yield f"part/split/{subject}/{part}/{on}"
    if bought.purchase:
        yield f"purchase/{'card' if bought.purchase[0] else 'document'}/{subject}"


def _read(value: bytes) -> list[Bought]:
    return [Bought(*orjson.loads(line)) for line in value.split(_LINE)]
