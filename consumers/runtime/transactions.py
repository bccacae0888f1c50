"""The producing side of a stage process: one transaction at a time, and what becomes of it."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.transport import Fenced, Outgoing, TransactionLost, Written

__all__ = ["Transactions", "rest"]

_Landed = Callable[[KafkaError | None, Message], None]
# How much longer than its own time limits a commit in a thread is waited for, in seconds.
_GRACE_S = 5.0
# What is done is never kept from its readers for longer, in seconds, however slow the brokers are.
_MOST_S = 0.5


def rest(began: float, took: float, times: int, now: float) -> float:
    """Return how many seconds the next commit should wait, where the last one began at `began` and took `took`.

    As many `times` as long as that commit took, from one to the next; zero or less when it need not wait.
    """
    return began + min(_MOST_S, took * times) - now


class Transactions:
    """One transactional producer after the other: a new one whenever nobody knows what became of a transaction.

    `alive` is called before whatever may take long. Everything is called from the polling thread; a commit that goes
    on behind it has a thread of its own, and nothing is produced before that one has ended.
    """

    def __init__(self, settings: KafkaSettings, alive: Callable[[], None]) -> None:
        self._settings, self._alive = settings, alive
        self._behind: _Behind | None = None
        self._settle_by = 0.0
        # When the last commit that succeeded began, and what it took, in seconds.
        self._last = (0.0, 0.0)
        self.renew()

    def renew(self) -> None:
        """Take a new producer, whose epoch fences the one before.

        Raises:
            TransactionLost: the brokers do not answer.
            Fenced: another process has the transactional id.

        """
        # When the open transaction began (monotonic seconds), 0 while none is open.
        self._begun = 0.0
        self._behind = None
        self._alive()
        producer = Producer(self._settings.producer())
        try:
            producer.init_transactions(self._settings.call_timeout_s)
        except KafkaException as error:
            self._raise(error, "init_transactions")
        self._producer = producer

    def commit(
        self, outgoing: Sequence[Outgoing], offsets: list[TopicPartition], membership: Any, follow: str | None
    ) -> Written:
        """Write and commit; return where the records of the topic `follow` came to lie."""
        self.settle()
        written = Written()

        def landed(error: KafkaError | None, message: Message) -> None:
            partition, offset = message.partition(), message.offset()
            if error is None and partition is not None and offset is not None:
                written.next[follow or "", partition] = offset + 1

        began = time.monotonic()
        try:
            self._begin()
            self._produce(outgoing, follow, landed)
            self._end(self._producer, offsets, membership)
        except KafkaException as error:
            self._raise(error, "transaction", seconds=time.monotonic() - (self._begun or began))
        self._committed(time.monotonic() - began)
        return written

    def commit_behind(self, outgoing: Sequence[Outgoing], offsets: list[TopicPartition], membership: Any) -> None:
        """Write, and commit in a thread while the polling thread goes on; `settle` tells how it ended."""
        self.ahead(outgoing)
        producer = self._producer
        self._behind = _Behind(lambda: self._end(producer, offsets, membership), self._begun)
        limits = self._settings.transaction_timeout_ms / 1000 + self._settings.call_timeout_s
        self._settle_by = time.monotonic() + limits + _GRACE_S

    @property
    def settled(self) -> bool:
        """Whether no commit goes on behind, or only one that is overdue: `settle` says so of it."""
        behind = self._behind
        return behind is None or behind.ended(0.0) or time.monotonic() > self._settle_by

    def settle(self) -> None:
        """Wait for the commit behind, if there is one.

        Raises:
            TransactionLost, Fenced: it was not committed, or nobody knows.

        """
        behind, self._behind = self._behind, None
        if behind is None:
            return
        while not behind.ended(1.0):
            # Both calls keep to time limits of their own; one that did not would be waited for in good health for ever.
            if time.monotonic() > self._settle_by:
                raise TransactionLost("transaction: not ended within the time limits of its calls")
            self._alive()
        if isinstance(behind.error, KafkaException):
            self._raise(behind.error, "transaction", seconds=behind.seconds)
        if behind.error is not None:
            raise behind.error
        self._committed(behind.seconds)

    def ahead(self, outgoing: Sequence[Outgoing]) -> None:
        """Write records into the transaction that is committed next."""
        self.settle()
        began = time.monotonic()
        try:
            self._begin()
            self._produce(outgoing)
        except KafkaException as error:
            self._raise(error, "transaction", seconds=time.monotonic() - (self._begun or began))

    def _begin(self) -> None:
        if not self._begun:
            self._producer.begin_transaction()
            self._begun = time.monotonic()

    def rest(self, times: int) -> float:
        """How many seconds the next commit should wait; see `rest`."""
        return rest(*self._last, times, time.monotonic())

    def _end(self, producer: Producer, offsets: list[TopicPartition], membership: Any) -> None:
        began = time.monotonic()
        self._alive()
        self._send_offsets(producer, offsets, membership)
        self._alive()
        producer.commit_transaction(self._settings.call_timeout_s)
        self._last = began, time.monotonic() - began

    def _committed(self, seconds: float) -> None:
        """A late answer could end the next transaction, so a slow one costs the producer its life."""
        self._begun = 0.0
        if seconds > self._settings.socket_timeout_ms / 1000:
            self.renew()

    def _send_offsets(self, producer: Producer, offsets: list[TopicPartition], membership: Any) -> None:
        """Add the offsets to the transaction, for no longer than the brokers keep a transaction open.

        librdkafka forgets the time limit of this one call while the group's coordinator is away, and may wait for
        ever (its issue 5456). So it waits in a thread: past the limit the transaction is given up, and the thread
        stays behind with a producer that nobody uses any more and that the next one's epoch fences.
        """
        sending = _Behind(
            lambda: producer.send_offsets_to_transaction(offsets, membership, self._settings.call_timeout_s),
            time.monotonic(),
        )
        limit = self._settings.transaction_timeout_ms / 1000
        if not sending.ended(limit):
            raise TransactionLost(f"transaction: its offsets were not taken within {limit:g} s")
        if sending.error is not None:
            raise sending.error

    def _produce(self, outgoing: Sequence[Outgoing], follow: str | None = None, landed: _Landed | None = None) -> None:
        """Give records to the client; `landed` hears where those of the topic `follow` came to lie."""
        produce = self._producer.produce
        for topic, key, value, headers, partition in outgoing:
            told = landed if topic == follow else None
            # librdkafka asks -1 for "choose by the key's hash".
            chosen = -1 if partition is None else partition
            # It takes headers as a list only; and asked for none it need not look.
            pairs: list[tuple[str, str | bytes | None]] | None = [*headers] if headers else None
            while True:
                try:
                    produce(topic, value, key, partition=chosen, on_delivery=told, headers=pairs)
                except BufferError:
                    self._producer.poll(0.05)
                    continue
                break

    def _reason(self, told: KafkaError) -> KafkaError:
        """Return why the client gave up, where `produce` says no more than that it did: a transactional call knows."""
        if told.code() != KafkaError._FATAL:  # noqa: SLF001 - public code of the client
            return told
        try:
            self._producer.begin_transaction()
        except KafkaException as error:
            return error.args[0]  # type: ignore[no-any-return] # it holds a KafkaError
        return told

    def _raise(self, error: KafkaException, call: str, *, seconds: float = 0.0) -> None:
        cause = self._reason(error.args[0])
        # Past its own time limit the broker ends a transaction by fencing it, so then the word says nothing of others.
        timed_out = seconds >= self._settings.transaction_timeout_ms / 1000
        fenced = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}  # noqa: SLF001 - public codes of the client
        if cause.code() in fenced and not timed_out:
            msg = (
                f"another process uses the transactional id {self._settings.transactional_id!r}; "
                "give each replica an instance name of its own (SPENDTRAIL_INSTANCE)"
            )
            raise Fenced(msg) from error
        msg = f"{call}: {cause.str()}"
        raise TransactionLost(msg) from error


class _Behind:
    """A call in a thread of its own: whether it ended, with which error, and how long it took since `began`."""

    def __init__(self, call: Callable[[], None], began: float) -> None:
        self.error: Exception | None = None
        self.seconds = 0.0
        self._call, self._began = call, began
        self._thread = threading.Thread(target=self._run, name="transaction", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for; unseen, the call would pass for done
            self.error = error
        self.seconds = time.monotonic() - self._began

    def ended(self, timeout: float) -> bool:
        """Wait for at most `timeout` seconds and return whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()
