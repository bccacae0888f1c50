"""The contracts as files: the events, field by field, as the types say them, and the JSON Schema of a policy."""

import dataclasses
import inspect
from collections.abc import Iterator

import orjson

from docs.markdown import code, joined, page, table
from policy.documents import json_schema
from schemas import records
from schemas.contracts import EVENTS, Field, Shape, fields_of
from schemas.envelope import Event
from schemas.topics import TOPICS

__all__ = ["events", "policy"]


def events() -> str:
    """Return the page of events, envelope and records."""
    return page(
        "Events",
        "Each is a frozen type in `schemas/events.py`; `schemas/avro/` holds the Avro schema derived from it, which is"
        " registered under the subject `spendtrail.<Event>` with BACKWARD_TRANSITIVE compatibility. The wire format is"
        " Confluent's: a zero byte, four bytes of schema id, Avro binary. Every record carries a W3C `traceparent`"
        " header.",
        "Amounts are decimals with their scale in the schema and a currency beside them. Instants are UTC in"
        " microseconds. Personal fields are only in `personal`, encrypted under the person's key.",
        "## Envelope",
        "Every event has these.",
        _fields(fields_of(Event)),
        "## Events",
        *(part for kind in EVENTS for part in _event(kind)),
        "## Records",
        "What the events above are made of.",
        *(part for record in _records() for part in _record(record)),
    )


def _event(kind: type) -> Iterator[str]:
    base = kind.__bases__[0]
    inherited = {f.name for f in fields_of(base)}
    own = [field for field in fields_of(kind) if field.name not in inherited]
    homes = joined(topic.name for topic in TOPICS if kind in topic.events)
    yield f"### {kind.__name__}"
    yield f"{_about(kind)} Topic: {homes}."
    if base is not Event:
        yield f"Has every field of [{base.__name__}](#{base.__name__.lower()}){', and:' if own else '.'}"
    elif not own:
        yield "Has no field beside the envelope."
    if own:
        yield _fields(own)


def _record(record: type) -> Iterator[str]:
    yield f"### {record.__name__}"
    yield _about(record)
    yield _fields(fields_of(record))


def _records() -> Iterator[type]:
    for _, record in inspect.getmembers(records, dataclasses.is_dataclass):
        if isinstance(record, type) and record.__module__ == records.__name__:
            yield record


def _about(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _fields(fields: tuple[Field, ...] | list[Field]) -> str:
    return table(("Field", "Type", "What it is"), [(code(f.name), _type(f.shape), f.doc) for f in fields])


def _type(shape: Shape) -> str:
    return f"{_form(shape)}, may be null" if shape.nullable else _form(shape)


def _form(shape: Shape) -> str:
    if shape.form == "record":
        return f"[{shape.name}](#{shape.name.lower()})"
    if shape.logical and shape.logical.name == "decimal":
        return f"decimal({shape.logical.precision}, {shape.logical.scale})"
    if shape.form in ("array", "map") and shape.of:
        return f"{shape.form} of {_type(shape.of)}"
    return shape.name


def policy() -> str:
    """Return the JSON Schema of a policy, for editors and for whoever writes policies by program."""
    return orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
