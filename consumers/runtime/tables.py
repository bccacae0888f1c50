"""Side tables: compacted topics held whole by every replica, read to their end before the first record.

Before a record submitted at t is judged, every table has been read to an end that was fetched after t: a policy
published in time is never missed by a replica that lags.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from consumers.runtime.clock import EPOCH, Clock
from consumers.runtime.stage import Table, TableView
from consumers.runtime.transport import Tail, Transport
from schemas.codec import Codec

__all__ = ["SideTables"]

# Producers' clocks may be ahead of ours; then "an end fetched after t" cannot be had, and asking for it again for
# every record would only load the broker.
_PATIENCE = timedelta(milliseconds=50)


class SideTables:
    """The tables of one stage process."""

    def __init__(self, tables: Sequence[Table], transport: Transport, codec: Codec, clock: Clock) -> None:
        self._tables, self._transport, self._codec, self._clock = tables, transport, codec, clock
        self._tails: list[tuple[TableView, Tail]] = []
        self.views: dict[str, TableView] = {}
        self.as_of = EPOCH
        self._expired = False

    def load(self) -> None:
        """Read every table to its end.

        Raises:
            TransportLost: the broker does not answer, or a topic is missing.
            RegistryUnavailable: a schema could not be fetched.
            Undecodable: a table holds a record that is no event of ours; the stage must not guess.

        """
        for table in self._tables[len(self._tails) :]:
            view = table.view()
            self._tails.append((view, self._transport.tail(table.topic.name)))
            self.views[table.name] = view
        self.refresh()

    def refresh(self) -> None:
        """Read on to the ends as they are now."""
        began = self._clock.now()
        for view, tail in self._tails:
            while chunk := tail.catch_up():
                for record in chunk:
                    event = None if record.value is None else self._codec.decode(record.value)
                    view.apply((record.key or b"").decode(), event)
        self.as_of = began
        self._expired = False

    def fresh_for(self, submitted_at: datetime) -> None:
        """Read on if the tables might lack what was published before `submitted_at`."""
        if not self._tails or (submitted_at <= self.as_of and not self._expired):
            return
        now = self._clock.now()
        if self.as_of < submitted_at <= now or now - self.as_of >= _PATIENCE:
            self.refresh()

    def expire(self) -> None:
        """Have the tables read on before the next record, however old it is: it needs what is not there yet."""
        self._expired = True

    def age(self) -> float:
        """Return seconds since the tables were last read to their end, 0 where there are none."""
        return (self._clock.now() - self.as_of).total_seconds() if self._tails else 0.0

    def take(self, name: str) -> TableView:
        """Return a view that serves the runtime itself, and give it to no handler from now on."""
        return self.views.pop(name)

    def versions(self) -> dict[str, str]:
        """Return the version of every table, by name."""
        return {name: view.version for name, view in self.views.items()}

    def close(self) -> None:
        """Close the connections."""
        for _, tail in self._tails:
            tail.close()
