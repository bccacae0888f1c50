"""The functions made for each type read and write what the schema's own reader and writer do."""

import gc
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import baseline
from bench.exchange import BaselineCodec, CardTransaction
from schemas.codec import Codec, ContractViolated, Undecodable, registry_at
from schemas.compiled import UNUSUAL, Parts, quick
from schemas.contracts import EVENTS, avsc
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseDecided, ExpenseEvaluated
from schemas.records import Context
from schemas.scalars import read_instant, write_instant
from tests.depth import examples
from tests.evaluate.build import coded
from tests.runtime.rows import inbound
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


def _schema(kind: type[Event]) -> Any:
    return fastavro.parse_schema(json.loads(avsc(kind)))


def _by_fastavro(event: Event) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _schema(type(event)), asdict(event))
    return out.getvalue()


class _Named(StrEnum):
    USD = "USD"


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant_id": _Named.USD},
        {"tenant_id": "ä" * 40},
        {"tenant_id": "x" * 9_000},
        {"revision": True},
        {"occurred_at": datetime(2026, 3, 1)},  # noqa: DTZ001 - that is the point
        {"occurred_at": 5},
        {"problems": []},
        {"tables": {"a" * 70: "ö"}},
        {"tables": {7: "x"}},
        {"tenant_id": None},
        {"tenant_id": b"x"},
        {"tenant_id": "\ud800"},
        {"revision": 2**63},
        {"revision": "1"},
        {"problems": "no problems"},
        {"tables": None},
    ],
    ids=repr,
)
def test_an_unusual_value_is_judged_by_the_schema(changes: dict[str, Any]) -> None:
    """It is written as the schema's writer writes it, or refused as there."""
    event = replace(inbound("k", 1), **changes)
    try:
        expected = _by_fastavro(event)
    except (TypeError, ValueError, AttributeError, OverflowError, KeyError):
        with pytest.raises(ContractViolated, match=type(event).__name__):
            CODEC.encode(event)
    else:
        assert CODEC.encode(event)[5:] == expected


@pytest.mark.parametrize("amount", ["0", "-0", "0E+999999999", "1E+2", "-128", "-0.0128", "12.3456"])
def test_decimals_at_the_edge_are_written_the_short_way(amount: str) -> None:
    """Powers of two below zero, exponents of zero, negative zero."""
    event = coded("a", "10.00")
    pieces = list[bytes]()
    quick(ExpenseCoded).write(replace(event, facts=replace(event.facts, total=Decimal(amount))), pieces.append, {})
    read, _ = quick(ExpenseCoded).read(b"".join(pieces), 0, {})
    assert isinstance(read, ExpenseCoded)
    assert read.facts.total == Decimal(amount)


def test_an_instant_is_looked_up_only_where_its_bytes_are_the_same() -> None:
    """Moments of other lengths than eight bytes, and more than are remembered, come back as they were."""
    moments = [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1969, 1970, 1971, 1986, 1988, 2539, 2541, 9999)]
    moments += [datetime.fromtimestamp(1_700_000_000 + n, UTC) for n in range(20_000)]
    for moment in [*moments, *moments[:20]]:
        data = write_instant(moment)
        assert read_instant(b"?" + data + b"?", 1) == (moment, len(data) + 1)


def test_the_baseline_is_read_and_written_as_it_writes_itself() -> None:
    """The stage that is measured beside the plain loop exchanges the very bytes of that loop."""
    values = baseline.transaction(7)
    codec, data = BaselineCodec(), baseline.encode(values)
    event: Any = codec.decode(data)
    assert asdict(event) == values == asdict(CardTransaction(**values))
    assert codec.encode(event) == data
