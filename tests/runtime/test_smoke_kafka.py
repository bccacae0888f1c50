"""The runner on a real broker."""

import time
from pathlib import Path

import pytest

from devstack.stack import Endpoints
from tests.runtime.kafka_rig import KafkaRig, named, read_committed, unique
from tests.runtime.rig import Rig
from tests.runtime.rows import inbound, row, told

pytestmark = pytest.mark.kafka


def test_state_and_outputs_on_kafka(kafka_stack: Endpoints, tmp_path: Path) -> None:
    """A stateful stage hands over once, its changelog agrees, and its lag reaches exactly zero."""
    kafka = KafkaRig(kafka_stack, named(row("tests.runtime.handlers.count", stateful=True), unique("smoke")))
    rig = Rig(kafka.stage, tmp_path)
    kafka.feed(*(inbound(f"k{n % 5}", n) for n in range(200)))
    member = rig.on(kafka.transport(), "a")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (kafka.lag() or not member.telemetry.counters.get("records_done")):
        member.runner.step()
    member.runner.drain(1)
    assert sorted(told(e) for e in kafka.outputs()) == sorted((f"k{n % 5}", n, str(n // 5 + 1)) for n in range(200))
    assert kafka.stage.changelog
    changes = {m.key(): m.value() for m in read_committed(kafka.bootstrap, kafka.stage.changelog.name)}
    assert changes == {f"k{k}".encode(): b"40" for k in range(5)}
    assert kafka.lag() == 0
