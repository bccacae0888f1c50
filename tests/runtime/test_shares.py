"""Each partition has a share of what a process may hold, so that none holds up the others."""

import zlib
from itertools import count, islice
from pathlib import Path

from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.stage import Handler, Lane, Limits
from schemas.events import BatchProgressed
from tests.runtime.rig import ManualLane, Rig
from tests.runtime.rows import answer, inbound, row


def _rig(tmp_path: Path, limits: Limits) -> tuple[Rig, ManualLane]:
    lane = ManualLane()
    handler = Handler(handle=lambda event: event)
    return Rig(row(lane=Lane.ASYNC, limits=limits), tmp_path, handler=handler, lane=lambda: lane, partitions=2), lane


def _of(partition: int, number: int, payload: str = "submitted") -> list[BatchProgressed]:
    """Return events whose keys the in-memory broker puts into one partition of two."""
    keys = (n for n in count() if zlib.crc32(b"k%d" % n) % 2 == partition)
    return [inbound(f"k{n}", n, payload) for n in islice(keys, number)]


def _in_work(lane: ManualLane, events: list[BatchProgressed]) -> int:
    wanted = {event.event_id for event in events}
    return sum(event.event_id in wanted for event in lane.running.values())


def test_one_partition_holds_its_share_and_no_more(tmp_path: Path) -> None:
    """A partition whose records do not end holds half of the process of two partitions; the other one goes on."""
    rig, lane = _rig(tmp_path, Limits(in_flight=20, workers=100))
    stuck, quick = _of(0, 40), _of(1, 40)
    rig.feed(*stuck)
    member = rig.member()
    member.run(20)
    assert len(lane.running) == 10
    rig.feed(*quick)
    for _ in range(40):
        member.run(2)
        for event in [e for e in lane.running.values() if e in quick]:
            assert isinstance(event, BatchProgressed)
            lane.finish(event, (answer(event, "ok"),))
    assert _in_work(lane, stuck) == 10
    assert len(rig.told()) == 40


def test_a_share_counts_bytes_too(tmp_path: Path) -> None:
    """Few large records of one partition are held to its share like many small ones."""
    rig, lane = _rig(tmp_path, Limits(in_flight=100, in_flight_bytes=500_000, workers=100))
    member = rig.member()
    for event in _of(0, 8, "x" * 100_000):
        rig.feed(event)
        member.run(1)
    assert len(lane.running) == 3


def test_what_the_client_fetches_ahead_is_bounded_too() -> None:
    """The queues of librdkafka hold no more than was said, and its defaults of 64 MB, 50 MB and 1 GB are not left."""
    settings = KafkaSettings("localhost:9092", group="g", transactional_id="t", fetch_bytes=4 * 2**20)
    consumer, producer = settings.consumer(), settings.producer()
    assert consumer["queued.max.messages.kbytes"] == 4 * 1024
    assert consumer["fetch.max.bytes"] == 4 * 2**20
    assert consumer["fetch.message.max.bytes"] == 2**18
    assert producer["queue.buffering.max.kbytes"] == 128 * 1024
