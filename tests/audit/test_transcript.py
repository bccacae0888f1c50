"""An entry put together from its record's bytes is the one that the chain and the codec make of the same record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.chain import Head, seal, sealed
from audit.transcript import Made, entered, told
from schemas.events import AuditRecorded, AuditSealed
from tests.audit.trail import CODEC, NOON, begun, clean, resolved
from tests.depth import examples

_HEAD = Head(4, "ab" * 32)
_MANY = settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
_BREACHES = st.none() | st.just("posted -> rejected")
_TEXTS = st.text(st.characters(codec="ascii"), max_size=70) | st.text(st.characters(codec="utf-8"), max_size=5)


def written(record: AuditRecorded) -> bytes:
    """The record as it stands in the log: nobody has told it when it came."""
    return CODEC.encode(replace(record, recorded_at=None))


def made(data: bytes, breach: str | None = None, recorded_at: datetime = NOON) -> Made | None:
    """The entry put together from bytes."""
    said = told(data, CODEC.head(AuditRecorded))
    head = CODEC.head(AuditSealed)
    return said and entered(said, head, _HEAD.sequence + 1, _HEAD.hash, recorded_at, breach)


def usual() -> Sequence[AuditRecorded]:
    """Records of every kind of step, as the stages write them: without doubts of their own."""
    dead = begun("dead")
    dead.dead_letter("parse", "CRASHED")
    found = [*clean().records, *clean("x", None).records, *resolved().records, *dead.records]
    return [replace(record, problems=()) for record in found]


def test_what_is_usual_is_taken_over() -> None:
    """Each record as the stages write it, dead letters too, becomes the very bytes that the codec writes."""
    for record in usual():
        entry = made(written(record), "a -> b")
        assert entry is not None
        assert entry.value == CODEC.encode(seal(_HEAD, replace(record, recorded_at=NOON), "a -> b"))


def test_the_event_says_what_its_bytes_hold() -> None:
    """The entry as an event is what its bytes are read to."""
    for record in usual():
        entry = made(written(record))
        assert entry is not None
        assert sealed(_HEAD, replace(record, recorded_at=NOON), entry) == CODEC.decode(entry.value)


@_MANY
@given(
    st.sampled_from(usual()),
    st.dictionaries(
        st.sampled_from(
            [
                "event_id",
                "tenant_id",
                "ledger",
                "expense_id",
                "subject",
                "batch_id",
                "correlation_id",
                "trace_id",
                "stage",
                "status",
                "action",
                "cause_id",
                "source",
                "topic",
                "output_sha256",
                "actor",
                "reason",
            ]
        ),
        _TEXTS,
        max_size=2,
    ),
    st.dictionaries(_TEXTS, _TEXTS, max_size=2),
    st.integers(-2, 200),
    st.datetimes(timezones=st.timezones()),
    st.none() | st.binary(max_size=200) | st.just(b"x" * 9_000),
    _BREACHES,
)
def test_whatever_is_taken_over_is_the_same(
    record: AuditRecorded,
    texts: dict[str, str],
    tables: dict[str, str],
    revision: int,
    moment: datetime,
    output: bytes | None,
    breach: str | None,
) -> None:
    """Texts of any letters and length, any number, moment and event: the same bytes, or not taken over."""
    said = replace(record, **texts)  # type: ignore[arg-type] # by the names above, all of them fields of text
    changed = replace(said, tables=tables, revision=revision, output=output, occurred_at=moment)
    entry = made(written(changed), breach)
    if entry is not None:
        assert entry.value == CODEC.encode(seal(_HEAD, replace(changed, recorded_at=NOON), breach))


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant_id": 'a"b'},
        {"ledger": "a\\b"},
        {"source": "caf\xe9"},
        {"reason": "a\nb"},
        {"stage": "\x7f"},
        {"topic": "x" * 64},
        {"tables": {"rates": 'a"b'}},
        {"tables": {"rates": "caf\xe9"}},
        {"recorded_at": NOON},
    ],
    ids=str,
)
def test_what_json_or_avro_write_otherwise_is_left(changes: dict[str, object]) -> None:
    """Letters that JSON escapes or that are not ASCII, long texts and records read before go the long way."""
    record = replace(replace(clean().records[0], recorded_at=None), **changes)  # type: ignore[arg-type] # fields of the record
    assert made(CODEC.encode(record)) is None


def test_doubts_are_left() -> None:
    """Doubts of the record itself go the long way."""
    doubted = next(record for record in clean().records if record.problems)
    assert made(written(doubted)) is None


def test_damaged_bytes_are_left() -> None:
    """A record cut off anywhere, or with more behind it, or of another schema, is nothing to take over."""
    data = written(usual()[3])
    assert made(data) is not None
    assert all(made(data[:end]) is None for end in range(len(data)))
    assert made(data + b"\0") is None
    assert made(b"\0\0\0\0\0" + data[5:]) is None
