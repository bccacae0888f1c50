"""Where the three tracks' answers meet, whatever their order and however late.

Pending answers lie in keyed state under (expense, revision). The third one joins them; a time-out joins what there
is. Every join leaves a mark for good, so that a straggler, a replayed dead letter or an overlapping export of a card
feed does not bring the expense in a second time. The mark says which tracks the expense went on without, so that
their late answers are told apart from repeated ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from consumers.runtime.stage import Store
from schemas.envelope import Event
from schemas.events import CategoryResolved, CurrencyConverted, TrackFailed, VendorResolved
from schemas.plain import from_plain, scalar

__all__ = ["TRACKS", "Answer", "Joined", "Joins", "track_of"]

TRACKS: Final = ("currency", "vendor", "category")
Answer = CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed
_TRACK_OF: Final[dict[type[Answer], str]] = {
    CurrencyConverted: "currency",
    VendorResolved: "vendor",
    CategoryResolved: "category",
}
# How many keys are looked up at a time, however many are overdue.
_CHUNK: Final = 500
# The first version of the state kept until when a join waits, an hour from its first answer, instead of since when.
_FIRST_LIMIT: Final = timedelta(hours=1)
_CLOCK: Final = "clock"


def track_of(answer: Answer) -> str:
    """Return whose answer it is."""
    return answer.track if isinstance(answer, TrackFailed) else _TRACK_OF[type(answer)]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _name(event: Event) -> str:
    return f"{event.expense_id}/{event.revision}"


# Answers to one expense mostly come one after the other: what was kept a moment ago need not be read from its bytes.
# By the bytes themselves, so that what is found is what stands in them, whatever became of the state since.
_LATELY: Final[dict[bytes, Answer]] = {}
_REMEMBERED: Final = 2_048


def _written(answer: Answer) -> bytes:
    """Return the bytes an answer is kept as."""
    # orjson walks the event itself and leaves only decimals and bytes to `scalar`: several times as fast.
    stored = orjson.dumps({"kind": type(answer).__name__, "answer": answer}, default=scalar)
    if len(_LATELY) >= _REMEMBERED:
        del _LATELY[next(iter(_LATELY))]
    _LATELY[stored] = answer
    return stored


def _read(stored: bytes) -> Answer:
    """Return an answer that was kept.

    Raises:
        TypeError: what was kept is no answer of a track, so the state is another stage's.

    """
    if (lately := _LATELY.pop(stored, None)) is not None:
        return lately
    record = orjson.loads(stored)
    answer = from_plain({"event": record["kind"], **record["answer"]})
    if not isinstance(answer, CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed):
        msg = f"{record['kind']} is no answer of a track"
        raise TypeError(msg)
    return answer


@dataclass(frozen=True, slots=True)
class Joined:
    """A join that took place.

    `batch_id` is the batch the expense came with then, `without` the tracks it went on without.
    """

    batch_id: str | None
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joins:
    """The pending joins of one partition."""

    store: Store

    def joined(self, answer: Answer) -> Joined | None:
        """Return how the answer's revision was joined, None when it is still to be."""
        mark = self.store.get(f"joined/{_name(answer)}")
        if mark is None:
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

    def add(self, answer: Answer) -> tuple[Answer, ...] | None:
        """Take in one answer to a revision not joined yet; return all three, in the order of `TRACKS`, with the last.

        A track's second answer to the same revision changes nothing: the first one counts.
        """
        name, own = _name(answer), track_of(answer)
        held = self._held(name)
        if len({own, *held}) == len(TRACKS):
            answers = {own: answer, **{track: _read(stored) for track, stored in held.items()}}
            self._forget(name)
            self._remember(name, answers)
            return tuple(answers[track] for track in TRACKS)
        if not held:
            self._waits(name, max(self._now(), answer.occurred_at))
        if own not in held:
            self.store.put(f"answer/{name}/{own}", _written(answer))
        return None

    def oldest(self) -> datetime | None:
        """Return since when the oldest pending join waits, None where none does."""
        found = next(self.store.range("waiting/", "waiting0", 1), None)
        return _moment(found[0].split("/", 2)[1]) if found else None

    def overdue(self, now: datetime, limit: timedelta) -> Iterator[tuple[Answer, ...]]:
        """Yield the answers of each expense that has waited `limit` for the rest, oldest first, and let go of it.

        Ended in between, it has let go of those it has yielded and of no other. Also moves the partition's clock on:
        time is what ticks say, so that a stage that was stopped over night does not call everything overdue when it
        comes back.
        """
        self.store.put(_CLOCK, _stamp(max(now, self._now())).encode())
        self._convert()
        for waiting in self._keys("waiting/", f"waiting/{_stamp(now - limit)}0"):
            name = waiting.split("/", 2)[2]
            held = self._pending(name)
            self._forget(name)
            if held:
                self._remember(name, held)
                yield tuple(held[track] for track in TRACKS if track in held)

    def _convert(self) -> None:
        """Write what the first version of the state left pending as this one does."""
        for due in self._keys("due/", "due0"):
            _, until, name = due.split("/", 2)
            self.store.delete(f"when/{name}")
            if self._pending(name):
                self._waits(name, _moment(until) - _FIRST_LIMIT)

    def _keys(self, start: str, end: str) -> Iterator[str]:
        """Yield the keys from `start` up to `end` in order, and remove each before it is seen."""
        while chunk := list(self.store.range(start, end, _CHUNK)):
            for key, _ in chunk:
                self.store.delete(key)
                yield key

    def _pending(self, name: str) -> dict[str, Answer]:
        return {track: _read(stored) for track, stored in self._held(name).items()}

    def _held(self, name: str) -> dict[str, bytes]:
        """Return what is pending as it is stored: only the last answer has need of what the others say."""
        get, start = self.store.get, f"answer/{name}/"
        return {track: found for track in TRACKS if (found := get(start + track)) is not None}

    def _waits(self, name: str, since: datetime) -> None:
        stamp = _stamp(since)
        self.store.put(f"waiting/{stamp}/{name}", b"")
        self.store.put(f"since/{name}", stamp.encode())

    def _forget(self, name: str) -> None:
        since = self.store.get(f"since/{name}")
        if since is not None:
            self.store.delete(f"waiting/{since.decode()}/{name}")
            self.store.delete(f"since/{name}")
        for track in TRACKS:
            self.store.delete(f"answer/{name}/{track}")

    def _remember(self, name: str, answers: dict[str, Answer]) -> None:
        without = tuple(t for t in TRACKS if isinstance(answers.get(t), TrackFailed | None))
        batch = next(answers[t].batch_id for t in TRACKS if t in answers)
        self._mark(name, batch, without)

    def _mark(self, name: str, batch_id: str | None, without: tuple[str, ...]) -> None:
        self.store.put(f"joined/{name}", orjson.dumps({"batch": batch_id, "without": without}))

    def _now(self) -> datetime:
        stored = self.store.get(_CLOCK)
        return _moment(stored.decode()) if stored else datetime.min.replace(tzinfo=UTC)
