"""Time as an argument: what the runner is given instead of reading the machine's clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

__all__ = ["EPOCH", "Clock", "instant", "milliseconds"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Two clocks: one that only rises, one that says the time of day."""

    def monotonic(self) -> float:
        """Return seconds that only rise."""
        ...

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        ...


# What is written together bears one time.
@lru_cache(maxsize=1_024)
def instant(timestamp_ms: int) -> datetime:
    """Return a Kafka timestamp as UTC."""
    return EPOCH + timedelta(milliseconds=timestamp_ms)


def milliseconds(moment: datetime) -> int:
    """Return a moment as milliseconds since 1970, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
