"""Decisions of a ledger that lean on other expenses or wait for a receipt, kept to be made again.

What a decision counts as the total before it stands apart from the rest of it, in the key by which it watches that
total: `watch/<account>/<place>` holds `<total before> <most that may be before>`. So a retraction moves thousands of
later totals, few of which change what was decided, without reading the decisions.

Where there were credits before, what had been spent without them is a third number. A credit that is taken back raises
the totals after it, so what would exceed its limit without credits is kept too, though nothing is found yet.

Before version 4 of the state such a key was empty, as those that watch an expense are, and the total stood in the
decision alone; version 4 did not count what was spent without credits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

import orjson

from consumers.runtime.stage import Store
from consumers.screen.footprint import Account
from consumers.screen.prior import Prior
from schemas.codec import Codec
from schemas.events import ExpenseEvaluated
from schemas.frozen import changed
from schemas.plain import from_plain

__all__ = ["Kept", "KeptDecisions", "Moved", "place_of", "room_of"]

# The code point after "/" closes a folder, and places in the order of arrival have this many digits.
_AFTER: Final = "0"
_DIGITS: Final = 12
# Between a kept decision, one line of JSON, and its event.
_EVENT: Final = b"\n"
_EVALUATED: Final = ExpenseEvaluated.__name__
_BOUNDLESS: Final = Decimal("Infinity")
_NOTHING: Final = Decimal(0)


def place_of(sequence: int) -> str:
    """Return a place in the order of arrival as keys have it."""
    return f"{sequence:0{_DIGITS}}"


def room_of(account: Account) -> Decimal:
    """Return the most that may have been in an account before what exceeds its limit by this amount."""
    return max(account.limit, account.warn_at) - account.amount if account.amount > 0 else _BOUNDLESS


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision that leans on other expenses or waits, kept to be made again when those change.

    `spent` is what `prior.totals` would be without credits.
    """

    sequence: int
    event: ExpenseEvaluated
    prior: Prior
    number: int
    gist: tuple[tuple[str, str | None], ...]
    spent: Mapping[str, Decimal]

    def leans_on_credits(self, rooms: Mapping[str, Decimal]) -> bool:
        """Return whether a limit is kept only thanks to credits before; `rooms` is `room_of` by account."""
        totals = self.prior.totals
        return any(totals[name] <= room < self.spent[name] for name, room in rooms.items() if name in totals)


@dataclass(frozen=True, slots=True)
class Moved:
    """What less in an account makes of one decision's total: where it stands, and whether to decide again."""

    place: int
    key: str
    value: bytes
    decides: bool


class KeptDecisions:
    """The kept decisions of one ledger, whose keys begin with `at`."""

    def __init__(self, store: Store, at: str, codec: Codec) -> None:
        self._store, self._at, self._codec = store, at, codec

    def keep(self, kept: Kept, rooms: Mapping[str, Decimal], *, waiting: bool) -> None:
        """Keep a decision that is not kept yet, watched under each account and expense it leans on.

        `rooms` is `room_of` by account; one that is not there is decided again whenever its total moves.
        """
        place = place_of(kept.sequence)
        totals, others = kept.prior.totals, kept.prior.others()
        for name in others:
            self._store.put(f"{self._at}watch/{name}/{place}", b"")
        for name, total in totals.items():
            self._store.put(f"{self._at}watch/{name}/{place}", _watching(total, rooms.get(name), kept.spent[name]))
        if waiting:
            self._store.put(f"{self._at}waiting/{kept.event.expense_id}", place.encode())
        record = {
            "expense": kept.event.expense_id,
            "prior": kept.prior.canonical(),
            "number": kept.number,
            "gist": kept.gist,
            "watched": (*totals, *others),
        }
        self._store.put(f"{self._at}kept/{place}", orjson.dumps(record) + _EVENT + self._codec.encode(kept.event))

    def unkeep(self, sequence: int) -> None:
        """Let go of a kept decision; no error where there is none."""
        place = place_of(sequence)
        value = self._store.get(f"{self._at}kept/{place}")
        if value is None:
            return
        record = orjson.loads(value.partition(_EVENT)[0])
        for name in record["watched"]:
            self._store.delete(f"{self._at}watch/{name}/{place}")
        expense = record["expense"] if "expense" in record else record["event"]["expense_id"]
        self._store.delete(f"{self._at}waiting/{expense}")
        self._store.delete(f"{self._at}kept/{place}")

    def kept(self, sequence: int) -> Kept | None:
        """Return a kept decision, its totals as they are now.

        Raises:
            Undecodable, RegistryUnavailable: see the codec.

        """
        place = place_of(sequence)
        value = self._store.get(f"{self._at}kept/{place}")
        if value is None:
            return None
        told, _, data = value.partition(_EVENT)
        record = orjson.loads(told)
        event = self._codec.decode(data) if data else from_plain({"event": _EVALUATED, **record["event"]})
        gist = tuple((code, other) for code, other in record["gist"])
        prior = Prior.read(record["prior"])
        totals, spent = dict(prior.totals), dict(prior.totals)
        for name in totals:
            watched = self._store.get(f"{self._at}watch/{name}/{place}")
            if watched:
                totals[name], _, spent[name] = _watched(watched)
        evaluated = cast("ExpenseEvaluated", event)
        return Kept(sequence, evaluated, changed(prior, totals=totals), record["number"], gist, spent)

    def watching(self, name: str) -> tuple[int, ...]:
        """Return who leans on an expense, in order of arrival."""
        folder = f"{self._at}watch/{name}/"
        return tuple(int(key.rpartition("/")[2]) for key, _ in self._store.range(folder, folder[:-1] + _AFTER))

    def less(self, account: str, amount: Decimal, after: int, upto: int, most: int) -> tuple[Moved, ...]:
        """Return what `amount` less in an account makes of the first `most` totals after one place, up to another."""
        folder = f"{self._at}watch/{account}/"
        rows = self._store.range(folder + place_of(after + 1), folder + place_of(upto + 1), most)
        return tuple(self._moved(account, amount, key, value) for key, value in rows)

    def move(self, moved: Moved) -> None:
        """Write down what a total is now."""
        self._store.put(moved.key, moved.value)

    def _moved(self, account: str, amount: Decimal, key: str, value: bytes) -> Moved:
        place = key.rpartition("/")[2]
        told = None if value else self._told(account, place)
        total, room, spent = _watched(value) if told is None else (told, None, told)
        now = total - amount
        left = max(now, spent - max(amount, _NOTHING)) or _NOTHING
        crossed = room is None or (total > room) != (now > room) or (spent > room) != (left > room)
        return Moved(int(place), key, _watching(now, room, left), crossed)

    def _told(self, account: str, place: str) -> Decimal:
        """Return a total from the decision itself, where its key does not have it yet."""
        value = self._store.get(f"{self._at}kept/{place}") or b"{}"
        return Prior.read(orjson.loads(value.partition(_EVENT)[0])["prior"]).totals[account]

    def waiting(self, expense: str) -> int | None:
        """Return the place of a card line that waits for its receipt, None where it does not wait."""
        value = self._store.get(f"{self._at}waiting/{expense}")
        return None if value is None else int(value)


def _watching(total: Decimal, room: Decimal | None, spent: Decimal) -> bytes:
    numbers = (total,) if room is None else (total, room) if spent == total else (total, room, spent)
    return " ".join([f"{number:f}" for number in numbers]).encode()


def _watched(value: bytes) -> tuple[Decimal, Decimal | None, Decimal]:
    """Return the total before, the most that may be before if that is known, and the total without credits."""
    total, *rest = map(Decimal, value.decode().split())
    return total, rest[0] if rest else None, rest[1] if rest[1:] else total
