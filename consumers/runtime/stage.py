"""What a stage is: a plain function and a row.

The function knows nothing of Kafka, clocks, retries or tracing. The row (`consumers/stages.py`) says what it reads
and writes; the runner does the rest.
"""

import importlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from schemas.envelope import Event
from schemas.events import TickElapsed
from schemas.topics import Topic

__all__ = ["Handler", "Lane", "Limits", "Stage", "Store", "Table", "TableView"]


def _no_key(event: Event) -> str:
    msg = f"{type(event).__name__}: a changelog is keyed by state, not by event"
    raise TypeError(msg)


class Lane(StrEnum):
    """Where a handler runs."""

    INLINE = "inline"
    """In the polling thread: microseconds."""
    PROCESS = "process"
    """In single-worker processes that can be killed: CPU-bound work on hostile input."""
    ASYNC = "async"
    """On an event loop of its own: waiting for HTTP."""
    BATCH = "batch"
    """Not run by the runner: a consumer that keeps its offsets with the rows it writes (the read model)."""


class Store(Protocol):
    """A stage's keyed state: bytes by ordered string key, one store per partition.

    What a handler writes becomes durable with its outputs, in one transaction, or not at all.
    """

    def get(self, key: str) -> bytes | None:
        """Return the value, None where there is none."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        ...

    def delete(self, key: str) -> None:
        """Remove the key; removing what is absent is no error."""
        ...

    def range(self, start: str, end: str, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield the pairs with start <= key < end, in code point order of the keys, the first `limit` of them."""
        ...


class TableView(Protocol):
    """A compacted topic held whole by every replica."""

    @property
    def version(self) -> str:
        """A hash of the content, the same on every replica that has read as far."""
        ...

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one record; None is a tombstone."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """A table a handler asks for; it arrives as the keyword argument `name`."""

    name: str
    topic: Topic
    view: Callable[[], TableView]


@dataclass(frozen=True, slots=True)
class Handler:
    """The functions of one stage.

    Attributes:
        handle: `(event, **given) -> events`, or `(event, state, **given) -> events` where `state` is set; in the
            async lane a coroutine function. `given` are its tables and capabilities, by name. Returned events go to
            the topics of their types. Raising `Transient` waits and tries again; anything else is dead-lettered.
        state: wraps the partition's `Store` into what `handle` works on; None for a stateless stage.
        guard: `(event, state) -> events | None`, run in the polling thread before a process or async lane: events
            end the record there, None sends it on. Its state changes become durable with the record's own.
        on_tick: `(tick, state, **given) -> groups of events`, for every tick of the partition. Between two groups it
            may be ended, to be called again with the same tick and the state as it left it: what it has yielded must
            not be found due again, and what it has not must be.
        on_dead_letter: `(event, reason) -> events` that are written beside the dead letter.
        waiting: `(state) -> moment | None`: since when the oldest thing in a partition's state has waited for
            something; it is shown as `oldest_waiting_seconds`.
        tables: the tables `handle` needs.
        capabilities: what else it needs: `vault`, `blobs`, `erp`, `join_limit`, `confidence`, `categories`; `assistant`
            where one is set; `codec` in the inline lane, to keep an event in the bytes it came in.

    """

    handle: Callable[..., Sequence[Event] | Awaitable[Sequence[Event]]]
    state: Callable[[Store], Any] | None = None
    guard: Callable[[Any, Any], Sequence[Event] | None] | None = None
    on_tick: Callable[..., Iterable[Sequence[Event]]] | None = None
    on_dead_letter: Callable[[Any, str], Sequence[Event]] | None = None
    waiting: Callable[[Any], datetime | None] | None = None
    tables: tuple[Table, ...] = ()
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one stage process.

    `in_flight` records and `in_flight_bytes` bytes are held at most; polling pauses above and resumes below half.
    `seconds` and `memory_bytes` bound one record in the process lane, `attempts` how often it may end its worker.
    `workers` is how many records run side by side in the process and async lanes, `together` how many of them may be of
    one key: they begin in order, and of one expense there is one at a time. One tick may bring up everything that has
    waited through an outage: after `tick_seconds` or `tick_bytes` of output its transaction ends and the rest goes into
    the next. The brokers end a transaction after 10 s, and its commit has to fit in too; the client holds 128 MiB.
    `changes` keys of a partition's state changed, it is committed before the next record runs: each takes a kilobyte
    until its transaction has ended.
    """

    in_flight: int = 5_000
    in_flight_bytes: int = 64 * 1024 * 1024
    workers: int = 2
    together: int = 1
    seconds: float = 120.0
    memory_bytes: int = 2 * 1024 * 1024 * 1024
    attempts: int = 3
    tick_seconds: float = 1.0
    tick_bytes: int = 16 * 1024 * 1024
    changes: int = 5_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the DAG: one consumer group, one deployment, one test folder.

    `handler` is the module that has the stage's `HANDLER`; it is imported only by the process that runs the stage.
    `entry` stages also put their input into the audit trail when a producer wrote it. `audited` is False where the
    outputs are the trail itself. `halts` stages stop where others dead-letter. `state_version` is raised when the state
    is written in a way that the release before cannot read; newer code reads older state, older code halts on newer.
    """

    name: str
    reads: Topic
    writes: tuple[Topic, ...]
    handler: str
    lane: Lane = Lane.INLINE
    stateful: bool = False
    state_version: int = 1
    tables: tuple[Topic, ...] = ()
    limits: Limits = Limits()
    entry: bool = False
    audited: bool = True
    halts: bool = False

    def load(self) -> Handler:
        """Import the stage's functions.

        Raises:
            TypeError: the module has no `HANDLER`, or it does not fit the row.

        """
        handler = importlib.import_module(self.handler).HANDLER
        if not isinstance(handler, Handler):
            msg = f"{self.handler}.HANDLER is no Handler"
            raise TypeError(msg)
        if self.stateful != (handler.state is not None) or {t.topic.name for t in handler.tables} != {
            t.name for t in self.tables
        }:
            msg = f"{self.handler}.HANDLER and the row {self.name!r} disagree about state or tables"
            raise TypeError(msg)
        return handler

    @property
    def changelog(self) -> Topic | None:
        """The compacted topic behind the stage's state, None for a stage that keeps none.

        The process lane keeps the number of started attempts there even where the handler has no state.
        """
        if not self.stateful and self.lane is not Lane.PROCESS:
            return None
        return Topic(
            f"changelog.{self.name}",
            (),
            _no_key,
            "state",
            partitions=self.reads.partitions,
            compact=True,
            retention_ms=None,
            max_message_bytes=self.reads.max_message_bytes,
        )

    @property
    def ticks(self) -> bool:
        """Whether the ticker writes to the topic this stage reads."""
        return TickElapsed in self.reads.events
