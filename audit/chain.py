"""The hash chain of one expense: each entry's hash covers the one before it.

hash = SHA-256(previous || canonical metadata || event as written). The metadata is one JSON object and ends where its
brace closes, so no byte can move from one part to the other. The first `previous` is SHA-256 of 32 zero bytes and the
expense id, so that no chain can pass for another's.
"""

import hashlib
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from audit.entry import canonical, entry_of
from audit.transcript import Made
from schemas.envelope import caused
from schemas.events import AuditRecorded, AuditSealed
from schemas.frozen import setters

__all__ = ["Head", "digest", "genesis", "seal", "sealed", "start"]

_STAGE = "seal"
_ZEROS = bytes(32)
# What an entry has of its record as it is; an entry is made for every record there is.
_PLACES: Final = setters(AuditSealed)
_OWN: Final = {"event_id", "stage", "personal"}
_SHARED: Final = tuple(name for name in setters(AuditRecorded) if name in _PLACES and name not in _OWN)
_SHARED_OF: Final = attrgetter(*_SHARED)
_SHARED_PLACES: Final = tuple(_PLACES[name] for name in _SHARED)
_SET_EVENT_ID, _SET_STAGE, _SET_PERSONAL, _SET_SEQUENCE, _SET_PREVIOUS, _SET_HASH, _SET_METADATA = (
    _PLACES[name] for name in ("event_id", "stage", "personal", "sequence", "previous", "hash", "metadata")
)


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
    entry = object.__new__(AuditSealed)
    for place, value in zip(_SHARED_PLACES, _SHARED_OF(recorded), strict=True):
        place(entry, value)
    _SET_EVENT_ID(entry, made.event_id)
    _SET_STAGE(entry, _STAGE)
    _SET_PERSONAL(entry, None)
    _SET_SEQUENCE(entry, head.sequence + 1)
    _SET_PREVIOUS(entry, head.hash)
    _SET_HASH(entry, made.hash)
    _SET_METADATA(entry, made.metadata.decode())
    return entry
