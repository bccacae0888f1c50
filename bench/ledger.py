"""What a run leaves for a checker written by someone else: what was sent, what was done to it, what the log holds.

Plain files, described in docs/reference/chaos-ledger.md: whoever distrusts the bench's own checker needs none of this
project's code to read them, and no broker either.
"""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.checker import read_topic, schema_id

__all__ = ["FORMAT", "Ledger"]

# Raised whenever a file, a field or a meaning changes, so that a checker can refuse what it was not written for.
FORMAT: Final = 1
_ANSWER_S: Final = 30.0


class Ledger:
    """One run's folder. `sent` and `done` are written as the run goes, `keep` once it is over, well or badly."""

    def __init__(self, folder: Path, bootstrap: str, registry_url: str) -> None:
        self._folder, self._bootstrap, self._registry = folder, bootstrap, registry_url
        folder.mkdir(parents=True, exist_ok=True)

    def about(self, **told: object) -> None:
        """Write down what the run is."""
        self._object("about.json", {"format": FORMAT, **told})

    def sent(self, plan: Iterable[tuple[str, int]]) -> None:
        """Write down what is sent, one object a line, in the order of sending."""
        self._lines("sent.jsonl", ({"key": key, "number": number} for key, number in plan))

    def done(self, deeds: Iterable[Mapping[str, object]]) -> None:
        """Write down what was done to the processes, in the order of doing."""
        self._lines("deeds.jsonl", deeds)

    def keep(self, topics: Sequence[str], readers: Mapping[str, str]) -> None:
        """Write every record of the topics, the schemas they name, and how far each group came on what it reads.

        Raises:
            TimeoutError: a topic's end was not reached; a transaction may be left open.

        """
        numbers: set[int] = set()
        for topic in topics:
            committed = {(m.partition(), m.offset()) for m in read_topic(self._bootstrap, topic)}
            messages = read_topic(self._bootstrap, topic, isolation="read_uncommitted")
            self._lines(f"topics/{topic}.jsonl", (_record(m, committed) for m in messages))
            numbers |= {n for m in messages if (n := schema_id(_bytes(m.value()))) is not None}
        for number in sorted(numbers):
            with urllib.request.urlopen(f"{self._registry}/schemas/ids/{number}", timeout=_ANSWER_S) as reply:  # noqa: S310 - the bench's own registry
                self._object(f"schemas/{number}.json", json.loads(json.loads(reply.read())["schema"]))
        self._lines("offsets.jsonl", self._offsets(readers))

    def _offsets(self, readers: Mapping[str, str]) -> Iterable[Mapping[str, object]]:
        admin = AdminClient({"bootstrap.servers": self._bootstrap})
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "bench-ledger"})
        try:
            for group, topic in readers.items():
                asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
                for place in sorted(asked.result(_ANSWER_S).topic_partitions or [], key=lambda p: p.partition):
                    _, end = consumer.get_watermark_offsets(TopicPartition(topic, place.partition), timeout=_ANSWER_S)
                    yield {
                        "group": group,
                        "topic": topic,
                        "partition": place.partition,
                        "committed": place.offset,
                        "end": end,
                    }
        finally:
            consumer.close()

    def _object(self, name: str, told: object) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

    def _lines(self, name: str, objects: Iterable[Mapping[str, object]]) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(told) + "\n" for told in objects)


def _record(message: Message, committed: set[Any]) -> dict[str, object]:
    place = message.partition(), message.offset()
    return {
        "partition": place[0],
        "offset": place[1],
        "timestamp_ms": message.timestamp()[1],
        "key": _text(message.key()),
        "value": _text(message.value()),
        "headers": [[header[0], _text(header[1])] for header in message.headers() or []],
        "committed": place in committed,
    }


def _bytes(value: Any) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _text(value: Any) -> str | None:
    known = _bytes(value)
    return None if known is None else b64encode(known).decode()
