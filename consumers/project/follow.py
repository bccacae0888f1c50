"""Following the audit log into the tables.

The tables' own offsets are the truth; the group's committed offsets follow behind them, so that lag is seen where one
looks for it. Tables that are behind the group (new, rebuilt, restored) read the difference first.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from consumers.project.database import UNAVAILABLE, prepare
from consumers.project.fold import Reading
from consumers.project.hot import Hot
from consumers.project.told import Unreadable
from consumers.project.write import next_offset, write
from consumers.runtime.errors import Halted
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Fetched, Offset, Tail, Transport
from schemas.codec import Codec, RegistryUnavailable
from schemas.topics import AUDIT_LOG

__all__ = ["Follower"]

# Entries in one transaction of the database: an expense with several among them is written once.
_BATCH = 5_000
_POLL_SECONDS = 0.2
_NAP_SECONDS = 0.005
# Where entries keep coming transactions are so many times as far apart as the last one's commit took.
_REST = 16
# Waits between attempts while a dependency does not answer; the last one repeats.
_BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Follower:
    """One member of the group that builds the read model, with the surface of a stage's runner.

    Call `start`, then `step` until it is time to go. One thread. `missing` names the dependencies that did not answer
    when last asked, and what they said, for readiness.
    """

    def __init__(
        self,
        transport: Transport,
        codec: Codec,
        engine: Engine,
        telemetry: Telemetry,
        *,
        topic: str = AUDIT_LOG.name,
    ) -> None:
        self._transport, self._engine, self._telemetry = transport, engine, telemetry
        self._topic = topic
        self._committed: dict[int, int] = {}
        self._unchecked: set[int] = set()
        self._tails: dict[int, Tail] = {}
        self._pending: list[Fetched] = []
        self._hot, self._reading = Hot(), Reading.by(codec)
        self._prepared = False
        self._failures = 0
        self.missing: Mapping[str, str] = {}

    def start(self) -> None:
        """Join the group."""
        self._transport.subscribe(self._topic, self._assigned, self._revoked)

    def step(self) -> int:
        """Fold what has come since the last step and return how many entries were new.

        While the database or the registry does not answer nothing is lost and nothing more is fetched than is held
        already, and polling goes on, so that the group keeps its member.

        Raises:
            Halted: the log holds what is no entry of ours; folding on would leave a hole in the read model.
            TransactionLost: the group's offsets could not be committed; the rows are. Call `recover` and go on.
            TransportLost: the broker does not answer, or the group's offsets are gone.

        """
        if self._failures:
            wait = _BACK_OFF_SECONDS[min(self._failures, len(_BACK_OFF_SECONDS)) - 1]
        else:
            wait = (
                min(_POLL_SECONDS, max(_NAP_SECONDS, self._transport.rest(_REST))) if self._pending else _POLL_SECONDS
            )
        fetched = self._transport.poll(_BATCH, 0 if self._tails else wait)
        self._telemetry.count("records_in", len(fetched))
        self._pending.extend(fetched)
        try:
            new = self._fold()
        except UNAVAILABLE as error:
            self._hold("database", error)
            return 0
        except RegistryUnavailable as error:
            self._hold("registry", error)
            return 0
        if self._failures:
            self._failures, self.missing = 0, {}
            self._transport.resume(sorted(self._committed.keys() - self._tails.keys()))
        return new

    def recover(self) -> None:
        """Go back to what the group committed; what is read again is left out by the tables' own offsets."""
        self._telemetry.count("transactions_lost")
        self._pending = []
        self._assigned(self._transport.recover())

    def drain(self, timeout: float) -> None:
        """Leave the group: whatever was folded is committed already, whatever is held was not begun."""
        del timeout
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        for tail in self._tails.values():
            tail.close()
        self._transport.close()

    def _fold(self) -> int:
        if not self._prepared:
            prepare(self._engine)
            self._prepared = True
        for partition in sorted(self._unchecked):
            self._compare(partition)
        new = sum(self._catch_up(partition) for partition in sorted(self._tails))
        # Where entries keep coming more are let come: the fewer transactions, the seldomer an expense is written.
        if len(self._pending) < _BATCH and self._transport.rest(_REST) > 0:
            return new
        positions = {p: self._transport.position(p) for p in self._committed.keys() - self._tails.keys()}
        reached = {p: n for p, n in positions.items() if n is not None and n > self._committed[p]}
        if reached:
            ready = [record for record in self._pending if record.partition in reached]
            new += self._write(ready, reached)
            self._pending = [record for record in self._pending if record.partition not in reached]
            self._telemetry.count("records_done", len(ready))
            self._commit(reached)
        return new

    def _compare(self, partition: int) -> None:
        """See whether the tables are behind the group; if so hold the partition back until they have caught up."""
        stored = next_offset(self._engine, self._topic, partition)
        if stored < self._committed[partition]:
            self._tails[partition] = self._transport.tail(self._topic, partition, stored)
            self._transport.pause([partition])
        self._unchecked.discard(partition)

    def _catch_up(self, partition: int) -> int:
        tail = self._tails[partition]
        chunk = tail.catch_up()
        if chunk:
            self._telemetry.count("restored", len(chunk))
            return self._write(chunk, {partition: chunk[-1].offset + 1})
        tail.close()
        del self._tails[partition]
        self._transport.resume([partition])
        return 0

    def _write(self, records: Sequence[Fetched], positions: Mapping[int, int]) -> int:
        try:
            return write(self._engine, self._topic, records, positions, self._reading, self._hot)
        except Unreadable as error:
            msg = f"{error}; `spendtrail audit verify` says whether it was altered"
            raise Halted(msg) from error

    def _commit(self, reached: Mapping[int, int]) -> None:
        self._transport.transact((), {p: Offset(n) for p, n in reached.items()}, None)
        self._telemetry.count("transactions")
        self._committed |= reached

    def _hold(self, dependency: str, error: Exception) -> None:
        self.missing = {dependency: str(error).partition("\n")[0]}
        self._failures += 1
        self._telemetry.count("retries")
        self._transport.pause(sorted(self._committed))

    def _assigned(self, committed: Mapping[int, Offset | None]) -> None:
        self._committed |= {partition: offset.next if offset else 0 for partition, offset in committed.items()}
        self._unchecked |= committed.keys()
        self._telemetry.set("partitions", len(self._committed))

    def _revoked(self, partitions: Sequence[int], lost: bool) -> None:
        del lost
        for partition in partitions:
            self._committed.pop(partition, None)
            self._unchecked.discard(partition)
            if tail := self._tails.pop(partition, None):
                tail.close()
        self._pending = [record for record in self._pending if record.partition in self._committed]
        self._telemetry.set("partitions", len(self._committed))
