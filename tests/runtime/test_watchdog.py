"""A process that hangs ends itself; one that waits does not."""

from consumers.runtime.health import Health
from consumers.runtime.watchdog import Watchdog


class Hung:
    """A clock that is set, and whether the process was ended."""

    seconds = 0.0
    ended = 0

    def clock(self) -> float:
        """Return the time set."""
        return self.seconds

    def end(self) -> None:
        """Note the end."""
        self.ended += 1


def test_a_process_that_does_not_come_round_is_ended() -> None:
    """Up to its limit it is left alone, from then on it is ended."""
    hung = Hung()
    health = Health(hung.clock)
    watchdog = Watchdog(health, 120, hung.end)
    for seconds, ended in ((0.0, 0), (119.0, 0), (120.0, 1)):
        hung.seconds = seconds
        watchdog.look()
        assert hung.ended == ended


def test_a_process_that_waits_is_left_alone() -> None:
    """Each beat begins the limit anew, however long the whole takes."""
    hung = Hung()
    health = Health(hung.clock)
    watchdog = Watchdog(health, 120, hung.end)
    for seconds in range(0, 600, 100):
        hung.seconds = float(seconds)
        watchdog.look()
        health.beats()
    assert hung.ended == 0
