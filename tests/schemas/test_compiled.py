"""The functions made for each type read and write what the schema's own reader and writer do."""

import gc
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, Undecodable, registry_at
from schemas.compiled import UNUSUAL, Parts, quick
from schemas.contracts import EVENTS
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseDecided, ExpenseEvaluated
from schemas.records import Context
from tests.depth import examples
from tests.evaluate.build import coded
from tests.schemas.events import events

CODEC = Codec(registry_at("mock://compiled"))
_QUICK = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
_HEAD = 5


def _by_schema(event: Event) -> bytes:
    return Codec._encode(CODEC._writer(type(event)), event)


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_both_ways_are_the_same_bytes_and_events(kind: type[Event]) -> None:
    """Whatever a type can hold is usual, is written in the bytes the schema gives, and is read back the same."""
    made = quick(kind)

    @_QUICK
    @given(events(kind))
    def same(event: Event) -> None:
        pieces: list[bytes] = []
        made.write(event, pieces.append, {})
        whole = _by_schema(event)
        assert b"".join(pieces) == whole[_HEAD:]
        read, end = made.read(whole, _HEAD, {})
        assert (read, end) == (Codec._decode(CODEC._reader(whole[:_HEAD]), whole), len(whole))

    same()


@_QUICK
@given(events(ExpenseEvaluated), events(ExpenseDecided))
def test_what_goes_on_unchanged_keeps_its_bytes(event: Event, other: Event) -> None:
    """After one event was read, any other is written as if it had not been, whichever parts the two share."""
    assert isinstance(event, ExpenseEvaluated)
    assert isinstance(other, ExpenseDecided)
    read = CODEC.decode(CODEC.encode(event))
    assert isinstance(read, ExpenseEvaluated)
    mixed = replace(
        other,
        facts=read.facts,
        lines=(*read.lines, *other.lines),
        decisions=(*read.decisions, *other.decisions),
        context=replace(read.context, department="else"),
        tables={**read.tables, "more": "1"},
    )
    assert CODEC.encode(mixed) == _by_schema(mixed)
    assert CODEC.encode(other) == _by_schema(other)


def test_a_remembered_part_is_held_as_long_as_its_id_is() -> None:
    """An object that takes the place of a dead one in memory is not taken for it."""
    parts: Parts = {}
    made = quick(ExpenseCoded)
    event, _ = made.read(CODEC.encode(coded("a", "10.00")), _HEAD, parts)
    held = {id(value) for _, _, value in parts.values()}
    assert isinstance(event, ExpenseCoded)
    assert id(event.context) in held
    del event
    gc.collect()
    assert not {id(context) for context in [Context(department=str(n)) for n in range(1_000)]} & held


@_QUICK
@given(events(ExpenseDecided), st.data())
def test_damaged_bytes_are_judged_as_the_schema_does(event: Event, data: st.DataObject) -> None:
    """With bytes changed or cut off the answer is the same event, or the same refusal."""
    whole = bytearray(CODEC.encode(event))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(_HEAD, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(_HEAD, len(whole)))])
    reader = CODEC._reader(damaged[:_HEAD])
    assert _told(lambda: CODEC.decode(damaged)) == _told(lambda: Codec._decode(reader, damaged))


def _told(read: Callable[[], Event]) -> str:
    """Return the event as text, since a number that is none equals nothing, or why there is none."""
    try:
        return repr(read())
    except Undecodable as error:
        return str(error)


@pytest.mark.parametrize("total", [12.5, Decimal("0.00001"), Decimal("1e30"), Decimal("NaN"), "12", True])
def test_what_does_not_fit_is_left_to_the_schema(total: object) -> None:
    """A value of another type, or with too many digits, is never written by the short way."""
    event, pieces = coded("a", "10.00"), list[bytes]()
    wrong = replace(event, facts=replace(event.facts, total=total))  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(UNUSUAL):
        quick(ExpenseCoded).write(wrong, pieces.append, {})
