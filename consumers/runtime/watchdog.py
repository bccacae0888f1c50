"""Ends a process whose polling thread is stuck, so that whatever started it starts it anew.

A handler that hangs in the polling thread would otherwise hold its partitions for ever: the client's own threads keep
its place in the group alive. Health answers 503 then, but not everything that starts processes asks for it.
"""

import faulthandler
import os
import threading
from collections.abc import Callable

import structlog

from consumers.runtime.health import Health

__all__ = ["STUCK", "Watchdog"]

_log = structlog.get_logger(__name__)
STUCK = 70
"""Exit code of a process that was ended so (EX_SOFTWARE of sysexits.h)."""
_LOOK_EVERY_S = 1.0


def _exit() -> None:
    # What every thread is doing goes to the log's end; nothing else can be done in a process that hangs.
    faulthandler.dump_traceback(all_threads=True)
    os._exit(STUCK)


class Watchdog:
    """Watches over the beats of a polling thread; `limit_s` without one is the end."""

    def __init__(self, health: Health, limit_s: float, end: Callable[[], None] = _exit) -> None:
        self._health, self._limit_s, self._end = health, limit_s, end
        self._over = threading.Event()

    def start(self) -> None:
        """Watch in a thread of its own until `stop`."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()

    def look(self) -> None:
        """End the process if its polling thread has not come round in time. What was not committed is done again."""
        silent = self._health.silent_s()
        if silent < self._limit_s:
            return
        _log.critical("stuck", seconds=round(silent), message="the polling thread does not come round; ending")
        self._end()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            self.look()
