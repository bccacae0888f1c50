"""The whole DAG in one process: the real runner, writer and stages over the in-memory broker, the real ERP sandbox.

For business scenarios in milliseconds; the same ones run on real Kafka in `tests/e2e`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from audit.reconstruct import Expense
from consumers.project.database import open_database
from consumers.project.follow import Follower
from consumers.project.queries import ReadModel
from consumers.runtime.lanes.lane import Answer
from consumers.runtime.memory import MemoryBroker, MemoryTransport
from consumers.runtime.ownership import Ownership
from consumers.runtime.runner import Parts, Runner
from consumers.runtime.stage import Handler, Lane, Stage
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import RecordedTelemetry
from consumers.runtime.transport import Outgoing
from consumers.runtime.writer import Writer
from consumers.stages import STAGES
from desk.resolutions import assertion, resolve
from erp.app import create_app
from erp.ledger import load_chart
from erp.store import Store
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import ExpenseParsed, TickElapsed
from schemas.identity import card_line_id, derive
from schemas.lifecycle import State
from schemas.records import Context, Facts, Line
from schemas.topics import topic_of

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ENTERED = START + timedelta(hours=1)
JOIN_LIMIT = timedelta(minutes=15)


class SteppedClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.time = START

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return (self.time - START).total_seconds()

    def now(self) -> datetime:
        """Return the time of day."""
        return self.time

    def now_ms(self) -> int:
        """Return milliseconds since 1970."""
        return int(self.time.timestamp() * 1000)


class DirectLane:
    """A lane that runs each task at once, in place of processes and event loops."""

    free = 1

    def __init__(self, handler: Handler, given: Mapping[str, Any]) -> None:
        self._handler, self._given = handler, given
        self._ended: list[Answer] = []

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Run the task."""
        del extra
        try:
            outputs: Any = self._handler.handle(event, **self._given)
            if asyncio.iscoroutine(outputs):
                outputs = asyncio.run(outputs)
        except Exception as error:  # noqa: BLE001 - as the real lanes do
            self._ended.append(Answer(task, error=error))
        else:
            self._ended.append(Answer(task, outputs))

    def answers(self, timeout: float = 0.0) -> Sequence[Answer]:
        """Return what ended."""
        del timeout
        ended, self._ended = self._ended, []
        return ended

    def close(self, timeout: float) -> None:
        """Nothing to end."""


class System:
    """Every stage, one replica each."""

    def __init__(self, folder: Path, capabilities: Mapping[str, Any] | None = None) -> None:
        self.clock = SteppedClock()
        self.codec = Codec(registry_at("mock://dag"))
        self.broker = MemoryBroker(clock_ms=self.clock.now_ms)
        self.telemetry = {stage.name: RecordedTelemetry() for stage in STAGES}
        self.erp = Store(folder / "ledger.sqlite")
        app = create_app(self.erp, load_chart(), self.clock.now)
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://erp.test")
        self.given: dict[str, Any] = {"erp": self.http, "join_limit": JOIN_LIMIT, **(capabilities or {})}
        engine = open_database(f"sqlite:///{folder / 'read-model.sqlite'}")
        self.model = ReadModel(engine)
        names = frozenset(s.name for s in STAGES)
        # Without a vault and a document store there are no documents to read, only card lines.
        left_out = {Lane.BATCH} if capabilities else {Lane.BATCH, Lane.PROCESS}
        self.runners = {s.name: self._runner(s, folder, names) for s in STAGES if s.lane not in left_out}
        for runner in self.runners.values():
            runner.start()
        transport = MemoryTransport(self.broker, "project", "project.0")
        self.follower = Follower(transport, self.codec, engine, self.telemetry["project"])
        self.follower.start()
        # Tables were read to an end fetched before this: what enters from now on has them read again.
        self.clock.time = ENTERED

    def _runner(self, stage: Stage, folder: Path, names: frozenset[str]) -> Runner:
        handler = stage.load()
        transport = MemoryTransport(self.broker, stage.name, f"{stage.name}.0")
        given = {name: self.given[name] for name in handler.capabilities if name in self.given}
        telemetry = self.telemetry[stage.name]
        return Runner(
            Parts(
                stage=stage,
                handler=handler,
                transport=transport,
                codec=self.codec,
                clock=self.clock,
                telemetry=telemetry,
                tables=SideTables(handler.tables, transport, self.codec, self.clock),
                ownership=Ownership(
                    stage, handler, transport, folder=folder / stage.name, clock=self.clock, telemetry=telemetry
                ),
                writer=Writer(stage, self.codec, names),
                lane=None if stage.lane is Lane.INLINE else DirectLane(handler, given),
                given=given,
            )
        )

    def publish(self, *events: Event) -> None:
        """Write events as a producer would."""
        for event in events:
            topic = topic_of(type(event))
            self.broker.produce(Outgoing(topic.name, topic.key(event).encode(), self.codec.encode(event)))

    def run(self, rounds: int = 200) -> None:
        """Let every stage step until nothing moves."""
        for _ in range(rounds):
            moved = sum(runner.step(0) for runner in self.runners.values()) + self.follower.step()
            if not moved and all(r.idle for r in self.runners.values()):
                return
            self.clock.time += timedelta(milliseconds=1)
        msg = "the stages did not come to rest"
        raise AssertionError(msg)

    def submit(self, *events: Event) -> None:
        """Publish and run."""
        self.publish(*events)
        self.run()

    def expense(self, expense_id: str) -> Expense:
        """Return what the read model knows."""
        found = self.model.expense(expense_id)
        assert found is not None, f"the read model does not know {expense_id}"
        return found

    def state(self, expense_id: str) -> str | None:
        """Return where an expense stands."""
        return self.expense(expense_id).state

    def resolve(self, expense_id: str, action: str, *stated: str) -> None:
        """Resolve a review as a person would, and run."""
        self.clock.time += timedelta(seconds=1)
        corrections = [assertion(text, "reviewer") for text in stated]
        seen = self.expense(expense_id)
        self.submit(
            resolve(seen, action, actor="reviewer", reason="as told", at=self.clock.now(), corrections=corrections)
        )

    def tick(self, at: datetime) -> None:
        """Let time reach `at` in every stage that is told the time."""
        self.clock.time = at
        for stage in STAGES:
            if stage.ticks:
                for partition in range(self.broker.partitions):
                    value = self.codec.encode(tick(at))
                    self.broker.produce(Outgoing(stage.reads.name, b"tick", value, partition=partition))
        self.run()

    def postings(self) -> list[str]:
        """Return the expense ids of the ERP's postings."""
        return [str(posting.journal.expense_id) for posting in self.erp.find(None, None, None)]

    def dead_letters(self) -> int:
        """Return how many dead letters there are."""
        return len(self.broker.records("expense.dlq"))


def tick(at: datetime) -> TickElapsed:
    """Return a tick."""
    name = derive("tick", at.isoformat())
    return opening(TickElapsed, name, tenant="main", expense_id=name, at=at, stage="ticker")


def card_line(
    amount: str,
    *,
    reference: str = "1",
    merchant: str = "HILTON GARDEN INN 0231",
    mcc: str = "3504",
    subject: str = "a" * 32,
    department: str | None = "sales",
    currency: str = "USD",
    day: str = "2026-03-04",
    batch: str | None = None,
    **context: Any,
) -> ExpenseParsed:
    """Return a card line as the feed writes it."""
    value = Decimal(amount)
    expense_id = card_line_id("main", "card-1", day, value, currency, merchant, reference)
    return opening(
        ExpenseParsed,
        expense_id,
        batch or "",
        tenant="main",
        expense_id=expense_id,
        at=ENTERED,
        stage="card_feed",
        subject=subject,
        status=State.PARSED,
        batch_id=batch,
        document=None,
        context=Context(department=department, **context),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            vendor_name=merchant,
            invoice_number=reference,
            invoice_date=datetime.fromisoformat(day).date(),
            currency=currency,
            total=value,
            mcc=mcc,
            account="card-1",
            confidence={},
        ),
        lines=(Line(number=1, description=merchant, amount=value),),
    )
