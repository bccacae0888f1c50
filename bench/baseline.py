"""The loops a stage's hand-over is measured against: read Avro, change a field, write Avro, exactly once.

One process, one thread, nothing of this project: what a person would write by hand with confluent-kafka, and what
Quix Streams makes of the same step.
"""

import io
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import fastavro
from confluent_kafka import Consumer, Producer

__all__ = ["HEAD", "MCC", "SCHEMA", "change", "encode", "fill", "quix", "raw", "transaction"]

_AMOUNT: Final = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
_MAYBE: Final = ["null", "string"]
SCHEMA: Final = fastavro.parse_schema(
    {
        "type": "record",
        "name": "CardTransaction",
        "fields": [
            {"name": "event_id", "type": "string"},
            {"name": "tenant_id", "type": "string"},
            {"name": "employee_id", "type": "string"},
            {"name": "card_last4", "type": "string"},
            {"name": "posted_at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "merchant", "type": "string"},
            {"name": "mcc", "type": _MAYBE},
            {"name": "amount", "type": _AMOUNT},
            {"name": "currency", "type": "string"},
            {"name": "country", "type": _MAYBE},
            {"name": "department", "type": "string"},
            {"name": "role", "type": "string"},
            {"name": "project", "type": _MAYBE},
        ],
    }
)
HEAD: Final = b"\0\0\0\0\1"
MCC: Final = "7011"
_EMPLOYEES: Final = 5_000
# A loop that gets nothing for so long has lost its broker or was told to wait for records that never come.
_SILENT_S: Final = 60.0


def encode(record: Mapping[str, Any]) -> bytes:
    """Return a record in Confluent wire format under schema id 1."""
    out = io.BytesIO()
    out.write(HEAD)
    fastavro.schemaless_writer(out, SCHEMA, record)
    return out.getvalue()


def change(value: bytes) -> bytes:
    """Return the record with another merchant category: the step every loop does."""
    record: Any = fastavro.schemaless_reader(io.BytesIO(value[len(HEAD) :]), SCHEMA, None)
    record["mcc"] = MCC
    return encode(record)


def transaction(number: int) -> dict[str, Any]:
    """Return the `number`-th card transaction, one of 5,000 employees'."""
    return {
        "event_id": f"{number:032x}",
        "tenant_id": "acme",
        "employee_id": f"E{number % _EMPLOYEES}",
        "card_last4": "4242",
        "posted_at": datetime(2026, 11, 1, tzinfo=UTC),
        "merchant": "HILTON GARDEN INN 0231",
        "mcc": "3504",
        "amount": Decimal("275.0000"),
        "currency": "USD",
        "country": "US",
        "department": "SALES",
        "role": "MANAGER",
        "project": None,
    }


def fill(bootstrap: str, topic: str, records: int) -> None:
    """Write that many transactions, keyed by employee.

    Raises:
        TimeoutError: the broker did not take them all within a minute after the last.

    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
        }
    )
    for number in range(records):
        record = transaction(number)
        producer.produce(topic, encode(record), record["employee_id"].encode())
        if number % 1000 == 0:
            producer.poll(0)
    if left := producer.flush(_SILENT_S):
        msg = f"{left} of {records} records could not be written to {topic}"
        raise TimeoutError(msg)


def raw(bootstrap: str, source: str, sink: str, records: int, batch: int, run: str) -> float:
    """Run the plain confluent-kafka loop; return seconds from the first record to the last commit.

    Raises:
        TimeoutError: no record came for a minute.

    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": run,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "queued.min.messages": 100_000,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": run,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
        }
    )
    with closing(consumer):
        consumer.subscribe([source])
        producer.init_transactions()
        done, began, heard = 0, 0.0, time.monotonic()
        while done < records:
            messages = consumer.consume(batch, 0.2)
            if not messages:
                if time.monotonic() - heard > _SILENT_S:
                    msg = f"{source}: {done} of {records} records came, then none for {_SILENT_S:.0f} s"
                    raise TimeoutError(msg)
                continue
            heard = time.monotonic()
            began = began or heard
            producer.begin_transaction()
            for message in messages:
                producer.produce(sink, change(message.value() or b""), message.key())
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
            )
            producer.commit_transaction()
            done += len(messages)
        return time.monotonic() - began


def quix(bootstrap: str, source: str, sink: str, records: int, batch: int, run: str, folder: Path) -> float:
    """Run the same step in Quix Streams, exactly once; return seconds from the first record to its return.

    Raises:
        ImportError: Quix Streams is not installed; it is no dependency of this project.

    """
    from quixstreams import Application  # type: ignore[import-not-found]  # noqa: PLC0415 - installed only to be measured

    app = Application(
        broker_address=bootstrap,
        consumer_group=run,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_every=batch,
        commit_interval=5,
        loglevel="WARNING",
        state_dir=str(folder),
    )
    taken = app.topic(source, value_deserializer="bytes", key_deserializer="bytes")
    given = app.topic(sink, value_serializer="bytes", key_serializer="bytes")
    began = 0.0

    def step(value: bytes) -> bytes:
        nonlocal began
        began = began or time.monotonic()
        return change(value)

    app.dataframe(taken).apply(step).to_topic(given)
    app.run(count=records, timeout=_SILENT_S)
    return time.monotonic() - began
