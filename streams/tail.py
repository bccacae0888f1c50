"""Following a topic outside any group: side tables and changelogs."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.bounds import Bounds
from streams.client import reader_settings
from streams.record import Fetched, Headers, TransportLost

__all__ = ["KafkaTail", "fetched"]

_CHUNK = 2_000
_AHEAD_KIB = 2 * 1024
# A question to a broker that is going away is not answered by its successor: ask again soon, in seconds.
_ASK_S = 10.0


def fetched(message: Message) -> Fetched:
    """Return a Kafka message as a record."""
    headers = message.headers()
    return _record(message, _plain(headers) if headers else ())


def _bare(message: Message) -> Fetched:
    return _record(message, ())


def _record(message: Message, headers: Headers) -> Fetched:
    value, key = message.value(), message.key()
    return Fetched(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        key if key is None or isinstance(key, bytes) else str(key).encode(),
        value if value is None or isinstance(value, bytes) else str(value).encode(),
        headers,
        message.timestamp()[1],
    )


def _plain(headers: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> Headers:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple([(k, v if isinstance(v, bytes) else str(v or "").encode()) for k, v in pairs])


class KafkaTail:
    """Reads committed records up to an end that is fetched anew for every `catch_up`.

    `start` is the first offset to read: of the partition, or by partition; where none is said, the first there is.
    Without `headers` records are read in two thirds of the time and have none.
    """

    def __init__(
        self,
        client: Mapping[str, str | int | float | bool],
        topic: str,
        partition: int | None,
        start: int | Mapping[int, int] | None,
        timeout_s: float,
        alive: Callable[[], None] = lambda: None,
        *,
        headers: bool = True,
    ) -> None:
        self._read = fetched if headers else _bare
        self._topic, self._timeout_s, self._alive = topic, timeout_s, alive
        self._consumer = Consumer(reader_settings(client, f"tail-{topic}", _AHEAD_KIB))
        self._bounds = Bounds(client, min(timeout_s, _ASK_S))
        partitions = self._partitions() if partition is None else [partition]
        begins = start if isinstance(start, Mapping) else dict.fromkeys(partitions, start)
        self._next = {p: begins.get(p) or 0 for p in partitions}
        self._begun = False
        self._ends: dict[int, int] = {}
        self._consumer.assign(
            [TopicPartition(topic, p, OFFSET_BEGINNING if (at := begins.get(p)) is None else at) for p in partitions]
        )

    def _partitions(self) -> list[int]:
        try:
            found = self._consumer.list_topics(self._topic, self._timeout_s).topics[self._topic]
        except KafkaException as error:
            raise self._lost(error) from error
        if found.error is not None:
            msg = f"topic {self._topic}: {found.error.str()}; `spendtrail prepare` creates what is missing"
            raise TransportLost(msg)
        return sorted(found.partitions)

    def _lost(self, error: KafkaException) -> TransportLost:
        return TransportLost(f"{self._topic}: {error.args[0].str()}")

    def catch_up(self) -> Sequence[Fetched]:
        """Return the next chunk of committed records, empty once the end is reached."""
        self._alive()
        if not self._ends:
            self._ends = self._find_ends()
        deadline = time.monotonic() + self._timeout_s
        while self.remaining:
            first = self._consumer.poll(0.05)
            self._advance()
            if first is not None:
                chunk = [self._healthy(m) for m in (first, *self._consumer.consume(_CHUNK, 0))]
                self._advance()
                return chunk
            if time.monotonic() > deadline:
                msg = f"{self._topic}: the end was not reached within {self._timeout_s:.0f} s"
                raise TransportLost(msg)
        self._ends = {}
        return ()

    def _find_ends(self) -> dict[int, int]:
        if not self._begun:
            first = self._bounds.first(self._topic, self._next)
            self._next = {p: max(start, first[p]) for p, start in self._next.items()}
            self._begun = True
        return self._bounds.end(self._topic, self._next)

    def _healthy(self, message: Message) -> Fetched:
        error: KafkaError | None = message.error()
        if error is not None:
            msg = f"{self._topic}: {error.str()}"
            raise TransportLost(msg)
        return self._read(message)

    def _advance(self) -> None:
        # The position passes transaction markers and aborted records, which the records themselves do not show.
        for entry in self._consumer.position([TopicPartition(self._topic, p) for p in self._next]):
            if entry.offset >= 0:
                self._next[entry.partition] = max(self._next[entry.partition], entry.offset)

    @property
    def remaining(self) -> int:
        """Offsets still to be passed up to the end last fetched."""
        return sum(max(0, end - self._next[p]) for p, end in self._ends.items())

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()
