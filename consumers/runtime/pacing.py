"""Whether to commit now what is done, or to let more come: a transaction costs the brokers alike whatever it holds."""

from consumers.runtime.attempts import WaitingRoom
from consumers.runtime.ownership import Ownership
from consumers.runtime.pressure import POLL
from consumers.runtime.transport import Transport

__all__ = ["Pacing"]


class Pacing:
    """Asked at the end of every step. Thrift only: whoever hands partitions over or leaves commits without asking."""

    def __init__(self, own: Ownership, room: WaitingRoom, transport: Transport, *, beside: bool) -> None:
        self._own, self._room, self._transport = own, room, transport
        # Handlers run beside the polling thread and keep no state: no step ever waits for the brokers.
        self._beside = beside and not own.durable
        self._hurried = False

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
        return own.settled and self._transport.rest <= 0

    def until(self, timeout: float, least: float) -> float:
        """Return how long the next poll may wait: `timeout`, or less where something done waits to be committed."""
        return min(timeout, max(least, self._transport.rest)) if self._own.done else timeout
