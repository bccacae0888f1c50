"""The rules that only a real broker can show."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.runtime.kafka import KafkaSettings, KafkaTransport
from consumers.runtime.transport import Outgoing, TransactionLost
from devstack import stack
from devstack.stack import Endpoints
from tests.contract.brokers import KafkaLog

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_broker(kafka_stack: Endpoints, tmp_path: Path) -> Iterator[Endpoints]:
    """Return a broker that may be stopped without disturbing other tests."""
    home = tmp_path / "broker"
    yield stack.start(home, registry=False)
    stack.stop(home)


def test_rule_05_a_slow_transaction_costs_the_producer_its_life(own_broker: Endpoints) -> None:
    """Kept, the producer would be the same after the slow call, and a late EndTxn could commit the next transaction."""
    log = KafkaLog(own_broker.bootstrap_servers, "slow")
    transport = KafkaTransport(
        KafkaSettings(own_broker.bootstrap_servers, group="slow", transactional_id="slow", socket_timeout_ms=1_000)
    )
    transport.subscribe(log.inbox, lambda _: None, lambda *_: None)
    transport.transact([Outgoing(log.outbox, b"k", b"first", (), 0)], {}, None)
    before = transport._producer
    (broker,) = stack.status(own_broker.home)
    assert broker.pid
    os.kill(broker.pid, signal.SIGSTOP)
    waking = threading.Timer(3.0, os.kill, (broker.pid, signal.SIGCONT))
    waking.start()
    written = True
    try:
        transport.transact([Outgoing(log.outbox, b"k", b"slow", (), 0)], {}, None)
    except TransactionLost:
        transport.recover()
        written = b"slow" in log.committed(log.outbox)
    waking.join()
    assert transport._producer is not before
    transport.transact([Outgoing(log.outbox, b"k", b"next", (), 0)], {}, None)
    assert log.committed(log.outbox) == [b"first", *([b"slow"] if written else []), b"next"]
    transport.close()
