"""One hand-over loop in a process of its own: `python -m bench.loops LOOP ...` prints records, seconds and rate."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import prometheus_client as prometheus

from bench import baseline
from bench.exchange import HANDLER, BareWriter, BaselineCodec, row
from bench.report import per_second
from consumers.runtime.kafka import KafkaSettings, KafkaTransport
from consumers.runtime.main import SystemClock
from consumers.runtime.ownership import Ownership
from consumers.runtime.runner import Parts, Runner
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import Counter, Gauge, PartitionGauge, PrometheusTelemetry, Telemetry
from consumers.runtime.transport import Fetched
from consumers.runtime.writer import Writer

__all__ = ["LOOPS", "main"]

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


def _raw(args: argparse.Namespace) -> float:
    return baseline.raw(args.bootstrap, args.source, args.sink, args.records, args.batch, args.run)


def _quix(args: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return baseline.quix(args.bootstrap, args.source, args.sink, args.records, args.batch, args.run, Path(folder))


LOOPS: Final[dict[str, Callable[[argparse.Namespace], float]]] = {
    "raw": _raw,
    "bare": lambda args: _runner(args, full=False),
    "full": lambda args: _runner(args, full=True),
    "quix": _quix,
}


def main(words: Sequence[str]) -> None:
    """Run one loop and print what it did as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", choices=list(LOOPS))
    for name in ("--bootstrap", "--source", "--sink", "--run"):
        parser.add_argument(name, required=True)
    for name in ("--records", "--batch"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args(words)
    seconds = LOOPS[args.loop](args)
    print(json.dumps({"records": args.records, "seconds": seconds, "per_s": per_second(args.records, seconds)}))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(sys.argv[1:])
