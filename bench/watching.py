"""A stage of the project as a process on a bench's stack, and what it says and weighs while it works."""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families

from devstack import process
from devstack.stack import Endpoints

__all__ = ["Sample", "environment", "memory_of", "metrics_of", "residents", "stage_process", "watch"]

_SAMPLE_S: Final = 0.25
_READY_S: Final = 120.0
_GRACE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a stage had done when it was looked at, what it had in work, and its memory, unique and resident, in bytes.

    The worker processes of a stage count with it.
    """

    at_s: float
    done: int
    in_flight: int
    uss: int
    rss: int


def environment(endpoints: Endpoints, **settings: str) -> dict[str, str]:
    """Return what a process of the project needs to work on this stack, and `settings` beside it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "SPENDTRAIL_HOME": str(endpoints.home),
        "SPENDTRAIL_BOOTSTRAP_SERVERS": endpoints.bootstrap_servers,
        "SPENDTRAIL_SCHEMA_REGISTRY_URL": endpoints.registry_url or "",
        **settings,
    }


@contextmanager
def stage_process(stage: str, endpoints: Endpoints, given: Mapping[str, str]) -> Iterator[process.Process]:
    """Run one replica of a stage; it does not outlive the block.

    Raises:
        TimeoutError: it did not come up; the message has the end of its log.

    """
    log = endpoints.home / "logs" / f"{stage}-0.log"
    running = process.spawn(
        [sys.executable, "-P", "-m", "consumers", stage], log=log, env={**given, "SPENDTRAIL_INSTANCE": f"{stage}-0"}
    )
    try:
        if not process.wait_for(lambda: metrics_of(endpoints, stage) is not None, timeout_s=_READY_S):
            msg = f"{stage} did not come up within {_READY_S:.0f} s:\n{process.tail(log)}"
            raise TimeoutError(msg)
        yield running
    finally:
        process.end([running], grace_s=_GRACE_S)


def watch(
    stage: str, endpoints: Endpoints, running: process.Process, enough: Callable[[list[Sample]], bool]
) -> list[Sample]:
    """Look at a stage four times a second until that is enough.

    Raises:
        TimeoutError: the process ended by itself; the message has the end of its log.

    """
    samples: list[Sample] = []
    began = time.monotonic()
    while not enough(samples):
        time.sleep(_SAMPLE_S)
        metrics = metrics_of(endpoints, stage)
        if metrics is not None:
            try:
                uss, rss = memory_of(running.pid)
            except psutil.NoSuchProcess:
                continue
            done, busy = (int(metrics.get(name, 0)) for name in ("records_done_total", "in_flight"))
            samples.append(Sample(round(time.monotonic() - began, 2), done, busy, uss, rss))
        elif not process.is_alive(running):
            msg = f"{stage} ended by itself:\n{process.tail(endpoints.home / 'logs' / f'{stage}-0.log')}"
            raise TimeoutError(msg)
    return samples


def metrics_of(endpoints: Endpoints, stage: str) -> dict[str, float] | None:
    """Return what a stage's first replica measures of itself, None while it does not answer."""
    path = endpoints.home / "state" / stage / f"{stage}-0" / "address.json"
    try:
        port = json.loads(path.read_text(encoding="utf-8"))["port"]
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=10.0).text
    except (OSError, ValueError, KeyError, httpx2.HTTPError):
        return None
    return {
        sample.name.removeprefix("spendtrail_"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def memory_of(pid: int) -> tuple[int, int]:
    """Return the memory of a process and its children, unique and resident, in bytes."""
    process_of = psutil.Process(pid)
    found = [each.memory_full_info() for each in (process_of, *process_of.children(recursive=True))]
    return sum(each.uss for each in found), sum(each.rss for each in found)


def residents(pids: Collection[int]) -> dict[int, int]:
    """Return the resident memory of processes and their children in bytes, of those that run; one look for them all."""
    known = {found.pid: found.info for found in psutil.process_iter(["ppid", "memory_info"])}
    below: dict[int, list[int]] = {}
    for pid, info in known.items():
        below.setdefault(info["ppid"], []).append(pid)

    def of(pid: int) -> int:
        memory = known[pid]["memory_info"]
        return (memory.rss if memory else 0) + sum(map(of, below.get(pid, ())))

    return {pid: of(pid) for pid in pids if pid in known}
