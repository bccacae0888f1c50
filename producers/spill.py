"""Counting keys without holding them all in memory."""

import sqlite3
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Self

__all__ = ["Spill"]


class Spill(Collection[str]):
    """How often each key was noted, sorted by key; what exceeds SQLite's page cache (2 MiB) goes to a temporary file.

    The file has no name and is gone with the object, however the process ends.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._rows.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE noted (key TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;"
        )
        self._distinct = 0

    def note(self, key: str) -> int:
        """Note a key once more and return how often it was noted by now."""
        upsert = "INSERT INTO noted VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"
        times: int = self._rows.execute(upsert, (key,)).fetchone()[0]
        self._distinct += times == 1
        return times

    def __len__(self) -> int:
        return self._distinct

    def __contains__(self, key: object) -> bool:
        return self._rows.execute("SELECT 1 FROM noted WHERE key = ?", (key,)).fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._rows.execute("SELECT key FROM noted ORDER BY key"):
            yield key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()
