"""An entry read straight from its bytes is what the schema's reader makes of it."""

from dataclasses import fields, replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, Undecodable, registry_at
from schemas.events import AuditSealed
from schemas.records import Problem
from schemas.sealed import SealedEntry, glance
from tests.audit.trail import resolved, sealed
from tests.depth import examples
from tests.schemas.events import events

CODEC = Codec(registry_at("mock://sealed"))
_QUICK = settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
ENTRIES = sealed(resolved())


def expected(event: AuditSealed) -> SealedEntry:
    """Return what should be taken out of an entry."""
    return SealedEntry(**{name: getattr(event, name) for name in SealedEntry._fields})


def test_what_seal_writes_is_in_the_short_form() -> None:
    """Every entry of a usual trail, doubts and tables on it or not, is read without the schema's reader."""
    doubt = Problem(code="LOW_CONFIDENCE", message="The tip is hard to read.", field="tip", stage="parse")
    for entry in ENTRIES:
        for each in (
            entry,
            replace(entry, problems=(doubt, doubt), tables={"policies": "ab" * 32, "vendors": "cd" * 32}),
            replace(entry, batch_id=None, output=None),
        ):
            assert glance(CODEC, CODEC.encode(each)) == expected(each)


@_QUICK
@given(events(AuditSealed), st.booleans())
def test_any_entry_is_read_alike_or_left_to_the_reader(event: AuditSealed, digests: bool) -> None:
    """Names of any length and alphabet, doubts, tables, numbers and moments of any size."""
    if digests:
        event = replace(event, previous="ab" * 32, hash="cd" * 32)
    data = CODEC.encode(event)
    found = glance(CODEC, data)
    assert found is None or found == expected(event)


@_QUICK
@given(st.sampled_from(ENTRIES), st.data())
def test_damaged_bytes_are_never_read_as_another_entry(entry: AuditSealed, data: st.DataObject) -> None:
    """Wherever both read damaged bytes, they read the same."""
    written = bytearray(CODEC.encode(entry))
    at = data.draw(st.integers(5, len(written) - 1))
    written[at] = data.draw(st.integers(0, 255))
    found = glance(CODEC, bytes(written))
    try:
        event = CODEC.decode(bytes(written))
    except Undecodable:
        return
    assert isinstance(event, AuditSealed)
    assert found is None or found == expected(event)


def test_what_is_no_entry_is_left_to_the_reader() -> None:
    """Another event, cut or lengthened bytes are not read."""
    data = CODEC.encode(ENTRIES[0])
    assert glance(CODEC, ENTRIES[0].output or b"") is None
    assert [glance(CODEC, each) for each in (b"", data[:3], data[:-1], data[:40], data + b"x")] == [None] * 5
    assert {f.name for f in fields(AuditSealed)} >= set(SealedEntry._fields)
    assert expected(replace(ENTRIES[0], recorded_at=datetime(2026, 1, 1, tzinfo=UTC))).recorded_at.year == 2026
