"""Whether a stage's memory stays as it is: each after few events and after many, at full speed from a backlog.

Card lines go through the real stages, one stage after the other, each working off what those before it wrote. So a
stage always has all it can take waiting for it, which is when an unbounded queue grows, and two cores are enough.
Posting runs once more with the ERP stopped: then nothing moves, the lag stays in its topic, and so must the memory.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.cluster import cluster
from bench.lines import write_feed
from bench.report import Figure, Report
from bench.watching import Sample, environment, stage_process, watch
from devstack import ports, process
from devstack.stack import Endpoints

__all__ = ["COURSE", "Run", "growth", "measure", "run_of"]

# What a card line goes through, each stage after those it reads from.
COURSE: Final = (
    "currency",
    "vendor",
    "category",
    "coding",
    "evaluate",
    "screen",
    "approval",
    "posting",
    "learn",
    "seal",
    "batch",
    "project",
)
# What these write nobody on the course needs in full: they may stop when they have done enough. What `batch` counts
# are the ends of expenses, which are the last entries that `seal` makes, so that one is let do all of it.
_LAST: Final = frozenset({"learn", "batch", "project"})
_LEDGERS: Final = 4
# A stage that committed nothing for so long has worked off what there was: one transaction may carry thousands of
# records of some milliseconds each. Before its first it has to join its group.
_DONE_S: Final = 45.0
_BEGUN_S: Final = 90.0
_ERP_STOPPED_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """How much is sent, and where memory is looked at: after the `early` first events, and after `lines`.

    A stage that is not through after `stage_s` seconds is ended; its figures say how far it came.
    """

    lines: int = 200_000
    early: int = 20_000
    stage_s: float = 900.0
    stages: Sequence[str] = COURSE


def run_of(lines: int | None) -> Run:
    """Return a run of so many card lines, with the first look after a tenth of them; the whole run where None."""
    return Run() if lines is None else Run(lines=lines, early=lines // 10)


def measure(run: Run | None = None) -> Report:
    """Return each stage's memory early and late.

    Raises:
        TimeoutError: a stage did not start, or ended by itself.
        subprocess.CalledProcessError: preparing or feeding failed; what it said stands above.

    """
    run = run or Run()
    figures: dict[str, Figure] = {}
    with cluster(registry=True) as endpoints:
        nobody = f"http://127.0.0.1:{ports.choose(endpoints.home, ['erp-stopped'])['erp-stopped']}"
        given = environment(endpoints, SPENDTRAIL_ERP_URL=nobody, SPENDTRAIL_LAG_BOUND=str(2 * run.lines))
        _spendtrail(given, "prepare")
        figures["feed_s"] = _feed(endpoints, given, run.lines)
        for stage in run.stages:
            if stage != "posting":
                figures |= growth(stage, _watched(stage, endpoints, given, _through(stage, run)), run.early)
                continue
            figures |= _idle(_watched(stage, endpoints, given, _for(_ERP_STOPPED_S)))
            with _erp(endpoints) as url:
                samples = _watched(stage, endpoints, {**given, "SPENDTRAIL_ERP_URL": url}, _through(stage, run))
            figures |= growth(stage, samples, run.early)
    return Report(
        "memory",
        figures,
        {
            "lines": run.lines,
            "early": run.early,
            "mb": "unique set size in 10^6 bytes, median while as many events went by as `early` says",
            "stage_s": run.stage_s,
            "cores": os.cpu_count(),
        },
    )


def growth(name: str, samples: Sequence[Sample], early: int) -> dict[str, Figure]:
    """Return a stage's memory over `early` events after its first `early`, over its last as many, and the growth.

    A stage that did not do enough for two such stretches apart has no growth to tell.
    """
    done = samples[-1].done if samples else 0
    first = _middle_mb([s for s in samples if early <= s.done < 2 * early])
    last = _middle_mb([s for s in samples if s.done >= done - early])
    told = first is not None and last is not None and done >= 3 * early
    return {
        f"{name}_events": done,
        f"{name}_per_s": _rate(samples),
        f"{name}_early_mb": first,
        f"{name}_late_mb": last,
        f"{name}_growth_percent": round(100 * (last / first - 1), 1) if told and first and last else None,
    }


def _idle(samples: Sequence[Sample]) -> dict[str, Figure]:
    """Return posting's memory with the ERP stopped: when it had taken all it may hold, and at the end."""
    most = max((s.in_flight for s in samples), default=0)
    full = [s for s in samples if s.in_flight >= most] if most else []
    cut = max(1, len(full) // 10)
    first, last = _middle_mb(full[:cut]), _middle_mb(full[-cut:])
    return {
        "erp_stopped_in_flight": most,
        "erp_stopped_s": full[-1].at_s if full else 0.0,
        "erp_stopped_early_mb": first,
        "erp_stopped_late_mb": last,
        "erp_stopped_growth_percent": round(100 * (last / first - 1), 1) if first and last else None,
    }


def _middle_mb(samples: Sequence[Sample]) -> float | None:
    return round(median(s.uss for s in samples) / 1e6, 1) if samples else None


def _rate(samples: Sequence[Sample]) -> float | None:
    moving = [s for s in samples if 0 < s.done < samples[-1].done]
    if not moving or moving[-1].at_s == moving[0].at_s:
        return None
    return round((moving[-1].done - moving[0].done) / (moving[-1].at_s - moving[0].at_s), 1)


def _watched(
    stage: str, endpoints: Endpoints, given: Mapping[str, str], enough: Callable[[list[Sample]], bool]
) -> list[Sample]:
    with stage_process(stage, endpoints, given) as running:
        return watch(stage, endpoints, running, enough)


def _for(seconds: float) -> Callable[[list[Sample]], bool]:
    return lambda samples: bool(samples) and samples[-1].at_s >= seconds


def _through(stage: str, run: Run) -> Callable[[list[Sample]], bool]:
    """Say when a stage has done what was sent, has nothing left to do, or has had its time."""

    def enough(samples: list[Sample]) -> bool:
        if not samples:
            return False
        now = samples[-1]
        if now.at_s >= run.stage_s or (stage in _LAST and now.done >= run.lines):
            return True
        still = next((s.at_s for s in samples if s.done == now.done), now.at_s)
        return now.at_s - still >= (_DONE_S if now.done else _BEGUN_S)

    return enough


def _feed(endpoints: Endpoints, given: Mapping[str, str], lines: int) -> float:
    began = time.monotonic()
    for number in range(_LEDGERS):
        path = endpoints.home / f"feed-{number}.csv"
        write_feed(path, lines // _LEDGERS, seed=number)
        _spendtrail(given, "card-feed", str(path), "--ledger", f"ledger-{number}", "--json")
    return round(time.monotonic() - began, 1)


def _spendtrail(given: Mapping[str, str], *words: str) -> None:
    """Run a command as a user does."""
    command = Path(sys.executable).with_name("spendtrail")
    subprocess.run([command, *words], env=dict(given), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _erp(endpoints: Endpoints) -> Iterator[str]:
    """Run the ERP sandbox and yield its URL."""
    port = ports.choose(endpoints.home, ["erp"])["erp"]
    argv = [sys.executable, "-P", "-m", "erp", "--host", "127.0.0.1", "--port", str(port)]
    running = process.spawn(
        [*argv, "--data", str(endpoints.home / "erp")],
        log=endpoints.home / "logs" / "erp.log",
        env=environment(endpoints),
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.end([running], grace_s=10)
