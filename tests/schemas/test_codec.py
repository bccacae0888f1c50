"""Bytes to event and back."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, ContractViolated, RegistryUnavailable, Undecodable, registry_at
from schemas.contracts import EVENTS, avsc
from schemas.envelope import Event
from schemas.events import BatchProgressed, ReviewOpened
from schemas.plain import from_plain, to_plain
from tests.depth import examples
from tests.runtime.rows import inbound
from tests.schemas.events import events

REGISTRY = registry_at("mock://codec")
CODEC = Codec(REGISTRY)
_QUICK = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_survives_the_wire_and_plain_json(kind: type[Event]) -> None:
    """Whatever a type can hold comes back equal from Avro and from JSON, decimals to the last digit."""

    @_QUICK
    @given(events(kind))
    def held(event: Event) -> None:
        assert CODEC.decode(CODEC.encode(event)) == event
        assert from_plain(json.loads(json.dumps(to_plain(event)))) == event

    held()


def test_the_same_event_is_the_same_bytes() -> None:
    """Encoding is deterministic, map entries included when they were put in the same order."""
    event = replace(inbound("a", 1), tables={"x": "1", "y": "2"})
    assert CODEC.encode(event) == CODEC.encode(replace(CODEC.decode(CODEC.encode(event))))


def test_the_event_read_last_is_written_in_the_bytes_it_came_in() -> None:
    """Not made anew; one that is changed, or only equal, is."""
    event = inbound("k", 1)
    data = CODEC.encode(event)
    read = CODEC.decode(data)
    assert CODEC.encode(read) is data
    assert CODEC.encode(replace(read)) == data
    assert CODEC.encode(replace(read, revision=2)) != data


@given(st.binary(max_size=40))
@settings(max_examples=examples(200), deadline=None)
def test_any_bytes_decode_or_are_undecodable(data: bytes) -> None:
    """Hostile bytes never raise anything else."""
    try:
        CODEC.decode(data)
    except Undecodable:
        return


@given(st.data())
def test_damaged_bytes_decode_or_are_undecodable(data: st.DataObject) -> None:
    """A flipped or missing byte never raises anything else."""
    whole = bytearray(CODEC.encode(inbound("a", 1)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    try:
        CODEC.decode(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except Undecodable:
        return


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "magic byte"),
        (b"", "magic byte"),
        (b"{}", "magic byte"),
        (b"\1\0\0\0\1abc", "magic byte"),
        (b"\0\0\0\x7f\x7fabc", "unknown"),
    ],
    ids=["tombstone", "empty", "json", "magic", "id"],
)
def test_what_is_no_event_says_why(data: bytes | None, told: str) -> None:
    """The message tells a person what is wrong with the bytes."""
    with pytest.raises(Undecodable, match=told):
        CODEC.decode(data)


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_bytes_left_over_are_undecodable(kind: type[Event]) -> None:
    """An event is its bytes to the last one: with one more, or a second event behind it, it is none."""

    @_QUICK
    @given(events(kind))
    def refused(event: Event) -> None:
        whole = CODEC.encode(event)
        for behind in (b"\0", whole[5:], whole):
            with pytest.raises(Undecodable, match=f"{len(behind)} bytes are left over"):
                CODEC.decode(whole + behind)

    refused()


def test_bytes_left_over_after_an_older_schema_are_undecodable() -> None:
    """What another schema wrote, and is resolved to ours, is read to its last byte as well."""
    schema = _later_schema(BatchProgressed)
    number = REGISTRY.register("spendtrail.BatchProgressed.left_over", json.dumps(schema))
    event = inbound("a", 1)
    values = {name: getattr(event, name) for name in BatchProgressed.__dataclass_fields__}
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out, fastavro.parse_schema(schema), values | {"problems": [], "asserted": [], "added_later": "new"}
    )
    whole = b"\0" + number.to_bytes(4) + out.getvalue()
    assert CODEC.decode(whole) == event
    with pytest.raises(Undecodable, match="1 bytes are left over"):
        CODEC.decode(whole + b"x")


def test_a_foreign_schema_is_no_event() -> None:
    """A record of another application in our topic is recognised by its schema's name."""
    schema = json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": []})
    number = REGISTRY.register("shop.Order", schema)
    with pytest.raises(Undecodable, match=r"shop\.Order"):
        CODEC.decode(b"\0" + number.to_bytes(4))


@pytest.mark.parametrize(
    "total",
    [12.5, Decimal("0.00001"), Decimal("1e30"), Decimal("NaN"), Decimal("Infinity"), "12"],
    ids=["float", "fine", "large", "nan", "infinite", "text"],
)
def test_an_amount_that_does_not_fit_is_refused(total: object) -> None:
    """A float, too many digits or no number: refused, never rounded."""
    event = _review(Decimal(1))
    with pytest.raises(ContractViolated, match="ReviewOpened"):
        CODEC.encode(replace(event, total=total))  # type: ignore[arg-type] # wrong on purpose


def _review(total: Decimal) -> ReviewOpened:
    cause = inbound("a", 1)
    shared = {name: getattr(cause, name) for name in Event.__dataclass_fields__}
    return ReviewOpened(**shared, findings=(), total=total, currency="EUR")


def test_a_missing_value_is_refused() -> None:
    """None where the schema wants a value never gets out."""
    with pytest.raises(ContractViolated):
        CODEC.encode(replace(inbound("a", 1), member=None))  # type: ignore[arg-type] # wrong on purpose


def test_a_time_without_its_zone_is_not_guessed() -> None:
    """Instants come back in UTC whatever zone they were given in."""
    event = inbound("a", 1)
    moved = replace(event, occurred_at=event.occurred_at + timedelta(microseconds=1))
    decoded = CODEC.decode(CODEC.encode(moved))
    assert decoded.occurred_at == moved.occurred_at
    assert decoded.occurred_at.utcoffset() == timedelta(0)


def test_a_registry_that_is_down_is_no_fault_of_the_bytes() -> None:
    """Trying again can help, so it is told apart from undecodable."""
    codec = Codec(registry_at("http://127.0.0.1:9"))
    with pytest.raises(RegistryUnavailable):
        codec.decode(b"\0\0\0\0\1abc")
    with pytest.raises(RegistryUnavailable):
        codec.encode(inbound("a", 1))


def _later_schema(kind: type[Event]) -> dict[str, object]:
    schema: dict[str, object] = json.loads(avsc(kind))
    fields = schema["fields"]
    assert isinstance(fields, list)
    fields.append({"name": "added_later", "type": ["null", "string"], "default": None, "doc": "Added later."})
    return schema


def test_old_code_reads_what_newer_code_writes() -> None:
    """A field added with a default is passed over by code that does not know it."""
    later = _later_schema(BatchProgressed)
    number = REGISTRY.register("spendtrail.BatchProgressed.later", json.dumps(later))
    event = inbound("a", 1)
    values = {name: getattr(event, name) for name in BatchProgressed.__dataclass_fields__}
    values |= {"problems": [], "asserted": [], "added_later": "new"}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(later), values)
    assert CODEC.decode(b"\0" + number.to_bytes(4) + out.getvalue()) == event


def test_new_code_reads_what_older_code_wrote() -> None:
    """A field that the writer did not know yet comes back as its default."""
    older = json.loads(avsc(BatchProgressed))
    older["fields"] = [f for f in older["fields"] if f["name"] != "batch_id"]
    number = REGISTRY.register("spendtrail.BatchProgressed.older", json.dumps(older))
    event = replace(inbound("a", 1), batch_id=None)
    values = {name: getattr(event, name) for name in BatchProgressed.__dataclass_fields__ if name != "batch_id"}
    values |= {"problems": [], "asserted": []}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(older), values)
    assert CODEC.decode(b"\0" + number.to_bytes(4) + out.getvalue()) == event
