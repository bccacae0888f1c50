"""What was submitted together: named, and closed with the list of its members."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice

from producers.opening import opening
from schemas.events import BatchClosed
from schemas.identity import derive

__all__ = ["BatchNameRefused", "batch_closed", "batch_name", "new_batch"]

_STAGE = "batch_close"
# Each id changes a key of the stage's state, and what one event changes is one transaction's.
_PART = 1_000
_NAME_LENGTH = 200


class BatchNameRefused(ValueError):
    """A batch name is blank, too long or holds control characters."""


def new_batch(tenant: str, subject: str, at: datetime) -> str:
    """Return a name for a batch that was given none: who submits it and when tell it apart."""
    return derive("batch", tenant, subject, at.isoformat())


def batch_name(given: str) -> str:
    """Return a name a person gave, checked: it becomes a record key, so it must not name a person either.

    Raises:
        BatchNameRefused: with what is wrong.

    """
    name = given.strip()
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise BatchNameRefused(f"a batch name has 1 to {_NAME_LENGTH} printable characters, not {given[:40]!r}")
    return name


def batch_closed(
    tenant: str, ledger: str, subject: str, batch_id: str, members: Collection[str], at: datetime
) -> Iterator[BatchClosed]:
    """Yield the events that close a batch, in parts of at most 1,000 members; an empty batch closes in none.

    `members` are distinct expense ids in ascending order, and iterate twice. Every part carries the manifest of the
    whole: SHA-256 over the ids, each followed by a line feed.
    """
    digest = hashlib.sha256()
    for member in members:
        digest.update(f"{member}\n".encode())
    manifest = digest.hexdigest()
    parts = -(-len(members) // _PART)
    remaining = iter(members)
    for part in range(1, parts + 1):
        yield opening(
            BatchClosed,
            tenant,
            batch_id,
            manifest,
            str(part),
            tenant=tenant,
            ledger=ledger,
            subject=subject,
            expense_id=derive("batch", tenant, batch_id),
            batch_id=batch_id,
            at=at,
            stage=_STAGE,
            expense_ids=tuple(islice(remaining, _PART)),
            manifest_sha256=manifest,
            part=part,
            parts=parts,
        )
