"""The process lane: single-worker processes that can be killed, for CPU-bound work on hostile input.

Each worker holds one record at a time, so a killed, hanging or overgrown worker takes along only its own record.
"""

import contextlib
import multiprocessing as mp
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import psutil

from consumers.runtime.errors import LimitExceeded
from consumers.runtime.lanes.lane import Answer, WorkerDied
from consumers.runtime.lanes.worker import serve
from consumers.runtime.stage import Limits
from schemas.envelope import Event

__all__ = ["ProcessLane"]

# Spawn, not fork: the parent runs librdkafka's threads, and a forked copy of their locks may never open.
_CONTEXT = mp.get_context("spawn")
# How often a worker's memory is looked at, in seconds.
_LOOK_EVERY = 0.1


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: int | None = None
    deadline: float = 0.0


class ProcessLane:
    """Runs up to `limits.workers` records in as many processes.

    `handler` is the module with the stage's `HANDLER`; `given` names a function, `module:function`, that makes its
    capabilities inside the worker.
    """

    def __init__(
        self, handler: str, *, limits: Limits, given: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._handler, self._limits, self._given, self._clock = handler, limits, given, clock
        self._workers: list[_Worker] = []
        self._looked = 0.0

    def _spawn(self) -> _Worker:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=serve,
            args=(theirs, self._handler, self._given, self._limits.memory_bytes),
            daemon=True,
            name=f"worker of {self._handler}",
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    @property
    def free(self) -> int:
        """How many more records may start."""
        return self._limits.workers - sum(w.task is not None for w in self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for tests that kill them."""
        return [w.process.pid for w in self._workers if w.process.pid is not None]

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Give a record to an idle worker, a new one if none is."""
        worker = next((w for w in self._workers if w.task is None and w.process.is_alive()), None) or self._spawn()
        worker.task, worker.deadline = task, self._clock() + self._limits.seconds
        try:
            worker.pipe.send((event, dict(extra)))
        except (BrokenPipeError, OSError):
            # It died between two records; `answers` reports the task as ended with it, and it is tried again.
            worker.process.kill()

    def answers(self) -> Sequence[Answer]:
        """Return the records that ended: answered, died with their worker, or over a limit."""
        busy = [w for w in self._workers if w.task is not None]
        ready = set(wait([w.pipe for w in busy], 0)) if busy else set()
        ended = [a for w in busy if w.pipe in ready and (a := self._receive(w))]
        ended.extend(a for w in busy if w.task is not None and (a := self._overdue(w)))
        now = self._clock()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            ended.extend(a for w in busy if w.task is not None and (a := self._overgrown(w)))
        return ended

    def _receive(self, worker: _Worker) -> Answer | None:
        task = worker.task
        if task is None:
            return None
        try:
            outputs, error = worker.pipe.recv()
        except (EOFError, OSError):
            code = self._end(worker)
            return Answer(task, error=WorkerDied(f"the worker ended with code {code} in the middle of the record"))
        worker.task = None
        return Answer(task, outputs, error)

    def _overdue(self, worker: _Worker) -> Answer | None:
        if worker.task is None or self._clock() <= worker.deadline:
            return None
        task = worker.task
        self._end(worker)
        return Answer(task, error=LimitExceeded(f"not done within {self._limits.seconds:g} s"))

    def _overgrown(self, worker: _Worker) -> Answer | None:
        task = worker.task
        used = _memory(worker.process.pid)
        if task is None or used <= self._limits.memory_bytes:
            return None
        self._end(worker)
        limit = self._limits.memory_bytes // 2**20
        return Answer(task, error=LimitExceeded(f"used {used // 2**20} MiB of memory, over the limit of {limit} MiB"))

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

    def close(self, timeout: float) -> None:
        """End every worker; one in the middle of a record gets `timeout` seconds to finish nothing: it is killed."""
        del timeout
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
