"""One owned partition and the records in work of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.runtime.pending import Journal
from consumers.runtime.progress import Progress
from consumers.runtime.store import PartitionStore, RecordView, version_headers
from consumers.runtime.transport import Fetched, Offset, Outgoing
from schemas.envelope import Event

__all__ = ["Partition", "Task"]


@dataclass(slots=True, eq=False)
class Partition:
    """One span of ownership of a partition.

    A new object is made at every assignment and every return to what is committed; `alive` turns False when the
    span ends. Results that arrive for a dead span are dropped: group fencing checks membership, not who owns which
    partition, so without this a record could be handed over by two owners.
    """

    number: int
    epoch: int
    progress: Progress
    committed: Offset | None
    # So many changed keys make it laden.
    changes: int
    store: PartitionStore | None = None
    view: RecordView | None = None
    state: Any = None
    outgoing: list[Outgoing] = field(default_factory=list)
    done: int = 0
    open_bytes: int = 0
    alive: bool = True
    full: bool = False
    # Set while outputs of the span lie in a transaction that is not committed yet.
    ahead: bool = False

    def drop(self) -> None:
        """End the span: nothing of it may be committed any more."""
        self.alive = False
        self.outgoing = []
        if self.store:
            self.store.close()

    @property
    def uncommitted(self) -> bool:
        """Whether there is anything to commit."""
        if self.outgoing or self.done or self.ahead or (self.store and self.store.pending):
            return True
        return self.progress.frontier > (self.committed.next if self.committed else 0)

    @property
    def laden(self) -> bool:
        """Whether so much state was changed that it should be committed before more is."""
        return self.store is not None and len(self.store.pending) >= self.changes

    def changelog(self, topic: str, version: int) -> Sequence[Outgoing]:
        """Return the records that carry the pending state changes, as the stage's `state_version` writes them."""
        if not self.store:
            return ()
        headers = version_headers(version)
        return [Outgoing(topic, k.encode(), v, headers, self.number) for k, v in self.store.pending.items()]


@dataclass(slots=True, eq=False)
class Task:
    """One record in work.

    `size` are the bytes it holds; `attempt` counts tries after a dependency did not answer, `deaths` the workers that
    ended with it; `journal` is what the guard wrote, to be kept only with the record's own outcome.
    """

    number: int
    record: Fetched
    partition: Partition
    size: int
    event: Event | None = None
    attempt: int = 0
    deaths: int = 0
    journal: Journal = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def lane_key(self) -> tuple[int, bytes]:
        """What keeps records in order: the partition and the key, or the offset where there is no key."""
        key = self.record.key
        return self.partition.number, key if key is not None else b"\0%d" % self.record.offset

    @property
    def attempt_key(self) -> str:
        """Where the number of started attempts is kept, so that it survives the whole process."""
        return f"~attempt/{self.record.offset:020d}"

    def about(self) -> dict[str, object]:
        """Return what a log line says of the record; nothing personal."""
        event, place = self.event, f"{self.record.topic}/{self.record.partition}/{self.record.offset}"
        if event is None:
            return {"record": place}
        return {
            "record": place,
            "expense_id": event.expense_id,
            "batch_id": event.batch_id,
            "correlation_id": event.correlation_id,
            "trace_id": event.trace_id,
            "status": event.status,
        }
