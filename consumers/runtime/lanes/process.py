"""The process lane: a stage's handler in watched workers, one record each."""

import time
from collections.abc import Callable, Mapping, Sequence

from consumers.runtime.lanes.lane import Answer
from consumers.runtime.lanes.watched import WatchedWorkers
from consumers.runtime.stage import Limits
from schemas.envelope import Event

__all__ = ["ProcessLane"]


class ProcessLane:
    """Runs up to `limits.workers` records in as many processes.

    `handler` is the module with the stage's `HANDLER`; `given` names a function, `module:function`, that makes its
    capabilities inside the worker.
    """

    def __init__(
        self, handler: str, *, limits: Limits, given: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        makes = "consumers.runtime.lanes.worker:handling"
        self._workers = WatchedWorkers(makes, handler, given, limits=limits, name=handler, clock=clock)

    @property
    def free(self) -> int:
        """How many more records may start."""
        return self._workers.free

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for tests that kill them."""
        return self._workers.pids

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Give a record to an idle worker, a new one if none is."""
        self._workers.submit(task, (event, dict(extra)))

    def answers(self, timeout: float = 0.0) -> Sequence[Answer]:
        """Return the records that ended: answered, died with their worker, or over a limit."""
        return [Answer(each.task, each.result or (), each.error) for each in self._workers.ended(timeout)]

    def close(self, timeout: float) -> None:
        """End every worker; one in the middle of a record gets `timeout` seconds to finish nothing: it is killed."""
        del timeout
        self._workers.close()
