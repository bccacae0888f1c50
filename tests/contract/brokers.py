"""The two logs that must behave alike, behind one small surface for the contract suite."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import Producer

from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.memory import MemoryBroker, MemoryTransport
from consumers.runtime.transport import Fetched, Offset, Outgoing, Transport
from schemas.topics import Topic
from tests.runtime.kafka_rig import create_topics, read_committed

__all__ = ["PARTITIONS", "KafkaLog", "Log", "Member", "MemoryLog", "topic_row", "until"]

PARTITIONS = 2


def topic_row(name: str, *, partitions: int = PARTITIONS) -> Topic:
    """Return a plain topic of that name."""
    return Topic(name, (), lambda event: event.expense_id, "key", partitions=partitions)


class Log(Protocol):
    """A broker with topics of one test: `inbox`, `outbox` and `changes`."""

    inbox: str
    outbox: str
    changes: str

    def transport(self, instance: str = "a") -> Transport:
        """Return a member of the test's group."""
        ...

    def produce(self, topic: str, value: bytes, *, partition: int = 0) -> None:
        """Append a record outside any transaction."""
        ...

    def committed(self, topic: str) -> list[bytes | None]:
        """Return the values of a topic's committed records."""
        ...


class MemoryLog:
    """The in-memory broker."""

    inbox, outbox, changes = "in", "out", "changes"

    def __init__(self) -> None:
        self.broker = MemoryBroker(PARTITIONS)

    def transport(self, instance: str = "a") -> Transport:
        """Return a member of the test's group."""
        return MemoryTransport(self.broker, "group", instance)

    def produce(self, topic: str, value: bytes, *, partition: int = 0) -> None:
        """Append a record."""
        self.broker.produce(Outgoing(topic, b"key", value, (), partition))

    def committed(self, topic: str) -> list[bytes | None]:
        """Return the values of a topic."""
        return [record.value for record in self.broker.records(topic)]


class KafkaLog:
    """A real broker."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap, self._prefix = bootstrap, prefix
        self.inbox, self.outbox, self.changes = (f"{prefix}.{name}" for name in ("in", "out", "changes"))
        create_topics(bootstrap, [topic_row(name) for name in (self.inbox, self.outbox, self.changes)])
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})

    def transport(self, instance: str = "a") -> KafkaTransport:
        """Return a member of the test's group."""
        return KafkaTransport(
            KafkaSettings(self._bootstrap, group=self._prefix, transactional_id=f"{self._prefix}.{instance}")
        )

    def produce(self, topic: str, value: bytes, *, partition: int = 0) -> None:
        """Append a record and wait until the broker has it."""
        self._producer.produce(topic, value, b"key", partition=partition)
        assert self._producer.flush(30) == 0

    def committed(self, topic: str) -> list[bytes | None]:
        """Return the values of a topic, read by a plain consumer."""
        return [message.value() for message in read_committed(self._bootstrap, topic)]


@dataclass
class Member:
    """A transport in a group, with what its callbacks said."""

    transport: Transport
    owned: dict[int, Offset | None] = field(default_factory=dict)
    seen: list[Fetched] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    before_revoke: Callable[[Sequence[int]], None] = lambda _: None

    def join(self, topic: str) -> "Member":
        """Join the group."""
        self.transport.subscribe(topic, self._assigned, self._revoked)
        return self

    def _assigned(self, committed: Mapping[int, Offset | None]) -> None:
        self.owned |= committed

    def _revoked(self, numbers: Sequence[int], lost: bool) -> None:
        if lost:
            self.lost.extend(numbers)
        else:
            self.before_revoke(numbers)
        for number in numbers:
            self.owned.pop(number, None)

    def poll(self, count: int = 100) -> None:
        """Poll once, shortly."""
        self.seen.extend(self.transport.poll(count, 0.05))

    @property
    def values(self) -> list[bytes | None]:
        """Values read so far, in order."""
        return [record.value for record in self.seen]


def until(probe: Callable[[], bool], *members: Member, seconds: float = 30.0) -> None:
    """Poll every member until the probe holds."""
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, "it did not come about in time"
        for member in members:
            member.poll()
