"""A record that takes longer than the poll interval costs its process no partition and the other keys no time."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.lanes.concurrent import AsyncLane
from consumers.runtime.stage import Handler, Lane, Limits
from devstack.stack import Endpoints
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.kafka_rig import KafkaRig, named, unique
from tests.runtime.rig import Rig
from tests.runtime.rows import answer, inbound, row, told

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_TASK_S = 30.0
# Far below the task, so that a thread that waited for it would lose its place.
_POLL_INTERVAL_MS = 10_000


async def _handle(event: BatchProgressed) -> Sequence[ReviewRefused]:
    if event.state == "slow":
        await asyncio.sleep(_TASK_S)
    return (answer(event, event.state),)


def test_a_task_of_30_seconds_costs_no_rebalance(kafka_stack: Endpoints, tmp_path: Path) -> None:
    """The member keeps its partitions through it, and every other key is done long before."""
    limits = Limits(workers=16, seconds=60)
    stage = named(row(lane=Lane.ASYNC, limits=limits), unique("long"), partitions=2)
    kafka = KafkaRig(kafka_stack, stage)
    handler = Handler(handle=_handle)
    transport = KafkaTransport(
        KafkaSettings(
            kafka.bootstrap,
            group=stage.name,
            transactional_id=f"{stage.name}.a",
            extra={"max.poll.interval.ms": str(_POLL_INTERVAL_MS)},
        )
    )
    lane = AsyncLane(_handle, workers=limits.workers, seconds=limits.seconds)
    rig = Rig(stage, tmp_path, handler=handler, lane=lambda: lane)
    member = rig.on(transport, "a")
    others = [inbound(f"k{n % 10}", n) for n in range(200)]
    kafka.feed(inbound("slow", 0, "slow"), inbound("slow", 1), *others)
    began = time.monotonic()
    while member.telemetry.counters.get("records_done", 0) < len(others):
        member.runner.step()
        assert time.monotonic() - began < _TASK_S - 5, "the other keys waited for the slow one"
    spans = [member.ownership.partition(n) for n in member.ownership.numbers()]
    assert len(spans) == 2
    while member.telemetry.counters["records_done"] < len(others) + 2:
        member.runner.step()
        assert time.monotonic() - began < 2 * _TASK_S
    assert time.monotonic() - began >= _TASK_S
    assert [member.ownership.partition(n) for n in member.ownership.numbers()] == spans
    assert member.telemetry.counters.get("stale_results", 0) == 0
    assert [told(e)[1] for e in kafka.outputs() if told(e)[0] == "slow"] == [0, 1]
    assert len(kafka.outputs()) == len(others) + 2
    member.runner.drain(1)
    assert kafka.lag() == 0
