"""What the runner needs of a log: the port that Kafka and the in-memory broker both fit.

Both pass one contract suite (`tests/contract`). Everything here is called from one thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from streams.record import Fetched, Headers, TransportLost

__all__ = [
    "Fenced",
    "Fetched",
    "Headers",
    "Offset",
    "Outgoing",
    "Tail",
    "TransactionLost",
    "Transport",
    "TransportLost",
    "Written",
]


class Outgoing(NamedTuple):
    """One record to write. `partition` None leaves the choice to the key's hash. `value` None is a tombstone.

    A tuple for the same reason as `Fetched`.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Offset:
    """A committed offset: the next one to read, and at most 4,096 bytes of metadata."""

    next: int
    metadata: str = ""


class TransactionLost(Exception):
    """The transaction was aborted, or its outcome is unknown. Start again from what is committed."""


class Fenced(Exception):
    """Another process uses the same transactional id: this one must stop."""


class Tail(Protocol):
    """A topic, or one partition of it, read from the start and followed, apart from any consumer group."""

    def catch_up(self) -> Sequence[Fetched]:
        """Return what was committed since the last call, up to an end fetched after this call began.

        A chunk at a time: an empty answer means the end is reached.

        Raises:
            TransportLost: the broker does not answer in time.

        """
        ...

    @property
    def remaining(self) -> int:
        """Records still to be read up to the end last fetched, an estimate for progress."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@dataclass(slots=True)
class Written:
    """Where changelog records landed: the next offset per partition of a topic."""

    next: dict[tuple[str, int], int] = field(default_factory=dict)


class Transport(Protocol):
    """One member of one consumer group with one transactional producer."""

    def subscribe(
        self,
        topic: str,
        on_assigned: Callable[[Mapping[int, Offset | None]], None],
        on_revoked: Callable[[Sequence[int], bool], None],
    ) -> None:
        """Join the group.

        `on_assigned` gets each new partition's committed offset (None: the group never committed there, reading
        starts at the beginning). `on_revoked` gets those taken away and whether they are lost already (True: nothing
        of them can be committed any more).
        """
        ...

    def poll(self, count: int, timeout: float) -> Sequence[Fetched]:
        """Return up to `count` records, waiting at most `timeout` seconds for the first."""
        ...

    def position(self, partition: int) -> int | None:
        """Return the offset after the last one read, transaction markers included; None before the first."""
        ...

    def pause(self, partitions: Sequence[int]) -> None:
        """Stop fetching from these."""
        ...

    def resume(self, partitions: Sequence[int]) -> None:
        """Fetch from these again."""
        ...

    def transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset], follow: str | None) -> Written:
        """Write records and offsets in one transaction.

        `follow` names a topic whose landing offsets are wanted (the changelog).

        Raises:
            TransactionLost: nothing was committed, or nobody knows; call `recover`.
            Fenced: another producer took over the transactional id.

        """
        ...

    def ahead(self, outgoing: Sequence[Outgoing]) -> None:
        """Write records into the transaction that the next `transact` commits, beginning it if none is open.

        So that the network works while the next records are being handled. Until `transact` nothing of it is to be
        seen, and after `recover` never; it must follow well within the transaction's time limit.

        Raises:
            TransactionLost, Fenced: as `transact`.

        """
        ...

    def transact_behind(self, outgoing: Sequence[Outgoing], offsets: Mapping[int, Offset]) -> None:
        """Write records and offsets in one transaction as `transact`, and return before it has ended.

        So that the next records are handled while the brokers commit. `settle` tells how it ended; everything else
        that writes settles it first.

        Raises:
            TransactionLost, Fenced: as `transact`.

        """
        ...

    @property
    def settled(self) -> bool:
        """Whether `settle` would not wait."""
        ...

    def settle(self) -> None:
        """Wait until what `transact_behind` began has ended; at once where nothing was begun.

        Raises:
            TransactionLost, Fenced: as `transact`.

        """
        ...

    def rest(self, times: int) -> float:
        """Return how many seconds the next transaction should wait, so that it begins so many `times` after the last.

        In units of what the last one's commit took; zero or less where it need not wait. Thrift only: whatever has to
        be committed is committed without asking.
        """
        ...

    @property
    def unreachable(self) -> str:
        """What was said when the broker last did not answer; empty while it does."""
        ...

    def recover(self) -> Mapping[int, Offset | None]:
        """Make a new producer, go back to what is committed and return it for every partition still owned."""
        ...

    def tail(self, topic: str, partition: int | None = None, start: int | None = None) -> Tail:
        """Return a tail of a topic from its beginning, or of one partition from `start`."""
        ...

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset still in the log and the next one to be written, open transactions included."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...
