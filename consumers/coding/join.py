"""Where the three tracks' answers meet, whatever their order and however late.

Pending answers lie in keyed state under (expense, revision). The third one joins them; a time-out joins what there
is. Every join leaves a mark for good, so that a straggler, a replayed dead letter or an overlapping export of a card
feed does not bring the expense in a second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from consumers.runtime.stage import Store
from schemas.envelope import Event
from schemas.events import CategoryResolved, CurrencyConverted, TrackFailed, VendorResolved
from schemas.plain import from_plain, to_plain

__all__ = ["TIMEOUT", "TRACKS", "Answer", "Joins", "track_of"]

TRACKS: Final = ("currency", "vendor", "category")
Answer = CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed
# Longer than any lag a healthy stage builds up under load, short enough for a person to see it the same day.
TIMEOUT: Final = timedelta(hours=1)
# A tick's work is one transaction; what is due beyond this waits for the next tick.
_PER_TICK: Final = 500
_CLOCK: Final = "clock"


def track_of(answer: Answer) -> str:
    """Return whose answer it is."""
    if isinstance(answer, TrackFailed):
        return answer.track
    if isinstance(answer, CurrencyConverted):
        return "currency"
    return "vendor" if isinstance(answer, VendorResolved) else "category"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _name(event: Event) -> str:
    return f"{event.expense_id}/{event.revision}"


@dataclass(frozen=True, slots=True)
class Joined:
    """A join that took place; `batch_id` is the batch the expense came with then."""

    batch_id: str | None


@dataclass(frozen=True, slots=True)
class Joins:
    """The pending joins of one partition."""

    store: Store

    def joined(self, answer: Answer) -> Joined | None:
        """Return how the answer's revision was joined, None when it is still to be."""
        mark = self.store.get(f"joined/{_name(answer)}")
        return None if mark is None else Joined(orjson.loads(mark)["batch"])

    def add(self, answer: Answer) -> tuple[Answer, ...] | None:
        """Take in one answer to a revision not joined yet; return all three, in the order of `TRACKS`, with the last.

        A track's second answer to the same revision changes nothing: the first one counts.
        """
        name = _name(answer)
        held = self._pending(name)
        answers = {track_of(answer): answer, **held}
        if len(answers) == len(TRACKS):
            self._forget(name)
            self._remember(name, answer)
            return tuple(answers[track] for track in TRACKS)
        if not held:
            self._due(name, max(self._now(), answer.occurred_at) + TIMEOUT)
        if track_of(answer) not in held:
            # orjson walks the event itself and leaves only decimals and bytes to `to_plain`: several times as fast.
            record = {"kind": type(answer).__name__, "answer": answer}
            self.store.put(f"answer/{name}/{track_of(answer)}", orjson.dumps(record, default=to_plain))
        return None

    def overdue(self, now: datetime) -> Iterator[tuple[Answer, ...]]:
        """Yield the answers of each expense that has waited too long for the rest, oldest first, and let go of it.

        At most `_PER_TICK` at once. Also moves the partition's clock on: time is what ticks say, so that a stage that
        was stopped over night does not call everything overdue when it comes back.
        """
        self.store.put(_CLOCK, _stamp(max(now, self._now())).encode())
        for due, _ in self._until(now):
            name = due.split("/", 2)[2]
            held = self._pending(name)
            self._forget(name)
            answers = tuple(held[track] for track in TRACKS if track in held)
            if answers:
                self._remember(name, answers[0])
                yield answers

    def _until(self, now: datetime) -> Sequence[tuple[str, bytes]]:
        walk = self.store.range("due/", f"due/{_stamp(now)}0")
        return [pair for _, pair in zip(range(_PER_TICK), walk, strict=False)]

    def _pending(self, name: str) -> dict[str, Answer]:
        held: dict[str, Answer] = {}
        for track in TRACKS:
            stored = self.store.get(f"answer/{name}/{track}")
            if stored is not None:
                record = orjson.loads(stored)
                answer = from_plain({"event": record["kind"], **record["answer"]})
                if isinstance(answer, CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed):
                    held[track] = answer
        return held

    def _due(self, name: str, moment: datetime) -> None:
        self.store.put(f"due/{_stamp(moment)}/{name}", b"")
        self.store.put(f"when/{name}", _stamp(moment).encode())

    def _forget(self, name: str) -> None:
        due = self.store.get(f"when/{name}")
        if due is not None:
            self.store.delete(f"due/{due.decode()}/{name}")
            self.store.delete(f"when/{name}")
        for track in TRACKS:
            self.store.delete(f"answer/{name}/{track}")

    def _remember(self, name: str, answer: Answer) -> None:
        self.store.put(f"joined/{name}", orjson.dumps({"batch": answer.batch_id}))

    def _now(self) -> datetime:
        stored = self.store.get(_CLOCK)
        return (
            datetime.fromisoformat(stored.decode()).replace(tzinfo=UTC) if stored else datetime.min.replace(tzinfo=UTC)
        )
