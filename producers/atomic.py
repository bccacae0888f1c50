"""Writing records all together or not at all, with confluent-kafka's transactional producer."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from producers.publisher import LARGEST_BYTES, Outgoing, PublishFailed, refusal
from streams.client import PARTITIONER, client_settings

__all__ = ["AtomicPublisher", "Superseded"]

# An open transaction holds back every reader of its topics, so what goes into one is made before it begins.
_TRANSACTION_MS: Final = 30_000
_CALL_S: Final = 30.0
_QUEUED: Final = 100_000
_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - the client's own name for it
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
    }
)


class Superseded(Exception):
    """Another process began under the same name; it goes on from what this one committed."""


class AtomicPublisher:
    """Commits lists of records, each whole or not at all; used as a context manager.

    Whoever begins under the same `name` ends what another process left open and shuts that process out. After an
    error nobody knows whether the last list is in: end, begin anew and read what was committed.
    """

    def __init__(self, bootstrap_servers: str, name: str, options: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._producer = Producer(
            {
                **client_settings(bootstrap_servers, options or {}),
                "transactional.id": name,
                "transaction.timeout.ms": _TRANSACTION_MS,
                "partitioner": PARTITIONER,
                "linger.ms": 5,
                "compression.type": "lz4",
                "queue.buffering.max.messages": _QUEUED,
                "message.max.bytes": LARGEST_BYTES,
            }
        )
        try:
            self._producer.init_transactions(_CALL_S)
        except KafkaException as error:
            raise self._told(error) from error

    def commit(self, records: Iterable[Outgoing]) -> None:
        """Write the records; when it returns, all are in.

        Raises:
            PublishFailed: they are not, or nobody knows.
            Superseded: another process has the name.

        """
        try:
            self._producer.begin_transaction()
            for record in records:
                self._produce(record)
            self._producer.commit_transaction(_CALL_S)
        except KafkaException as error:
            raise self._told(error) from error

    def _produce(self, record: Outgoing) -> None:
        while True:
            try:
                self._producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
            except BufferError:
                self._producer.poll(0.1)
                continue
            self._producer.poll(0)
            return

    def _told(self, error: KafkaException) -> Exception:
        found: KafkaError = error.args[0]
        if found.code() in _FENCED:
            return Superseded(f"another process has begun as {self._name}; this one ends")
        return PublishFailed(refusal(self._name, found))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing is queued outside a commit; what an error left in one is dropped with the transaction.
        self._producer.purge()
