"""Back-pressure: how much may be fetched, and when fetching rests."""

from consumers.runtime.clock import Clock
from consumers.runtime.ownership import Ownership
from consumers.runtime.stage import Limits
from consumers.runtime.telemetry import Telemetry

__all__ = ["POLL", "Pressure"]

POLL = 5_000
"""Records asked for in one poll, and how many done ones are no longer let wait for more."""


class Pressure:
    """Holds what is in flight to its bounds, in records and in bytes.

    Above a bound every partition rests, below half of both they wake; in between nothing changes, so that they do not
    flutter. Membership goes on throughout, since polling does.
    """

    def __init__(self, limits: Limits, ownership: Ownership, telemetry: Telemetry, clock: Clock) -> None:
        self._limits, self._own, self._telemetry, self._clock = limits, ownership, telemetry, clock
        self.paused = False

    @property
    def room(self) -> int:
        """How many records the next poll may bring, at least one: a poll is also what keeps the member alive."""
        return min(self._own.room, POLL)

    @property
    def over(self) -> bool:
        """Whether as much is in flight as may be."""
        own, limits = self._own, self._limits
        return own.in_flight >= limits.in_flight or own.in_flight_bytes >= limits.in_flight_bytes

    def press(self) -> None:
        """Rest or wake the partitions, and say how much is in flight and for how long."""
        own, limits = self._own, self._limits
        under = own.in_flight <= limits.in_flight // 2 and own.in_flight_bytes <= limits.in_flight_bytes // 2
        if self.over and not self.paused:
            self.paused = True
            self._telemetry.count("pauses")
        elif self.paused and under:
            self.paused = False
        own.press_back(paused=self.paused)
        self._telemetry.set("in_flight", own.in_flight)
        self._telemetry.set("in_flight_bytes", own.in_flight_bytes)
        now = self._clock.monotonic()
        self._telemetry.set("oldest_in_flight_seconds", now - own.oldest(now))
