"""Counting fetched records in, before the first of them runs."""

from collections.abc import Sequence

import structlog

from consumers.runtime.ownership import Ownership
from consumers.runtime.partition import Partition
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Fetched
from schemas.dead_letters import REPLAY_GROUP

__all__ = ["Admission"]

_log = structlog.get_logger(__name__)


class Admission:
    """Tells the records that a stage has to handle from those it only has to pass.

    A whole fetch is counted in at once: what was fetched and not begun must hold the frontier back when a commit
    comes in the middle, or it would be taken for done.
    """

    def __init__(self, stage: str, ownership: Ownership, telemetry: Telemetry) -> None:
        self._stage, self._own, self._telemetry = stage, ownership, telemetry

    def admit(self, records: Sequence[Fetched], now: float) -> list[tuple[Fetched, Partition, int]]:
        """Return the records to handle, each with its span and its bytes; they came `now` (monotonic seconds)."""
        admitted = []
        for record in records:
            partition = self._own.partition(record.partition)
            if partition is None:
                self._telemetry.count("stale_results")
            elif record.offset < partition.progress.read:
                # A client that moves from one leader to the next may read a record again that it has given us.
                _log.warning("read again", record=f"{record.topic}/{record.partition}/{record.offset}")
                self._telemetry.count("read_again")
            elif record.offset in partition.progress.skip or (record.headers and self._for_another(record)):
                partition.progress.passed(record.offset)
                partition.done += 1
                self._telemetry.count("skipped")
            else:
                size = record.size
                partition.progress.fetched(record.offset, now)
                partition.open_bytes += size
                self._own.in_flight_bytes += size
                admitted.append((record, partition, size))
        self._own.in_flight += len(admitted)
        return admitted

    def _for_another(self, record: Fetched) -> bool:
        group = record.header(REPLAY_GROUP)
        return group is not None and group.decode() != self._stage
