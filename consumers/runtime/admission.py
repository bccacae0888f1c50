"""Counting fetched records in, before the first of them runs."""

from collections.abc import Sequence

from consumers.runtime.ownership import Ownership
from consumers.runtime.partition import Partition
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Fetched, TransportLost
from schemas.dead_letters import REPLAY_GROUP

__all__ = ["Admission"]


class Admission:
    """Tells the records that a stage has to handle from those it only has to pass.

    A whole fetch is counted in at once: what was fetched and not begun must hold the frontier back when a commit
    comes in the middle, or it would be taken for done.
    """

    def __init__(self, stage: str, ownership: Ownership, telemetry: Telemetry) -> None:
        self._stage, self._own, self._telemetry = stage, ownership, telemetry

    def admit(self, records: Sequence[Fetched], now: float) -> list[tuple[Fetched, Partition, int]]:
        """Return the records to handle, each with its span and its bytes; they came `now` (monotonic seconds).

        Raises:
            TransportLost: a record came again; the member has to join anew and read what is committed.

        """
        admitted = []
        for record in records:
            partition = self._own.partition(record.partition)
            if partition is None:
                self._telemetry.count("stale_results")
            elif record.offset < partition.progress.read:
                # To leave it out could lose a record, to handle it could do it twice: what is committed says which.
                msg = f"{record.topic}/{record.partition}/{record.offset} came after a later record of its partition"
                raise TransportLost(msg)
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
