"""Reading some fields of an event."""

import contextlib
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, Undecodable, registry_at
from schemas.contracts import EVENTS
from schemas.envelope import Event
from schemas.events import BatchProgressed, ExpenseEvaluated
from schemas.glance import Carried, Gist, Glance, Known
from tests.depth import examples
from tests.runtime.rows import inbound
from tests.schemas.events import events

CODEC = Codec(registry_at("mock://glance"))
_QUICK = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_all_fields_are_what_the_codec_reads(kind: type[Event]) -> None:
    """Asked for everything it gives the very same event, decimals to the last digit."""
    read = Glance(CODEC, kind, frozenset(field.name for field in fields(kind)))

    @_QUICK
    @given(events(kind))
    def held(event: Event) -> None:
        data = CODEC.encode(event)
        assert repr(read(data)) == repr(CODEC.decode(data))

    held()


@pytest.mark.property
@_QUICK
@given(events(ExpenseEvaluated), st.sets(st.sampled_from([field.name for field in fields(ExpenseEvaluated)])))
def test_what_is_not_asked_for_is_passed_over(event: Event, wanted: set[str]) -> None:
    """Whichever fields are asked for have their values, and the others are none or empty."""
    found: Any = Glance(CODEC, ExpenseEvaluated, frozenset(wanted))(CODEC.encode(event))
    for field in fields(ExpenseEvaluated):
        value = getattr(found, field.name)
        assert value == getattr(event, field.name) if field.name in wanted else value in (None, (), {})


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_whether_a_field_has_a_value_is_told_without_the_rest(kind: type[Event]) -> None:
    """What has something personal is told from the bytes in front, whatever stands behind."""
    carried = Carried(CODEC, "personal")

    @_QUICK
    @given(events(kind))
    def held(event: Event) -> None:
        assert carried(CODEC.encode(event)) == (event.personal is not None)

    held()


def test_whether_a_field_of_no_event_has_a_value_cannot_be_told() -> None:
    """Bytes that are no event, or end before the field, are undecodable."""
    carried, data = Carried(CODEC, "personal"), CODEC.encode(inbound("a", 1))
    for bad in (b"", b"junk", data[:40]):
        with pytest.raises(Undecodable):
            carried(bad)


def test_another_type_is_none() -> None:
    """A record of another event type on the same topic is no error."""
    assert Glance(CODEC, ExpenseEvaluated, frozenset({"outcome"}))(CODEC.encode(inbound("a", 1))) is None


@given(st.data())
def test_damaged_bytes_are_read_or_undecodable(data: st.DataObject) -> None:
    """A flipped or missing byte never raises anything else."""
    read = Glance(CODEC, BatchProgressed, frozenset({"member"}))
    whole = bytearray(CODEC.encode(inbound("a", 1)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except Undecodable:
        return


@pytest.mark.property
@_QUICK
@given(events(ExpenseEvaluated), events(ExpenseEvaluated), st.data())
def test_what_stood_there_before_is_taken_and_nothing_else(first: Event, second: Event, data: st.DataObject) -> None:
    """With another event's parts at hand the same is read, its own parts are the same objects, damage is told."""
    read, known = Gist(CODEC, ExpenseEvaluated, frozenset({"facts", "lines.amount", "outcome"})), Known()
    read(CODEC.encode(first), known)
    whole = CODEC.encode(second)
    found: Any = read(whole, known)
    expected: Any = CODEC.decode(whole)
    assert (found.facts, found.outcome) == (expected.facts, expected.outcome)
    assert [line.amount for line in found.lines] == [line.amount for line in expected.lines]
    again: Any = read(whole, known)
    assert again.facts is found.facts
    assert again.lines is found.lines
    with pytest.raises(AttributeError):
        _ = found.ledger
    at = data.draw(st.integers(5, len(whole) - 1))
    with contextlib.suppress(Undecodable):
        read(whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :], known)
    with pytest.raises(Undecodable):
        read(whole[:at], known)


def test_another_schema_is_read_whole() -> None:
    """An event of another type is no less an event: it is read as the codec reads it."""
    event = inbound("a", 1)
    assert Gist(CODEC, ExpenseEvaluated, frozenset({"outcome"}))(CODEC.encode(event), {}) == event
