"""What is due when, over all ledgers of a partition: ticks come per partition."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from consumers.runtime.stage import Store

__all__ = ["Due", "DueTimes"]

# How many keys are looked up at a time, however many are due.
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Due:
    """One expense of a ledger, by its place in the order of arrival, and when its time is up (UTC)."""

    at: datetime
    tenant: str
    ledger: str
    sequence: int


class DueTimes:
    """An index by time: `due/<UTC instant>/<tenant, ledger, sequence>`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, due: Due) -> None:
        """Note when something is due."""
        value = orjson.dumps([due.tenant, due.ledger, due.sequence])
        self._store.put(f"due/{_instant(due.at)}/{value.decode()}", value)

    def take(self, now: datetime) -> Iterator[Due]:
        """Yield what is due at an instant or before, earliest first, each forgotten before it is seen."""
        while chunk := tuple(self._store.range("due/", f"due/{_instant(now)}0", _CHUNK)):
            for key, value in chunk:
                self._store.delete(key)
                tenant, ledger, sequence = orjson.loads(value)
                yield Due(datetime.fromisoformat(key.split("/")[1]), tenant, ledger, sequence)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
