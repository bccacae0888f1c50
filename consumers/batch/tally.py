"""What is kept of each batch: who belongs to it, and how many are in which state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from consumers.runtime.stage import Store

__all__ = ["Later", "Tallies", "Tally"]

_BATCH, _MEMBER, _LATER = "batch/", "member/", "later/"
# The character after the slash: the member keys of one batch lie between the two.
_SLASH, _AFTER_SLASH = "/", "0"
# Members looked at together: a batch may be a year of a company's cards.
_CHUNK = 1_000
# Between when a batch may be told again and the event that changed it.
_CAUSE = b"\n"


@dataclass(frozen=True, slots=True)
class Later:
    """What is still to be told of a batch, and not before when: the event that changed it last, in its bytes."""

    not_before: datetime | None = None
    cause: bytes | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """One batch.

    `parts` and `seen` say how many closing parts there are and which came, `members` how many expenses belong to it,
    `counts` how many members reached which end or waiting state, `told` the counts of the last BatchCompleted.
    """

    parts: int = 0
    seen: tuple[int, ...] = ()
    members: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, int] | None = None

    @property
    def complete(self) -> bool:
        """Whether the batch is closed and every member ended or waits."""
        return 0 < self.parts <= len(self.seen) and sum(self.counts.values()) == self.members

    @property
    def news(self) -> bool:
        """Whether it is complete, with other counts than were told."""
        return self.complete and self.counts != self.told

    def with_part(self, part: int, parts: int) -> "Tally":
        """Return the tally with one closing part more."""
        return replace(self, parts=max(parts, self.parts), seen=tuple(sorted({*self.seen, part})))

    def as_told(self) -> "Tally":
        """Return the tally with its counts marked as told."""
        return replace(self, told=self.counts)


class Tallies:
    """The batches of one partition, each by an id that holds no slash."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, batch: str) -> Tally:
        """Return a batch's tally, an empty one when nothing is known of it."""
        value = self._store.get(_BATCH + batch)
        if value is None:
            return Tally()
        kept = orjson.loads(value)
        return Tally(kept["parts"], tuple(kept["seen"]), kept["members"], kept["counts"], kept["told"])

    def put(self, batch: str, tally: Tally) -> None:
        """Keep a batch's tally."""
        kept = {
            "parts": tally.parts,
            "seen": tally.seen,
            "members": tally.members,
            "counts": tally.counts,
            "told": tally.told,
        }
        self._store.put(_BATCH + batch, orjson.dumps(kept))

    def enrol(self, tally: Tally, batch: str, expense_id: str) -> Tally:
        """Return the tally with one member more; naming a member twice changes nothing."""
        state, member = self._known(batch, expense_id)
        if member:
            return tally
        self._keep(batch, expense_id, state, member=True)
        counts = _moved(tally.counts, None, state)
        return replace(tally, members=tally.members + 1, counts=counts)

    def move(self, tally: Tally, batch: str, expense_id: str, state: str) -> Tally:
        """Return the tally after an expense reached a state; before the batch names it as a member it is only kept."""
        before, member = self._known(batch, expense_id)
        self._keep(batch, expense_id, state, member=member)
        return replace(tally, counts=_moved(tally.counts, before, state)) if member else tally

    def members(self, batch: str) -> Iterator[tuple[str, str]]:
        """Yield the members with their states, in order of their ids."""
        prefix = _MEMBER + batch
        start = prefix + _SLASH
        while chunk := tuple(self._store.range(start, prefix + _AFTER_SLASH, _CHUNK)):
            for key, value in chunk:
                kept = orjson.loads(value)
                if kept["member"]:
                    yield key.removeprefix(prefix + _SLASH), kept["state"]
            start = f"{chunk[-1][0]}\0"

    def later(self, batch: str) -> Later:
        """Return what is still to be told of a batch."""
        return _later(self._store.get(_LATER + batch))

    def put_later(self, batch: str, later: Later) -> None:
        """Keep what is still to be told of a batch; nothing is kept of nothing."""
        if later == Later():
            self._store.delete(_LATER + batch)
            return
        at = later.not_before.isoformat() if later.not_before else ""
        self._store.put(_LATER + batch, at.encode() + _CAUSE + (later.cause or b""))

    def laters(self) -> tuple[tuple[str, Later], ...]:
        """Return what is still to be told, by batch: large ones alone, of which there are few."""
        rows = self._store.range(_LATER, _LATER[:-1] + _AFTER_SLASH)
        return tuple((key.removeprefix(_LATER), _later(value)) for key, value in rows)

    def _known(self, batch: str, expense_id: str) -> tuple[str | None, bool]:
        value = self._store.get(f"{_MEMBER}{batch}/{expense_id}")
        if value is None:
            return None, False
        kept = orjson.loads(value)
        return kept["state"], kept["member"]

    def _keep(self, batch: str, expense_id: str, state: str | None, *, member: bool) -> None:
        self._store.put(f"{_MEMBER}{batch}/{expense_id}", orjson.dumps({"state": state, "member": member}))


def _moved(counts: Mapping[str, int], before: str | None, after: str | None) -> dict[str, int]:
    moved = dict(counts)
    if before is not None:
        moved[before] -= 1
    if after is not None:
        moved[after] = moved.get(after, 0) + 1
    return {state: number for state, number in moved.items() if number}


def _later(value: bytes | None) -> Later:
    at, _, cause = (value or b"").partition(_CAUSE)
    return Later(datetime.fromisoformat(at.decode()) if at else None, cause or None)
