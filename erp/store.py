"""Where postings are kept: one SQLite file, in write-ahead mode with a flush to disk before anything is acknowledged.

What was answered with 201 is still there after a power cut; what was not answered may or may not be, and its key
tells.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from erp.journal import Journal
from erp.ledger import minor_units, to_minor

__all__ = ["Balance", "Duplicate", "Posting", "Store"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS postings (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  idempotency_key TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  ledger TEXT NOT NULL,
  expense_id TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  journal TEXT NOT NULL,
  reverses TEXT UNIQUE REFERENCES postings (id),
  reversed_by TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS standing ON postings (tenant_id, ledger, expense_id)
  WHERE reverses IS NULL AND reversed_by IS NULL;
CREATE TABLE IF NOT EXISTS lines (
  posting INTEGER NOT NULL REFERENCES postings (number),
  tenant_id TEXT NOT NULL,
  ledger TEXT NOT NULL,
  currency TEXT NOT NULL,
  gl_code TEXT NOT NULL,
  debit_minor INTEGER NOT NULL CHECK (debit_minor >= 0),
  credit_minor INTEGER NOT NULL CHECK (credit_minor >= 0)
) STRICT;
CREATE INDEX IF NOT EXISTS lines_by_account ON lines (tenant_id, ledger, currency, gl_code, debit_minor, credit_minor);
"""
# What begins a transaction, takes it back and ends it; one inside another takes back no more than its own.
_OUTER = ("BEGIN IMMEDIATE", ("ROLLBACK",), "COMMIT")
_INNER = ("SAVEPOINT one", ("ROLLBACK TO one", "RELEASE one"), "RELEASE one")
_COLUMNS = "number, id, idempotency_key, fingerprint, recorded_at, journal, reverses, reversed_by"


@dataclass(frozen=True, slots=True)
class Posting:
    """A journal that was posted. `number` counts postings in order, without gaps."""

    number: int
    id: str
    idempotency_key: str
    fingerprint: str
    recorded_at: str
    journal: Journal
    reverses: str | None = None
    reversed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What was moved on one account of one ledger in one currency."""

    tenant_id: str
    ledger: str
    currency: str
    gl_code: str
    debit: Decimal
    credit: Decimal


class Duplicate(Exception):
    """The document has a standing posting already, or the posting is reversed already; `posting_id` names it."""

    def __init__(self, posting_id: str) -> None:
        super().__init__(posting_id)
        self.posting_id = posting_id


class Store:
    """The postings. One writer at a time: the check for a duplicate and the insert are one transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            sqlite3.Error: the file is no database or cannot be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # How many transactions are begun one inside the other; only the outermost is SQLite's own.
        self._depth = 0
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # FULL flushes the log at every commit: NORMAL may lose the last commits with the power.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def ping(self) -> None:
        """Ask the database something, so that a broken one is noticed."""
        with self._lock:
            self._database.execute("SELECT 1").fetchone()

    def by_key(self, key: str) -> Posting | None:
        """Return what the idempotency key made."""
        return self._one("idempotency_key", key)

    def by_id(self, posting_id: str) -> Posting | None:
        """Return a posting."""
        return self._one("id", posting_id)

    def find(
        self,
        tenant_id: str | None,
        ledger: str | None,
        expense_id: str | None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Posting]:
        """Return the postings numbered above `after`, oldest first, at most `limit`; None matches all."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM postings WHERE (:tenant IS NULL OR tenant_id = :tenant)"  # noqa: S608 - columns are a constant
                " AND (:ledger IS NULL OR ledger = :ledger) AND (:expense IS NULL OR expense_id = :expense)"
                " AND number > :after ORDER BY number LIMIT :limit",
                {
                    "tenant": tenant_id,
                    "ledger": ledger,
                    "expense": expense_id,
                    "after": after,
                    "limit": -1 if limit is None else limit,
                },
            ).fetchall()
        return [_posting(row) for row in rows]

    def add(self, posting_id: str, key: str, print_: str, journal: Journal, now: datetime) -> tuple[Posting, bool]:
        """Post the journal; returns the posting and whether it is new.

        A key that was used before gives what it made then: the caller compares fingerprints.

        Raises:
            Duplicate: another key has posted this document and that posting stands.

        """
        with self._transaction():
            earlier = self._select("idempotency_key", key)
            if earlier is not None:
                return earlier, False
            standing = self._database.execute(
                "SELECT id FROM postings WHERE tenant_id = ? AND ledger = ? AND expense_id = ?"
                " AND reverses IS NULL AND reversed_by IS NULL",
                (journal.tenant_id, journal.ledger, str(journal.expense_id)),
            ).fetchone()
            if standing is not None:
                raise Duplicate(standing[0])
            return self._insert(posting_id, key, print_, journal, now, None), True

    def reverse(
        self, original: Posting, posting_id: str, key: str, print_: str, journal: Journal, now: datetime
    ) -> tuple[Posting, bool]:
        """Post `journal`, which takes `original` back; returns the posting and whether it is new.

        Raises:
            Duplicate: another key has reversed it.

        """
        with self._transaction():
            earlier = self._select("idempotency_key", key)
            if earlier is not None:
                return earlier, False
            current = self._select("id", original.id)
            if current is not None and current.reversed_by is not None:
                raise Duplicate(current.reversed_by)
            reversal = self._insert(posting_id, key, print_, journal, now, original.id)
            self._database.execute("UPDATE postings SET reversed_by = ? WHERE id = ?", (posting_id, original.id))
            return reversal, True

    def balances(self, tenant_id: str | None, ledger: str | None) -> list[Balance]:
        """Return debits and credits of every account moved, summed as whole minor units."""
        with self._lock:
            rows = self._database.execute(
                "SELECT tenant_id, ledger, currency, gl_code, SUM(debit_minor), SUM(credit_minor) FROM lines"
                " WHERE (:tenant IS NULL OR tenant_id = :tenant) AND (:ledger IS NULL OR ledger = :ledger)"
                " GROUP BY tenant_id, ledger, currency, gl_code ORDER BY tenant_id, ledger, currency, gl_code",
                {"tenant": tenant_id, "ledger": ledger},
            ).fetchall()
        return [
            Balance(tenant, book, currency, account, _from_minor(debit, currency), _from_minor(credit, currency))
            for tenant, book, currency, account, debit, credit in rows
        ]

    def _insert(
        self, posting_id: str, key: str, print_: str, journal: Journal, now: datetime, reverses: str | None
    ) -> Posting:
        recorded_at = now.isoformat()
        scope = (journal.tenant_id, journal.ledger)
        number = self._database.execute(
            "INSERT INTO postings (id, idempotency_key, fingerprint, tenant_id, ledger, expense_id, recorded_at,"
            " journal, reverses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (
                posting_id,
                key,
                print_,
                *scope,
                str(journal.expense_id),
                recorded_at,
                journal.model_dump_json(),
                reverses,
            ),
        ).fetchone()[0]
        digits = minor_units(journal.currency) or 0
        self._database.executemany(
            "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    number,
                    *scope,
                    journal.currency,
                    line.gl_code,
                    to_minor(line.debit, digits),
                    to_minor(line.credit, digits),
                )
                for line in journal.lines
            ],
        )
        return Posting(number, posting_id, key, print_, recorded_at, journal, reverses)

    def _one(self, column: str, value: str) -> Posting | None:
        with self._lock:
            return self._select(column, value)

    def _select(self, column: str, value: str) -> Posting | None:
        row = self._database.execute(f"SELECT {_COLUMNS} FROM postings WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 - columns are constants of this module
        return None if row is None else _posting(row)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have all that is added meanwhile committed at once: one flush to disk, and nothing of it if that fails."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            begin, undo, end = _OUTER if self._depth == 0 else _INNER
            self._database.execute(begin)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                for statement in undo:
                    self._database.execute(statement)
                raise
            self._depth -= 1
            self._database.execute(end)


def _posting(row: tuple[int, str, str, str, str, str, str | None, str | None]) -> Posting:
    number, posting_id, key, print_, recorded_at, journal, reverses, reversed_by = row
    return Posting(
        number, posting_id, key, print_, recorded_at, Journal.model_validate_json(journal), reverses, reversed_by
    )


def _from_minor(count: int, currency: str) -> Decimal:
    return Decimal(count).scaleb(-(minor_units(currency) or 0))
