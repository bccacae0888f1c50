"""The hash chain of one expense: each entry's hash covers the one before it.

hash = SHA-256(previous || canonical metadata || event as written). The metadata is one JSON object and ends where its
brace closes, so no byte can move from one part to the other. The first `previous` is SHA-256 of 32 zero bytes and the
expense id, so that no chain can pass for another's.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from audit.entry import canonical, entry_of
from audit.transcript import Made
from schemas.envelope import caused
from schemas.events import AuditRecorded, AuditSealed
from schemas.frozen import draft

__all__ = ["Head", "digest", "genesis", "seal", "sealed", "start"]

_STAGE = "seal"
_ZEROS = bytes(32)
_Draft: Final[Any] = draft(AuditSealed)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: the last entry's sequence (0 for none) and hash, hex."""

    sequence: int
    hash: str


def genesis(expense_id: str) -> bytes:
    """Return what the first entry of an expense has for `previous`, 32 bytes."""
    return hashlib.sha256(_ZEROS + expense_id.encode()).digest()


def start(expense_id: str) -> Head:
    """Return the head of a chain that has no entry yet."""
    return Head(0, genesis(expense_id).hex())


def digest(previous: bytes, metadata: bytes, output: bytes) -> bytes:
    """Return the hash of an entry, 32 bytes. An entry without a recorded event has empty `output`."""
    return hashlib.sha256(previous + metadata + output).digest()


def seal(head: Head, recorded: AuditRecorded, breach: str | None = None) -> AuditSealed:
    """Return the next entry of a chain.

    `personal` is left out of its envelope: the recorded event holds it already, as ciphertext and under the hash.

    Raises:
        ValueError: the record carries no append time.

    """
    metadata = canonical(entry_of(recorded, head.sequence + 1, breach))
    return caused(
        recorded,
        AuditSealed,
        stage=_STAGE,
        status=recorded.status,
        sequence=head.sequence + 1,
        previous=head.hash,
        hash=digest(bytes.fromhex(head.hash), metadata, recorded.output or b"").hex(),
        metadata=metadata.decode(),
        personal=None,
    )


def sealed(head: Head, recorded: AuditRecorded, made: Made) -> AuditSealed:
    """Return the next entry of a chain as the event that its bytes hold."""
    # Field by field: there is an entry for every record.
    entry = object.__new__(_Draft)
    entry.event_id = made.event_id
    entry.tenant_id = recorded.tenant_id
    entry.ledger = recorded.ledger
    entry.expense_id = recorded.expense_id
    entry.revision = recorded.revision
    entry.subject = recorded.subject
    entry.batch_id = recorded.batch_id
    entry.correlation_id = recorded.correlation_id
    entry.trace_id = recorded.trace_id
    entry.stage = _STAGE
    entry.status = recorded.status
    entry.occurred_at = recorded.occurred_at
    entry.submitted_at = recorded.submitted_at
    entry.problems = recorded.problems
    entry.asserted = recorded.asserted
    entry.tables = recorded.tables
    entry.personal = None
    entry.sequence = head.sequence + 1
    entry.previous = head.hash
    entry.hash = made.hash
    entry.metadata = made.metadata.decode()
    entry.output = recorded.output
    entry.recorded_at = recorded.recorded_at
    entry.__class__ = AuditSealed
    made_entry: AuditSealed = entry
    return made_entry
