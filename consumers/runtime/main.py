"""One stage process: what a pod runs. Waits for what is missing, runs the stage, drains on SIGTERM."""

import fcntl
import importlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

import prometheus_client as prometheus
import structlog
from confluent_kafka import KafkaException

from config.residency import residency_of
from config.settings import Settings
from consumers.runtime import capabilities
from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.errors import Halted
from consumers.runtime.health import Health, HealthServer
from consumers.runtime.heap import Heap, set_aside
from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import FETCH_BYTES, KafkaSettings
from consumers.runtime.lanes.concurrent import AsyncLane
from consumers.runtime.lanes.lane import Lane as WorkLane
from consumers.runtime.lanes.process import ProcessLane
from consumers.runtime.ownership import Ownership
from consumers.runtime.runner import Parts, Runner
from consumers.runtime.schedule import backoff
from consumers.runtime.stage import Handler, Lane, Limits, Stage
from consumers.runtime.standby import Standby
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import PrometheusTelemetry
from consumers.runtime.transport import Fenced, TransactionLost, TransportLost
from consumers.runtime.watchdog import Watchdog
from consumers.runtime.writer import Writer
from schemas.codec import Codec, RegistryUnavailable, SchemaRefused, Undecodable, registry_at
from schemas.lifecycle import IllegalTransition

__all__ = ["AlreadyRuns", "SystemClock", "run_stage"]

_log = structlog.get_logger(__name__)
_HALTS = (Halted, IllegalTransition, Fenced, SchemaRefused, Undecodable)
# 1.6 s: long enough not to hammer a broker that refuses us, short beside the session time-out.
_REJOIN_ATTEMPT = 4


class AlreadyRuns(Exception):
    """Another process runs this stage under this instance name."""


class SystemClock:
    """The machine's clocks: the one place where a stage process reads them."""

    # The runner asks after every record, so nothing stands between.
    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the entry point's clock


def run_stage(stage: Stage, settings: Settings, names: frozenset[str]) -> int:
    """Run a stage until SIGTERM or SIGINT and return the exit code: 0 drained, 1 halted.

    `names` are all stages' names. Settings must name the brokers and the registry.

    Raises:
        AlreadyRuns: another process has this stage and instance name.

    """
    stop = threading.Event()

    def stopping(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, stopping)
    signal.signal(signal.SIGINT, stopping)
    folder = settings.home / "state" / stage.name / settings.instance
    with _alone(folder):
        return _Process(stage, settings, names, folder).run(stop)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"another process runs here ({folder}); give each replica its own SPENDTRAIL_INSTANCE"
            raise AlreadyRuns(msg) from error
        yield


class Member(Protocol):
    """What the process drives: the runner, or the follower that builds the read model."""

    @property
    def missing(self) -> Mapping[str, str]:
        """Dependencies that did not answer when last asked, and what they said."""
        ...

    def start(self) -> None:
        """Join the group."""
        ...

    def step(self) -> int:
        """Poll once, do what can be done, commit it; return how many records came."""
        ...

    def recover(self) -> None:
        """Go back to what is committed."""
        ...

    def drain(self, timeout: float) -> None:
        """Finish what runs for at most `timeout` seconds and leave the group."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class _Process:
    """The parts of one stage process and the loop around the runner."""

    def __init__(self, stage: Stage, settings: Settings, names: frozenset[str], folder: Path) -> None:
        limits = replace(
            stage.limits,
            workers=settings.workers or stage.limits.workers,
            seconds=settings.record_seconds or stage.limits.seconds,
        )
        self._stage = replace(stage, limits=limits)
        self._settings, self._names, self._folder = settings, names, folder
        self._clock = SystemClock()
        self._heap = Heap(time.monotonic)
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._telemetry = PrometheusTelemetry(stage.name, self._registry)
        self._health = Health(time.monotonic)
        self._health.beats()
        self._lane: WorkLane | None = None
        self._standby = Standby(stage.reads, time.monotonic)
        self._owned: Callable[[], int] = int

    def run(self, stop: threading.Event) -> int:
        watchdog = Watchdog(self._health, self._settings.stuck_s)
        watchdog.start()
        server = HealthServer(self._health, self._registry, self._settings.health_host, self._settings.health_port)
        address = self._folder / "address.json"
        address.write_text(json.dumps({"pid": os.getpid(), "port": server.port}))
        try:
            return self._run(stop)
        except _HALTS as error:
            self._health.halted = str(error)
            _log.critical("halted", reason=type(error).__name__, message=str(error))
            return 1
        finally:
            watchdog.stop()
            address.unlink(missing_ok=True)
            server.close()

    def _run(self, stop: threading.Event) -> int:
        while not stop.is_set():
            member = self._started(stop)
            if member is None:
                break
            try:
                self._go_round(member, stop)
                self._health.ready = False
                _log.info("draining")
                member.drain(self._settings.drain_s)
            except (TransportLost, KafkaException) as error:
                # The member lost its place or a topic, or the client refuses what its state no longer allows: one that
                # joins anew begins where the group has committed.
                self._missing("kafka", str(error))
                self._let_go(member)
                stop.wait(backoff(_REJOIN_ATTEMPT))
            except _HALTS:
                # A consumer that is left to the interpreter's end can keep the process from ever ending.
                self._let_go(member)
                raise
            except TransactionLost as error:
                _log.warning("not all could be committed while draining; the next owner does it", message=str(error))
                self._let_go(member)
        return 0

    def _go_round(self, member: Member, stop: threading.Event) -> None:
        losses = 0
        self._health.ready = True
        while not stop.is_set():
            try:
                came = member.step()
                losses = 0
            except TransactionLost as error:
                losses += 1
                self._missing("kafka", str(error))
                stop.wait(backoff(min(losses, 8)))
                self._recovered(member)
            else:
                self._health.missing = dict(member.missing)
                self._health.spare = self._standby.look(self._owned())
                self._health.beats()
                self._heap.look(came)

    def _recovered(self, member: Member) -> None:
        try:
            member.recover()
        except TransactionLost as error:
            self._missing("kafka", str(error))

    def _let_go(self, member: Member) -> None:
        self._health.ready = False
        self._lane = None
        member.close()

    def _missing(self, dependency: str, message: str) -> None:
        self._health.missing = {dependency: message}
        self._health.beats()
        _log.warning("waiting", dependency=dependency, message=message)

    def _started(self, stop: threading.Event) -> Member | None:
        """Return a runner that has joined its group, after waiting for what does not answer; None when told to stop."""
        attempt = 0
        while not stop.is_set():
            attempt += 1
            try:
                member = self._joined()
            except (TransactionLost, TransportLost, RegistryUnavailable, KafkaException) as error:
                dependency = "registry" if isinstance(error, RegistryUnavailable) else "kafka"
                self._missing(dependency, str(error))
                stop.wait(backoff(min(attempt, 6)))
                continue
            self._health.missing = {}
            return member
        return None

    def _joined(self) -> Member:
        with ExitStack() as opened:
            transport = self._transport()
            self._owned = lambda: transport.owned
            # An attempt that fails leaves no connection behind: there may be many before the broker is back.
            opened.callback(transport.close)
            member = self._assembled(transport)
            member.start()
            set_aside()
            opened.pop_all()
        return member

    def _assembled(self, transport: KafkaTransport) -> Member:
        codec = Codec(registry_at(self._settings.schema_registry_url or ""))
        if self._stage.lane is Lane.BATCH:
            make = importlib.import_module(self._stage.handler).follower
            member: Member = make(self._settings, transport, codec, self._telemetry)
            return member
        return self._runner(transport, codec)

    def _transport(self) -> KafkaTransport:
        stage, settings = self._stage, self._settings
        return KafkaTransport(
            KafkaSettings(
                settings.bootstrap_servers or "",
                group=stage.name,
                transactional_id=f"{stage.name}.{settings.instance}",
                fetch_bytes=min(stage.limits.in_flight_bytes, FETCH_BYTES),
                extra=settings.kafka_options,
            ),
            alive=self._health.beats,
        )

    def _runner(self, transport: KafkaTransport, codec: Codec) -> Runner:
        stage, settings = self._stage, self._settings
        handler = stage.load()
        keys = capabilities.needs_keys(handler)
        wanted = (*capabilities.tables_of(handler, settings), *((capabilities.KEYS,) if keys else ()))
        tables = SideTables(wanted, transport, codec, self._clock)
        tables.load()
        view = tables.take("keys") if keys else capabilities.KeyView()
        if not isinstance(view, capabilities.KeyView):
            msg = "the key table has another view"
            raise TypeError(msg)
        return Runner(
            Parts(
                stage=stage,
                handler=handler,
                transport=transport,
                codec=codec,
                clock=self._clock,
                telemetry=self._telemetry,
                tables=tables,
                ownership=Ownership(
                    stage,
                    handler,
                    transport,
                    folder=self._folder,
                    clock=self._clock,
                    telemetry=self._telemetry,
                    alive=self._health.beats,
                ),
                writer=Writer(stage, codec, self._names, residency_of(settings)),
                lane=self._work_lane(handler, stage.limits),
                given=capabilities.inline(handler, settings, view) if stage.lane is Lane.INLINE else {},
                keys=view.of if keys else None,
                dead_letters=DeadLetterLimit(settings.dead_letters_per_minute),
            )
        )

    def _work_lane(self, handler: Handler, limits: Limits) -> WorkLane | None:
        if self._lane is None:
            self._lane = _LANES[self._stage.lane](self._stage, handler, limits, self._settings)
        return self._lane


def _process(stage: Stage, handler: Handler, limits: Limits, settings: Settings) -> WorkLane | None:
    del handler, settings
    return ProcessLane(stage.handler, limits=limits, given=f"{capabilities.__name__}:{capabilities.worker.__name__}")


def _async(stage: Stage, handler: Handler, limits: Limits, settings: Settings) -> WorkLane | None:
    del stage
    return AsyncLane(
        handler.handle,  # type: ignore[arg-type] # the async lane's handlers are coroutine functions
        workers=limits.workers,
        seconds=limits.seconds,
        given=capabilities.asynchronous(handler, settings),
    )


_LANES: dict[Lane, Callable[[Stage, Handler, Limits, Settings], WorkLane | None]] = {
    Lane.INLINE: lambda *_: None,
    Lane.PROCESS: _process,
    Lane.ASYNC: _async,
}
