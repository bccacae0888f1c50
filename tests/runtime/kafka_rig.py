"""A stage on real Kafka: topics of its own, a transport, and an independent look at what is committed."""

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.stage import Stage
from devstack.stack import Endpoints
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS, Topic
from streams.client import PARTITIONER
from tests.runtime.rig import CODEC

__all__ = ["KafkaRig", "create_topics", "named", "read_committed", "unique"]


def create_topics(bootstrap: str, topics: Iterable[Topic]) -> None:
    """Create topics; those that exist stay."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [NewTopic(t.name, num_partitions=t.partitions, replication_factor=1, config=t.config()) for t in topics]
    for done in admin.create_topics(new).values():
        try:
            done.result(30)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise
    deadline = time.monotonic() + 30
    wanted = {t.name for t in topics}
    while not wanted <= set(admin.list_topics(timeout=10).topics) and time.monotonic() < deadline:
        time.sleep(0.05)


def unique(prefix: str) -> str:
    """Return a prefix of this test run's own, so that tests and runs sharing a broker do not meet."""
    return f"{prefix}-{os.getpid()}"


def named(stage: Stage, prefix: str, *, partitions: int = 4) -> Stage:
    """Return the row with topics of its own."""
    name = f"{prefix}-{stage.name}"
    return replace(
        stage,
        name=name,
        reads=replace(stage.reads, name=f"{name}.{stage.reads.name}", partitions=partitions),
        writes=tuple(replace(t, name=f"{name}.{t.name}", partitions=partitions) for t in stage.writes),
    )


def read_committed(bootstrap: str, topic: str, *, partitions: Sequence[int] | None = None) -> list[Message]:
    """Return every committed record of a topic, by a plain consumer that shares no code with the runner."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "test-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    found: list[Message] = []
    with contextlib.closing(consumer):
        known = partitions or sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in known])
        ended: set[int] = set()
        while len(ended) < len(known):
            message = consumer.poll(10)
            assert message is not None, f"{topic} cannot be read to its end"
            if message.error() is None:
                found.append(message)
            else:
                ended.add(message.partition() or 0)
    return found


class KafkaRig:
    """Topics of one stage on a real broker."""

    def __init__(self, endpoints: Endpoints, stage: Stage, codec: Codec = CODEC) -> None:
        self.bootstrap, self.stage, self._codec = endpoints.bootstrap_servers, stage, codec
        changelog = (stage.changelog,) if stage.changelog else ()
        create_topics(
            self.bootstrap, (*dict.fromkeys((stage.reads, *stage.writes, *changelog)), AUDIT_EVENTS, DEAD_LETTERS)
        )
        self._producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": PARTITIONER, "linger.ms": 5})

    def transport(self, instance: str = "a", **settings: int) -> KafkaTransport:
        """Return a member of the stage's group."""
        return KafkaTransport(
            KafkaSettings(
                self.bootstrap,
                group=self.stage.name,
                transactional_id=f"{self.stage.name}.{instance}",
                **settings,  # type: ignore[arg-type] # only integers are varied
            )
        )

    def feed(self, *events: Event) -> None:
        """Put events into the stage's input."""
        topic = self.stage.reads
        for event in events:
            self._producer.produce(topic.name, self._codec.encode(event), topic.key(event).encode())
        assert self._producer.flush(30) == 0

    def outputs(self, topic: Topic | None = None) -> list[Event]:
        """Return the committed events of an output topic."""
        return [
            self._codec.decode(m.value()) for m in read_committed(self.bootstrap, (topic or self.stage.writes[0]).name)
        ]

    def lag(self) -> int:
        """Return the group's lag as any tool would compute it: end offsets less committed offsets."""
        with contextlib.closing(
            Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.stage.name, "enable.auto.commit": False})
        ) as consumer:
            name = self.stage.reads.name
            partitions = [TopicPartition(name, p) for p in range(self.stage.reads.partitions)]
            lag = 0
            for entry in consumer.committed(partitions, timeout=10):
                high = consumer.get_watermark_offsets(TopicPartition(name, entry.partition), timeout=10)[1]
                lag += high - max(entry.offset, 0)
            return lag
