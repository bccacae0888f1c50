"""A stretch of a partition, read from one offset up to another: so that several processes share one topic."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.bounds import Bounds
from streams.client import Setting, reader_settings
from streams.record import TransportLost

__all__ = ["Span", "read", "shares", "whole"]

_CHUNK: Final = 2_000
_WAIT_S: Final = 0.2
# What is fetched ahead of a stretch's end is thrown away, so little is.
_AHEAD_KIB: Final = 16 * 1024


class Span(NamedTuple):
    """The offsets from `start` up to but without `end` of one partition."""

    partition: int
    start: int
    end: int


def whole(client: Mapping[str, Setting], topic: str, timeout_s: float) -> list[Span]:
    """Return what every partition of a topic holds now.

    Raises:
        TransportLost: the broker does not answer, or there is no such topic.

    """
    consumer = Consumer({**client, "group.id": f"span-{topic}"})
    try:
        found = consumer.list_topics(topic, timeout_s).topics[topic]
    except KafkaException as error:
        raise TransportLost(f"{topic}: {error.args[0].str()}") from error
    finally:
        consumer.close()
    if found.error is not None:
        msg = f"topic {topic}: {found.error.str()}; `spendtrail prepare` creates what is missing"
        raise TransportLost(msg)
    bounds = Bounds(client, timeout_s)
    first, end = bounds.first(topic, found.partitions), bounds.end(topic, found.partitions)
    return [Span(partition, first[partition], end[partition]) for partition in sorted(found.partitions)]


def shares(spans: Sequence[Span], number: int) -> list[list[Span]]:
    """Divide spans into `number` lists of about as many offsets each; together they are the same offsets, once."""
    cuts = [[span.start + (span.end - span.start) * part // number for part in range(number + 1)] for span in spans]
    return [
        [Span(s.partition, at[n], at[n + 1]) for s, at in zip(spans, cuts, strict=True) if at[n] < at[n + 1]]
        for n in range(number)
    ]


def read(
    client: Mapping[str, Setting], topic: str, spans: Sequence[Span], timeout_s: float
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield how many offsets were passed and the values of the committed records among them, chunk by chunk.

    Tombstones are left out. Memory is that of a few chunks, however long the spans are.

    Raises:
        TransportLost: nothing came for `timeout_s`, or the broker says why not.

    """
    consumer = Consumer(reader_settings(client, f"span-{topic}", _AHEAD_KIB))
    try:
        for span in spans:
            yield from _span(consumer, topic, span, timeout_s)
    except KafkaException as error:
        raise TransportLost(f"{topic}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _span(consumer: Consumer, topic: str, span: Span, timeout_s: float) -> Iterator[tuple[int, list[bytes]]]:
    consumer.assign([TopicPartition(topic, span.partition, span.start)])
    at, moved = span.start, time.monotonic()
    while at < span.end:
        values = []
        for message in consumer.consume(_CHUNK, _WAIT_S):
            problem = message.error()
            if problem is not None:
                raise TransportLost(f"{topic}: {problem.str()}")
            value, offset = message.value(), message.offset()
            if offset is not None and offset < span.end and isinstance(value, bytes):
                values.append(value)
        # The position passes transaction markers, which no message shows.
        (place,) = consumer.position([TopicPartition(topic, span.partition)])
        reached = min(max(place.offset, at), span.end)
        if reached > at:
            moved = time.monotonic()
            yield reached - at, values
        elif time.monotonic() - moved > timeout_s:
            msg = f"{topic}: nothing came within {timeout_s:.0f} s at offset {at} of {span.end}"
            raise TransportLost(msg)
        at = reached
