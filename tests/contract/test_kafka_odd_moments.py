"""Moments that only Kafka has: a rebalance in the middle of one fetch, a call that outlasts its own time limit."""

import os
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from consumers.runtime import transactions
from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.transport import Offset, Outgoing, TransactionLost, TransportLost
from devstack.stack import Endpoints
from tests.contract.brokers import KafkaLog, Member, until

pytestmark = pytest.mark.kafka


class _Rebalancing:
    """The client's consumer, which takes a partition away and gives it back when it fetches the next time."""

    def __init__(self, consumer: Any, topic: str) -> None:
        self._consumer, self._partition = consumer, TopicPartition(topic, 0)
        self._assigned: Callable[..., None] | None = None
        self._revoked: Callable[..., None] | None = None
        self.due = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:
        """Subscribe, keeping the callbacks."""
        self._assigned, self._revoked = callbacks["on_assign"], callbacks["on_revoke"]
        self._consumer.subscribe(topics, **callbacks)

    def consume(self, count: int, timeout: float) -> list[Message]:
        """Fetch; what is due happens before, as the client calls back before it returns records."""
        if self.due and self._assigned and self._revoked:
            self.due = False
            self._revoked(self._consumer, [self._partition])
            self._assigned(self._consumer, [self._partition])
        return self._consumer.consume(count, timeout)  # type: ignore[no-any-return] # messages, as above


def test_a_partition_taken_and_given_back_within_one_fetch_is_not_guessed_about(kafka_stack: Endpoints) -> None:
    """Nobody could tell which of the records came before; the member joins anew and reads what is committed."""
    log = KafkaLog(kafka_stack.bootstrap_servers, f"back-{os.getpid()}")
    transport = log.transport()
    assert isinstance(transport, KafkaTransport)
    consumer = _Rebalancing(transport._consumer, log.inbox)
    transport._consumer = consumer  # type: ignore[assignment] # stands before the client's own
    member = Member(transport).join(log.inbox)
    until(lambda: len(member.owned) == 2, member)
    for value in (b"1", b"2"):
        log.produce(log.inbox, value)
    until(lambda: len(member.seen) == 2, member)
    log.produce(log.inbox, b"3")
    consumer.due = True
    with pytest.raises(TransportLost, match=r"\[0\] were taken away and given back"):
        until(lambda: False, member, seconds=10)
    transport.close()


def test_a_commit_behind_that_never_ends_is_given_up(kafka_stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both its calls keep to limits of their own; one that did not would be waited for in good health for ever."""
    monkeypatch.setattr(transactions, "_GRACE_S", 0.5)
    log = KafkaLog(kafka_stack.bootstrap_servers, f"endless-{os.getpid()}")
    transport = KafkaTransport(
        KafkaSettings(
            kafka_stack.bootstrap_servers,
            group="endless",
            transactional_id=f"endless-{os.getpid()}",
            transaction_timeout_ms=1_000,
            socket_timeout_ms=500,
            call_timeout_s=5.0,
        )
    )
    over = threading.Event()
    with closing(transport):
        transport.subscribe(log.inbox, lambda _: None, lambda *_: None)
        monkeypatch.setattr(transport._transactions, "_end", lambda *_: over.wait(12))
        transport.transact_behind([Outgoing(log.outbox, b"k", b"lost", (), 0)], {0: Offset(1)})
        assert not transport.settled
        with pytest.raises(TransactionLost, match="not ended within the time limits"):
            transport.settle()
        over.set()
        monkeypatch.undo()
        transport.recover()
        transport.transact([Outgoing(log.outbox, b"k", b"next", (), 0)], {}, None)
        assert log.committed(log.outbox) == [b"next"]
