"""The audit record of an event that was written, straight from its parts to bytes.

A stage writes one beside every output, so this is the most frequent record of all. Its fields are the envelope of the
event it tells of and a few more; building the object only to have the schema's writer take it apart again costs five
times as much as putting the bytes together here. What does not fit the short form (letters outside ASCII, a long
text, a person's action) goes through the schema's writer; a property test holds both to the same bytes.
"""

from functools import lru_cache
from typing import Final

from schemas.codec import Codec
from schemas.compiled import SHORT
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.scalars import write_instant, write_long

__all__ = ["recorded"]

# A branch of `["null", ...]`: the second one, then the value; the first one alone.
_SOME: Final = "\x02"
_NONE: Final = "\0"
# An empty array or map, and the end of one.
_END: Final = b"\0"
_SHA256_HEX: Final = 64


def recorded(
    codec: Codec,
    event: Event,
    *,
    event_id: str,
    cause_id: str,
    source: str,
    topic: str,
    output: bytes,
    output_sha256: str,
    by: tuple[str, str | None] | None = None,
) -> bytes:
    """Return the bytes of the `AuditRecorded` that tells of an event.

    `output` are the event's own bytes as written to `topic`, `source` the place of its cause, `by` a person's
    pseudonym and reason where the event or its cause is a human action.

    Raises:
        ContractViolated: a field does not fit the schema.
        RegistryUnavailable: the schema could not be registered.

    """
    if by is None:
        short = _short(event, event_id, cause_id, source, topic, output, output_sha256)
        if short is not None:
            return codec.head(AuditRecorded) + short
    actor, reason = by or (None, None)
    return codec.encode(
        AuditRecorded(
            event_id=event_id,
            tenant_id=event.tenant_id,
            ledger=event.ledger,
            expense_id=event.expense_id,
            revision=event.revision,
            subject=event.subject,
            batch_id=event.batch_id,
            correlation_id=event.correlation_id,
            trace_id=event.trace_id,
            stage=event.stage,
            status=event.status,
            occurred_at=event.occurred_at,
            submitted_at=event.submitted_at,
            problems=(),
            asserted=(),
            tables=event.tables,
            personal=None,
            action=type(event).__name__,
            cause_id=cause_id,
            source=source,
            topic=topic,
            output=output,
            output_sha256=output_sha256,
            actor=actor,
            reason=reason,
        )
    )


def _short(
    event: Event, event_id: str, cause_id: str, source: str, topic: str, output: bytes, sha256: str
) -> bytes | None:
    """Return the record's Avro in the order of its schema, None where a value does not fit the short form."""
    sized = SHORT
    tenant, ledger, expense = event.tenant_id, event.ledger, event.expense_id
    subject, batch, correlation, trace = event.subject, event.batch_id, event.correlation_id, event.trace_id
    stage, status, action = event.stage, event.status, type(event).__name__
    occurred, submitted, revision = event.occurred_at, event.submitted_at, event.revision
    if type(revision) is not int or revision < 0 or len(sha256) != _SHA256_HEX:
        return None
    try:
        # Joined, not formatted: what is no text is refused here.
        about = "".join(
            (
                sized[len(event_id)],
                event_id,
                sized[len(tenant)],
                tenant,
                sized[len(ledger)],
                ledger,
                sized[len(expense)],
                expense,
                sized[revision],
                sized[len(subject)],
                subject,
                _NONE if batch is None else _SOME + sized[len(batch)] + batch,
                sized[len(correlation)],
                correlation,
                sized[len(trace)],
                trace,
                sized[len(stage)],
                stage,
                sized[len(status)],
                status,
            )
        ).encode("ascii")
        # The array of problems, the array of assertions, the map of tables, and no personal fields.
        happened = write_instant(occurred)
        when = happened + (happened if submitted is occurred else write_instant(submitted)) + _END + _END
        tables = _tables(tuple(event.tables.items())) if event.tables else _END
        what = "".join(
            (
                _NONE,
                sized[len(action)],
                action,
                sized[len(cause_id)],
                cause_id,
                sized[len(source)],
                source,
                _SOME,
                sized[len(topic)],
                topic,
                _SOME,
            )
        ).encode("ascii")
        digest = sha256.encode("ascii")
    except (IndexError, TypeError, ValueError, AttributeError):
        # Longer, other letters, or no text at all: the schema's writer takes it or says what is wrong.
        return None
    # No actor, no reason, and not yet read back.
    return b"".join(
        (about, when, tables, what, write_long(len(output)), output, b"\x02\x80\x01", digest, _END, _END, _END)
    )


@lru_cache(maxsize=256)
def _tables(versions: tuple[tuple[str, str], ...]) -> bytes:
    """Return the map of table versions; they change seldom, so the last few are kept."""
    out = bytearray(write_long(len(versions)))
    for name_and_version in versions:
        for text in name_and_version:
            data = text.encode()
            out += write_long(len(data)) + data
    return bytes(out + _END)
