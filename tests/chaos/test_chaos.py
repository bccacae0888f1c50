"""Replicas are killed and stopped while work goes on; every event still counts exactly once, in order."""

import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from devstack import process
from devstack.stack import Endpoints
from schemas.codec import Codec, registry_at
from streams.client import PARTITIONER
from tests.chaos.ledger import Ledger, Verdict, check
from tests.runtime.child import stage_of
from tests.runtime.kafka_rig import KafkaRig, unique
from tests.runtime.replica import Replica
from tests.runtime.rows import inbound

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

EVENTS, KEYS = 600, 24
# The dev stack's session time-out is 8 s: a process stopped for longer has lost its place when it wakes.
STOPPED_S = 11.0
_OWNS = re.compile(r'"partitions": \[\d.*"partitions assigned"')
PERFECT = Verdict(duplicates=0, missing=0, out_of_order=0, state_equal=True)


@pytest.fixture
def replicas() -> Iterator[list[Replica]]:
    """Collect the processes of a test; none outlives it."""
    started: list[Replica] = []
    yield started
    for replica in started:
        replica.send(signal.SIGCONT)
        replica.kill()


class Sender:
    """Sends numbered events, the same to every stage, and keeps the ledger."""

    def __init__(self, rigs: list[KafkaRig], codec: Codec) -> None:
        self._rigs, self._codec = rigs, codec
        self._producer = Producer(
            {"bootstrap.servers": rigs[0].bootstrap, "partitioner": PARTITIONER, "enable.idempotence": True}
        )
        self._dice = random.Random(4)  # noqa: S311 - a fixed course of keys, no secret
        self.ledger = Ledger()
        self._number = 0

    def send(self, count: int, seconds: float) -> None:
        """Send `count` events, spread over `seconds`."""
        for _ in range(count):
            key = f"k{self._dice.randrange(KEYS)}"
            event = inbound(key, self._number)
            for rig in self._rigs:
                self._producer.produce(rig.stage.reads.name, self._codec.encode(event), key.encode())
            self.ledger.note(key, self._number)
            self._number += 1
            self._producer.poll(0)
            time.sleep(seconds / count)
        assert self._producer.flush(30) == 0


def test_kills_and_stops_change_nothing(kafka_stack: Endpoints, tmp_path: Path, replicas: list[Replica]) -> None:
    """600 events through a stateless and a stateful stage of two replicas each, two kills, one long stop: 0, 0, 0."""
    if kafka_stack.registry_url is None:
        pytest.skip("SPENDTRAIL_BOOTSTRAP_SERVERS is set without SPENDTRAIL_SCHEMA_REGISTRY_URL")
    codec, prefix = Codec(registry_at(kafka_stack.registry_url)), unique("chaos")
    rigs = {kind: KafkaRig(kafka_stack, stage_of(prefix, kind), codec) for kind in ("echo", "count")}
    members = {
        (kind, instance): Replica(kafka_stack, tmp_path, prefix, kind, instance)
        for kind in rigs
        for instance in ("a", "b")
    }
    replicas.extend(members.values())
    for member in members.values():
        member.until_ready()
        # A member that owns nothing has nothing to lose.
        assert process.wait_for(lambda log=member.log: bool(_OWNS.search(log.read_text())), timeout_s=60)  # type: ignore[misc] # bound per turn
    sender = Sender(list(rigs.values()), codec)
    sender.send(EVENTS // 4, 2)
    for kind in rigs:
        members[kind, "a"].kill()
    sender.send(EVENTS // 4, 2)
    for kind in rigs:
        members[kind, "a"].start()
    members["count", "b"].send(signal.SIGSTOP)
    stopped = time.monotonic()
    sender.send(EVENTS // 2, 6)
    time.sleep(max(0.0, STOPPED_S - (time.monotonic() - stopped)))
    members["count", "b"].send(signal.SIGCONT)
    deadline = time.monotonic() + 60
    while any(rig.lag() for rig in rigs.values()):
        assert time.monotonic() < deadline, {kind: rig.lag() for kind, rig in rigs.items()}
        time.sleep(0.2)
    woken = members["count", "b"]
    noticed = process.wait_for(lambda: "partitions lost" in woken.log.read_text(), timeout_s=60)
    assert noticed, f"the stop cost it no place:\n{process.tail(woken.log)}"
    assert woken.alive, process.tail(woken.log)
    for kind, rig in rigs.items():
        changelog = rig.stage.changelog.name if rig.stage.changelog else None
        verdict = check(rig.bootstrap, kafka_stack.registry_url, sender.ledger, rig.stage.writes[0].name, changelog)
        assert verdict == PERFECT, kind
    assert [member.terminate() for member in members.values()] == [0, 0, 0, 0]
