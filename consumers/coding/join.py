"""Where the three tracks' answers meet, whatever their order and however late.

Pending answers lie in keyed state under (expense, revision), in the bytes they came in: one key an expense, since the
state is what a join costs most. The third one joins them; a time-out joins what there is. Every join leaves a mark for
good, in the place of the answers, so that a straggler, a replayed dead letter or an overlapping export of a card feed
does not bring the expense in a second time. The mark says which tracks the expense went on without, so that their late
answers are told apart from repeated ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from consumers.coding.pending import Pending, opened, packed, read
from consumers.coding.tracks import TRACKS, Answer, track_of
from consumers.runtime.stage import Store
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import TrackFailed

__all__ = ["Joined", "Joins"]

# How many keys are looked up at a time, however many are overdue.
_CHUNK: Final = 500
# The first version of the state kept until when a join waits, an hour from its first answer, instead of since when.
_FIRST_LIMIT: Final = timedelta(hours=1)
_CLOCK: Final = "clock"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _name(event: Event) -> str:
    return f"{event.expense_id}/{event.revision}"


@dataclass(frozen=True, slots=True)
class Joined:
    """A join that took place.

    `batch_id` is the batch the expense came with then, `without` the tracks it went on without.
    """

    batch_id: str | None
    without: tuple[str, ...]


class Joins:
    """The pending joins of one partition."""

    __slots__ = ("_old", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        # Whether anything may be left of what earlier versions left pending.
        self._old = True

    def joined(self, answer: Answer) -> Joined | None:
        """Return how the answer's revision was joined, None when it is still to be."""
        mark = self._store.get(f"joined/{_name(answer)}")
        if mark is None or not mark.startswith(b"{"):
            return None
        told = orjson.loads(mark)
        return Joined(told["batch"], tuple(told.get("without", ())))

    def settle(self, answer: Answer, before: Joined) -> bool:
        """Return whether this is the first real answer of a track the expense went on without."""
        track = track_of(answer)
        if track not in before.without or isinstance(answer, TrackFailed):
            return False
        self._mark(_name(answer), before.batch_id, tuple(t for t in before.without if t != track))
        return True

    def add(self, answer: Answer, codec: Codec) -> tuple[Answer, ...] | None:
        """Take in one answer to a revision not joined yet; return all three, in the order of `TRACKS`, with the last.

        A track's second answer to the same revision changes nothing: the first one counts.
        """
        name, own = _name(answer), track_of(answer)
        pending = self._pending(name) or Pending("", {})
        if len({own, *pending.answers}) == len(TRACKS):
            answers = {own: answer, **{track: read(stored, codec) for track, stored in pending.answers.items()}}
            self._let_go(name, pending)
            self._remember(name, answers)
            return tuple(answers[track] for track in TRACKS)
        if own not in pending.answers:
            since = pending.since or self._waits(name, max(self._now(), answer.occurred_at))
            self._keep(name, pending, Pending(since, {**pending.answers, own: codec.encode(answer)}))
        return None

    def oldest(self) -> datetime | None:
        """Return since when the oldest pending join waits, None where none does."""
        found = next(self._store.range("waiting/", "waiting0", 1), None)
        return _moment(found[0].split("/", 2)[1]) if found else None

    def overdue(self, now: datetime, limit: timedelta, codec: Codec) -> Iterator[tuple[Answer, ...]]:
        """Yield the answers of each expense that has waited `limit` for the rest, oldest first, and let go of it.

        Ended in between, it has let go of those it has yielded and of no other. Also moves the partition's clock on:
        time is what ticks say, so that a stage that was stopped over night does not call everything overdue when it
        comes back.
        """
        self._store.put(_CLOCK, _stamp(max(now, self._now())).encode())
        self._convert()
        for waiting in self._keys("waiting/", f"waiting/{_stamp(now - limit)}0"):
            name = waiting.split("/", 2)[2]
            pending = self._pending(name)
            if pending is not None:
                held = {track: read(stored, codec) for track, stored in pending.answers.items()}
                self._let_go(name, pending)
                self._remember(name, held)
                yield tuple(held[track] for track in TRACKS if track in held)

    def _convert(self) -> None:
        """Have what the first version of the state left pending wait as it does now."""
        for due in self._keys("due/", "due0"):
            _, until, name = due.split("/", 2)
            self._store.delete(f"when/{name}")
            pending = self._pending(name)
            if pending is not None:
                since = self._waits(name, _moment(until) - _FIRST_LIMIT)
                self._keep(name, pending, Pending(since, pending.answers))

    def _keys(self, start: str, end: str) -> Iterator[str]:
        """Yield the keys from `start` up to `end` in order, and remove each before it is seen."""
        while chunk := list(self._store.range(start, end, _CHUNK)):
            for key, _ in chunk:
                self._store.delete(key)
                yield key

    def _pending(self, name: str) -> Pending | None:
        """Return what is pending, None where nothing is."""
        stored = self._store.get(f"joined/{name}")
        if stored is not None:
            return None if stored.startswith(b"{") else opened(stored)
        if self._old:
            self._old = next(self._store.range("answer/", "answer0", 1), None) is not None
        return self._pending_of_old(name) if self._old else None

    def _pending_of_old(self, name: str) -> Pending | None:
        """Return what earlier versions left pending: a key for each answer, and one for since when it waits."""
        get = self._store.get
        answers = {track: found for track in TRACKS if (found := get(f"answer/{name}/{track}")) is not None}
        since = get(f"since/{name}")
        return Pending(since.decode() if since else "", answers, old=True) if answers else None

    def _waits(self, name: str, since: datetime) -> str:
        stamp = _stamp(since)
        self._store.put(f"waiting/{stamp}/{name}", b"")
        return stamp

    def _keep(self, name: str, before: Pending, pending: Pending) -> None:
        self._forget_old(name, before)
        self._store.put(f"joined/{name}", packed(pending))

    def _let_go(self, name: str, pending: Pending) -> None:
        """Let a join wait no longer; the mark that follows takes the place of its answers."""
        if pending.since:
            self._store.delete(f"waiting/{pending.since}/{name}")
        self._forget_old(name, pending)

    def _forget_old(self, name: str, pending: Pending) -> None:
        if pending.old:
            self._store.delete(f"since/{name}")
            for track in TRACKS:
                self._store.delete(f"answer/{name}/{track}")

    def _remember(self, name: str, answers: dict[str, Answer]) -> None:
        without = tuple(t for t in TRACKS if isinstance(answers.get(t), TrackFailed | None))
        batch = next(answers[t].batch_id for t in TRACKS if t in answers)
        self._mark(name, batch, without)

    def _mark(self, name: str, batch_id: str | None, without: tuple[str, ...]) -> None:
        self._store.put(f"joined/{name}", orjson.dumps({"batch": batch_id, "without": without}))

    def _now(self) -> datetime:
        stored = self._store.get(_CLOCK)
        return _moment(stored.decode()) if stored else datetime.min.replace(tzinfo=UTC)
