"""Decisions of a ledger that lean on other expenses or wait for a receipt, kept to be made again."""

from dataclasses import dataclass
from typing import Final, cast

import orjson

from consumers.runtime.stage import Store
from consumers.screen.prior import Prior
from schemas.codec import Codec
from schemas.events import ExpenseEvaluated
from schemas.plain import from_plain

__all__ = ["Kept", "KeptDecisions", "place_of"]

# The code point after "/" closes a folder, and places in the order of arrival have this many digits.
_AFTER: Final = "0"
_DIGITS: Final = 12
# Between a kept decision, one line of JSON, and its event.
_EVENT: Final = b"\n"
_EVALUATED: Final = ExpenseEvaluated.__name__


def place_of(sequence: int) -> str:
    """Return a place in the order of arrival as keys have it."""
    return f"{sequence:0{_DIGITS}}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision that leans on other expenses or waits, kept to be made again when those change."""

    sequence: int
    event: ExpenseEvaluated
    prior: Prior
    number: int
    gist: tuple[tuple[str, str | None], ...]


class KeptDecisions:
    """The kept decisions of one ledger, whose keys begin with `at`."""

    def __init__(self, store: Store, at: str, codec: Codec) -> None:
        self._store, self._at, self._codec = store, at, codec

    def keep(self, kept: Kept, *, waiting: bool) -> None:
        """Keep a decision that is not kept yet, watched under each account and expense it leans on."""
        place = place_of(kept.sequence)
        watched = (*kept.prior.totals, *kept.prior.others())
        for name in watched:
            self._store.put(f"{self._at}watch/{name}/{place}", b"")
        if waiting:
            self._store.put(f"{self._at}waiting/{kept.event.expense_id}", place.encode())
        record = {
            "expense": kept.event.expense_id,
            "prior": kept.prior.canonical(),
            "number": kept.number,
            "gist": kept.gist,
            "watched": watched,
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
        """Return a kept decision.

        Raises:
            Undecodable, RegistryUnavailable: see the codec.

        """
        value = self._store.get(f"{self._at}kept/{place_of(sequence)}")
        if value is None:
            return None
        head, _, data = value.partition(_EVENT)
        record = orjson.loads(head)
        event = self._codec.decode(data) if data else from_plain({"event": _EVALUATED, **record["event"]})
        gist = tuple((code, other) for code, other in record["gist"])
        return Kept(sequence, cast("ExpenseEvaluated", event), Prior.read(record["prior"]), record["number"], gist)

    def watching(self, name: str, after: int = 0) -> tuple[int, ...]:
        """Return who leans on an account or expense, in order of arrival, only those that came after a place."""
        folder = f"{self._at}watch/{name}/"
        start = folder + place_of(after + 1)
        return tuple(int(key.rpartition("/")[2]) for key, _ in self._store.range(start, folder[:-1] + _AFTER))

    def waiting(self, expense: str) -> int | None:
        """Return the place of a card line that waits for its receipt, None where it does not wait."""
        value = self._store.get(f"{self._at}waiting/{expense}")
        return None if value is None else int(value)
