"""A replica that has no partition: partitions are the ceiling, and who adds one replica more should be told."""

from collections.abc import Callable

import structlog

from schemas.topics import Topic

__all__ = ["Standby"]

_log = structlog.get_logger(__name__)
# A member that has just joined, or lost its place, has none either; a rebalance is over well before, in seconds.
_SETTLED_S = 10.0


class Standby:
    """Says that a replica is a spare: it is ready and takes over when another leaves, but adds nothing till then.

    `clock` gives seconds that only rise; `topic` is what the stage reads.
    """

    def __init__(self, topic: Topic, clock: Callable[[], float]) -> None:
        self._topic, self._clock = topic, clock
        self._since: float | None = None
        self._told = False

    def look(self, partitions: int) -> str:
        """Return what there is to say of a replica that owns so many partitions; empty when it has work."""
        if partitions:
            if self._told:
                _log.info("no longer a spare", partitions=partitions)
            self._since, self._told = None, False
            return ""
        now = self._clock()
        if self._since is None:
            self._since = now
        if now - self._since < _SETTLED_S:
            return ""
        told = f"{self._topic.name} has {self._topic.partitions} partitions and others own them all"
        if not self._told:
            _log.warning("spare", message=f"{told}; this replica stands by and adds no throughput")
            self._told = True
        return told
