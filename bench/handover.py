"""One stage's hand-over: the project's runner beside a plain confluent-kafka loop and Quix Streams.

Each loop is one process, reads the same topic and writes batches of the same size; the rounds take turns, so that
whatever else the machine does meets all of them. The ratio is the median of the rounds' own ratios.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Final

from bench import baseline
from bench.cluster import broker, create_topics
from bench.exchange import topic
from bench.report import Report, middle, ratio
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS

__all__ = ["measure", "told"]

_SOURCE: Final = "handover.in"
_LIMIT_S: Final = 180


def measure(bootstrap: str | None = None, *, records: int = 200_000, batch: int = 5_000, rounds: int = 3) -> Report:
    """Return records a second of every loop, first record to last commit.

    Raises:
        TimeoutError: a loop did not end within three minutes, or gave up waiting for records.

    """
    loops = ["raw", "bare", "full", *(["quix"] if find_spec("quixstreams") else [])]
    with broker(bootstrap) as servers:
        create_topics(
            servers, [topic(_SOURCE), *(topic(f"handover.{loop}") for loop in loops), AUDIT_EVENTS, DEAD_LETTERS]
        )
        baseline.fill(servers, _SOURCE, records)
        taken = [
            {loop: _rate(servers, loop, f"handover-{loop}-{number}", records, batch) for loop in loops}
            for number in range(rounds)
        ]
    return told(taken, records=records, batch=batch)


def told(rounds: list[dict[str, float]], *, records: int, batch: int) -> Report:
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


def _rate(bootstrap: str, loop: str, run: str, records: int, batch: int) -> float:
    words = {
        "--bootstrap": bootstrap,
        "--source": _SOURCE,
        "--sink": f"handover.{loop}",
        "--run": run,
        "--records": str(records),
        "--batch": str(batch),
    }
    argv = [sys.executable, "-m", "bench.loops", loop, *(word for pair in words.items() for word in pair)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        msg = f"the loop {loop} did not end within {_LIMIT_S} s"
        raise TimeoutError(msg) from error
    if done.returncode:
        msg = f"the loop {loop} failed: {done.stderr.strip()[-2000:]}"
        raise TimeoutError(msg)
    return float(json.loads(done.stdout.splitlines()[-1])["per_s"])
