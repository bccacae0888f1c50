"""An entry of the audit log, read straight from its bytes: for whoever verifies or replays millions of them.

The schema's reader makes every field of the envelope, most of which say again what the sealed metadata says. Here only
what is checked or used is taken out, and the rest is walked past. What does not fit the short form (a name of 64
letters and more, another schema, damaged bytes) is left to the schema's reader; a property test holds both to the same.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.codec import Codec
from schemas.contracts import avsc
from schemas.events import AuditSealed

__all__ = ["SealedEntry", "glance"]

_Past = Callable[[bytes, int], int]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD: Final = 5
_MORE: Final = 0x80
_SECOND: Final = 2  # the branch of `["null", ...]` that holds a value
_LONGER: Final = 0x81  # the bit of a longer varint, and that of a negative number
_DIGEST: Final = b"\x80\x01"  # Avro's length of 64 letters
_BESIDE: Final = ("problems", "asserted", "tables", "personal")
_NOTHING: Final = bytes(len(_BESIDE))


class SealedEntry(NamedTuple):
    """What is checked of an `AuditSealed`, under the same names. A tuple, for there is one for every entry."""

    expense_id: str
    sequence: int
    previous: str
    hash: str
    metadata: str
    output: bytes | None
    recorded_at: datetime
    tenant_id: str
    ledger: str
    subject: str
    batch_id: str | None
    revision: int
    status: str


def glance(codec: Codec, data: bytes) -> SealedEntry | None:
    """Return the entry in the bytes, None where they are no entry in the short form.

    Raises:
        RegistryUnavailable: the registry does not answer.

    """
    if data[:_HEAD] != codec.head(AuditSealed):
        return None
    try:
        return _read(data)
    except (IndexError, UnicodeDecodeError, OverflowError):
        return None


def _read(data: bytes) -> SealedEntry | None:
    # The fields in the order of the contract. Written out, since a loop over them costs as much as all the rest.
    at = _word(data, _HEAD)  # event_id
    begin, at = at + 1, _word(data, at)
    tenant = data[begin:at].decode()
    begin, at = at + 1, _word(data, at)
    ledger = data[begin:at].decode()
    begin, at = at + 1, _word(data, at)
    expense = data[begin:at].decode()
    revision, at = _long(data, at)
    begin, at = at + 1, _word(data, at)
    subject = data[begin:at].decode()
    batch = None
    if data[at] == _SECOND:
        begin, at = at + 2, _word(data, at + 1)
        batch = data[begin:at].decode()
    elif data[at]:
        return None
    else:
        at += 1
    at = _word(data, _word(data, _word(data, at)))  # correlation_id, trace_id, stage
    begin, at = at + 1, _word(data, at)
    status = data[begin:at].decode()
    at = _past_long(data, _past_long(data, at))  # occurred_at, submitted_at
    if data[at : at + 4] == _NOTHING:
        at += 4
    else:
        for past in _beside():
            at = past(data, at)
    sequence, at = _long(data, at)
    if data[at : at + 2] != _DIGEST or data[at + 66 : at + 68] != _DIGEST:
        return None
    previous, digest = data[at + 2 : at + 66].decode(), data[at + 68 : at + 132].decode()
    metadata, at = _bytes(data, at + 132)
    output = None
    at += 1
    if data[at - 1] == _SECOND:
        output, at = _bytes(data, at)
    elif data[at - 1]:
        return None
    recorded, at = _long(data, at)
    if at != len(data):
        return None
    return SealedEntry(
        expense,
        sequence,
        previous,
        digest,
        metadata.decode(),
        output,
        _EPOCH + timedelta(microseconds=recorded),
        tenant,
        ledger,
        subject,
        batch,
        revision,
        status,
    )


def _word(data: bytes, at: int) -> int:
    """Return where a text of less than 64 bytes ends.

    Raises:
        IndexError: it is longer, or is none.

    """
    size = data[at]
    if size & _LONGER:
        raise IndexError(size)
    return at + 1 + (size >> 1)


def _past_long(data: bytes, at: int) -> int:
    """Return where a varint ends."""
    while data[at] & _MORE:
        at += 1
    return at + 1


def _long(data: bytes, at: int) -> tuple[int, int]:
    """Return a zigzag varint and where it ends."""
    byte = data[at]
    at += 1
    found, shift = byte & 0x7F, 7
    while byte & _MORE:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        shift += 7
    return (found >> 1) ^ -(found & 1), at


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Return what a length stands before, and where it ends."""
    size, at = _long(data, at)
    if size < 0 or at + size > len(data):
        raise IndexError(size)
    return data[at : at + size], at + size


@lru_cache(maxsize=1)
def _beside() -> tuple[_Past, ...]:
    """Return what walks past the fields that nothing here looks at, in the order of the contract."""
    found = {field["name"]: field["type"] for field in json.loads(avsc(AuditSealed))["fields"]}
    known: dict[str, _Past] = {}
    return tuple(_past(found[name], known) for name in _BESIDE)


def _past(schema: Any, known: dict[str, _Past]) -> _Past:
    """Return what walks past one value of an Avro schema."""
    if isinstance(schema, list):
        branches = [_past(each, known) for each in schema]

        def past_union(data: bytes, at: int) -> int:
            branch, at = _long(data, at)
            if branch < 0:
                raise IndexError(branch)
            return branches[branch](data, at)

        return past_union
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind in known:
        return known[kind]
    if kind == "record":
        parts = [_past(field["type"], known) for field in schema["fields"]]

        def past_record(data: bytes, at: int) -> int:
            for past in parts:
                at = past(data, at)
            return at

        known[schema["name"]] = past_record
        return past_record
    if kind in {"array", "map"}:
        inner = _past(schema["items" if kind == "array" else "values"], known)
        return _past_block((inner,) if kind == "array" else (_SIMPLE["string"], inner))
    return _SIMPLE[kind]


def _past_block(parts: tuple[_Past, ...]) -> _Past:
    def past_block(data: bytes, at: int) -> int:
        count, at = _long(data, at)
        while count:
            if count < 0:
                size, at = _long(data, at)
                at += size
            else:
                for _ in range(count):
                    for past in parts:
                        at = past(data, at)
            count, at = _long(data, at)
        return at

    return past_block


_SIMPLE: Final[dict[str, _Past]] = {
    "null": lambda _, at: at,
    "boolean": lambda _, at: at + 1,
    "double": lambda _, at: at + 8,
    "float": lambda _, at: at + 4,
    "int": lambda data, at: _long(data, at)[1],
    "long": lambda data, at: _long(data, at)[1],
    "string": lambda data, at: _bytes(data, at)[1],
    "bytes": lambda data, at: _bytes(data, at)[1],
}
