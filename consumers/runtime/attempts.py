"""The waiting room before a lane that works beside the polling thread.

A record that kills its worker, or the whole container, must not do so for ever: before it starts, the attempt is
written down in the partition's state and committed, so a fresh process knows how often it began. A record that has
begun before without ending is a suspect and runs alone, so that nothing that merely ran beside it is blamed.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from consumers.runtime.partition import Partition, Task

__all__ = ["WaitingRoom"]


class WaitingRoom:
    """Tasks on their way to a lane: waiting, then marked, then startable once the mark is committed.

    An attempt that ended because the partition went away, or because a transaction was lost, is nobody's fault: its
    mark is taken back, or three restarts in a row would dead-letter a record that did no harm.
    """

    def __init__(self, workers: int, *, marks: bool) -> None:
        self._workers, self._marks = workers, marks
        self._waiting: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._marked: deque[Task] = deque()
        self._startable: deque[Task] = deque()
        self._innocent: dict[tuple[int, int], int] = {}

    def begun(self, task: Task) -> int:
        """Return how often the record began without ending, as far as it can be to blame."""
        store, place = task.partition.store, (task.partition.number, task.record.offset)
        known = int((store.get(task.attempt_key) if store else None) or 0)
        innocent = self._innocent.pop(place, known)
        return innocent if known == innocent + 1 else known

    def answered(self, task: Task) -> None:
        """Take back the mark of an attempt that its worker has survived, whatever the answer was."""
        if self._marks:
            self._unmark(task)

    def pardon(self, running: Iterable[Task], numbers: Sequence[int]) -> None:
        """Take back the marks of what runs, or was about to, on partitions that are being handed over."""
        begun = (t for t in (*self._marked, *self._startable) if t.partition.number in numbers)
        for task in (*running, *begun):
            if self._marks and task.partition.alive:
                self._unmark(task)

    @staticmethod
    def _unmark(task: Task) -> None:
        if task.partition.store:
            task.partition.store.accept({task.attempt_key: str(task.deaths).encode() if task.deaths else None})

    def enter(self, task: Task) -> None:
        """Let a task wait for its turn."""
        (self._suspects if task.deaths else self._waiting).append(task)

    def mark(self, running: dict[int, Task]) -> None:
        """Choose who starts next and write their attempts down; they start once that is committed."""
        if not self._marks:
            self._startable.extend(self._waiting)
            self._waiting.clear()
            return
        ahead = len(self._marked) + len(self._startable)
        alone = any(t.deaths for t in (*running.values(), *self._marked, *self._startable))
        chosen: list[Task] = []
        # Suspects go first: behind a steady stream of others their turn, with the lane to themselves, never came.
        if self._suspects:
            if not ahead and not running:
                chosen.append(self._suspects.popleft())
        elif not alone:
            while self._waiting and ahead + len(chosen) < self._workers:
                chosen.append(self._waiting.popleft())
        for task in chosen:
            if task.partition.alive and task.partition.store:
                task.partition.store.accept({task.attempt_key: str(task.deaths + 1).encode()})
                self._marked.append(task)

    @property
    def held(self) -> bool:
        """Whether tasks wait for a commit to start."""
        return bool(self._marked)

    def committed(self) -> None:
        """Let the marked tasks start."""
        self._startable.extend(self._marked)
        self._marked.clear()

    def start(self, free: int) -> Iterator[Task]:
        """Yield up to `free` tasks that may start now."""
        while free > 0 and self._startable:
            task = self._startable.popleft()
            if task.partition.alive:
                free -= 1
                yield task

    def drop(self, partition: Partition, running: Mapping[int, Task]) -> None:
        """Forget every task of a partition that was taken away; what had begun is remembered as innocent."""
        for task in (*running.values(), *self._marked, *self._startable):
            if task.partition is partition and self._marks:
                self._innocent[partition.number, task.record.offset] = task.deaths
        for queue in (self._waiting, self._suspects, self._marked, self._startable):
            kept = [t for t in queue if t.partition is not partition]
            queue.clear()
            queue.extend(kept)
