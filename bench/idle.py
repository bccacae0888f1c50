"""How much a stage adds to one record's way when there is nothing else to do.

One record at a time, the next only after the last came out: every transaction holds a single record, so this is what
a transaction that is not full costs. A record's time runs from the moment its write is acknowledged to the moment a
read_committed consumer has its output, that consumer's own waiting included.
"""

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from bench.baseline import encode, transaction

__all__ = ["measure"]

_RECORDS: Final = 60
# The first ones wait for the stage to start and to join its group.
_FIRST: Final = 10
_SILENT_S: Final = 60.0
_PAUSE_S: Final = 0.05
_PERCENT: Final = 100


def measure(bootstrap: str, source: str, sink: str, partitions: int, alive: Callable[[], bool]) -> dict[str, float]:
    """Return the milliseconds of the median record and of the 95th of a hundred, through a stage that runs already.

    Raises:
        TimeoutError: the stage ended, or a record did not come out within a minute.
        KafkaException: the topic has no leader within a minute.

    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"idle-{sink}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    try:
        consumer.assign(_ends(consumer, sink, partitions))
        taken = [_one(producer, consumer, source, number, alive) for number in range(_RECORDS)][_FIRST:]
    finally:
        consumer.close()
    return {"idle_ms_p50": round(median(taken), 1), "idle_ms_p95": round(quantiles(taken, n=_PERCENT)[94], 1)}


def _ends(consumer: Consumer, topic: str, partitions: int) -> list[TopicPartition]:
    """Return where the topic ends now; a topic just made has no leader for a moment."""
    deadline = time.monotonic() + _SILENT_S
    while True:
        try:
            found = [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10) for p in range(partitions)]
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
            continue
        return [TopicPartition(topic, p, bounds[1] if bounds else 0) for p, bounds in enumerate(found)]


def _one(producer: Producer, consumer: Consumer, source: str, number: int, alive: Callable[[], bool]) -> float:
    time.sleep(_PAUSE_S)
    record = transaction(number)
    producer.produce(source, encode(record), record["employee_id"].encode())
    producer.flush(_SILENT_S)
    began = time.monotonic()
    while time.monotonic() - began < _SILENT_S and alive():
        found = consumer.poll(0.1)
        if found is not None and found.error() is None:
            return (time.monotonic() - began) * 1000
    msg = f"record {number} of {source} did not come out within {_SILENT_S:.0f} s"
    raise TimeoutError(msg)
