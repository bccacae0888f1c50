"""Writing events with confluent-kafka's idempotent producer: for command line verbs and feeds."""

from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.codec import Codec
from schemas.envelope import Event
from schemas.topics import Topic, topic_of
from schemas.trace import traceparent
from streams.client import PARTITIONER, client_settings
from streams.record import Headers

__all__ = ["LARGEST_BYTES", "Outgoing", "PublishFailed", "Publisher", "encoded", "headers_of", "refusal"]

_QUEUED = 100_000
_QUEUED_KIB = 256 * 1024
LARGEST_BYTES = 13 * 1024 * 1024


class PublishFailed(Exception):
    """The brokers did not acknowledge a record; what was flushed before it is safe, send the rest again."""


class Outgoing(NamedTuple):
    """A record that is ready to be written; a `value` of None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def encoded(event: Event, codec: Codec, topic: Topic | None = None) -> Outgoing:
    """Return an event as the record of its topic.

    Raises:
        ContractViolated: the event does not fit its schema.
        RegistryUnavailable: its schema could not be registered.

    """
    home = topic or topic_of(type(event))
    return Outgoing(home.name, home.key(event).encode(), codec.encode(event), headers_of(event))


def headers_of(event: Event) -> Headers:
    """Return the headers every event is written with."""
    return (("traceparent", traceparent(event.trace_id, event.event_id)),)


class Publisher:
    """Writes events in order per key, each acknowledged by all in-sync replicas, and says when one was not.

    A full queue waits for the brokers, so a fast reader of a large feed holds at most 256 MiB. Used as a context
    manager it flushes on leaving. One thread at a time.
    """

    def __init__(
        self, bootstrap_servers: str, codec: Codec, *, options: Mapping[str, str] | None = None, timeout_s: float = 60.0
    ) -> None:
        self._codec, self._timeout_s = codec, timeout_s
        self._failed: list[str] = []
        self._producer = Producer(
            {
                **client_settings(bootstrap_servers, options or {}),
                "enable.idempotence": True,
                "partitioner": PARTITIONER,
                "acks": "all",
                "linger.ms": 5,
                "compression.type": "lz4",
                "queue.buffering.max.messages": _QUEUED,
                "queue.buffering.max.kbytes": _QUEUED_KIB,
                "message.max.bytes": LARGEST_BYTES,
                "message.timeout.ms": int(timeout_s * 1000),
            }
        )

    def publish(self, event: Event, topic: Topic | None = None, partition: int | None = None) -> None:
        """Queue an event for its topic; `partition` None leaves the choice to the key's hash.

        Raises:
            ContractViolated: the event does not fit its schema.
            RegistryUnavailable: its schema could not be registered.
            PublishFailed: an earlier record was not acknowledged.

        """
        self.send(*encoded(event, self._codec, topic), partition)

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = (), partition: int | None = None
    ) -> None:
        """Queue a record as it is; a `value` of None is a tombstone.

        Raises:
            PublishFailed: an earlier record was not acknowledged, or this one cannot be sent at all.

        """
        where = -1 if partition is None else partition  # librdkafka's "choose by the key's hash"
        while True:
            self._check()
            try:
                self._producer.produce(
                    topic, value, key, partition=where, on_delivery=self._delivered, headers=list(headers)
                )
            except BufferError:
                self._producer.poll(0.1)
                continue
            except KafkaException as error:
                raise PublishFailed(refusal(topic, error.args[0])) from error
            self._producer.poll(0)
            return

    def flush(self) -> None:
        """Wait until everything queued is acknowledged.

        Raises:
            PublishFailed: something was not, in time or at all.

        """
        left = self._producer.flush(self._timeout_s)
        self._check()
        if left:
            raise PublishFailed(f"Kafka did not acknowledge {left} records within {self._timeout_s:.0f} s")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed.append(refusal(message.topic() or "", error))

    def _check(self) -> None:
        # Told once: whoever catches it may send again with the same publisher.
        failed, self._failed = self._failed, []
        if failed:
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            raise PublishFailed(f"{failed[0]}{more}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error what is queued still goes out, but the first error is the one to tell.
        if error is None:
            self.flush()
        else:
            self._producer.flush(self._timeout_s)


def refusal(topic: str, error: KafkaError) -> str:
    """Return the sentence that says why a record was not written."""
    return f"{topic}: not written: {error.str()}"
