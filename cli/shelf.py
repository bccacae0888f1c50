"""A mapping that may be larger than memory, for what has to be known of every expense of a log."""

import pickle
import sqlite3
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

__all__ = ["Shelf"]

T = TypeVar("T")

_CACHE_KIB: Final = 4 * 1024


class Shelf(Generic[T]):
    """What was put down last is at hand, the rest lies in a temporary file; values are as they were put down.

    Entries of one expense stand close together in a log, so nearly every question is answered from memory. The file
    has no name and is gone with the object, however the process ends; it lies where SQLite puts temporary files
    (SQLITE_TMPDIR, TMPDIR, /var/tmp). A value that is changed in place has to be put down again.
    """

    def __init__(self, at_hand: int = 2_048) -> None:
        self._at_hand = at_hand
        self._near: dict[str, T] = {}
        self._far = False
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; PRAGMA cache_size=-{_CACHE_KIB};"
            "CREATE TABLE kept (key TEXT PRIMARY KEY, value BLOB NOT NULL)"
        )

    def get(self, key: str, /) -> T | None:
        """Return what was put down under the key last, None where nothing was."""
        found = self._near.get(key)
        if found is None and self._far:
            row = self._rows.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return _opened(row[0])
        return found

    def __setitem__(self, key: str, value: T, /) -> None:
        # What is put down anew becomes the last in order.
        self._near.pop(key, None)
        self._near[key] = value
        if len(self._near) > self._at_hand:
            self._put_away(self._at_hand // 2)

    def __len__(self) -> int:
        if not self._far:
            return len(self._near)
        self._put_away(len(self._near))
        number: int = self._rows.execute("SELECT count(*) FROM kept").fetchone()[0]
        return number

    def by_key(self) -> Iterator[tuple[str, T]]:
        """Yield everything, sorted by key."""
        if not self._far:
            for key in sorted(self._near):
                yield key, self._near[key]
            return
        self._put_away(len(self._near))
        for key, value in self._rows.execute("SELECT key, value FROM kept ORDER BY key"):
            yield key, _opened(value)

    def _put_away(self, number: int) -> None:
        """Put the oldest into the file."""
        keys = list(islice(self._near, number))
        self._rows.execute("BEGIN")
        self._rows.executemany(
            "INSERT OR REPLACE INTO kept VALUES (?, ?)",
            [(key, pickle.dumps(self._near.pop(key), pickle.HIGHEST_PROTOCOL)) for key in keys],
        )
        self._rows.execute("COMMIT")
        self._far = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()


def _opened(value: bytes) -> T:  # type: ignore[type-var] # what was put down is of the shelf's own type
    found: T = pickle.loads(value)  # noqa: S301 - this process wrote it, into a file that has no name
    return found
