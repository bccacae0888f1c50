"""The log on Kafka: one synchronous consumer, polled by one thread, and one transactional producer at a time.

Rules this file keeps, each measured: offsets are committed through the transaction with the group's metadata, so a
member that lost its place is fenced; a slow or broken transaction call costs the producer its life, because a late
EndTxn would commit the *next* transaction; an open transaction may hold readers back 10 s at most.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from consumers.runtime.errors import Halted
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.transactions import Transactions
from consumers.runtime.transport import Fetched, Offset, Outgoing, Tail, TransportLost, Written
from streams.bounds import Bounds
from streams.tail import KafkaTail, fetched

__all__ = ["KafkaTransport"]

# How long one question whether a broker is back may take, and how long after it the next is asked, in seconds.
_ASK_S = 1.0


class KafkaTransport:
    """One member of a consumer group. Connects when made; every method may raise `KafkaException` while starting.

    `alive` is called before whatever may take long, each time for no longer than the settings' time limits: a broker
    that is away is waited for, and waiting is no hanging.
    """

    def __init__(self, settings: KafkaSettings, alive: Callable[[], None] = lambda: None) -> None:
        self._settings, self._alive = settings, alive
        self._topic = ""
        self._down = ""
        self._ask_at = 0.0
        self._closing = False
        # How often each partition was assigned or taken away: what was fetched before is stale.
        self._spans: Counter[int] = Counter()
        self._consumer = Consumer({**settings.consumer(), "error_cb": self._failed})
        self._bounds = Bounds(settings.client(), settings.socket_timeout_ms / 1000)
        self._owned: set[int] = set()
        try:
            self._transactions = Transactions(settings, alive)
        except BaseException:
            self._consumer.close()
            raise

    def subscribe(
        self,
        topic: str,
        on_assigned: Callable[[Mapping[int, Offset | None]], None],
        on_revoked: Callable[[Sequence[int], bool], None],
    ) -> None:
        """Join the group; the callbacks run inside `poll` and `close`."""
        self._topic = topic

        def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            if self._closing:
                # An assignment that was on its way when we left; asking for its offsets now would never be answered.
                return
            committed = self._committed([p.partition for p in partitions])
            consumer.incremental_assign([self._start(p, o) for p, o in committed.items()])
            self._owned |= set(committed)
            self._spans.update(list(committed))
            on_assigned(committed)

        def taken(consumer: Consumer, partitions: list[TopicPartition], *, lost: bool) -> None:
            gone = [p.partition for p in partitions]
            self._spans.update(gone)
            try:
                on_revoked(gone, lost)
            finally:
                self._owned -= set(gone)
                consumer.incremental_unassign(partitions)

        def revoked(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            taken(consumer, partitions, lost=False)

        def lost(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            taken(consumer, partitions, lost=True)

        self._consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=lost)

    def _start(self, partition: int, committed: Offset | None) -> TopicPartition:
        return TopicPartition(self._topic, partition, committed.next if committed else OFFSET_BEGINNING)

    def _committed(self, partitions: Sequence[int]) -> dict[int, Offset | None]:
        # Under read_committed the broker answers only once no transaction on these offsets is open.
        deadline = time.monotonic() + self._settings.call_timeout_s
        while True:
            self._alive()
            try:
                found = self._consumer.committed(
                    [TopicPartition(self._topic, p) for p in partitions], self._settings.call_timeout_s
                )
                break
            except KafkaException as error:
                if time.monotonic() > deadline or not error.args[0].retriable():
                    msg = f"committed offsets of {self._settings.group}: {error.args[0].str()}"
                    raise TransportLost(msg) from error
                time.sleep(0.2)
        for entry in found:
            if entry.error is not None:
                msg = f"committed offset of {self._topic}/{entry.partition}: {entry.error.str()}"
                raise TransportLost(msg)
        return {e.partition: None if e.offset == OFFSET_INVALID else Offset(e.offset, e.metadata or "") for e in found}

    def poll(self, count: int, timeout: float) -> Sequence[Fetched]:
        """Return up to `count` records. Rebalance callbacks run in here.

        Raises:
            Halted: the position is no longer in the log.
            TransportLost: the topic is gone, or the member was put out of its group.

        """
        if self._down and time.monotonic() >= self._ask_at:
            self._ask()
        first = self._consumer.poll(timeout)
        if first is None:
            return ()
        owned, spans = set(self._owned), self._spans.copy()
        others = self._consumer.consume(count - 1, 0) if count > 1 else []
        # Callbacks run inside `consume` too. What is ours no longer is dropped where records are counted in; of what
        # was taken and given back nobody could tell which records came before.
        if both := [p for p in owned & self._owned if spans[p] != self._spans[p]]:
            msg = f"{self._topic}: partitions {both} were taken away and given back while records were fetched"
            raise TransportLost(msg)
        return [fetched(m) for m in (first, *others) if self._healthy(m)]

    def _failed(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - a public code of the client
            self._down = error.str()

    def _ask(self) -> None:
        try:
            self._consumer.list_topics(self._topic, _ASK_S)
            self._down = ""
        except KafkaException as error:
            self._down, self._ask_at = error.args[0].str(), time.monotonic() + _ASK_S

    @property
    def unreachable(self) -> str:
        """What was said when no broker answered; empty once one does again."""
        return self._down

    def _healthy(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001 - public codes of the client
            msg = (
                f"{self._topic}: {error.str()}. Retention overtook the group's offset, so records are missing; "
                "restore them from the archive, then set the group's offset by hand."
            )
            raise Halted(msg)
        if error.fatal() or not error.retriable():
            msg = f"{self._topic}: {error.str()}"
            raise TransportLost(msg)
        return False

    @property
    def owned(self) -> int:
        """How many partitions the group has given to this member."""
        return len(self._owned)

    def position(self, partition: int) -> int | None:
        """Return the offset after the last one read, transaction markers included."""
        found = self._consumer.position([TopicPartition(self._topic, partition)])[0].offset
        return found if found >= 0 else None

    def pause(self, partitions: Sequence[int]) -> None:
        """Stop fetching from these; membership goes on."""
        self._consumer.pause([TopicPartition(self._topic, p) for p in partitions])

    def resume(self, partitions: Sequence[int]) -> None:
        """Fetch from these again."""
        self._consumer.resume([TopicPartition(self._topic, p) for p in partitions])

    def transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset], follow: str | None) -> Written:
        """Write records and offsets in one transaction; see the port."""
        return self._transactions.commit(outgoing, self._placed(offsets), self._membership(), follow)

    def ahead(self, outgoing: Sequence[Outgoing]) -> None:
        """Write records into the transaction that the next `transact` commits; see the port."""
        self._transactions.ahead(outgoing)

    def transact_behind(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset]) -> None:
        """Commit in a thread; see the port."""
        self._transactions.commit_behind(outgoing, self._placed(offsets), self._membership())

    @property
    def settled(self) -> bool:
        """Whether nothing is being committed in a thread."""
        return self._transactions.settled

    def settle(self) -> None:
        """Wait for what is committed in a thread; see the port."""
        self._transactions.settle()

    def rest(self, times: int) -> float:
        """How many seconds the next commit should wait; see the port."""
        return self._transactions.rest(times)

    def _placed(self, offsets: Mapping[int, Offset]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, p, o.next, metadata=o.metadata) for p, o in sorted(offsets.items())]

    def _membership(self) -> object:
        return self._consumer.consumer_group_metadata()

    def recover(self) -> Mapping[int, Offset | None]:
        """Make a new producer and go back to what is committed.

        The old producer is dropped without a word: whatever it still had to say is fenced by the new one's epoch.

        Raises:
            TransportLost: a partition cannot be read from there, since it is coming or going just now; join anew.

        """
        self._transactions.renew()
        committed = self._committed(sorted(self._owned))
        for partition, offset in committed.items():
            try:
                self._consumer.seek(self._start(partition, offset))
            except KafkaException as error:
                msg = f"way back in {self._topic}/{partition}: {error.args[0].str()}"
                raise TransportLost(msg) from error
        return committed

    def tail(self, topic: str, partition: int | None = None, start: int | None = None) -> Tail:
        """Return a tail with a consumer of its own, outside the group."""
        return KafkaTail(self._settings.client(), topic, partition, start, self._settings.call_timeout_s, self._alive)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset and the next one to be written, open transactions included."""
        low, high = self._bounds.first(topic, [partition]), self._bounds.end(topic, [partition])
        return low[partition], high[partition]

    def close(self) -> None:
        """Leave the group at once, so that the others need not wait for the session to time out."""
        self._closing = True
        self._consumer.close()
