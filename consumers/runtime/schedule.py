"""Which record may run when: in order within a key, side by side across keys, later after a dependency failed."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _Key:
    """One key in work: the expenses whose tasks have begun, which of those wait for their time, who waits behind."""

    begun: dict[int, str | None] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)
    behind: deque[Task] = field(default_factory=deque)


class Schedule:
    """The keys in work and the records that wait behind them or for their time.

    `together` is how many records of one key may be in work at once. They begin in order and are of different expenses,
    which `expense` tells, None where it cannot yet; such a record is in work alone. While one of them waits for its
    time no further one begins.
    """

    def __init__(self, together: int = 1, expense: Callable[[Task], str | None] = lambda _: None) -> None:
        self._together, self._expense = together, expense
        self._keys: dict[tuple[int, bytes], _Key] = {}
        self._later: list[tuple[float, int, Task]] = []

    def admit(self, task: Task) -> bool:
        """Return whether the task may begin; if not it waits behind its key."""
        if not self._keys:
            return True
        key = self._keys.get(task.lane_key)
        if key is None or (not key.behind and self._beside(key, task)):
            return True
        key.behind.append(task)
        return False

    def _beside(self, key: _Key, task: Task) -> bool:
        """Return whether the task may be in work beside those of its key that are."""
        if not key.begun:
            return True
        if len(key.begun) >= self._together or key.later:
            return False
        expense = self._expense(task)
        return not (expense is None or None in key.begun.values() or expense in key.begun.values())

    def hold(self, task: Task) -> None:
        """Count the task among those of its key that are in work, until `release`."""
        key = self._keys.setdefault(task.lane_key, _Key())
        self._begin(key, task)
        key.later.discard(task.number)

    def _begin(self, key: _Key, task: Task) -> None:
        key.begun[task.number] = self._expense(task) if self._together > 1 else None

    def release(self, task: Task) -> list[Task]:
        """Let go of the task and return the next ones of its key, which may begin now."""
        if not self._keys:
            return []
        key = self._keys.get(task.lane_key)
        if key is None:
            return []
        key.begun.pop(task.number, None)
        key.later.discard(task.number)
        following: list[Task] = []
        while key.behind and self._beside(key, key.behind[0]):
            following.append(key.behind.popleft())
            self._begin(key, following[-1])
        if not key.begun and not key.behind:
            del self._keys[task.lane_key]
        return following

    def postpone(self, task: Task, due: float) -> None:
        """Try the task again at `due`; its key stays blocked until then."""
        self.hold(task)
        self._keys[task.lane_key].later.add(task.number)
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
        self._keys = {k: w for k, w in self._keys.items() if k[0] != partition.number}
        self._later = [entry for entry in self._later if entry[2].partition is not partition]
        heapq.heapify(self._later)
