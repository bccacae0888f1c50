"""What came out, held against what was sent. Shares no code with the runner, its codec or its stages.

Plain librdkafka, the records' own Avro read with fastavro by the registry's schema, and arithmetic.
"""

import io
import json
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

__all__ = ["Answer", "Verdict", "answers", "compare", "longest_gap_s", "read_topic", "rework_percent", "schema_id"]

_END_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One output: the input's key and number, the count it was given, and when the broker took it."""

    key: str
    number: int
    count: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """All zero is exactly once, in order, with the state that follows from it."""

    duplicates: int
    missing: int
    out_of_order: int
    state_differs: int


def read_topic(bootstrap: str, topic: str, *, isolation: str = "read_committed") -> list[Message]:
    """Return every record of a topic, partition by partition.

    Raises:
        TimeoutError: its end was not reached; a transaction may be left open.

    """
    settings = {"bootstrap.servers": bootstrap, "group.id": "bench-checker", "isolation.level": isolation}
    found: list[Message] = []
    with closing(Consumer({**settings, "enable.auto.commit": False, "enable.partition.eof": True})) as consumer:
        for number in sorted(consumer.list_topics(topic, timeout=_END_S).topics[topic].partitions):
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)])
            while True:
                message = consumer.poll(_END_S)
                if message is None:
                    msg = f"the end of {topic}/{number} was not reached within {_END_S:.0f} s"
                    raise TimeoutError(msg)
                error = message.error()
                if error is None:
                    found.append(message)
                elif error.name() == "_PARTITION_EOF":
                    break
    return found


def schema_id(value: bytes | None) -> int | None:
    """Return the schema id that a value names, None where it is no Avro record of a registry."""
    return int.from_bytes(value[1:5]) if value and len(value) > 5 and value[0] == 0 else None  # noqa: PLR2004 - the wire format's head


def answers(messages: Iterable[Message], registry_url: str) -> list[Answer]:
    """Return what some outputs say, in the order given.

    Raises:
        ValueError: a value is no Avro record of a registry.

    """
    schemas: dict[int, Any] = {}
    found = []
    for message in messages:
        key, value = bytes(message.key() or b""), bytes(message.value() or b"")
        number = schema_id(value)
        if number is None:
            msg = f"{message.topic()}/{message.partition()}/{message.offset()} names no schema"
            raise ValueError(msg)
        if number not in schemas:
            with urllib.request.urlopen(f"{registry_url}/schemas/ids/{number}", timeout=10) as reply:  # noqa: S310 - the bench's own registry
                schemas[number] = fastavro.parse_schema(json.loads(json.loads(reply.read())["schema"]))
        read: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schemas[number], None)
        found.append(Answer(key.decode(), int(read["action"]), int(read["reason"]), message.timestamp()[1]))
    return found


def compare(sent: Iterable[tuple[str, int]], came: Sequence[Answer], state: Mapping[str, bytes]) -> Verdict:
    """Count what came twice, what never came, what came too early, and keys whose state is not what was sent.

    The state of a key is how many of it were counted; a count that does not rise by one an answer differs as well.
    """
    wanted = Counter(sent)
    seen = Counter((answer.key, answer.number) for answer in came)
    by_key: dict[str, list[Answer]] = defaultdict(list)
    for answer in came:
        by_key[answer.key].append(answer)
    totals = Counter(key for key, _ in wanted.elements())
    wrong = {key for key in totals.keys() | state.keys() if state.get(key) != str(totals[key]).encode()}
    wrong |= {k for k, found in by_key.items() if [a.count for a in found] != list(range(1, totals[k] + 1))}
    return Verdict(
        duplicates=(seen - wanted).total(),
        missing=(wanted - seen).total(),
        out_of_order=sum(b.number < a.number for found in by_key.values() for a, b in pairwise(found)),
        state_differs=len(wrong),
    )


def longest_gap_s(came: Sequence[Answer]) -> float:
    """Return the longest time without an output, in seconds; 0 where there were fewer than two."""
    moments = sorted(answer.at_ms for answer in came)
    return max((b - a for a, b in pairwise(moments)), default=0) / 1000


def rework_percent(written: int, committed: int) -> float:
    """Return how many outputs were written beyond those that count, in percent of these."""
    return round(100 * (written - committed) / committed, 2) if committed else 0.0
