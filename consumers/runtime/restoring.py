"""Opening a partition's state on assignment: its file where that is known good, its changelog for the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from consumers.runtime.clock import Clock, milliseconds
from consumers.runtime.errors import Halted
from consumers.runtime.store import PartitionStore
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Offset, Transport
from schemas.topics import Topic

__all__ = ["StateFiles"]

_log = structlog.get_logger(__name__)
# A line of progress this often, in seconds: seldom enough to be read, often enough to tell slow from stuck.
_TELL_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class StateFiles:
    """The state files of one stage process.

    `version` is the stage's `state_version`. `alive` is called while state is being restored, which can take longer
    than a probe waits.
    """

    folder: Path
    changelog: Topic
    version: int
    transport: Transport
    clock: Clock
    telemetry: Telemetry
    alive: Callable[[], None] = lambda: None

    def open(self, number: int, committed: Offset | None) -> PartitionStore:
        """Return a partition's state as of the end of its changelog.

        `committed` is the group's offset there; None means that it never committed any.

        Raises:
            TransportLost: the broker does not answer; nothing is known of the state, so nothing may be judged.
            TransactionLost: the file cannot be written.
            Halted: the changelog lacks what the file has, or was written by a newer release; see the message.

        """
        began, now_ms = self.clock.monotonic(), milliseconds(self.clock.now())
        path = self.folder / f"{number}.sqlite"
        store = PartitionStore(path, now_ms=now_ms, max_age_ms=self.changelog.delete_retention_ms, version=self.version)
        try:
            low, high = self.transport.bounds(self.changelog.name, number)
            if store.next_offset > high:
                self._ahead(store, number, high, committed)
            read = self._read(store, number, low, high, now_ms)
        except BaseException:
            store.close()
            raise
        seconds = self.clock.monotonic() - began
        self.telemetry.set("restore_seconds", seconds)
        self.telemetry.set("restore_remaining", 0)
        _log.info("state restored", partition=number, records=read, seconds=round(seconds, 3))
        return store

    def _ahead(self, store: PartitionStore, number: int, high: int, committed: Offset | None) -> None:
        """Judge a file that has read further than its changelog goes.

        In a group that never committed here everything is new, and the file is left from another cluster. Else
        records of the changelog are gone, and with them state that outputs were decided on: what is left in the log
        would be taken for everything, and what was posted might be posted again.
        """
        place = f"{self.changelog.name}/{number}"
        if committed is not None:
            msg = (
                f"state file {store.path} stands at offset {store.next_offset} of {place}, which ends at {high}: "
                "the changelog has lost records. Restore the topic from its backup; only if what is left of it is "
                "known to be the truth, remove the file and start again"
            )
            raise Halted(msg)
        _log.warning("state file refused", file=str(store.path), reason=f"it is of another history than {place}")
        store.restart()

    def _read(self, store: PartitionStore, number: int, low: int, high: int, now_ms: int) -> int:
        start = max(store.next_offset, low)
        tail = self.transport.tail(self.changelog.name, number, start)
        told = self.clock.monotonic()
        counted = 0

        def progress(done: int, left: int) -> None:
            nonlocal told, counted
            self.alive()
            self.telemetry.count("restored", done - counted)
            self.telemetry.set("restore_remaining", left)
            counted = done
            if self.clock.monotonic() - told >= _TELL_EVERY_S:
                told = self.clock.monotonic()
                _log.info("restoring state", partition=number, records=done, remaining=left)

        progress(0, max(0, high - start))
        try:
            return store.restore(tail, now_ms=now_ms, on_progress=progress)
        finally:
            tail.close()
