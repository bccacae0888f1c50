"""What was sent, and a checker of what came out. It shares no code with the runner, its codec or its tests' rigs.

Plain librdkafka, the record's own Avro read with fastavro by the registry's schema, and arithmetic.
"""

import io
import json
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

__all__ = ["Ledger", "Verdict", "check", "read_topic"]


@dataclass
class Ledger:
    """The numbers sent per key, in order."""

    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def note(self, key: str, number: int) -> None:
        """Write one down."""
        self.sent[key].append(number)

    def pairs(self) -> list[tuple[str, int]]:
        """Return everything that was sent."""
        return [(key, number) for key, numbers in self.sent.items() for number in numbers]


@dataclass(frozen=True)
class Verdict:
    """What the checker found; all zero and True is exactly once, in order."""

    duplicates: int
    missing: int
    out_of_order: int
    state_equal: bool


def read_topic(bootstrap: str, topic: str) -> list[tuple[bytes, bytes | None]]:
    """Return key and value of every committed record, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "chaos-checker",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    found: list[tuple[bytes, bytes | None]] = []
    for number in partitions:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)])
        while True:
            message = consumer.poll(20)
            if message is None:
                raise TimeoutError(topic)
            if message.error() is not None:
                break
            key, value = message.key(), message.value()
            found.append((key if isinstance(key, bytes) else b"", value if isinstance(value, bytes) else None))
    consumer.close()
    return found


def check(bootstrap: str, registry_url: str, ledger: Ledger, output: str, changelog: str | None) -> Verdict:
    """Compare an output topic, and the state's changelog, with what was sent.

    An output says the input's number in `action` and, for the counting stage, the count in `reason`.
    """
    schemas: dict[int, Any] = {}
    came: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for key, value in read_topic(bootstrap, output):
        assert value is not None
        number = int.from_bytes(value[1:5])
        if number not in schemas:
            with urllib.request.urlopen(f"{registry_url}/schemas/ids/{number}", timeout=10) as answer:  # noqa: S310 - the test's own registry
                schemas[number] = fastavro.parse_schema(json.loads(json.loads(answer.read())["schema"]))
        read: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schemas[number], None)
        came[key.decode()].append((int(read["action"]), read["reason"]))
    outputs = Counter((key, number) for key, answers in came.items() for number, _ in answers)
    sent = Counter(ledger.pairs())
    return Verdict(
        duplicates=sum((outputs - sent).values()),
        missing=sum((sent - outputs).values()),
        out_of_order=sum(
            later < earlier for answers in came.values() for (earlier, _), (later, _) in pairwise(answers)
        ),
        state_equal=changelog is None or _state_equal(bootstrap, ledger, came, changelog),
    )


def _state_equal(bootstrap: str, ledger: Ledger, came: dict[str, list[tuple[int, str]]], changelog: str) -> bool:
    state = dict(read_topic(bootstrap, changelog))
    recomputed = {key.encode(): b"%d" % len(numbers) for key, numbers in ledger.sent.items()}
    counts = {key: [int(reason) for _, reason in answers] for key, answers in came.items()}
    return state == recomputed and all(
        seen == list(range(1, len(ledger.sent[key]) + 1)) for key, seen in counts.items()
    )
