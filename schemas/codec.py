"""Bytes to event and back, in Confluent wire format. The only place that knows Avro.

A record is `00`, four bytes of schema id, then Avro binary. The writer's schema comes from the registry by that id
and is resolved to the schema this code was built with, so older and newer writers are read alike as long as the
registry enforces compatibility.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import fastavro
import fastavro.types

from schemas.compiled import UNUSUAL, Parts, Quick, quick
from schemas.contracts import EVENTS, NAMESPACE, Shape, avsc, fields_of
from schemas.envelope import Event
from schemas.errors import ContractViolated, RegistryUnavailable, SchemaRefused, Undecodable
from schemas.fields import Logical

__all__ = [
    "Codec",
    "ContractViolated",
    "Registry",
    "RegistryUnavailable",
    "SchemaRefused",
    "Undecodable",
    "registry_at",
]

_MAGIC = b"\0"
_HEAD = 5


class Registry(Protocol):
    """What the codec needs of a schema registry."""

    def register(self, subject: str, schema: str) -> int:
        """Return the id of the schema under the subject, registering it first when it is new."""
        ...

    def schema(self, schema_id: int) -> str:
        """Return a schema's JSON text by id, or raise `Undecodable` for an unknown id."""
        ...


def registry_at(url: str) -> Registry:
    """Return the registry at a URL; `mock://name` keeps schemas in memory for unit tests."""
    from schemas.registry import ConfluentRegistry  # noqa: PLC0415 - its HTTP client costs a quarter of a second

    return ConfluentRegistry(url)


_Convert = Callable[[Any], Any]


def _decoder(shape: Shape) -> _Convert | None:
    """Return how to turn fastavro's value into ours, None where it is the same already."""
    convert: _Convert | None = None
    if shape.form == "record" and shape.record:
        convert = _builder(shape.record)
    elif shape.form == "array" and shape.of:
        inner = _decoder(shape.of)
        convert = tuple if inner is None else (lambda values: tuple([inner(v) for v in values]))
    elif shape.form == "map" and shape.of:
        inner_map = _decoder(shape.of)
        if inner_map:
            convert = lambda values: {k: inner_map(v) for k, v in values.items()}  # noqa: E731 - one of three branches
    if convert and shape.nullable:
        plain = convert
        return lambda value: None if value is None else plain(value)
    return convert


def _builder(record: type) -> _Convert:
    converters = [(f.name, c) for f in fields_of(record) if (c := _decoder(f.shape))]

    def build(values: dict[str, Any]) -> Any:
        for name, convert in converters:
            values[name] = convert(values[name])
        return record(**values)

    return build


def _encoder(shape: Shape) -> _Convert | None:
    convert: _Convert | None = None
    if shape.form == "record" and shape.record:
        convert = _opener(shape.record)
    elif shape.form == "array" and shape.of:
        inner = _encoder(shape.of)
        convert = None if inner is None else (lambda values: [inner(v) for v in values])
    elif shape.form == "map" and shape.of:
        inner_map = _encoder(shape.of)
        if inner_map:
            convert = lambda values: {k: inner_map(v) for k, v in values.items()}  # noqa: E731 - one of four branches
    elif shape.logical and shape.logical.name == "decimal":
        convert = _decimal(shape.logical)
    if convert and shape.nullable:
        plain = convert
        return lambda value: None if value is None else plain(value)
    return convert


def _decimal(logical: Logical) -> _Convert:
    # fastavro counts the digits given, not those that the scale makes of them, and takes a float for a number.
    whole = logical.precision - logical.scale

    def hold(value: Any) -> Decimal:
        if not isinstance(value, Decimal) or not value.is_finite():
            msg = f"{value!r} is not a finite Decimal"
            raise TypeError(msg)
        if value and value.adjusted() >= whole:
            msg = f"{value} has more than {whole} digits before the point"
            raise ValueError(msg)
        return value

    return hold


def _opener(record: type) -> _Convert:
    columns = [(f.name, _encoder(f.shape)) for f in fields_of(record)]

    def open_(event: Any) -> dict[str, Any]:
        return {
            name: getattr(event, name) if convert is None else convert(getattr(event, name))
            for name, convert in columns
        }

    return open_


@dataclass(frozen=True, slots=True)
class _Writer:
    head: bytes
    schema: Any
    open: _Convert
    quick: Quick


@dataclass(frozen=True, slots=True)
class _Reader:
    kind: type[Event]
    writer_schema: Any
    reader_schema: Any
    build: _Convert
    quick: Quick | None


class Codec:
    """Encodes and decodes the events of the contracts through one registry.

    Nothing is fetched before it is needed; each schema is fetched once.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kinds = {f"{NAMESPACE}.{kind.__name__}": kind for kind in EVENTS}
        self._writers: dict[type[Event], _Writer] = {}
        self._readers: dict[bytes, _Reader] = {}
        # Of the event that was read last: an event that it brings about shares most of them.
        self._parts: Parts = {}
        self._last: tuple[Event | None, bytes] = None, b""

    def register(self, kind: type[Event]) -> int:
        """Register an event type under its full name and return its schema id.

        Raises:
            SchemaRefused: the registry finds it incompatible.
            RegistryUnavailable: the registry does not answer.

        """
        return self._registry.register(f"{NAMESPACE}.{kind.__name__}", avsc(kind))

    def head(self, kind: type[Event]) -> bytes:
        """Return the five bytes that every record of a type begins with: the magic byte and its schema id.

        Raises:
            RegistryUnavailable: the registry does not answer.

        """
        return (self._writers.get(kind) or self._writer(kind)).head

    def encode(self, event: Event) -> bytes:
        """Return the event's bytes; of the event that was read or kept last those it was read from or kept in.

        Raises:
            ContractViolated: a field does not fit the schema.
            RegistryUnavailable: the registry does not answer.

        """
        if event is self._last[0]:
            return self._last[1]
        writer = self._writers.get(type(event)) or self._writer(type(event))
        pieces = [writer.head]
        try:
            writer.quick.write(event, pieces.append, self._parts)
            return b"".join(pieces)
        except UNUSUAL:
            return self._encode(writer, event)

    @staticmethod
    def _encode(writer: _Writer, event: Event) -> bytes:
        """Return the event's bytes as the schema's own writer gives them, or have it say what is wrong."""
        out = io.BytesIO()
        out.write(writer.head)
        try:
            fastavro.schemaless_writer(out, writer.schema, writer.open(event))
        except (TypeError, ValueError, AttributeError, OverflowError, KeyError) as error:
            msg = f"{type(event).__name__} does not fit its contract: {error}"
            raise ContractViolated(msg) from error
        return out.getvalue()

    def decode(self, data: bytes | None) -> Event:
        """Return the event in the bytes.

        Raises:
            Undecodable: no magic byte, unknown schema id, foreign event type, damaged bytes or bytes left over.
            RegistryUnavailable: the registry does not answer.

        """
        data = data or b""
        reader = self._reader_of(data)
        if reader.quick is not None:
            parts: Parts = {}
            try:
                event, end = reader.quick.read(data, _HEAD, parts)
            except UNUSUAL:
                return self._decode(reader, data)
            if end == len(data):
                self._parts, self._last = parts, (event, data)
                return event
        return self._decode(reader, data)

    def beside(self, data: bytes) -> Event:
        """Return the event in bytes that were kept, read while another event is in hand.

        What is written next may share parts with both: those of the event in hand are not forgotten for these.

        Raises:
            Undecodable, RegistryUnavailable: as `decode`.

        """
        parts, last = self._parts, self._last
        event = self.decode(data)
        self._parts, self._last = parts | self._parts, last
        return event

    @staticmethod
    def _decode(reader: _Reader, data: bytes) -> Event:
        """Return the event as the schema's own reader gives it, or have it say what is wrong."""
        number = int.from_bytes(data[1:_HEAD])
        body = io.BytesIO(data)
        body.seek(_HEAD)
        try:
            values = fastavro.schemaless_reader(body, reader.writer_schema, reader.reader_schema)
            event = reader.build(values)
        except Exception as error:
            # Damaged bytes surface as almost any exception of the parser; all mean the same here.
            # Of an early end the parser says the address of its buffer, another one each time.
            told = "they end too early" if isinstance(error, EOFError) else f"{type(error).__name__}: {error}"
            msg = f"bytes do not fit schema id {number}: {told}"
            raise Undecodable(msg) from error
        if left := len(data) - body.tell():
            # Avro marks no end. What reads well but stops early was written with another schema or pasted together,
            # so the values in front cannot be trusted either.
            msg = f"{left} bytes are left over after an event of schema id {number}"
            raise Undecodable(msg)
        return event  # type: ignore[no-any-return]

    def origin(self, event: Event) -> bytes | None:
        """Return what an event was read from, or the one it was changed from; None where it was not read last."""
        last, data = self._last
        # A copy has the very id of the event it was made of, not one like it.
        return data if last is not None and last.event_id is event.event_id else None

    def keep(self, event: Event, data: bytes) -> None:
        """Take bytes that an event was put together in; encoding it next gives them."""
        self._last = event, data

    def written(self, data: bytes) -> tuple[type[Event], bool]:
        """Return the type of the event in the bytes, and whether the schema it was written with is this code's own.

        Raises:
            Undecodable: no magic byte, unknown schema id, or a foreign event type.
            RegistryUnavailable: the registry does not answer.

        """
        reader = self._reader_of(data)
        return reader.kind, reader.quick is not None

    def schema(self, schema_id: int) -> str:
        """Return the JSON text of the schema with this id, for whoever keeps events where no registry is asked.

        Raises:
            Undecodable: the id is unknown.
            RegistryUnavailable: the registry does not answer.

        """
        return self._registry.schema(schema_id)

    def _reader_of(self, data: bytes) -> _Reader:
        if len(data) < _HEAD or data[:1] != _MAGIC:
            msg = "no Confluent wire format: a magic byte 0 and a schema id of four bytes are missing"
            raise Undecodable(msg)
        head = data[:_HEAD]
        return self._readers.get(head) or self._reader(head)

    @staticmethod
    def schema_id(data: bytes | None) -> int | None:
        """Return the schema id that the bytes claim, None where they claim none."""
        return int.from_bytes(data[1:_HEAD]) if data and len(data) >= _HEAD and data[:1] == _MAGIC else None

    def _writer(self, kind: type[Event]) -> _Writer:
        schema_id = self.register(kind)
        schema = fastavro.parse_schema(json.loads(avsc(kind)))
        writer = _Writer(_MAGIC + schema_id.to_bytes(4), schema, _opener(kind), quick(kind))
        self._writers[kind] = writer
        return writer

    def _reader(self, head: bytes) -> _Reader:
        schema = json.loads(self._registry.schema(int.from_bytes(head[1:])))
        name = f"{schema.get('namespace', '')}.{schema.get('name', '')}" if isinstance(schema, dict) else ""
        kind = self._kinds.get(name)
        if kind is None:
            msg = f"schema id {int.from_bytes(head[1:])} is of {name!r}, which is no event of these contracts"
            raise Undecodable(msg)
        same = schema == json.loads(avsc(kind))
        writer_schema = fastavro.parse_schema(schema)
        # Resolution between equal schemas costs time and changes nothing.
        reader_schema = None if same else fastavro.parse_schema(json.loads(avsc(kind)))
        reader = _Reader(kind, writer_schema, reader_schema, _builder(kind), quick(kind) if same else None)
        self._readers[head] = reader
        return reader
