"""What the runner needs of a lane that works beside the polling thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.envelope import Event

__all__ = ["Answer", "Lane", "WorkerDied"]


class WorkerDied(Exception):
    """The worker process ended in the middle of the record; whoever it was may have been killed by the record."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one task ended: `outputs`, or `error`."""

    task: int
    outputs: Sequence[Event] = ()
    error: BaseException | None = None


class Lane(Protocol):
    """Runs tasks side by side. Tasks are numbered by the runner."""

    @property
    def free(self) -> int:
        """How many more tasks may be submitted now."""
        ...

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Start a task; `extra` are the wrapped keys its subject needs, by table key."""
        ...

    def answers(self, timeout: float = 0.0) -> Sequence[Answer]:
        """Return the tasks that ended since the last call, waiting at most `timeout` seconds for the first."""
        ...

    def close(self, timeout: float) -> None:
        """End the lane; what still runs after `timeout` seconds is ended by force."""
        ...
