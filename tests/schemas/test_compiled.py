"""The readers and writers that are put together do what the schema's own do, and leave to those what is unusual."""

import io
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import baseline
from bench.exchange import BaselineCodec, CardTransaction
from schemas.binary import bytes_of_long, long_at
from schemas.codec import Codec, ContractViolated, registry_at
from schemas.compiled import reader_of, writer_of
from schemas.contracts import EVENTS, avsc
from schemas.envelope import Event
from schemas.fields import Doc
from schemas.records import Line
from tests.depth import examples
from tests.runtime.rows import inbound
from tests.schemas.events import events

CODEC = Codec(registry_at("mock://compiled"))
_QUICK = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))


def _schema(kind: type[Event]) -> Any:
    return fastavro.parse_schema(json.loads(avsc(kind)))


def _by_schema(event: Event, schema: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, asdict(event))
    return out.getvalue()


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_the_same_bytes_and_comes_back_equal(kind: type[Event]) -> None:
    """Byte for byte what the schema's writer writes: the trail hashes it, and a decision is redone against it."""
    read, write, schema = reader_of(kind), writer_of(kind), _schema(kind)

    @_QUICK
    @given(events(kind))
    def held(event: Event) -> None:
        data = write(event)
        assert data == _by_schema(event, schema)
        assert read(b"head" + data, 4) == (event, len(data) + 4)

    held()


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_damaged_bytes_are_never_read_otherwise_than_by_the_schema(kind: type[Event]) -> None:
    """Where a reader takes changed bytes to their end, the schema's reader makes the same event of them."""
    read, write, schema = reader_of(kind), writer_of(kind), _schema(kind)

    @_QUICK
    @given(events(kind), st.data())
    def held(event: Event, data: st.DataObject) -> None:
        whole = bytearray(write(event))
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
        try:
            found, end = read(damaged, 0)
        except Exception:  # noqa: BLE001 - any exception leaves the bytes to the schema's reader
            return
        if end == len(damaged):
            body = io.BytesIO(damaged)
            values = fastavro.schemaless_reader(body, schema, None)
            assert body.tell() == len(damaged)
            assert json.loads(json.dumps(asdict(found), default=str)) == json.loads(json.dumps(values, default=str))

    held()


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_long_survives(number: int) -> None:
    """Zigzag varints, from one byte to ten."""
    data = bytes_of_long(number)
    assert long_at(b"!" + data + b"?", 1) == (number, len(data) + 1)


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
        expected = _by_schema(event, _schema(type(event)))
    except (TypeError, ValueError, AttributeError, OverflowError, KeyError):
        with pytest.raises(ContractViolated, match=type(event).__name__):
            CODEC.encode(event)
    else:
        assert CODEC.encode(event)[5:] == expected


@pytest.mark.parametrize(
    ("amount", "fits"),
    [
        ("0", True),
        ("-0", True),
        ("0E+999999999", True),
        ("1E+2", True),
        ("-128", True),
        ("-0.0128", True),
        ("12.3456", True),
        ("1.00000", False),
        ("1E+18", False),
        ("NaN", False),
        ("Infinity", False),
    ],
)
def test_decimals_at_the_edge_are_what_the_schema_makes_of_them(amount: str, fits: bool) -> None:
    """Powers of two below zero, exponents of zero, digits beyond the scale."""
    write = writer_of(Line)
    line = Line(number=1, amount=Decimal(amount))
    if not fits:
        with pytest.raises(ValueError, match=r"^$"):
            write(line)
        return
    data = write(line)
    found, end = reader_of(Line)(data, 0)
    assert (found, end) == (line, len(data))


def test_an_instant_is_looked_up_only_where_its_bytes_are_the_same() -> None:
    """Moments of other lengths than eight bytes, and one more than are kept, come back as they were."""
    moments = [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    moments += [datetime.fromtimestamp(1_700_000_000 + n, UTC) for n in range(5_000)]
    read, write = reader_of(type(inbound("k", 1))), writer_of(type(inbound("k", 1)))
    for moment in [*moments, *moments[:10]]:
        event = replace(inbound("k", 1), occurred_at=moment)
        assert read(write(event), 0)[0].occurred_at == moment


def test_a_reader_makes_a_frozen_event() -> None:
    """Built without its constructor, it is as frozen as any."""
    found, _ = reader_of(Line)(writer_of(Line)(Line(number=1, service_date=date(2026, 3, 1))), 0)
    with pytest.raises(AttributeError):
        found.number = 2


def test_the_baseline_is_read_and_written_as_it_writes_itself() -> None:
    """The stage that is measured beside the plain loop exchanges the very bytes of that loop."""
    values = baseline.transaction(7)
    codec, data = BaselineCodec(), baseline.encode(values)
    event: Any = codec.decode(data)
    assert asdict(event) == values == asdict(CardTransaction(**values))
    assert codec.encode(event) == data


def test_a_type_with_code_in_its_constructor_is_refused() -> None:
    """A reader fills the slots; what the constructor does besides would be missing."""

    @dataclass(frozen=True, slots=True)
    class Checked:
        number: Annotated[int, Doc("A number.")]

        def __post_init__(self) -> None:
            """Check nothing."""

    with pytest.raises(TypeError, match="Checked has code in its constructor"):
        reader_of(Checked)
