"""The partitions this process owns: their progress, their state, and what is ready to be committed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from consumers.runtime.clock import Clock, milliseconds
from consumers.runtime.errors import Poisoned
from consumers.runtime.partition import Partition
from consumers.runtime.pending import Journal
from consumers.runtime.progress import WINDOW, Progress
from consumers.runtime.restoring import StateFiles
from consumers.runtime.stage import Handler, Lane, Stage
from consumers.runtime.store import RecordView
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Fetched, Offset, Outgoing, TransactionLost, Transport
from consumers.runtime.writer import RECORD_OVERHEAD

__all__ = ["Ownership"]

# How often the state is asked what waits in it: one step in an index of each partition, and nobody reads it oftener.
_LOOK_S = 5.0
_log = structlog.get_logger(__name__)
_MEASURE_EVERY_S = 15.0


class Ownership:
    """Partitions by number, each a new object per span of ownership.

    `folder` is where local state files go; each process needs one of its own, because two owners of one file would
    overwrite each other. `alive` is called while state is being restored, which can take longer than a probe waits.
    """

    def __init__(
        self,
        stage: Stage,
        handler: Handler,
        transport: Transport,
        *,
        folder: Path,
        clock: Clock,
        telemetry: Telemetry,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._stage, self._handler, self._transport = stage, handler, transport
        self._clock, self._telemetry = clock, telemetry
        self._changelog = stage.changelog
        self._partitions: dict[int, Partition] = {}
        self._epoch = 0
        self._resting: set[int] = set()
        self._dropped: Callable[[Partition], None] = lambda _: None
        self._before_revoke: Callable[[Sequence[int]], None] = lambda _: None
        self._files = (
            StateFiles(folder, self._changelog, stage.state_version, transport, clock, telemetry, alive)
            if self._changelog
            else None
        )
        self._measured = 0.0
        self._look_at = 0.0
        # Set while the way back to what is committed failed: no partition is held, though the group thinks so.
        self.adrift = False
        self.in_flight = 0
        self.in_flight_bytes = 0
        # Records that wait in `Partition.outgoing`.
        self.waiting = 0
        self._spoiled = False
        self._polling = False
        # Records whose commit goes on behind.
        self._behind = 0
        # Set from a loss to the next commit: until then nothing goes ahead.
        self.wary = False

    @property
    def durable(self) -> bool:
        """Whether partitions have a store."""
        return self._changelog is not None

    def on_dropped(self, callback: Callable[[Partition], None]) -> None:
        """Call back when a span of ownership ends."""
        self._dropped = callback

    def join(self, before_revoke: Callable[[Sequence[int]], None]) -> None:
        """Join the group; `before_revoke` is called while what goes away can still be committed."""
        self._before_revoke = before_revoke
        self._transport.subscribe(self._stage.reads.name, self._assigned, self._revoked)

    def numbers(self) -> list[int]:
        """Return the owned partitions' numbers."""
        return sorted(self._partitions)

    def partition(self, number: int) -> Partition | None:
        """Return the present span of a partition, None when it is not ours."""
        return self._partitions.get(number)

    def _assigned(self, committed: Mapping[int, Offset | None]) -> None:
        self._epoch += 1
        for number, offset in committed.items():
            partition = Partition(number, self._epoch, Progress(offset), offset, self._stage.limits.changes)
            if self._files:
                partition.store = self._files.open(number, offset)
                partition.view = RecordView(partition.store)
                partition.state = self._handler.state(partition.view) if self._handler.state else None
            self._partitions[number] = partition
        _log.info("partitions assigned", partitions=sorted(committed), epoch=self._epoch)
        self._telemetry.set("partitions", len(self._partitions))
        self._measure(keys=True)

    def _revoked(self, numbers: Sequence[int], lost: bool) -> None:
        if not lost:
            # A poll is going on: its records are read and not counted in yet, so the position says too much.
            self._polling = True
            try:
                self._before_revoke(numbers)
            finally:
                self._polling = False
        for number in numbers:
            if number in self._partitions:
                self._drop(self._partitions.pop(number))
        _log.info("partitions lost" if lost else "partitions revoked", partitions=sorted(numbers))
        self._telemetry.set("partitions", len(self._partitions))
        self._measure(keys=True)

    def _measure(self, *, keys: bool) -> None:
        """Tell how large the state is; keys are counted only when asked for, since that walks every page."""
        stores = [p.store for p in self._partitions.values() if p.store]
        self._measured = self._clock.monotonic()
        if self._files:
            self._telemetry.set("state_bytes", sum(store.size() for store in stores))
            if keys:
                self._telemetry.set("state_keys", sum(store.keys() for store in stores))

    def _drop(self, partition: Partition) -> None:
        self.in_flight -= partition.progress.open
        self.in_flight_bytes -= partition.open_bytes
        self._resting.discard(partition.number)
        self.waiting -= len(partition.outgoing)
        self._spoiled = self._spoiled or partition.ahead
        partition.drop()
        self._telemetry.set_of(partition.number, "oldest_waiting_seconds", None)
        self._dropped(partition)

    def end(self, partition: Partition, record: Fetched, size: int, outgoing: Sequence[Outgoing]) -> None:
        """Count a record of `size` bytes out; what it brought goes with the next transaction."""
        partition.outgoing.extend(outgoing)
        partition.progress.complete(record.offset)
        partition.done += 1
        partition.open_bytes -= size
        self.in_flight -= 1
        self.in_flight_bytes -= size
        self.waiting += len(outgoing)

    def bring(self, partition: Partition, outgoing: Sequence[Outgoing], journal: Journal) -> None:
        """Take in what a record that has not ended yet has brought: it goes with the next transaction."""
        partition.outgoing.extend(outgoing)
        self.waiting += len(outgoing)
        if partition.store:
            partition.store.accept(journal)

    def send_ahead(self) -> None:
        """Write what is ready into the transaction that the next `commit` ends, so that it travels meanwhile.

        Not after a loss, until something was committed again: a handler that outlasts the time limit of an open
        transaction would lose every one, and never get past its record.

        Raises:
            TransactionLost, Fenced: as `commit`.

        """
        if self.wary:
            return
        for partition in self._partitions.values():
            if partition.outgoing:
                partition.ahead = True
                self._transport.ahead(partition.outgoing)
                partition.outgoing = []
        self.waiting = 0

    def oldest(self, now: float) -> float:
        """Return when the oldest record in work came, `now` when nothing is in work."""
        return min((p.progress.since for p in self._partitions.values() if p.progress.open), default=now)

    def look(self) -> None:
        """Show how long the oldest thing in each partition's state has waited; looks every five seconds at most.

        By the clock of the process, not of the ticks: where the ticker is silent too, the age rises past every limit.
        """
        waiting, moment = self._handler.waiting, self._clock.monotonic()
        if waiting is None or moment < self._look_at:
            return
        self._look_at = moment + _LOOK_S
        for partition in self._partitions.values():
            since = waiting(partition.state)
            age = (self._clock.now() - since).total_seconds() if since else 0.0
            self._telemetry.set_of(partition.number, "oldest_waiting_seconds", max(0.0, age))

    def hold_to_size(self, journal: Journal) -> None:
        """Refuse state that its changelog could not take: the transaction could never be committed.

        Raises:
            Poisoned: a value is too large.

        """
        if self._changelog is None:
            return
        limit = self._changelog.max_message_bytes - RECORD_OVERHEAD
        if largest := max(
            (len(value) for value in journal.values() if value is not None and len(value) > limit), default=0
        ):
            reason = "STATE_TOO_LARGE"
            msg = f"the state of one key has {largest} bytes; {self._changelog.name} takes {limit}"
            raise Poisoned(reason, msg)

    @property
    def uncommitted(self) -> bool:
        """Whether a transaction has anything to carry."""
        for partition in [] if self._polling else self._partitions.values():
            position = self._transport.position(partition.number)
            if position is not None:
                partition.progress.moved(position)
        return any(p.uncommitted for p in self._partitions.values())

    def commit(self) -> int:
        """Write everything that is done in one transaction and return how many records that ends.

        Raises:
            TransactionLost: nothing was written, or nobody knows; call `recover`.
            Fenced: another process took over.

        """
        ended = self.settle()
        carried = self._carried()
        if not carried:
            return ended
        topic = self._changelog.name if self._changelog else None
        outgoing = self._outgoing(carried)
        if topic:
            for partition in carried:
                outgoing.extend(partition.changelog(topic, self._stage.state_version))
        offsets = {p.number: p.progress.offset() for p in carried}
        written = self._transport.transact(outgoing, offsets, topic)
        now_ms = milliseconds(self._clock.now())
        for partition in carried:
            if partition.store:
                partition.store.committed(written.next.get((topic or "", partition.number)), now_ms=now_ms)
        self.wary = False
        if self._clock.monotonic() - self._measured >= _MEASURE_EVERY_S:
            self._measure(keys=False)
        return ended + self._ended(carried, offsets)

    def commit_behind(self) -> int:
        """Commit as `commit`, going on while the brokers do their part, and return how many records ended before.

        State is written to its file only once its changelog is committed, and the next record reads it: a stage that
        keeps some commits at once. So does one that lost a transaction, until another has gone through.

        Raises:
            TransactionLost, Fenced: as `commit`.

        """
        if self._changelog or self.wary:
            return self.commit()
        ended = self.settle()
        carried = self._carried()
        if carried:
            offsets = {p.number: p.progress.offset() for p in carried}
            self._transport.transact_behind(self._outgoing(carried), offsets)
            self._behind = self._ended(carried, offsets)
        return ended

    @property
    def done(self) -> int:
        """How many records ended that no commit carries yet."""
        return sum(p.done for p in self._partitions.values())

    @property
    def laden(self) -> bool:
        """Whether some partition's changes of state should be committed before there are more."""
        return any(p.laden for p in self._partitions.values())

    @property
    def settled(self) -> bool:
        """Whether no commit goes on behind."""
        return self._transport.settled

    def settle(self) -> int:
        """Wait until what is committed behind has ended, and return how many records that ends.

        Raises:
            TransactionLost, Fenced: as `commit`.

        """
        self._transport.settle()
        ended, self._behind = self._behind, 0
        return ended

    def _carried(self) -> list[Partition]:
        """Return the partitions that the next transaction has something of."""
        if self._spoiled:
            # Group fencing would not stop it: the member is sound, only the partition is another's by now.
            msg = "outputs of a partition that was taken away lie in the open transaction"
            raise TransactionLost(msg)
        return [p for p in self._partitions.values() if p.uncommitted] if self.uncommitted else []

    @staticmethod
    def _outgoing(carried: Sequence[Partition]) -> list[Outgoing]:
        return [record for partition in carried for record in partition.outgoing]

    def _ended(self, carried: Sequence[Partition], offsets: Mapping[int, Offset]) -> int:
        ended = 0
        for partition in carried:
            partition.committed = offsets[partition.number]
            partition.outgoing = []
            partition.ahead = False
            ended += partition.done
            partition.done = 0
        self.waiting = 0
        return ended

    def abandon(self) -> None:
        """Drop every span: nothing of them can be committed any more, and `recover` has to begin new ones.

        Never both in the middle of a poll, which is where partitions are handed over: what that poll still brings was
        read before the way back, and counted to what is read after it, it would be done twice.
        """
        self.adrift = self.wary = True
        for partition in list(self._partitions.values()):
            self._drop(partition)
        self._partitions.clear()

    def recover(self) -> None:
        """Drop every span and begin new ones from what is committed.

        Raises:
            TransactionLost, TransportLost: the broker does not answer yet; call again.

        """
        self.abandon()
        recovered = self._transport.recover()
        self._spoiled, self._behind = False, 0
        self._assigned(recovered)
        self._transport.resume(self.numbers())
        self.adrift = False

    def press_back(self, *, paused: bool) -> None:
        """Rest every partition when `paused`, else those that hold their share or whose window is full."""
        wanted = {n for n, p in self._partitions.items() if paused or p.progress.span >= WINDOW // 2 or self._full(p)}
        if rest := sorted(wanted - self._resting):
            self._transport.pause(rest)
        if wake := sorted((self._resting - wanted) & set(self._partitions)):
            self._transport.resume(wake)
        self._resting = wanted

    def _full(self, partition: Partition) -> bool:
        """Whether a partition holds its share of what may be in flight, and is not below half of it yet.

        Without a share the records of one partition whose keys all wait would fill the process and hold up the others.
        """
        limits, number = self._stage.limits, len(self._partitions)
        if number == 1:
            return False
        part = 2 if partition.full else 1
        partition.full = (
            partition.progress.open >= max(1, limits.in_flight // number // part)
            or partition.open_bytes >= limits.in_flight_bytes // number // part
        )
        return partition.full

    @property
    def room(self) -> int:
        """How many records the next poll may bring, at least one.

        They may all be of one partition, so it is what the fullest one that is not resting still may hold. Where
        records end within the step that brought them, nothing is in flight between two polls and all may come.
        """
        limits = self._stage.limits
        whole = limits.in_flight - self.in_flight
        if self._stage.lane is Lane.INLINE and not self.in_flight:
            return max(1, whole)
        share = limits.in_flight // max(1, len(self._partitions))
        awake = [share - p.progress.open for n, p in self._partitions.items() if n not in self._resting]
        return max(1, min([whole, *awake]))

    def close(self) -> None:
        """Close the state files and leave the group; what is not committed by now is left to the next owner."""
        # Leaving takes the partitions away, and the way back from a loss is not answered any more while it lasts.
        self._before_revoke = lambda _: None
        for partition in list(self._partitions.values()):
            self._drop(partition)
        self._partitions.clear()
        self._transport.close()
