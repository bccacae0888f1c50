"""Keyed state of one partition: an SQLite file in front of a compacted changelog topic.

The changelog is the truth; the file is a cache of it that spares a restart from reading it all. A handler's writes
lie in memory until the transaction that carries its outputs and the changelog has committed, and only then reach
the file: a file behind the changelog catches up, a file ahead of it would be wrong.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from consumers.runtime.transport import Tail, TransactionLost

__all__ = ["Journal", "PartitionStore", "RecordView"]

# Raised when the file's layout changes: a file of another version is thrown away and rebuilt from the changelog.
_LAYOUT = 1

Journal = dict[str, bytes | None]


class PartitionStore:
    """State of one partition. `max_age_ms` is the changelog's `delete.retention.ms`.

    Any method may raise `TransactionLost` when the file turns out damaged: it is thrown away, and the way back to what
    is committed rebuilds it.

    A file that was not written for longer than that may lack tombstones that compaction has removed since, so it
    is rebuilt.
    """

    def __init__(self, path: Path, *, now_ms: int, max_age_ms: int) -> None:
        self._path = path
        self._pending: Journal = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._open(path)
            known = dict(self._db.execute("SELECT name, value FROM about"))
            if known.get("layout") != _LAYOUT or now_ms - known.get("saved_ms", 0) > max_age_ms:
                self._db = self._rebuilt()
            # Walks every page of the keys, so that damage is found now and not in the middle of a record.
            self.keys()
        except (sqlite3.DatabaseError, TransactionLost):
            # A damaged file is no loss: everything in it is in the changelog.
            self._db = self._rebuilt()
        self.next_offset: int = dict(self._db.execute("SELECT name, value FROM about")).get("next_offset", 0)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        db.execute("CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        return db

    def _rebuilt(self) -> sqlite3.Connection:
        with suppress(AttributeError):
            self._db.close()
        self._remove()
        return self._open(self._path)

    def _remove(self) -> None:
        for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
            self._path.with_name(name).unlink(missing_ok=True)

    def restart(self) -> None:
        """Throw the file away; the changelog has to be read from its beginning."""
        self._db = self._rebuilt()
        self.next_offset = 0

    def restore(self, tail: Tail, *, now_ms: int, on_progress: Callable[[int, int], None]) -> int:
        """Read the changelog to its end and return how many records that were.

        `on_progress` gets records read and records remaining.

        Raises:
            TransportLost: the broker does not answer.
            TransactionLost: the file cannot be written.

        """
        read = 0
        while chunk := tail.catch_up():
            self._write(
                {(r.key or b"").decode(): r.value for r in chunk}, next_offset=chunk[-1].offset + 1, now_ms=now_ms
            )
            read += len(chunk)
            on_progress(read, tail.remaining)
        return read

    def get(self, key: str) -> bytes | None:
        """Return the value as of the last finished record, None where there is none."""
        if key in self._pending:
            return self._pending[key]
        with self._sound():
            row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def range(self, start: str, end: str, over: Mapping[str, bytes | None]) -> Iterator[tuple[str, bytes]]:
        """Yield start <= key < end in order; `over` lies above what is stored."""
        between = "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key"
        above = {k: v for k, v in {**self._pending, **over}.items() if start <= k < end}
        changed = ((k, v) for k, v in sorted(above.items()) if v is not None)
        with self._sound():
            stored = ((k, v) for k, v in self._db.execute(between, (start, end)) if k not in above)
            yield from heapq.merge(stored, changed)

    def accept(self, journal: Mapping[str, bytes | None]) -> None:
        """Take in what one finished record changed."""
        self._pending.update(journal)

    @property
    def pending(self) -> Mapping[str, bytes | None]:
        """What the next transaction has to write to the changelog."""
        return self._pending

    def committed(self, next_offset: int | None, *, now_ms: int) -> None:
        """Write what the transaction carried; `next_offset` is where the changelog goes on, None if it had nothing."""
        if self._pending:
            self._write(self._pending, next_offset=next_offset or self.next_offset, now_ms=now_ms)
            self._pending = {}

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Give a damaged file, or a full disk, the one meaning it has: go back to what the changelog says."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._db.close()
            self._remove()
            msg = f"state file {self._path} cannot be used ({error}) and is rebuilt from its changelog"
            raise TransactionLost(msg) from error

    def _write(self, changes: Mapping[str, bytes | None], *, next_offset: int, now_ms: int) -> None:
        with self._sound():
            self._transact(changes, next_offset=next_offset, now_ms=now_ms)
        self.next_offset = next_offset

    def _transact(self, changes: Mapping[str, bytes | None], *, next_offset: int, now_ms: int) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [(k, v) for k, v in changes.items() if v is not None],
        )
        self._db.executemany("DELETE FROM state WHERE key = ?", [(k,) for k, v in changes.items() if v is None])
        self._db.executemany(
            "INSERT INTO about VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [("layout", _LAYOUT), ("next_offset", next_offset), ("saved_ms", now_ms)],
        )
        self._db.execute("COMMIT")

    def keys(self) -> int:
        """Return how many keys the file holds."""
        with self._sound():
            return int(self._db.execute("SELECT count(*) FROM state").fetchone()[0])

    def size(self) -> int:
        """Return the file's size in bytes."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Close the file; what no transaction carried is dropped with the object."""
        self._db.close()


class RecordView:
    """The `Store` a handler sees: the partition's state under what the record in hand has written so far."""

    def __init__(self, store: PartitionStore) -> None:
        self._store = store
        self._journal: Journal = {}

    def take(self) -> Journal:
        """Return what was written since the last call, and start afresh."""
        journal, self._journal = self._journal, {}
        return journal

    def get(self, key: str) -> bytes | None:
        """Return the value, None where there is none."""
        return self._journal[key] if key in self._journal else self._store.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        self._journal[key] = value

    def delete(self, key: str) -> None:
        """Remove the key."""
        self._journal[key] = None

    def range(self, start: str, end: str) -> Iterator[tuple[str, bytes]]:
        """Yield the pairs with start <= key < end, in order, as they were when the walk began."""
        yield from list(self._store.range(start, end, self._journal))
