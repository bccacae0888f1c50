"""How long a partition's state takes to come back: from its changelog alone, and from its kept file.

Beside it, in the same minute, a bare consumer that reads the same changelog and does nothing with it: what is slower
than that is the restore's own.
"""

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from bench.cluster import cluster, create_topics
from bench.course import COUNT
from bench.report import Report, per_second, ratio
from consumers.runtime.kafka import KafkaTransport
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.main import SystemClock
from consumers.runtime.restoring import StateFiles
from consumers.runtime.telemetry import RecordedTelemetry
from schemas.topics import Topic

__all__ = ["measure"]

# What `coding` keeps of an expense whose answers are not all there is of this size.
_VALUE_BYTES: Final = 200
_SILENT_S: Final = 60.0


def measure(*, keys: int = 1_000_000) -> Report:
    """Return seconds to restore `keys` keys of one partition: cold (no file) and warm (its file is kept).

    Raises:
        AssertionError: not every key came back; the seconds would mean nothing.
        TimeoutError: the broker fell silent.

    """
    changelog = COUNT.changelog
    if changelog is None:
        msg = f"{COUNT.name} keeps no state"
        raise TypeError(msg)
    with cluster() as endpoints, tempfile.TemporaryDirectory() as folder:
        create_topics(endpoints.bootstrap_servers, (changelog,))
        _fill(endpoints.bootstrap_servers, changelog, keys)
        # Seconds of processor beside those of the clock: on a machine that others use too, only these can be compared.
        spent = time.process_time()
        bare_s = _bare(endpoints.bootstrap_servers, changelog, keys)
        bare_cpu_s, spent = time.process_time() - spent, time.process_time()
        cold_s, size = _restored(endpoints.bootstrap_servers, changelog, Path(folder), keys)
        cold_cpu_s = time.process_time() - spent
        warm_s, _ = _restored(endpoints.bootstrap_servers, changelog, Path(folder), keys)
    return Report(
        "restore",
        {
            "keys": keys,
            "cold_s": cold_s,
            "warm_s": warm_s,
            "bare_s": bare_s,
            "cold_cpu_s": round(cold_cpu_s, 2),
            "bare_cpu_s": round(bare_cpu_s, 2),
            "cold_per_s": per_second(keys, cold_s),
            "bare_per_s": per_second(keys, bare_s),
            "state_mb": round(size / 1e6, 1),
        },
        {"bare": "a consumer that reads the changelog to its end and keeps nothing", "value_bytes": _VALUE_BYTES},
        {
            "cold_to_bare": ratio(cold_s, bare_s),
            "cold_to_bare_cpu": ratio(cold_cpu_s, bare_cpu_s),
            "warm_to_cold": ratio(warm_s, cold_s),
        },
    )


def _fill(bootstrap: str, changelog: Topic, keys: int) -> None:
    """Write one value for each key, in an order that is not that of the keys, as a compacted log has them."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "log_level": 0})
    for number in range(keys):
        # A multiplier without a common factor walks through every key once (keys is no multiple of this prime).
        key = f"expense/{number * 7_919 % keys:012}"
        value = (key * (_VALUE_BYTES // len(key) + 1))[:_VALUE_BYTES]
        while True:
            try:
                producer.produce(changelog.name, value.encode(), key.encode(), partition=0)
            except BufferError:
                producer.poll(0.1)
                continue
            break
    if left := producer.flush(_SILENT_S):
        msg = f"{left} records of {changelog.name} could not be sent"
        raise TimeoutError(msg)


def _bare(bootstrap: str, changelog: Topic, keys: int) -> float:
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": "bench-restore",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "log_level": 0,
    }
    began, seen = time.monotonic(), 0
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(changelog.name, 0, OFFSET_BEGINNING)])
        while seen < keys:
            messages = consumer.consume(5_000, _SILENT_S)
            if not messages:
                msg = f"{changelog.name}: {seen} of {keys} records came, then none for {_SILENT_S:.0f} s"
                raise TimeoutError(msg)
            seen += sum(message.error() is None for message in messages)
    return round(time.monotonic() - began, 2)


def _restored(bootstrap: str, changelog: Topic, folder: Path, keys: int) -> tuple[float, int]:
    """Open the state as an assignment does; return the seconds and the size in bytes."""
    transport = KafkaTransport(KafkaSettings(bootstrap, group="bench-restore", transactional_id="bench-restore"))
    with closing(transport):
        files = StateFiles(folder, changelog, 1, transport, SystemClock(), RecordedTelemetry())
        began = time.monotonic()
        store = files.open(0, None)
        seconds = round(time.monotonic() - began, 2)
        with closing(store):
            if store.keys() != keys:
                msg = f"{store.keys()} of {keys} keys came back"
                raise AssertionError(msg)
            return seconds, store.size()
