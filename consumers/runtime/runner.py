"""The stage runner: polls, runs handlers, and hands over exactly once. One thread, one transaction a tick.

A tick's transaction carries finished outputs, their audit events, state changes, dead letters, and the offsets they
came from. So an input is either wholly done or not begun, whatever dies when.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import structlog

from consumers.runtime.admission import Admission
from consumers.runtime.attempts import WaitingRoom
from consumers.runtime.burial import Burial
from consumers.runtime.dead_letter import WORKER_DIED, reason_of
from consumers.runtime.errors import Poisoned, Transient
from consumers.runtime.faults import KEY_TABLE, STOPS, transient_of
from consumers.runtime.handling import Handling
from consumers.runtime.lanes.lane import Answer, WorkerDied
from consumers.runtime.pacing import Pacing
from consumers.runtime.partition import Partition, Task
from consumers.runtime.parts import Parts
from consumers.runtime.pressure import Pressure
from consumers.runtime.schedule import Schedule, backoff
from consumers.runtime.ticking import Ticking
from consumers.runtime.transport import Fetched, Outgoing, TransactionLost
from schemas.envelope import Event
from schemas.events import AlertRaised, TickElapsed

__all__ = ["Parts", "Runner"]

_log = structlog.get_logger(__name__)


class Runner:
    """Runs one stage as one member of its consumer group. Call `start`, then `step` until it is time to go."""

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        self._limits = parts.stage.limits
        self._own = parts.ownership
        self._handling = Handling(parts.stage, parts.handler, parts.codec)
        self._schedule = Schedule(self._limits.together, self._handling.expense)
        self._room = WaitingRoom(self._limits.workers, marks=self._own.durable)
        self._running: dict[int, Task] = {}
        self._ready: deque[Task] = deque()
        self._numbers = 0
        self._admission = Admission(parts.stage.name, parts.ownership, parts.telemetry)
        self._pressure = Pressure(parts.stage.limits, parts.ownership, parts.telemetry, parts.clock)
        self._pacing = Pacing(parts.ownership, self._room, parts.transport, beside=parts.lane is not None)
        self._missing: dict[str, str] = {}
        self._events_out = 0
        self._committed_at = 0.0
        self._ticking = Ticking(parts.stage, parts.handler, parts.writer, parts.ownership, parts.clock)
        self._burial = Burial(parts.stage, parts.handler, parts.writer, parts.clock, parts.dead_letters)
        self._own.on_dropped(self._forget)

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the tables and join the group."""
        self._p.tables.load()
        self._handling.give(self._p.given, self._p.tables.views)
        self._own.join(before_revoke=self._hand_over)

    def step(self, timeout: float = 0.1) -> int:
        """Poll once, run what can run, commit what is done; return how many records were fetched.

        Raises:
            Halted, IllegalTransition, SchemaRefused: going on would be wrong; the process must end with an error.
            TransactionLost: the way back to what is committed failed too; the next step tries it again.
            Fenced, TransportLost: see the port.

        """
        if self._own.adrift:
            self.recover()
        busy = bool(self._running or self._ready) or self._schedule.due_by(self._p.clock.monotonic() + 0.05)
        # What runs beside is waited for below, so that its answer is met at once.
        count = self._fetch(0.0 if self._running else _NAP_S if busy else self._pacing.until(timeout, _NAP_S))
        self._ready.extend(self._schedule.due(self._p.clock.monotonic()))
        self._run_ready()
        self._dispatch()
        self._collect(0.0 if count else _BESIDE_S)
        self._dispatch()
        self._pressure.press()
        self._p.telemetry.set("table_age_seconds", self._p.tables.age())
        self._own.look()
        if self._pacing.due:
            # Where much came more is likely to follow and need not wait for the brokers. Nor need what runs beside.
            self._commit(behind=self._p.lane is not None or self._own.done >= _MANY)
        return count

    def drain(self, timeout: float) -> None:
        """Stop fetching, finish what runs for at most `timeout` seconds, commit, and leave the group."""
        self._p.transport.pause(self._own.numbers())
        self._pressure.paused = True
        deadline = self._p.clock.monotonic() + timeout
        while self._running and self._p.clock.monotonic() < deadline:
            # A partition that arrives now is not paused: what is read of it has to be counted in, or it would be
            # taken for done.
            self._take_in(self._p.transport.poll(1, 0.02))
            self._collect(0.0)
        self._hand_over(self._own.numbers())
        self.close()

    def close(self) -> None:
        """Let go of everything; what was not committed will be done again by the next owner."""
        if self._p.lane:
            self._p.lane.close(1.0)
        self._own.close()
        self._p.tables.close()

    def recover(self) -> None:
        """Go back to what is committed after a transaction was lost."""
        self._p.telemetry.count("transactions_lost")
        self._own.recover()

    @property
    def missing(self) -> Mapping[str, str]:
        """Dependencies that did not answer when last asked, and what they said."""
        kafka = self._p.transport.unreachable
        return {**self._missing, "kafka": kafka} if kafka else self._missing

    @property
    def idle(self) -> bool:
        """Whether nothing is in work, and nothing that is done waits to be committed."""
        return self._own.in_flight == 0 and not self._own.done

    # -- records ------------------------------------------------------------------------------------------------

    def _fetch(self, timeout: float) -> int:
        """Take in what has come, as much as there is room for, and return how many records that were.

        Handlers of the inline lane are done with a piece before the next is fetched: a piece stays in the processor's
        cache from its decoding to its sending. All pieces are one transaction, and where many records came more are
        waited for a moment; a few are committed at once.
        """
        most, total = self._pressure.room, 0
        began = self._committed_at = self._p.clock.monotonic()
        while total < most:
            piece = min(self._pressure.room, most - total, most if self._p.lane else _PIECE)
            records = self._p.transport.poll(piece, timeout)
            total += len(records)
            self._take_in(records)
            left = began + _LINGER_S - self._p.clock.monotonic()
            if self._p.lane or self._own.wary or self._pressure.over or not records:
                break
            if len(records) < piece and (total < _MANY or left <= 0):
                break
            # What a piece brought is on its way before the next comes, so that memory holds one of them.
            self._hand_on()
            timeout = max(0.0, left)
        self._p.telemetry.count("records_in", total)
        return total

    def _take_in(self, records: Sequence[Fetched]) -> None:
        monotonic, schedule, inline = self._p.clock.monotonic, self._schedule, self._p.lane is None
        for record, partition, size in self._admission.admit(records, monotonic()):
            # The way back to what is committed, taken in the middle of this, fetches the rest again.
            if partition.alive:
                self._numbers += 1
                task = Task(self._numbers, record, partition, size)
                if schedule.admit(task):
                    self._attempt(task)
                    if self._ready:
                        self._run_ready()
                late = monotonic() - self._committed_at >= _COMMIT_S
                if inline and (late or partition.laden or self._own.waiting >= _PIECE):
                    self._hand_on()

    def _hand_on(self) -> None:
        """Send what is ready on its way; where handlers are slow, or change much state, commit in between."""
        if (now := self._p.clock.monotonic()) - self._committed_at >= _COMMIT_S or self._own.laden:
            self._commit()
            self._committed_at = now
            return
        try:
            self._own.send_ahead()
        except TransactionLost as error:
            self._lost(error)

    def _run_ready(self) -> None:
        while self._ready:
            task = self._ready.popleft()
            if task.partition.alive:
                self._attempt(task)

    def _attempt(self, task: Task) -> None:
        """Run an inline task to its end, or bring another as far as its lane."""
        try:
            if task.event is None:
                task.event = self._handling.decode(task.record)
            self._p.writer.hold(task.event)
            self._p.tables.fresh_for(task.event.submitted_at)
            task.versions = self._p.tables.versions()
            if self._p.lane is None and type(task.event) is TickElapsed:
                self._tick(task, task.event)
                return
            outputs = (
                self._handling.run(task, task.event) if self._p.lane is None else self._enter_lane(task, task.event)
            )
            if outputs is not None:
                self._finish(task, outputs)
        except STOPS:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a handler raises is judged in one place
            self._fail(task, error)

    def _tick(self, task: Task, tick: TickElapsed) -> None:
        ended, events, records, journal = self._ticking.advance(task, tick, self._handling.given)
        self._events_out += events
        if ended:
            self._end(task, records, journal)
        else:
            # What it has brought so far is one transaction, committed with this step; the rest comes with the next.
            self._own.bring(task.partition, records, journal)
            self._pacing.hurry()
            self._schedule.postpone(task, self._p.clock.monotonic())

    def _enter_lane(self, task: Task, event: Event) -> Sequence[Event] | None:
        self._schedule.hold(task)
        partition = task.partition
        if self._own.durable and partition.store:
            task.deaths = max(task.deaths, self._room.begun(task))
            if task.deaths >= self._limits.attempts:
                msg = f"ended its worker or its container {task.deaths} times"
                raise Poisoned(WORKER_DIED, msg)
        if self._p.handler.guard and partition.view:
            ended = self._p.handler.guard(event, partition.state)
            task.journal = partition.view.take()
            if ended is not None:
                return ended
        self._room.enter(task)
        return None

    def _finish(self, task: Task, outputs: Sequence[Event]) -> None:
        event = task.event
        if event is None:
            return
        records = self._p.writer.write(task.record, event, outputs, task.versions)
        if task.journal:
            self._own.hold_to_size(task.journal)
        self._events_out += len(outputs)
        for output in outputs:
            if type(output) is AlertRaised:
                self._p.telemetry.count("alerts")
                _log.error("alert", **task.about(), kind=output.kind, breach=output.breach, sequence=output.sequence)
        self._end(task, records, task.journal)
        if self._p.lane:
            _log.info("handled", **task.about(), events=[type(o).__name__ for o in outputs])

    def _end(self, task: Task, records: Sequence[Outgoing], journal: Mapping[str, bytes | None]) -> None:
        partition = task.partition
        if self._missing:
            self._missing.clear()
        if partition.store:
            # Only lanes mark attempts, so that inline handlers need not ask the file after every record.
            marked = self._p.lane is not None and partition.store.get(task.attempt_key) is not None
            marks = {task.attempt_key: None} if marked else {}
            partition.store.accept({**journal, **marks})
        self._own.end(partition, task.record, task.size, records)
        self._ready.extend(self._schedule.release(task))

    # -- failures -----------------------------------------------------------------------------------------------

    def _fail(self, task: Task, error: BaseException) -> None:
        if task.partition.view:
            task.partition.view.take()
        task.journal = {}
        if isinstance(error, STOPS):
            raise error
        transient = transient_of(error)
        if transient is not None:
            self._postpone(task, transient)
        elif isinstance(error, WorkerDied) and task.deaths + 1 < self._limits.attempts:
            task.deaths += 1
            self._p.telemetry.count("workers_died")
            _log.warning("worker died", **task.about(), deaths=task.deaths)
            self._ready.append(task)
        else:
            self._bury(task, error)

    def _postpone(self, task: Task, error: Transient) -> None:
        task.attempt += 1
        wait = backoff(task.attempt)
        self._p.telemetry.count("retries")
        self._missing[error.dependency] = str(error)
        if error.dependency == KEY_TABLE:
            self._p.tables.expire()
        _log.warning("waiting", **task.about(), dependency=error.dependency, seconds=round(wait, 2), message=str(error))
        self._schedule.postpone(task, self._p.clock.monotonic() + wait)

    def _bury(self, task: Task, error: BaseException) -> None:
        try:
            records = self._burial.bury(task.record, task.event, error, task.versions)
        except STOPS:
            raise
        except Exception as second:
            transient = transient_of(second)
            if transient is None:
                raise
            self._postpone(task, transient)
            return
        self._p.telemetry.count("dead_letters")
        _log.error("dead letter", **task.about(), reason=reason_of(error), exception=type(error).__name__)
        self._end(task, records, {})

    # -- lanes --------------------------------------------------------------------------------------------------

    def _collect(self, timeout: float) -> None:
        """Take what has ended, waiting a moment for it where anything runs, and bring on what waited behind it."""
        if self._p.lane is None:
            return
        for answer in self._p.lane.answers(timeout if self._running else 0.0):
            task = self._running.pop(answer.task, None)
            if task is None or not task.partition.alive:
                self._p.telemetry.count("stale_results")
                continue
            self._judge(task, answer)
        self._run_ready()

    def _judge(self, task: Task, answer: Answer) -> None:
        if not isinstance(answer.error, WorkerDied):
            self._room.answered(task)
        if answer.error is not None:
            self._fail(task, answer.error)
            return
        try:
            self._finish(task, answer.outputs)
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001 - an answer that cannot be written fails like its handler
            self._fail(task, error)

    def _dispatch(self) -> None:
        lane = self._p.lane
        if lane is None:
            return
        self._room.mark(self._running)
        for task in self._room.start(lane.free):
            if task.event is None:
                continue
            self._running[task.number] = task
            extra = self._p.keys(task.event) if self._p.keys else {}
            lane.submit(task.number, task.event, extra)

    # -- back-pressure and commits ------------------------------------------------------------------------------

    def _commit(self, *, behind: bool = False) -> None:
        if self._own.adrift:
            return
        began = self._p.clock.monotonic()
        self._p.telemetry.count("events_out", self._events_out)
        self._events_out = 0
        try:
            committed = self._own.commit_behind() if behind else self._own.commit()
        except TransactionLost as error:
            self._lost(error)
            return
        if committed:
            self._p.telemetry.count("transactions")
            self._p.telemetry.count("records_done", committed)
            self._p.telemetry.set("commit_seconds", self._p.clock.monotonic() - began)
        self._room.committed()

    def _lost(self, error: TransactionLost) -> None:
        _log.warning("transaction lost", message=str(error))
        self._own.abandon()

    def _hand_over(self, numbers: Sequence[int]) -> None:
        """Commit what is done before partitions go; whoever gets them then need not do it again."""
        self._room.pardon([t for t in self._running.values() if t.partition.number in numbers], numbers)
        self._commit()

    def _forget(self, partition: Partition) -> None:
        self._schedule.drop(partition)
        self._room.drop(partition, self._running)
        if self._schedule.next_due() is None:
            self._missing.clear()
        self._ready = deque(t for t in self._ready if t.partition is not partition)


# Records fetched together, and outputs that go on their way together, ahead of the commit.
_PIECE = 500
# So many records at once say that more are on their way; then a transaction waits for them so long, in seconds, since
# each costs the brokers the same whatever it holds. A stage that is not behind never waits.
_MANY, _LINGER_S = 100, 0.03
# How long a step that has something to wait for waits, in seconds; where handlers run beside it an answer ends the
# wait, and only a record that comes meanwhile waits for it.
_NAP_S, _BESIDE_S = 0.005, 0.02
# Handlers that take longer than this over one fetch have what they did committed in between: the broker ends a
# transaction after 10 s, and whoever reads the outputs should not wait for the last of them.
_COMMIT_S = 0.5
