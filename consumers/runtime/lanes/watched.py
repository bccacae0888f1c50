"""Watched workers: single-task processes that can be killed, for CPU-bound work on hostile input.

Each worker holds one task at a time, so a killed, hanging or overgrown worker takes along only its own task. What the
tasks are is not known here: a stage's records, or files of a folder.
"""

import contextlib
import multiprocessing as mp
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from consumers.runtime.errors import LimitExceeded
from consumers.runtime.lanes.lane import WorkerDied
from consumers.runtime.lanes.worker import serve
from consumers.runtime.stage import Limits

__all__ = ["Ended", "WatchedWorkers"]

# Spawn, not fork: the parent runs librdkafka's threads, and a forked copy of their locks may never open.
_CONTEXT = mp.get_context("spawn")
# How often a worker's memory is looked at, in seconds.
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Ended:
    """How one task ended: with what its work returned, or with `error`."""

    task: int
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: int | None = None
    deadline: float = 0.0


class WatchedWorkers:
    """Runs up to `limits.workers` tasks in as many processes; `seconds` and `memory_bytes` bound one task.

    `makes`, a `module:function`, is called in each worker with `told` and returns the function that does the work:
    it gets what `submit` is given, and what it returns has to be picklable.
    """

    def __init__(
        self, makes: str, *told: str, limits: Limits, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._makes, self._told, self._limits, self._name, self._clock = makes, told, limits, name, clock
        self._workers: list[_Worker] = []
        self._looked = 0.0

    def _spawn(self) -> _Worker:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=serve,
            args=(theirs, self._makes, self._told, self._name, self._limits.memory_bytes),
            daemon=True,
            name=f"worker of {self._name}",
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    @property
    def free(self) -> int:
        """How many more tasks may start."""
        return self._limits.workers - sum(w.task is not None for w in self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for tests that kill them."""
        return [w.process.pid for w in self._workers if w.process.pid is not None]

    def submit(self, task: int, work: object) -> None:
        """Give work to an idle worker, a new one if none is."""
        worker = next((w for w in self._workers if w.task is None and w.process.is_alive()), None) or self._spawn()
        worker.task, worker.deadline = task, self._clock() + self._limits.seconds
        try:
            worker.pipe.send(work)
        except (BrokenPipeError, OSError):
            # It died between two tasks; `ended` reports the task as ended with it, and it is tried again.
            worker.process.kill()

    def ended(self, wait_s: float = 0) -> Sequence[Ended]:
        """Return the tasks that ended: answered, died with their worker, or over a limit.

        Waits at most `wait_s` for the first; a caller with nothing else to do looks again at least ten times a second,
        since limits are only looked at here.
        """
        busy = [w for w in self._workers if w.task is not None]
        ready = set(wait([w.pipe for w in busy], wait_s)) if busy else set()
        ended = [e for w in busy if w.pipe in ready and (e := self._receive(w))]
        ended.extend(e for w in busy if w.task is not None and (e := self._overdue(w)))
        now = self._clock()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            ended.extend(e for w in busy if w.task is not None and (e := self._overgrown(w)))
        return ended

    def _receive(self, worker: _Worker) -> Ended | None:
        task = worker.task
        if task is None:
            return None
        try:
            result, error = worker.pipe.recv()
        except (EOFError, OSError):
            code = self._end(worker)
            return Ended(task, error=WorkerDied(f"the worker ended with code {code} in the middle of the record"))
        worker.task = None
        return Ended(task, result, error)

    def _overdue(self, worker: _Worker) -> Ended | None:
        if worker.task is None or self._clock() <= worker.deadline:
            return None
        task = worker.task
        self._end(worker)
        return Ended(task, error=LimitExceeded(f"not done within {self._limits.seconds:g} s"))

    def _overgrown(self, worker: _Worker) -> Ended | None:
        task = worker.task
        used = _memory(worker.process.pid)
        if task is None or used <= self._limits.memory_bytes:
            return None
        self._end(worker)
        limit = self._limits.memory_bytes // 2**20
        return Ended(task, error=LimitExceeded(f"used {used // 2**20} MiB of memory, over the limit of {limit} MiB"))

    def _end(self, worker: _Worker) -> int | None:
        """Kill a worker with its own children (an OCR engine may be one) and return its exit code."""
        children: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(worker.process.pid).children(recursive=True)
        worker.process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        worker.process.join(5)
        worker.pipe.close()
        self._workers.remove(worker)
        return worker.process.exitcode

    def close(self) -> None:
        """End every worker; one in the middle of a task is killed."""
        for worker in list(self._workers):
            self._end(worker)


def _memory(pid: int | None) -> int:
    """Return the resident bytes of a process and its children, 0 when it is gone."""
    if pid is None:
        return 0
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0
