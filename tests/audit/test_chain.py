"""The hash chain and the canonical form."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.chain import Head, genesis, seal, start
from audit.entry import Entry, UnreadableEntry, canonical, entry_of, read
from tests.audit.trail import clean, sealed

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)
MAYBE = st.none() | TEXT
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone

ENTRIES = st.builds(
    Entry,
    expense_id=TEXT,
    sequence=st.integers(1, 2**53 - 1),
    revision=st.integers(1, 99),
    tenant_id=TEXT,
    ledger=TEXT,
    subject=TEXT,
    batch_id=MAYBE,
    correlation_id=TEXT,
    trace_id=TEXT,
    action=TEXT,
    stage=TEXT,
    status=TEXT,
    event_id=TEXT,
    cause_id=TEXT,
    source=TEXT,
    topic=MAYBE,
    output_sha256=MAYBE,
    actor=MAYBE,
    reason=MAYBE,
    breach=MAYBE,
    problems=st.lists(TEXT).map(tuple),
    tables=st.dictionaries(NAMES, TEXT),
    occurred_at=TIMES,
    submitted_at=TIMES,
    recorded_at=TIMES,
)


@given(ENTRIES)
def test_canonical_is_rfc_8785(entry: Entry) -> None:
    """The canonical form is what the reference implementation of RFC 8785 makes of the same content, and reads back."""
    made = canonical(entry)
    assert made == rfc8785.dumps(json.loads(made))
    assert read(made) == entry


def test_one_moment_one_spelling() -> None:
    """The same moment in another time zone gives the same bytes."""
    record = clean().records[0]
    assert record.recorded_at is not None
    elsewhere = replace(record, recorded_at=record.recorded_at.astimezone(timezone(timedelta(hours=9))))
    assert canonical(entry_of(elsewhere, 1)) == canonical(entry_of(record, 1))


def test_golden() -> None:
    """The hashes of a chain are SHA-256 over previous, metadata and event, computed here by hand."""
    previous = hashlib.sha256(bytes(32) + clean().records[0].expense_id.encode()).hexdigest()
    for number, entry in enumerate(sealed(clean()), 1):
        hasher = hashlib.sha256()
        for part in (bytes.fromhex(previous), entry.metadata.encode(), entry.output or b""):
            hasher.update(part)
        assert (entry.sequence, entry.previous, entry.hash) == (number, previous, hasher.hexdigest())
        assert json.loads(entry.metadata)["sequence"] == number
        previous = entry.hash


def test_frozen_vector() -> None:
    """A chain written today has the hash it had when the format was published; a change needs a new version."""
    assert genesis("e").hex() == hashlib.sha256(bytes(32) + b"e").hexdigest()
    record = replace(clean().records[0], output=b"event", output_sha256=hashlib.sha256(b"event").hexdigest())
    assert seal(start(record.expense_id), record).hash == FROZEN


FROZEN = "2ba93f297236448099ffad6fbbc6f5cb3ef266518bfd29f3832df0887035f83f"


def test_chains_of_two_expenses_differ() -> None:
    """No chain can pass for another's from its first entry on."""
    assert start("a") != start("b")
    assert start("a") == Head(0, genesis("a").hex())


def test_needs_the_append_time() -> None:
    """An entry that could not say when it was known is refused."""
    with pytest.raises(ValueError, match="recorded_at"):
        seal(start("a"), replace(clean().records[0], recorded_at=None))


@pytest.mark.parametrize("metadata", [b"", b"[]", b"{}", b'{"version":2}', b'{"version":1}', b"\xff"])
def test_unreadable(metadata: bytes) -> None:
    """Bytes that no version writes are refused."""
    with pytest.raises(UnreadableEntry):
        read(metadata)
