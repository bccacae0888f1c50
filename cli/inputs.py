"""The hash of the event that each entry of the audit log is about the handling of.

It is in the log already: what a stage handled was written by another one, or by a producer, and has an entry of its
own whose id derives from its event's. So nothing is stored twice, and nothing is told of an input but what was sealed.
"""

import sqlite3

from audit.entry import Entry
from schemas.identity import derive

__all__ = ["Inputs"]

_CACHE_KIB = 16 * 1024


class Inputs:
    """Hashes of recorded events by the id of their record; in a private file that is gone when closed.

    Memory stays flat however long the log is; the file grows by some 80 bytes an entry.
    """

    def __init__(self) -> None:
        # No name: SQLite makes a file of its own and deletes it.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE hashes (record TEXT PRIMARY KEY, sha256 BLOB) STRICT, WITHOUT ROWID")

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def take(self, entry: Entry) -> None:
        """Remember what an entry recorded; one without an event has nothing to remember."""
        if entry.output_sha256:
            row = (entry.event_id, bytes.fromhex(entry.output_sha256))
            self._database.execute("INSERT OR IGNORE INTO hashes VALUES (?, ?)", row)

    def of(self, entry: Entry) -> str | None:
        """Return the SHA-256 of the event that the entry's stage handled, in hex.

        None where that has no entry: a tick, or a record that could not be decoded (`source` says where it lies).
        """
        record = derive(entry.cause_id, "audit")
        found = self._database.execute("SELECT sha256 FROM hashes WHERE record = ?", (record,)).fetchone()
        return None if found is None else bytes(found[0]).hex()
