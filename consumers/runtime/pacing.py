"""Whether to commit now what is done, or to let more come.

A transaction costs the brokers much the same whatever it holds: a request and a marker for every partition it touches,
and its state written down three times. So a stage commits for a small part of its time only: where commits take long,
transactions are few and large. A stage that has nothing to do has rested already when its next record comes.
"""

from consumers.runtime.attempts import WaitingRoom
from consumers.runtime.ownership import Ownership
from consumers.runtime.pressure import POLL
from consumers.runtime.transport import Transport

__all__ = ["Pacing"]

# How many times as far apart as a commit takes transactions are: at first, and where records keep coming. An idle
# stage's commit takes 10 to 15 ms, and the next record of one that gets them singly must not wait for it.
_LEAST, _MOST = 4, 16


class Pacing:
    """Asked at the end of every step. Thrift only: whoever hands partitions over or leaves commits without asking."""

    def __init__(self, own: Ownership, room: WaitingRoom, transport: Transport, *, beside: bool) -> None:
        self._own, self._room, self._transport = own, room, transport
        # Handlers run beside the polling thread and keep no state: no step ever waits for the brokers.
        self._beside = beside and not own.durable
        self._hurried = False
        self._times = _LEAST

    def hurry(self) -> None:
        """Have this step committed: it brought what must not grow into the next one's transaction."""
        self._hurried = True

    @property
    def due(self) -> bool:
        """Whether this step ends with a commit.

        Nothing waits that holds something up: a tick that goes on, tasks whose attempts are to be written down, the
        way back from a loss, or as many records as one transaction ends.
        """
        own, hurried = self._own, self._hurried
        self._hurried = False
        if not self._beside and (hurried or own.wary or self._room.held or own.done >= POLL):
            return True
        if not own.settled or self._transport.rest(self._times) > 0:
            return False
        # Several at a time: records keep coming, and the next ones may wait longer for each other.
        self._times = min(_MOST, 2 * self._times) if own.done > 1 else _LEAST
        return True

    def until(self, timeout: float, least: float) -> float:
        """Return how long the next poll may wait: `timeout`, or less where something done waits to be committed."""
        return min(timeout, max(least, self._transport.rest(self._times))) if self._own.done else timeout
