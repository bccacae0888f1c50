"""What the Kafka clients of a stage process are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.client import PARTITIONER, client_settings

__all__ = ["FETCH_BYTES", "KafkaSettings"]

FETCH_BYTES = 1024 * 1024
"""What waits in a stage's client at most, beside what is in flight."""

# librdkafka raises a smaller fetch.max.bytes to its message.max.bytes by itself, and says so in the log.
_LEAST_FETCH = 1_000_000
# A quarter of librdkafka's default, packed as it was sent: what comes is several times that, for every partition. With
# 8 MiB a stage that was behind held 40 MB more than with 1 MiB; with 1 MiB, and 16 MiB in the queue, up to 80 MB more
# than so. It did no more records a second.
_PARTITION_FETCH = 256 * 1024
# What a transaction may have on its way; `produce` waits above it. librdkafka's own bound is 1 GiB.
_SEND_KBYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How one stage process talks to Kafka. Times in milliseconds, sizes in bytes.

    `extra` goes to every client as it is (security settings).
    """

    bootstrap_servers: str
    group: str
    transactional_id: str
    fetch_bytes: int = FETCH_BYTES
    transaction_timeout_ms: int = 10_000
    socket_timeout_ms: int = 10_000
    call_timeout_s: float = 30.0
    extra: Mapping[str, str] = field(default_factory=dict)

    def client(self) -> dict[str, str | int | float | bool]:
        """Return what every client of this process is given."""
        return client_settings(self.bootstrap_servers, self.extra, socket_timeout_ms=self.socket_timeout_ms)

    def consumer(self) -> dict[str, str | int | float | bool]:
        """Return the consumer's settings."""
        return {
            **self.client(),
            "group.id": self.group,
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            # A group that lost its offsets must stop and say so; starting anew would judge everything again.
            "auto.offset.reset": "error",
            # What waits in the client comes on top of what is in flight: both are bounded, so that a slow stage makes
            # lag rise in its topic. The queue is one for all partitions; a fetch that has begun may go over it once.
            "queued.max.messages.kbytes": max(1, self.fetch_bytes // 1024),
            "fetch.max.bytes": max(self.fetch_bytes, _LEAST_FETCH),
            # Of one partition. A larger record comes alone.
            "fetch.message.max.bytes": min(self.fetch_bytes, _PARTITION_FETCH),
            "fetch.queue.backoff.ms": 10,
        }

    def producer(self) -> dict[str, str | int | float | bool]:
        """Return the producer's settings."""
        return {
            **self.client(),
            "transactional.id": self.transactional_id,
            "partitioner": PARTITIONER,
            "transaction.timeout.ms": self.transaction_timeout_ms,
            # A commit sends at once what waits. What travels ahead of it waits for more: each request and batch costs
            # the brokers the same, and there is one a partition.
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": _SEND_KBYTES,
            "message.max.bytes": 12 * 1024 * 1024,
        }
