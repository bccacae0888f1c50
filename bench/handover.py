"""One stage's hand-over: the project's runner beside a plain confluent-kafka loop and Quix Streams.

Each loop is one process, reads the same topic and writes batches of the same size; the rounds take turns, so that
whatever else the machine does meets all of them. The ratio is the median of the rounds' own ratios.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench import baseline, idle
from bench.cluster import broker, create_topics
from bench.exchange import topic
from bench.report import Report, middle, ratio
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS

__all__ = ["measure", "told"]

_SOURCE: Final = "handover.in"
_QUIET: Final = "handover.quiet"
_LIMIT_S: Final = 180
# More than come one by one: the stage is ended, it does not end by itself.
_ENDLESS: Final = 1_000_000
_ROOT: Final = Path(__file__).parents[1]


def measure(
    bootstrap: str | None = None,
    *,
    quix: Path | None = None,
    records: int = 200_000,
    batch: int = 5_000,
    rounds: int = 3,
) -> Report:
    """Return records a second of every loop, first record to last commit, and what an idle stage adds to a record.

    `quix` is an interpreter that has Quix Streams, where this one has not: it pins an older client than ours.

    Raises:
        TimeoutError: a loop did not end within three minutes, or gave up waiting for records.

    """
    python = {"quix": str(quix or sys.executable)}
    loops = ["raw", "bare", "full", *(["quix"] if quix or find_spec("quixstreams") else [])]
    with broker(bootstrap) as servers:
        create_topics(
            servers,
            [
                *(topic(name) for name in (_SOURCE, _QUIET, *(f"handover.{loop}" for loop in loops))),
                AUDIT_EVENTS,
                DEAD_LETTERS,
            ],
        )
        quiet = _idle(servers)
        baseline.fill(servers, _SOURCE, records)
        taken = [
            {
                loop: _rate(servers, loop, f"handover-{loop}-{number}", records, batch, python.get(loop))
                for loop in loops
            }
            for number in range(rounds)
        ]
    return told(taken, records=records, batch=batch, idle=quiet)


def told(
    rounds: list[dict[str, float]], *, records: int, batch: int, idle: Mapping[str, float] | None = None
) -> Report:
    """Return the report of some rounds; a loop that no round has is None."""

    def rate(loop: str) -> float | None:
        return middle(found.get(loop) for found in rounds)

    def beside(loop: str, other: str) -> float | None:
        return middle(ratio(found.get(loop), found.get(other)) for found in rounds)

    quix = rate("quix")
    return Report(
        "handover",
        {
            "bare_per_s": rate("bare"),
            "full_per_s": rate("full"),
            "raw_per_s": rate("raw"),
            "quix_per_s": quix,
            **(idle or {}),
        },
        {
            "raw": "a plain confluent-kafka loop",
            "quix": "Quix Streams, exactly once" if quix else "quixstreams is not installed, so it was not measured",
            "records": records,
            "batch": batch,
            "rounds": rounds,
        },
        {
            "bare_to_raw": beside("bare", "raw"),
            "full_to_raw": beside("full", "raw"),
            "bare_to_quix": beside("bare", "quix"),
        },
    )


def _argv(bootstrap: str, loop: str, run: str, source: str, records: int, batch: int, python: str | None) -> list[str]:
    words = {
        "--bootstrap": bootstrap,
        "--source": source,
        "--sink": f"handover.{loop}",
        "--run": run,
        "--records": str(records),
        "--batch": str(batch),
    }
    module = "bench.loops" if loop in ("bare", "full") else "bench.rivals"
    return [python or sys.executable, "-m", module, loop, *(word for pair in words.items() for word in pair)]


def _idle(bootstrap: str) -> dict[str, float]:
    """Return what the full runner adds to a record that comes alone."""
    argv = _argv(bootstrap, "full", "handover-idle", _QUIET, _ENDLESS, _ENDLESS, None)
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as stage:
        try:
            partitions = topic(_QUIET).partitions
            return idle.measure(bootstrap, _QUIET, "handover.full", partitions, lambda: stage.poll() is None)
        finally:
            stage.kill()


def _rate(bootstrap: str, loop: str, run: str, records: int, batch: int, python: str | None) -> float:
    argv = _argv(bootstrap, loop, run, _SOURCE, records, batch, python)
    # An interpreter of another folder finds this package by its path.
    paths = {**os.environ, "PYTHONPATH": str(_ROOT)} if python else None
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=paths)
    except subprocess.TimeoutExpired as error:
        msg = f"the loop {loop} did not end within {_LIMIT_S} s"
        raise TimeoutError(msg) from error
    if done.returncode:
        msg = f"the loop {loop} failed: {done.stderr.strip()[-2000:]}"
        raise TimeoutError(msg)
    return float(json.loads(done.stdout.splitlines()[-1])["per_s"])
