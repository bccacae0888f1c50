"""Following the audit log on a real broker."""

import time
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from sqlalchemy import update

from consumers.project.database import open_database
from consumers.project.follow import Follower
from consumers.project.queries import ReadModel
from consumers.project.tables import SCHEMA
from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.telemetry import RecordedTelemetry
from devstack.stack import Endpoints
from schemas.topics import AUDIT_LOG
from tests.audit.trail import CODEC, clean, resolved, sealed

pytestmark = pytest.mark.kafka

# Topic and group of this test's own: others use the audit log of the same broker.
TOPIC, GROUP = "audit.log.follow-test", "project-follow-test"
PARTITIONS = 2


@pytest.fixture
def bootstrap(kafka_stack: Endpoints) -> str:
    """A broker whose audit log has transactional entries, an aborted one among them."""
    servers = kafka_stack.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers})
    topic = NewTopic(TOPIC, num_partitions=PARTITIONS, replication_factor=1, config=AUDIT_LOG.config())
    for made in admin.create_topics([topic]).values():
        made.result(30)
    return servers


def append(servers: str, *names: str, commit: bool = True) -> int:
    """Append an expense per name in one transaction, and return how many entries those are."""
    producer = Producer({"bootstrap.servers": servers, "transactional.id": "project-follow-test"})
    producer.init_transactions(30)
    producer.begin_transaction()
    entries = [entry for n, name in enumerate(names) for entry in sealed((clean, resolved)[n % 2](name))]
    for entry in entries:
        partition = int(entry.expense_id[0], 16) % PARTITIONS
        producer.produce(TOPIC, CODEC.encode(entry), AUDIT_LOG.key(entry).encode(), partition)
    producer.flush(30)
    (producer.commit_transaction if commit else producer.abort_transaction)(30)
    return len(entries)


def follower(servers: str, path: Path) -> Follower:
    """Return a started follower."""
    settings = KafkaSettings(servers, group=GROUP, transactional_id=f"{GROUP}.a")
    engine = open_database(f"sqlite:///{path}")
    made = Follower(KafkaTransport(settings), CODEC, engine, RecordedTelemetry(), topic=TOPIC)
    made.start()
    return made


def fold(one: Follower, entries: int) -> None:
    """Step until so many entries were new, then a little longer to see that no more are."""
    deadline, new = time.monotonic() + 60, 0
    while new < entries and time.monotonic() < deadline:
        new += one.step()
    new += sum(one.step() for _ in range(5))
    assert new == entries


def test_exactly_once_and_no_lag(bootstrap: str, tmp_path: Path) -> None:
    """Committed entries are folded once across restart and rebuild, aborted ones never, and lag reaches zero."""
    path = tmp_path / "model.sqlite"
    first = append(bootstrap, "one", "two")
    append(bootstrap, "never", commit=False)
    one = follower(bootstrap, path)
    fold(one, first)
    one.close()
    second = append(bootstrap, "three")
    one = follower(bootstrap, path)
    fold(one, second)
    one.close()
    engine = open_database(f"sqlite:///{path}")
    assert ReadModel(engine).counts() == {"posted": 3}
    with engine.begin() as connection:
        connection.execute(update(SCHEMA).values(version=0))
    one = follower(bootstrap, path)
    fold(one, first + second)
    assert ReadModel(engine).counts() == {"posted": 3}
    assert lag(bootstrap) == 0
    one.close()


def lag(servers: str) -> int:
    """Offsets between what the group committed and the end of the log."""
    transport = KafkaTransport(KafkaSettings(servers, group=GROUP, transactional_id=f"{GROUP}.lag"))
    admin = AdminClient({"bootstrap.servers": servers})
    wanted = ConsumerGroupTopicPartitions(GROUP, [TopicPartition(TOPIC, p) for p in range(PARTITIONS)])
    (future,) = admin.list_consumer_group_offsets([wanted]).values()
    committed = {p.partition: p.offset for p in future.result(30).topic_partitions}
    ends = {p: transport.bounds(TOPIC, p)[1] for p in range(PARTITIONS)}
    transport.close()
    return sum(end - max(0, committed.get(p, 0)) for p, end in ends.items())
