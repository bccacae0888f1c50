"""An audit record taken over into a sealed entry, bytes to bytes.

Every record of every expense is sealed, and an entry says again what its record says: the envelope and the recorded
event stand in both in the same Avro, and the canonical metadata is made of texts that stand in the record. So neither
is built as an object here; pieces of the record are put in their places. What is unusual (letters outside ASCII or
that JSON escapes, a long text, doubts, a person's words, another schema) gives None and goes through `chain.seal` and
the codec, which take it or say what is wrong. Property tests hold both ways to the same bytes.
"""

import hashlib
import struct
from datetime import datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple

import orjson

from audit.entry import stamp
from schemas.identity import derive
from schemas.scalars import read_instant, read_size, write_instant, write_long

__all__ = ["Made", "Told", "entered", "told"]

_HEAD: Final = 5
# An event id of 36 letters follows the head, with its length in front.
_BEGIN: Final = _HEAD + 37
# Ids of 36 letters, pseudonyms and traces of 32, each with its length in front: the expense, revision, subject, and
# what the batch begins with; the correlation, the trace, and what the stage begins with; two moments of eight bytes, no
# doubts and nothing that persons stated; the cause, and what the source begins with.
_WHOSE: Final = struct.Struct("<B36sBB32sBB")
_TRACE: Final = struct.Struct("<B36sB32sB")
_WHEN: Final = struct.Struct("<8s8sH")
_CAUSE: Final = struct.Struct("<B36sB")
# What stands there in the usual form: lengths, the branch of the batch, no doubts, no personal part.
_SIZES: Final = (72, 72, 64, 2, 72, 64, 0, 0, 72)
# A text's length is one even byte while it has fewer than 64 letters.
_UNUSUAL_SIZE: Final = 0x81
_NULL: Final = 0
_SOME: Final = 2
_STAGE: Final = b"\x08seal"
# The length of a hash in hex, and the same in a branch of `["null", ...]`.
_HEX: Final = b"\x80\x01"
_SOME_HEX: Final = b"\x02\x80\x01"
_HEX_LETTERS: Final = 64
# No actor, no reason, and not yet read back.
_NOBODY: Final = b"\0\0\0"
# Numbers of entries and lengths of metadata come again and again.
_number: Final = lru_cache(2_048)(write_long)
# What JSON writes as it is, the quotation mark apart: those are counted.
_PLAIN: Final = bytes(letter for letter in range(0x20, 0x7F) if letter not in b'"\\')
# Quotation marks of an entry's canonical form in which nothing that may be absent is there, and no table.
_QUOTES: Final = 2 * (26 + 15)
_REMEMBERED: Final = 4_096


class Told(NamedTuple):
    """What a record says, in pieces of its bytes; `batch` to `reason` are JSON already, with their quotation marks.

    `about` is the envelope from tenant to trace, `after` from status to tables, `output` the recorded event with its
    branch and length. `quotes` is how many quotation marks the pieces of JSON have.
    """

    event_id: bytes
    about: bytes
    tenant: bytes
    ledger: bytes
    expense_id: bytes
    revision: int
    subject: bytes
    batch: bytes
    correlation: bytes
    trace: bytes
    stage: bytes
    status: bytes
    after: bytes
    occurred: bytes
    submitted: bytes
    tables: bytes
    action: bytes
    cause: bytes
    source: bytes
    topic: bytes
    output: bytes
    event: bytes
    sha256: bytes
    actor: bytes
    reason: bytes
    quotes: int


# As `Told(...)`, without the call in between: there is one for every record.
_TOLD: Final = partial(tuple.__new__, Told)


class Made(NamedTuple):
    """A sealed entry: its bytes, its event id, its hash in hex, and its metadata."""

    value: bytes
    event_id: str
    hash: str
    metadata: bytes


def told(data: bytes, head: bytes) -> Told | None:
    """Return what an audit record says, None where it is not of the usual form; `head` is that of its schema."""
    try:
        return _told(data) if data.startswith(head) else None
    except (IndexError, ValueError, OverflowError, struct.error):
        return None


def _told(data: bytes) -> Told | None:
    """Walk over the fields in the order of the schema.

    A piece that would reach beyond the bytes comes out short, and the end is then not where it has to be.
    """
    tenant_size = data[_BEGIN]
    at = _BEGIN + 1 + (tenant_size >> 1)
    ledger_size, tenant = data[at], data[_BEGIN + 1 : at]
    end = at + 1 + (ledger_size >> 1)
    ledger = data[at + 1 : end]
    expense_size, expense_id, revision, subject_size, subject, some, size = _WHOSE.unpack_from(data, end)
    at, batch, quotes = end + _WHOSE.size - 1, b"null", 0
    if some != _NULL:
        end = at + 1 + (size >> 1)
        at, batch, quotes = end, b'"%b"' % data[at + 1 : end], 2
    else:
        some, size = _SOME, 0
    correlation_size, correlation, trace_size, trace, stage_size = _TRACE.unpack_from(data, at)
    begin = at + _TRACE.size - 1
    end = begin + 1 + (stage_size >> 1)
    stage, status_size = data[begin + 1 : end], data[end]
    at = end + 1 + (status_size >> 1)
    status = data[end + 1 : at]
    occurred, submitted, doubts = _WHEN.unpack_from(data, at)
    tables, json, marks = _tables(data, at + _WHEN.size, stage)
    at += _WHEN.size + len(tables)
    after, personal, action_size = data[end:at], data[at], data[at + 1]
    end = at + 2 + (action_size >> 1)
    action = data[at + 2 : end]
    cause_size, cause, source_size = _CAUSE.unpack_from(data, end)
    at = end + _CAUSE.size
    end = at + (source_size >> 1)
    source = data[at:end]
    sizes = (data[_HEAD], expense_size, subject_size, some, correlation_size, trace_size, doubts, personal, cause_size)
    varying = tenant_size | ledger_size | revision | size | stage_size | status_size | action_size | source_size
    if sizes != _SIZES or varying & _UNUSUAL_SIZE:
        return None
    topic, at, more = _maybe(data, end)
    output, event, at = _output(data, at)
    if data.startswith(_SOME_HEX, at):
        end = at + len(_SOME_HEX) + _HEX_LETTERS
        sha256, more = b'"%b"' % data[at + len(_SOME_HEX) : end], more + 2
    elif data[at] == _NULL:
        sha256, end = b"null", at + 1
    else:
        return None
    actor = reason = b"null"
    if data[end:] != _NOBODY:
        actor, at, one = _maybe(data, end)
        reason, at, two = _maybe(data, at)
        more += one + two
        if data[at:] != b"\0":
            return None
    return _TOLD(
        (
            data[_HEAD + 1 : _BEGIN],
            data[_BEGIN:begin],
            tenant,
            ledger,
            expense_id,
            revision >> 1,
            subject,
            batch,
            correlation,
            trace,
            stage,
            status,
            after,
            _spelled(occurred),
            _spelled(submitted),
            json,
            action,
            cause,
            source,
            topic,
            output,
            event,
            sha256,
            actor,
            reason,
            quotes + marks + more,
        )
    )


def _maybe(data: bytes, at: int) -> tuple[bytes, int, int]:
    """Return a text that may be absent as JSON, where it ends, and how many quotation marks it has."""
    if data[at] == _NULL:
        return b"null", at + 1, 0
    size = data[at + 1]
    if data[at] != _SOME or size & _UNUSUAL_SIZE:
        raise ValueError
    end = at + 2 + (size >> 1)
    return b'"%b"' % data[at + 2 : end], end, 2


def _output(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Return the recorded event with branch and length, the same without, and where it ends."""
    if data[at] == _NULL:
        return b"\0", b"", at + 1
    size, begin = read_size(data, at + 1)
    if data[at] != _SOME:
        raise ValueError
    end = begin + size
    return data[at:end], data[begin:end], end


@lru_cache(_REMEMBERED)
def _spelled(instant: bytes) -> bytes:
    """Return a moment as the canonical form spells it."""
    moment, end = read_instant(instant, 0)
    if end != len(instant):
        raise ValueError
    return stamp(moment).encode()


# Of each stage the versions of tables that were read last, as `_tables` gives them. They change seldom.
_LAST: Final[dict[bytes, tuple[bytes, bytes, int]]] = {}
_STAGES: Final = 64


def _tables(data: bytes, at: int, stage: bytes) -> tuple[bytes, bytes, int]:
    """Return the map of table versions in its bytes and in canonical JSON, and how many quotation marks that has."""
    known = _LAST.get(stage)
    if known is None or not data.startswith(known[0], at):
        if len(_LAST) >= _STAGES:
            _LAST.clear()
        known = _LAST[stage] = _tables_read(data, at)
    return known


def _tables_read(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    begin, versions = at, {}
    count, at = data[at], at + 1
    if count & _UNUSUAL_SIZE:
        raise ValueError
    texts = []
    for _ in range(count):
        size, at = read_size(data, at)
        texts.append(data[at : at + size].decode("ascii"))
        at += size
    if count:
        at += 1
        versions = dict(zip(texts[::2], texts[1::2], strict=True))
        if data[at - 1] != 0 or len(versions) != len(texts) // 2:
            raise ValueError
    json = orjson.dumps(versions, option=orjson.OPT_SORT_KEYS)
    return data[begin:at], json, json.count(b'"')


def entered(
    said: Told, head: bytes, sequence: int, previous: str, recorded_at: datetime, breach: str | None
) -> Made | None:
    """Return the `sequence`-th entry of an expense, None where a text is one that JSON writes otherwise than Avro.

    `head` is that of the entry's schema, `previous` the hash before in hex, `recorded_at` when the log had the record.
    """
    # Taken apart at once: a name of a tuple costs twice as much as one of this function.
    (
        event_id, about, tenant, ledger, expense_id, revision, subject, batch, correlation, trace, stage,
        status, after, occurred, submitted, tables, action, cause, source, topic, output, event, sha256, actor,
        reason, quotes
    ) = said  # fmt: skip
    marks = _QUOTES + quotes
    named = b"null"
    if breach is not None:
        named, marks = b'"%b"' % breach.encode(), marks + 2
    metadata = b"".join(
        (
            b'{"action":"',
            action,
            b'","actor":',
            actor,
            b',"batch_id":',
            batch,
            b',"breach":',
            named,
            b',"cause_id":"',
            cause,
            b'","correlation_id":"',
            correlation,
            b'","event_id":"',
            event_id,
            b'","expense_id":"',
            expense_id,
            b'","ledger":"',
            ledger,
            b'","occurred_at":"',
            occurred,
            b'","output_sha256":',
            sha256,
            b',"problems":[],"reason":',
            reason,
            b',"recorded_at":"',
            stamp(recorded_at).encode(),
            b'","revision":%d,"sequence":%d,"source":"' % (revision, sequence),
            source,
            b'","stage":"',
            stage,
            b'","status":"',
            status,
            b'","subject":"',
            subject,
            b'","submitted_at":"',
            submitted,
            b'","tables":',
            tables,
            b',"tenant_id":"',
            tenant,
            b'","topic":',
            topic,
            b',"trace_id":"',
            trace,
            b'","version":1}',
        )
    )
    if metadata.translate(None, _PLAIN) != b'"' * marks:
        return None
    digest = hashlib.sha256(b"".join((bytes.fromhex(previous), metadata, event))).hexdigest()
    own_id = derive(event_id.decode(), "seal", "AuditSealed", "")
    value = b"".join(
        (
            head,
            b"H",
            own_id.encode(),
            about,
            _STAGE,
            after,
            b"\0",
            _number(sequence),
            _HEX,
            previous.encode(),
            _HEX,
            digest.encode(),
            _number(len(metadata)),
            metadata,
            output,
            write_instant(recorded_at),
        )
    )
    return Made(value, own_id, digest, metadata)
