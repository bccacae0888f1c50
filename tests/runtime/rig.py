"""A stage's runner on the in-memory broker, under a clock that passes when told to."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from config.residency import Residency
from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.lanes.lane import Answer, Lane
from consumers.runtime.memory import MemoryBroker, MemoryTransport
from consumers.runtime.ownership import Ownership
from consumers.runtime.runner import Parts, Runner
from consumers.runtime.stage import Handler, Stage
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import RecordedTelemetry
from consumers.runtime.transport import Fetched, Outgoing, TransactionLost, Transport
from consumers.runtime.writer import Writer
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS, Topic
from tests.runtime.rows import OUT, SUBMITTED_AT, told

__all__ = ["CODEC", "REGISTRY", "ManualLane", "Member", "Rig", "SteppedClock"]

REGISTRY = registry_at("mock://runtime")
CODEC = Codec(REGISTRY)


class SteppedClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.time: datetime = SUBMITTED_AT + timedelta(hours=1)

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Return seconds since the clock's beginning."""
        return (self.time - SUBMITTED_AT).total_seconds()

    def now(self) -> datetime:
        """Return the time of day."""
        return self.time

    def now_ms(self) -> int:
        """Return milliseconds since 1970."""
        return int(self.time.timestamp() * 1000)


class ManualLane:
    """A lane whose tasks end when the test says so, in the order it says."""

    def __init__(self, workers: int = 100) -> None:
        self._workers = workers
        self.running: dict[int, Event] = {}
        self.started: list[Event] = []
        self._ended: list[Answer] = []

    @property
    def free(self) -> int:
        """How many more may start."""
        return self._workers - len(self.running)

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Begin a task."""
        del extra
        self.running[task] = event
        self.started.append(event)

    def finish(self, event: Event, outputs: Sequence[Event] = (), error: BaseException | None = None) -> None:
        """End the task of an event."""
        number = next(n for n, e in self.running.items() if e.event_id == event.event_id)
        del self.running[number]
        self._ended.append(Answer(number, outputs, error))

    def answers(self, timeout: float = 0.0) -> Sequence[Answer]:
        """Return what ended."""
        del timeout
        ended, self._ended = self._ended, []
        return ended

    def close(self, timeout: float) -> None:
        """Let go."""
        del timeout


@dataclass
class Member:
    """One runner with what a test looks at."""

    runner: Runner
    telemetry: RecordedTelemetry
    transport: Transport
    ownership: Ownership

    def run(self, steps: int = 6) -> None:
        """Go round that many times."""
        for _ in range(steps):
            self.runner.step(0)

    def persist(self, steps: int = 6) -> int:
        """Go round like a stage process, which takes the way back when a transaction was lost; return how often."""
        lost = 0
        for _ in range(steps):
            try:
                self.runner.step(0)
            except TransactionLost:
                lost += 1
                with contextlib.suppress(TransactionLost):
                    self.runner.recover()
        return lost


@dataclass
class Rig:
    """A stage on a broker of its own; `member` makes replicas of it."""

    stage: Stage
    folder: Path
    handler: Handler | None = None
    lane: Callable[[], Lane | None] = lambda: None
    given: Mapping[str, Any] = field(default_factory=dict)
    limit: DeadLetterLimit = field(default_factory=DeadLetterLimit)
    partitions: int = 4
    stages: frozenset[str] = frozenset({"test"})
    clock: SteppedClock = field(default_factory=SteppedClock)
    codec: Codec = CODEC
    residency: Residency | None = None

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(self.partitions, clock_ms=self.clock.now_ms)

    def member(self, instance: str = "a", *, start: bool = True) -> Member:
        """Return a replica that has joined the group."""
        transport = MemoryTransport(self.broker, self.stage.name, f"{self.stage.name}.{instance}")
        return self.on(transport, instance, start=start)

    def on(self, transport: Transport, instance: str, *, start: bool = True) -> Member:
        """Return a replica on a given transport."""
        handler = self.handler or self.stage.load()
        telemetry = RecordedTelemetry()
        ownership = Ownership(
            self.stage, handler, transport, folder=self.folder / instance, clock=self.clock, telemetry=telemetry
        )
        runner = Runner(
            Parts(
                stage=self.stage,
                handler=handler,
                transport=transport,
                codec=self.codec,
                clock=self.clock,
                telemetry=telemetry,
                tables=SideTables(handler.tables, transport, self.codec, self.clock),
                ownership=ownership,
                writer=Writer(self.stage, self.codec, self.stages, self.residency),
                lane=self.lane(),
                given=self.given,
                dead_letters=self.limit,
            )
        )
        if start:
            runner.start()
        return Member(runner, telemetry, transport, ownership)

    def feed(self, *events: Event, topic: Topic | None = None, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
        """Put events into the stage's input, or into another topic."""
        into = topic or self.stage.reads
        for event in events:
            self.broker.produce(Outgoing(into.name, into.key(event).encode(), CODEC.encode(event), headers))

    def outputs(self, topic: Topic = OUT) -> list[Event]:
        """Return what is in an output topic, decoded."""
        return [CODEC.decode(record.value) for record in self.broker.records(topic.name)]

    def told(self) -> list[tuple[str, int, str]]:
        """Return key, number and what was seen, of every output, sorted."""
        return sorted(told(event) for event in self.outputs())

    def audited(self) -> list[AuditRecorded]:
        """Return the audit events."""
        return [e for e in self.outputs(AUDIT_EVENTS) if isinstance(e, AuditRecorded)]

    def letters(self) -> list[Fetched]:
        """Return the dead letters."""
        return self.broker.records(DEAD_LETTERS.name)

    def state(self) -> dict[str, bytes | None]:
        """Return what the changelog says the state is, tombstones left out."""
        assert self.stage.changelog
        folded = {(r.key or b"").decode(): r.value for r in self.broker.records(self.stage.changelog.name)}
        return {key: value for key, value in folded.items() if value is not None}

    def lag(self) -> int:
        """Return how many records of the input are not committed as done."""
        name = self.stage.reads.name
        committed = {p: self.broker.offsets.get((self.stage.name, name, p)) for p in range(self.partitions)}
        return sum(len(self.broker.log(name, p)) - (offset.next if offset else 0) for p, offset in committed.items())
