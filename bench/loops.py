"""The project's own hand-over loops: `python -m bench.loops bare|full ...`, one process each."""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import prometheus_client as prometheus

from bench.exchange import HANDLER, BareWriter, BaselineCodec, row
from bench.loop import Loop, main
from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.main import SystemClock
from consumers.runtime.ownership import Ownership
from consumers.runtime.runner import Parts, Runner
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import Counter, Gauge, PartitionGauge, PrometheusTelemetry, Telemetry
from consumers.runtime.transport import Fetched
from consumers.runtime.writer import Writer

__all__ = ["LOOPS"]

_SILENT_S: Final = 60.0


class _Timed(KafkaTransport):
    """The transport as it is; it notes when the first records came."""

    began = 0.0

    def poll(self, count: int, timeout: float) -> Sequence[Fetched]:
        """Return up to `count` records."""
        found = super().poll(count, timeout)
        if found and not self.began:
            self.began = time.monotonic()
        return found


class _Silent:
    """Telemetry switched off."""

    def count(self, name: Counter, by: int = 1) -> None:
        """Count nothing."""

    def set(self, name: Gauge, value: float) -> None:
        """Set nothing."""

    def set_of(self, partition: int, name: PartitionGauge, value: float | None) -> None:
        """Set nothing."""


def _runner(args: argparse.Namespace, *, full: bool) -> float:
    """Run the project's runner; return seconds from the first record to the last commit."""
    stage = row(args.source, args.sink, args.run, args.batch)
    codec, clock = BaselineCodec(), SystemClock()
    telemetry: Telemetry = PrometheusTelemetry(stage.name, prometheus.CollectorRegistry()) if full else _Silent()
    transport = _Timed(KafkaSettings(args.bootstrap, group=args.run, transactional_id=args.run))
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(
            Parts(
                stage=stage,
                handler=HANDLER,
                transport=transport,
                codec=codec,
                clock=clock,
                telemetry=telemetry,
                tables=SideTables((), transport, codec, clock),
                ownership=Ownership(stage, HANDLER, transport, folder=Path(folder), clock=clock, telemetry=telemetry),
                writer=(Writer if full else BareWriter)(stage, codec, frozenset({stage.name})),
            )
        )
        runner.start()
        done, heard = 0, time.monotonic()
        while done < args.records or not runner.idle:
            if found := runner.step():
                done, heard = done + found, time.monotonic()
            elif time.monotonic() - heard > _SILENT_S:
                msg = f"{args.source}: {done} of {args.records} records came, then none for {_SILENT_S:.0f} s"
                raise TimeoutError(msg)
        seconds = time.monotonic() - transport.began
        runner.close()
    return seconds


LOOPS: Final[Mapping[str, Loop]] = {
    "bare": lambda args: _runner(args, full=False),
    "full": lambda args: _runner(args, full=True),
}

if __name__ == "__main__":
    main(__doc__, LOOPS, sys.argv[1:])
