"""A log in memory, for unit tests. It passes the same contract suite as Kafka, failures included."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from consumers.runtime.transport import (
    Fenced,
    Fetched,
    Offset,
    Outgoing,
    Tail,
    TransactionLost,
    Written,
)

__all__ = ["MemoryBroker", "MemoryTransport"]


@dataclass(slots=True)
class MemoryBroker:
    """Topics, groups and transactional ids shared by the transports of one test.

    `fail_next` makes that many coming transactions end in `TransactionLost`, `lose_answers` commits that many and
    says they were lost: the two things an unreachable coordinator can mean.
    """

    partitions: int = 4
    clock_ms: Callable[[], int] = lambda: 0
    fail_next: int = 0
    lose_answers: int = 0
    logs: dict[tuple[str, int], list[Fetched]] = field(default_factory=dict)
    offsets: dict[tuple[str, str, int], Offset] = field(default_factory=dict)
    producers: dict[str, int] = field(default_factory=dict)
    members: dict[str, list["MemoryTransport"]] = field(default_factory=dict)

    def log(self, topic: str, partition: int) -> list[Fetched]:
        """Return a partition's records."""
        return self.logs.setdefault((topic, partition), [])

    def produce(self, outgoing: Outgoing) -> Fetched:
        """Append one record, as a producer without transactions would."""
        partition = outgoing.partition
        if partition is None:
            partition = zlib.crc32(outgoing.key or b"") % self.partitions
        log = self.log(outgoing.topic, partition)
        record = Fetched(
            outgoing.topic, partition, len(log), outgoing.key, outgoing.value, outgoing.headers, self.clock_ms()
        )
        log.append(record)
        return record

    def records(self, topic: str) -> list[Fetched]:
        """Return all records of a topic, partition by partition."""
        return [r for p in range(self.partitions) for r in self.log(topic, p)]

    def rebalance(self, group: str) -> None:
        """Spread the partitions over the group's members, in order of joining."""
        members = self.members.get(group, [])
        for partition in range(self.partitions):
            for index, member in enumerate(members):
                member.want(partition, owned=partition % len(members) == index)
        for member in members:
            member.give_up()
        for member in members:
            member.take_on()


class _MemoryTail:
    def __init__(self, broker: MemoryBroker, topic: str, starts: dict[int, int]) -> None:
        self._broker, self._topic, self._next = broker, topic, starts

    def catch_up(self) -> Sequence[Fetched]:
        chunk: list[Fetched] = []
        for partition, start in self._next.items():
            fresh = self._broker.log(self._topic, partition)[start:]
            self._next[partition] += len(fresh)
            chunk.extend(fresh)
        return chunk

    @property
    def remaining(self) -> int:
        return sum(len(self._broker.log(self._topic, p)) - n for p, n in self._next.items())

    def close(self) -> None:
        self._next = {}


class MemoryTransport:
    """One member of a group on a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, group: str, transactional_id: str) -> None:
        self._broker, self._group, self._id = broker, group, transactional_id
        self._topic = ""
        self._positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._wanted: set[int] = set()
        self._turn = 0
        self._epoch = 0
        self._ahead: list[Outgoing] = []
        self._ended_with: TransactionLost | Fenced | None = None
        self._init_transactions()

    def _init_transactions(self) -> None:
        self._epoch = self._broker.producers[self._id] = self._broker.producers.get(self._id, 0) + 1

    def subscribe(
        self,
        topic: str,
        on_assigned: Callable[[Mapping[int, Offset | None]], None],
        on_revoked: Callable[[Sequence[int], bool], None],
    ) -> None:
        """Join the group; partitions are spread at once."""
        self._topic, self._on_assigned, self._on_revoked = topic, on_assigned, on_revoked
        self._broker.members.setdefault(self._group, []).append(self)
        self._broker.rebalance(self._group)

    def want(self, partition: int, *, owned: bool) -> None:
        """Say what the next rebalance gives this member."""
        (self._wanted.add if owned else self._wanted.discard)(partition)

    def give_up(self) -> None:
        """Give up what is no longer wanted."""
        if gone := sorted(set(self._positions) - self._wanted):
            self._on_revoked(gone, False)
            for partition in gone:
                del self._positions[partition]
            self._paused -= set(gone)

    def take_on(self) -> None:
        """Take on what is newly wanted."""
        if new := sorted(self._wanted - set(self._positions)):
            committed = self._committed(new)
            self._positions |= {p: o.next if o else 0 for p, o in committed.items()}
            self._on_assigned(committed)

    def _committed(self, partitions: Sequence[int]) -> dict[int, Offset | None]:
        return {p: self._broker.offsets.get((self._group, self._topic, p)) for p in partitions}

    def poll(self, count: int, timeout: float) -> Sequence[Fetched]:
        """Return up to `count` records, one partition after the other; waits for nothing."""
        del timeout
        found: list[Fetched] = []
        partitions = sorted(set(self._positions) - self._paused)
        # Every poll begins at another partition, so that none starves behind a full one.
        self._turn += 1
        for index in range(len(partitions)):
            partition = partitions[(index + self._turn) % len(partitions)]
            start = self._positions[partition]
            fresh = self._broker.log(self._topic, partition)[start : start + count - len(found)]
            self._positions[partition] += len(fresh)
            found.extend(fresh)
        return found

    def position(self, partition: int) -> int | None:
        """Return the offset after the last one read."""
        return self._positions.get(partition)

    def pause(self, partitions: Sequence[int]) -> None:
        """Stop fetching from these."""
        self._paused |= set(partitions)

    def resume(self, partitions: Sequence[int]) -> None:
        """Fetch from these again."""
        self._paused -= set(partitions)

    def ahead(self, outgoing: Sequence[Outgoing]) -> None:
        """Keep records for the next transaction."""
        self.settle()
        self._ahead.extend(outgoing)

    def transact_behind(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset]) -> None:
        """Write all or nothing; what went wrong is told by `settle`."""
        self.settle()
        try:
            self.transact(outgoing, offsets, None)
        except (TransactionLost, Fenced) as error:
            self._ended_with = error

    @property
    def settled(self) -> bool:
        """Whether `settle` would not wait; it never does here."""
        return True

    def settle(self) -> None:
        """Tell what went wrong behind."""
        error, self._ended_with = self._ended_with, None
        if error is not None:
            raise error

    def transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset], follow: str | None) -> Written:
        """Write all or nothing."""
        self.settle()
        if self._broker.producers[self._id] != self._epoch:
            msg = f"another process uses the transactional id {self._id!r}"
            raise Fenced(msg)
        if self._broker.fail_next:
            self._broker.fail_next -= 1
            msg = "the transaction was aborted"
            raise TransactionLost(msg)
        written = Written()
        ahead, self._ahead = self._ahead, []
        for record in (*ahead, *outgoing):
            landed = self._broker.produce(record)
            if record.topic == follow:
                written.next[record.topic, landed.partition] = landed.offset + 1
        for partition, offset in offsets.items():
            self._broker.offsets[self._group, self._topic, partition] = offset
        if self._broker.lose_answers:
            self._broker.lose_answers -= 1
            msg = "the commit was not answered"
            raise TransactionLost(msg)
        return written

    def rest(self, times: int) -> float:
        """Transactions take no time here."""
        del times
        return 0.0

    @property
    def unreachable(self) -> str:
        """Nothing is ever out of reach here."""
        return ""

    def recover(self) -> Mapping[int, Offset | None]:
        """Go back to what is committed."""
        self._ahead, self._ended_with = [], None
        self._init_transactions()
        committed = self._committed(sorted(self._positions))
        self._positions = {p: o.next if o else 0 for p, o in committed.items()}
        return committed

    def tail(self, topic: str, partition: int | None = None, start: int | None = None) -> Tail:
        """Return a tail of a topic or of one partition."""
        partitions = range(self._broker.partitions) if partition is None else [partition]
        return _MemoryTail(self._broker, topic, dict.fromkeys(partitions, start or 0))

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset and the next one to be written."""
        return 0, len(self._broker.log(topic, partition))

    def close(self) -> None:
        """Leave the group; the others take over."""
        members = self._broker.members.get(self._group, [])
        if self in members:
            members.remove(self)
            self._positions = {}
            self._broker.rebalance(self._group)
