"""The rules that only a real broker can show."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.transactions import Transactions
from consumers.runtime.transport import Outgoing, TransactionLost, TransportLost
from devstack import stack
from devstack.stack import Endpoints
from tests.contract.brokers import KafkaLog

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Endpoints]:
    """Return a broker that may be stopped without disturbing other tests; it has coordinated a transaction already."""
    home = tmp_path / "broker"
    started = stack.start(home, registry=False)
    # The first one has the broker make the topic of transactions, which may take longer than a test's own patience.
    Transactions(KafkaSettings(started.bootstrap_servers, group="first", transactional_id="first"), lambda: None)
    yield started
    stack.stop(home)


@pytest.mark.parametrize(("patience", "broken"), [(30.0, False), (2.0, True)], ids=["slow", "broken"])
def test_rule_05_a_slow_or_broken_transaction_costs_the_producer_its_life(
    own_broker: Endpoints, patience: float, broken: bool
) -> None:
    """Kept, the producer would be the same afterwards, and a late EndTxn could commit the next transaction."""
    log = KafkaLog(own_broker.bootstrap_servers, "slow")
    settings = KafkaSettings(
        own_broker.bootstrap_servers,
        group="slow",
        transactional_id="slow",
        socket_timeout_ms=1_000,
        call_timeout_s=patience,
    )
    with closing(KafkaTransport(settings)) as transport:
        transport.subscribe(log.inbox, lambda _: None, lambda *_: None)
        transport.transact([Outgoing(log.outbox, b"k", b"first", (), 0)], {}, None)
        before = transport._transactions._producer
        (broker,) = stack.status(own_broker.home)
        assert broker.pid
        os.kill(broker.pid, signal.SIGSTOP)
        waking = threading.Timer(4.0, os.kill, (broker.pid, signal.SIGCONT))
        waking.start()
        lost = not _handed_over(transport, log.outbox, b"slow")
        waking.join()
        assert lost or not broken
        deadline = time.monotonic() + 60
        while lost and time.monotonic() < deadline:
            with suppress(TransactionLost, TransportLost):
                transport.recover()
                break
        assert transport._transactions._producer is not before
        written = log.committed(log.outbox)
        assert written in ([b"first"], [b"first", b"slow"])
        assert lost or b"slow" in written
        while not _handed_over(transport, log.outbox, b"next"):
            assert time.monotonic() < deadline
            with suppress(TransactionLost, TransportLost):
                transport.recover()
        assert log.committed(log.outbox) == [*written, b"next"]


def _handed_over(transport: KafkaTransport, topic: str, value: bytes) -> bool:
    try:
        transport.transact([Outgoing(topic, b"k", value, (), 0)], {}, None)
    except TransactionLost:
        return False
    return True
