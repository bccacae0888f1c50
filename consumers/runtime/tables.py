"""Side tables: compacted topics held whole by every replica, read to their end before the first record.

Before a record submitted at t is judged, every table has been read to an end that was fetched after t: a policy
published in time is never missed by a replica that lags.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from consumers.runtime.clock import EPOCH, Clock
from consumers.runtime.errors import Halted
from consumers.runtime.stage import Table, TableView
from consumers.runtime.transport import Fetched, Tail, Transport
from schemas.codec import Codec, RegistryUnavailable

__all__ = ["SideTables"]

# Producers' clocks may be ahead of ours; then "an end fetched after t" cannot be had, and asking for it again for
# every record would only load the broker.
_PATIENCE = timedelta(milliseconds=50)


@dataclass(slots=True)
class _Followed:
    """One table, and the records fetched of it that are not in its view yet."""

    name: str
    view: TableView
    tail: Tail
    fetched: deque[Fetched] = field(default_factory=deque)

    def catch_up(self, codec: Codec) -> None:
        """Take in everything up to the end as it is now; a record leaves the queue only once it is in the view."""
        while True:
            while self.fetched:
                self._take_in(self.fetched[0], codec)
                self.fetched.popleft()
            chunk = self.tail.catch_up()
            if not chunk:
                return
            self.fetched.extend(chunk)

    def _take_in(self, record: Fetched, codec: Codec) -> None:
        try:
            event = None if record.value is None else codec.decode(record.value)
            self.view.apply((record.key or b"").decode(), event)
        except RegistryUnavailable:
            raise
        except Exception as error:
            # A table without one of its records would judge otherwise than the other replicas do.
            place = f"{record.topic}/{record.partition}/{record.offset}"
            msg = f"table {self.name} cannot take in {place}: {type(error).__name__}: {error}"
            raise Halted(msg) from error


class SideTables:
    """The tables of one stage process."""

    def __init__(self, tables: Sequence[Table], transport: Transport, codec: Codec, clock: Clock) -> None:
        self._tables, self._transport, self._codec, self._clock = tables, transport, codec, clock
        self._followed: list[_Followed] = []
        self.views: dict[str, TableView] = {}
        self.as_of = EPOCH
        self._expired = False
        self._versions: dict[str, str] = {}

    def load(self) -> None:
        """Read every table to its end.

        Raises:
            TransportLost: the broker does not answer, or a topic is missing.
            RegistryUnavailable: a schema could not be fetched.
            Halted: a table holds a record that is no event of ours; the stage must not guess.

        """
        for table in self._tables[len(self._followed) :]:
            view = table.view()
            self._followed.append(_Followed(table.name, view, self._transport.tail(table.topic.name)))
            self.views[table.name] = view
        self.refresh()

    def refresh(self) -> None:
        """Read on to the ends as they are now.

        Raises:
            Halted: a table holds what cannot be read; judging on without it would be wrong.
            TransportLost, RegistryUnavailable: what it needs does not answer; what was read stays read, call again.

        """
        began = self._clock.now()
        try:
            for table in self._followed:
                table.catch_up(self._codec)
        finally:
            # A refresh that failed half-way has taken in what it could.
            self._versions = {name: view.version for name, view in self.views.items()}
        self.as_of = began
        self._expired = False

    def fresh_for(self, submitted_at: datetime) -> None:
        """Read on if the tables might lack what was published before `submitted_at`."""
        if not self._followed:
            return
        now = self._clock.now()
        if now < self.as_of:
            # The clock was set back, so "as of" lies in its future and would call the tables fresh until then.
            self.refresh()
            return
        if submitted_at <= self.as_of and not self._expired:
            return
        if self.as_of < submitted_at <= now or now - self.as_of >= _PATIENCE:
            self.refresh()

    def expire(self) -> None:
        """Have the tables read on before the next record, however old it is: it needs what is not there yet."""
        self._expired = True

    def age(self) -> float:
        """Return seconds since the tables were last read to their end, 0 where there are none."""
        return (self._clock.now() - self.as_of).total_seconds() if self._followed else 0.0

    def take(self, name: str) -> TableView:
        """Return a view that serves the runtime itself, and give it to no handler from now on."""
        self._versions.pop(name, None)
        return self.views.pop(name)

    def versions(self) -> Mapping[str, str]:
        """Return the version of every table, by name, as of the last refresh."""
        return self._versions

    def close(self) -> None:
        """Close the connections."""
        for table in self._followed:
            table.tail.close()
