"""Which record may run when: in order within a key, side by side across keys, later after a dependency failed."""

import heapq
from collections import deque
from collections.abc import Iterator

from tenacity import RetryCallState, wait_exponential

from consumers.runtime.partition import Partition, Task

__all__ = ["Schedule", "backoff"]

# 0.2 s, 0.4 s, ... at most 15 s: a dependency that is back is found soon, one that is gone is not hammered.
_WAIT = wait_exponential(multiplier=0.1, exp_base=2, max=15)


def backoff(attempt: int) -> float:
    """Return the seconds to wait after the `attempt`-th failure in a row, counted from 1."""
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type] # only the number is read
    state.attempt_number = attempt + 1
    return _WAIT(state)


class Schedule:
    """The keys in work and the records that wait behind them or for their time."""

    def __init__(self) -> None:
        self._behind: dict[tuple[int, bytes], deque[Task]] = {}
        self._later: list[tuple[float, int, Task]] = []

    def admit(self, task: Task) -> bool:
        """Return whether the task may begin; if not it waits behind its key."""
        if not self._behind:
            return True
        waiting = self._behind.get(task.lane_key)
        if waiting is None:
            return True
        waiting.append(task)
        return False

    def hold(self, task: Task) -> None:
        """Block the task's key until `release`."""
        self._behind.setdefault(task.lane_key, deque())

    def release(self, task: Task) -> Task | None:
        """Free the task's key and return the next task of it, which may begin now."""
        if not self._behind:
            return None
        waiting = self._behind.get(task.lane_key)
        if waiting is None:
            return None
        if waiting:
            return waiting.popleft()
        del self._behind[task.lane_key]
        return None

    def postpone(self, task: Task, due: float) -> None:
        """Try the task again at `due`; its key stays blocked until then."""
        self.hold(task)
        heapq.heappush(self._later, (due, task.number, task))

    def due(self, now: float) -> Iterator[Task]:
        """Yield the postponed tasks whose time has come."""
        while self._later and self._later[0][0] <= now:
            task = heapq.heappop(self._later)[2]
            if task.partition.alive:
                yield task

    def next_due(self) -> float | None:
        """Return when the next postponed task is due, None when there is none."""
        return self._later[0][0] if self._later else None

    def due_by(self, moment: float) -> bool:
        """Return whether a postponed task is due by then."""
        return bool(self._later) and self._later[0][0] <= moment

    def drop(self, partition: Partition) -> None:
        """Forget every task of a partition that was taken away."""
        self._behind = {k: w for k, w in self._behind.items() if k[0] != partition.number}
        self._later = [entry for entry in self._later if entry[2].partition is not partition]
        heapq.heapify(self._later)
