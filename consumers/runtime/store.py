"""Keyed state of one partition: an SQLite file in front of a compacted changelog topic.

The changelog is the truth; the file is a cache of it that spares a restart from reading it all. A handler's writes
lie in memory until the transaction that carries its outputs and the changelog has committed, and only then reach
the file: a file behind the changelog catches up, a file ahead of it would be wrong.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from consumers.runtime.errors import Halted
from consumers.runtime.pending import Journal, Pending
from consumers.runtime.recent import Recent
from consumers.runtime.transport import Fetched, Tail, TransactionLost
from streams.record import Headers

__all__ = ["PartitionStore", "RecordView", "version_headers"]

_log = structlog.get_logger(__name__)
# Raised when the file's layout changes: a file of another layout is thrown away and rebuilt from the changelog.
_LAYOUT = 2
# Which version of the stage wrote a changelog record. The first one goes without: most records then need no header.
_VERSION_HEADER = "spendtrail.state"
_FIRST_VERSION = 1
# One SQLite transaction of a restore holds so many records or bytes: larger ones gain nothing, and the bytes bound
# what a restore takes in memory.
_BATCH_RECORDS, _BATCH_BYTES = 50_000, 16 * 1024 * 1024
# Keys come in the order they were last written, so a large restore touches pages everywhere: what does not fit in the
# page cache is read back from the disk. Otherwise records of now touch few pages, and the caches of many partitions
# would make a process grow for as long as they fill. In KiB, negative as SQLite wants it.
_RESTORE_CACHE, _CACHE = -64 * 1024, -512
_BETWEEN = "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"


def version_headers(version: int) -> Headers:
    """Return the headers of changelog records that a stage of this `state_version` writes."""
    return () if version == _FIRST_VERSION else ((_VERSION_HEADER, b"%d" % version),)


class PartitionStore:
    """State of one partition. `max_age_ms` is the changelog's `delete.retention.ms`, `version` the stage's own.

    A file is refused, thrown away and rebuilt from the changelog when it is damaged, when a newer release wrote it, or
    when it was not written for longer than `max_age_ms`: then it may lack tombstones that compaction has removed since.

    Any method may raise `TransactionLost` when the file turns out damaged: it is thrown away, and the way back to what
    is committed rebuilds it.
    """

    def __init__(self, path: Path, *, now_ms: int, max_age_ms: int, version: int = _FIRST_VERSION) -> None:
        self.path, self._version = path, version
        self._pending, self._recent = Pending(), Recent()
        path.parent.mkdir(parents=True, exist_ok=True)
        db = None
        try:
            db = self._open(path)
            known = dict(db.execute("SELECT name, value FROM about"))
            # Walks every page, of values and of keys, so that damage is found now and not in the middle of a record.
            db.execute("SELECT sum(length(value)), (SELECT count(*) FROM state) FROM state").fetchone()
            reason = _refused(known, now_ms, max_age_ms, version) if known else ""
        except sqlite3.DatabaseError as error:
            reason = f"it is damaged ({error})"
        if reason or db is None:
            _log.warning("state file refused", file=str(path), reason=reason)
            if db is not None:
                db.close()
            self._remove()
            db, known = self._open(path), {}
        self._db = db
        self.next_offset: int = known.get("next_offset", 0)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(f"PRAGMA cache_size={_CACHE}")
            # Values lie in the order they were written, keys in an index beside them: with both in one tree a restore
            # rewrites every page once a batch, since a compacted log has keys in no order.
            db.execute("CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
            db.execute("CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _remove(self) -> None:
        for name in (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-shm"):
            self.path.with_name(name).unlink(missing_ok=True)

    def restart(self) -> None:
        """Throw the file away; the changelog has to be read from its beginning."""
        self._db.close()
        self._remove()
        self._db = self._open(self.path)
        self._recent = Recent()
        self.next_offset = 0

    def restore(self, tail: Tail, *, now_ms: int, on_progress: Callable[[int, int], None]) -> int:
        """Read the changelog to its end and return how many records that were.

        `on_progress` gets records read and records remaining. What was read stays when a restore is broken off.

        Raises:
            TransportLost: the broker does not answer.
            TransactionLost: the file cannot be written.
            Halted: the changelog holds what is no state of this release.

        """
        read = 0
        with self._sound():
            self._db.execute(f"PRAGMA cache_size={_RESTORE_CACHE}")
        while batch := self._batch(tail):
            self._write(self._understood(batch), next_offset=batch[-1].offset + 1, now_ms=now_ms)
            read += len(batch)
            on_progress(read, tail.remaining)
        with self._sound():
            self._db.execute(f"PRAGMA cache_size={_CACHE}")
            self._db.execute("PRAGMA shrink_memory")
            if read:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return read

    @staticmethod
    def _batch(tail: Tail) -> list[Fetched]:
        batch: list[Fetched] = []
        size = 0
        while len(batch) < _BATCH_RECORDS and size < _BATCH_BYTES and (chunk := tail.catch_up()):
            batch.extend(chunk)
            size += sum(len(r.value or b"") for r in chunk)
        return batch

    def _understood(self, batch: Sequence[Fetched]) -> Journal:
        for record in batch:
            if record.headers:
                self._check_version(record)
        try:
            return {(r.key or b"").decode(): r.value for r in batch}
        except UnicodeDecodeError as error:
            topic, partition = batch[0].topic, batch[0].partition
            msg = (
                f"{topic}/{partition}, offsets {batch[0].offset} to {batch[-1].offset}: a key is no text ({error}). "
                "Something else wrote to the changelog; find out what, and restore the topic from its backup"
            )
            raise Halted(msg) from error

    def _check_version(self, record: Fetched) -> None:
        told = record.header(_VERSION_HEADER)
        if told is not None and not (told.isdigit() and int(told) <= self._version):
            place = f"{record.topic}/{record.partition}/{record.offset}"
            msg = (
                f"{place} holds state of version {told.decode(errors='replace')}; this release reads up to "
                f"{self._version}. Run the release that wrote it, or a later one"
            )
            raise Halted(msg)

    def get(self, key: str) -> bytes | None:
        """Return the value as of the last finished record, None where there is none."""
        if key in self._pending.changes:
            return self._pending.changes[key]
        known, value = self._recent.find(key)
        if known:
            return value
        rows = self._read("SELECT value FROM state WHERE key = ?", (key,))
        value = rows[0][0] if rows else None
        self._recent.note(key, value)
        return value

    def range(
        self, start: str, end: str, over: Mapping[str, bytes | None], limit: int | None = None
    ) -> list[tuple[str, bytes]]:
        """Return the first `limit` pairs with start <= key < end in order; `over` lies above what is stored."""
        above = self._pending.between(start, end)
        if over:
            above |= {key: value for key, value in over.items() if start <= key < end}
        # What lies above may hide as many of the stored ones; below zero is SQLite's "all".
        most = -1 if limit is None else limit + len(above)
        stored: list[tuple[str, bytes]] = self._read(_BETWEEN, (start, end, most))
        if not above:
            return stored
        merged = dict(stored) | above
        return [(key, value) for key in sorted(merged) if (value := merged[key]) is not None][:limit]

    def _read(self, query: str, given: tuple[object, ...]) -> list[Any]:
        """Ask the file. All questions up to the next write are one transaction of SQLite's.

        Each in its own takes a lock and gives it back, and that is half of what a question costs. Nobody else writes
        to the file, so the transaction sees all there is.
        """
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN")
            return self._db.execute(query, given).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def accept(self, journal: Mapping[str, bytes | None]) -> None:
        """Take in what one finished record changed."""
        self._pending.accept(journal)

    @property
    def pending(self) -> Mapping[str, bytes | None]:
        """What the next transaction has to write to the changelog."""
        return self._pending.changes

    def committed(self, next_offset: int | None, *, now_ms: int) -> None:
        """Write what the transaction carried; `next_offset` is where the changelog goes on, None if it had nothing."""
        if self._pending.changes:
            self._write(self._pending.changes, next_offset=next_offset or self.next_offset, now_ms=now_ms)
            self._pending = Pending()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Give a damaged file, or a full disk, the one meaning it has: go back to what the changelog says."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.DatabaseError) -> TransactionLost:
        self._db.close()
        self._remove()
        return TransactionLost(f"state file {self.path} cannot be used ({error}) and is rebuilt from its changelog")

    def _write(self, changes: Mapping[str, bytes | None], *, next_offset: int, now_ms: int) -> None:
        with self._sound():
            self._transact(changes, next_offset=next_offset, now_ms=now_ms)
        self._recent.forget(changes)
        self.next_offset = next_offset

    def _transact(self, changes: Mapping[str, bytes | None], *, next_offset: int, now_ms: int) -> None:
        if self._db.in_transaction:
            self._db.execute("COMMIT")
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            # In the order of the keys neighbours share pages of the index, and each page is read and written once.
            sorted((k, v) for k, v in changes.items() if v is not None),
        )
        self._db.executemany("DELETE FROM state WHERE key = ?", [(k,) for k, v in changes.items() if v is None])
        self._db.executemany(
            "INSERT INTO about VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [
                ("layout", _LAYOUT),
                ("version", self._version),
                ("next_offset", next_offset),
                ("saved_ms", now_ms),
            ],
        )
        self._db.execute("COMMIT")

    def keys(self) -> int:
        """Return how many keys the file holds."""
        with self._sound():
            return int(self._db.execute("SELECT count(*) FROM state").fetchone()[0])

    def size(self) -> int:
        """Return the bytes of the file and of what is not merged into it yet."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return sum(file.stat().st_size for file in (self.path, wal) if file.exists())

    def close(self) -> None:
        """Close the file; what no transaction carried is dropped with the object."""
        self._db.close()


def _refused(known: Mapping[str, int], now_ms: int, max_age_ms: int, version: int) -> str:
    """Return why a sound file must not be used, empty where it may."""
    if known.get("layout") != _LAYOUT:
        return f"its layout is {known.get('layout')}, this release's {_LAYOUT}"
    if known.get("version", _FIRST_VERSION) > version:
        return f"a newer release wrote it: state version {known['version']}, this release's is {version}"
    if now_ms - known.get("saved_ms", 0) > max_age_ms:
        return "it is older than the tombstones its changelog keeps"
    return ""


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
        # A copy: what orjson wrote holds a buffer of 4 kB, and thousands of values wait for a transaction.
        self._journal[key] = b"%b" % value

    def delete(self, key: str) -> None:
        """Remove the key."""
        self._journal[key] = None

    def range(self, start: str, end: str, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield the first `limit` pairs with start <= key < end, in order, as they were when the walk began."""
        yield from self._store.range(start, end, self._journal, limit)
