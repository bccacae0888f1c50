"""What only a real broker has: transactions that are open for a while, and offsets it has lost."""

import os
import threading
import time

import pytest
from confluent_kafka import Producer

from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.transactions import Transactions
from consumers.runtime.transport import Fenced, Outgoing, TransportLost
from devstack.stack import Endpoints
from tests.contract.brokers import KafkaLog, Member, until

pytestmark = pytest.mark.kafka


def _open_transaction(endpoints: Endpoints, log: KafkaLog, value: bytes) -> Producer:
    producer = Producer({"bootstrap.servers": endpoints.bootstrap_servers, "transactional.id": f"{log.inbox}.other"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(log.changes, value, b"key", partition=0)
    producer.flush(30)
    return producer


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "aborted"])
def test_a_tail_waits_for_an_open_transaction(kafka_stack: Endpoints, commit: bool) -> None:
    """State that is being committed while it is restored is not missed, and what is aborted does not appear.

    A reader of committed records is told an end before the open transaction: taking that end lost the last changes
    of the partition's former owner.
    """
    log = KafkaLog(kafka_stack.bootstrap_servers, f"open-{os.getpid()}-{commit}")
    log.produce(log.changes, b"before")
    producer = _open_transaction(kafka_stack, log, b"open")
    transport = log.transport()
    assert transport.bounds(log.changes, 0)[1] >= 2
    ending = threading.Timer(1.0, producer.commit_transaction if commit else producer.abort_transaction)
    ending.start()
    tail = transport.tail(log.changes, 0, 0)
    found: list[bytes | None] = []
    while chunk := tail.catch_up():
        found.extend(r.value for r in chunk)
    assert found == ([b"before", b"open"] if commit else [b"before"])
    assert tail.remaining == 0
    ending.join()
    tail.close()
    transport.close()


def test_a_tail_of_a_missing_topic_says_so(kafka_stack: Endpoints) -> None:
    """A topic that does not exist is named, with what creates it."""
    log = KafkaLog(kafka_stack.bootstrap_servers, f"missing-{os.getpid()}")
    transport = log.transport()
    with pytest.raises(TransportLost, match="spendtrail prepare"):
        transport.tail("no.such.topic")
    transport.close()


def test_several_rebalances_lose_nothing(kafka_stack: Endpoints) -> None:
    """Members that come and go leave every partition owned by exactly one."""
    log = KafkaLog(kafka_stack.bootstrap_servers, f"many-{os.getpid()}")
    first = Member(log.transport("a")).join(log.inbox)
    until(lambda: len(first.owned) == 2, first)
    for instance in ("b", "c"):
        other = Member(log.transport(instance)).join(log.inbox)
        until(lambda other=other: len(first.owned) == len(other.owned) == 1, first, other)  # type: ignore[misc] # bound per turn
        assert first.owned.keys().isdisjoint(other.owned.keys())
        other.transport.close()
        until(lambda: len(first.owned) == 2, first)
    first.transport.close()


def test_a_client_that_noticed_by_itself_that_it_is_fenced_says_so(kafka_stack: Endpoints) -> None:
    """The answer may come between two calls: then the client refuses with a general word, and the reason is asked for.

    A member that took that word for a lost transaction took a new producer and fenced the younger process in turn.
    """
    prefix = f"noticed-{os.getpid()}"
    log = KafkaLog(kafka_stack.bootstrap_servers, prefix)
    settings = KafkaSettings(kafka_stack.bootstrap_servers, prefix, f"{prefix}.a")
    record: list[Outgoing] = [Outgoing(log.changes, b"key", b"value", (), 0)]
    older = Transactions(settings, lambda: None)
    older.ahead(record)
    Transactions(settings, lambda: None)

    def go_on() -> None:
        for _ in range(200):
            older.ahead(record)
            time.sleep(0.05)

    with pytest.raises(Fenced, match="SPENDTRAIL_INSTANCE"):
        go_on()
