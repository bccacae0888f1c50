"""The `.avsc` files, derived from the event types.

`python -m schemas.contracts` writes `schemas/avro/`; a test refuses a file that differs from its type, a type
without a file and a file without a type.
"""

import dataclasses
import functools
import json
import types
import typing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from typing_extensions import Doc

from schemas.envelope import Event
from schemas.fields import Logical
from schemas.topics import TOPICS

__all__ = ["AVRO_FOLDER", "EVENTS", "Field", "Shape", "avsc", "fields_of", "shape_of", "write"]

AVRO_FOLDER = Path(__file__).parent / "avro"
NAMESPACE = "spendtrail"
EVENTS: tuple[type[Event], ...] = tuple(dict.fromkeys(kind for topic in TOPICS for kind in topic.events))

_PRIMITIVES: dict[type, str] = {str: "string", int: "long", bool: "boolean", bytes: "bytes", float: "double"}


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """The form of a field's type.

    `form` is primitive, logical, record, array or map; `of` is the element's shape for array and map; `record` is
    the dataclass for record.
    """

    form: str
    nullable: bool = False
    name: str = ""
    logical: Logical | None = None
    record: type | None = None
    of: "Shape | None" = None


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name, shape, doc and default (`dataclasses.MISSING` where it must be given)."""

    name: str
    shape: Shape
    doc: str
    default: Any


def _unwrap(hint: Any) -> tuple[Any, bool, Logical | None]:
    """Return the type inside `Annotated` and `| None`, whether None is allowed, and its logical type."""
    nullable = False
    logical: Logical | None = None
    while (origin := typing.get_origin(hint)) in (typing.Annotated, typing.Union, types.UnionType):
        if origin is typing.Annotated:
            hint, *extras = typing.get_args(hint)
            logical = next((x for x in extras if isinstance(x, Logical)), logical)
            continue
        members = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(members) != 1:
            msg = f"{hint}: only `X | None` has a form in these contracts"
            raise TypeError(msg)
        nullable, hint = True, members[0]
    return hint, nullable, logical


def shape_of(hint: Any) -> Shape:
    """Return the form of a type hint.

    Raises:
        TypeError: the hint has no Avro form here.

    """
    hint, nullable, logical = _unwrap(hint)
    origin = typing.get_origin(hint)
    if logical:
        return Shape("logical", nullable, logical.name, logical)
    if origin is tuple:
        return Shape("array", nullable, of=shape_of(typing.get_args(hint)[0]))
    if origin is dict:
        return Shape("map", nullable, of=shape_of(typing.get_args(hint)[1]))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return Shape("record", nullable, hint.__name__, record=hint)
    if hint in _PRIMITIVES:
        return Shape("primitive", nullable, _PRIMITIVES[hint])
    if hint in (Decimal, datetime, date):
        msg = f"{hint}: use Amount, Quantity, Rate, Instant or Day, which say their scale"
        raise TypeError(msg)
    msg = f"{hint} has no Avro form"
    raise TypeError(msg)


@functools.cache
def fields_of(record: type) -> tuple[Field, ...]:
    """Return a record's fields, in order, each with its doc; read from the type once, for it does not change.

    Raises:
        TypeError: a field has no doc or no Avro form.

    """
    hints = typing.get_type_hints(record, include_extras=True)
    found = []
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        doc = next((x.documentation for x in getattr(hint, "__metadata__", ()) if isinstance(x, Doc)), "")
        if not doc:
            msg = f"{record.__name__}.{field.name} has no Doc"
            raise TypeError(msg)
        found.append(Field(field.name, shape_of(hint), doc, field.default))
    return tuple(found)


def _type(shape: Shape, seen: set[str]) -> Any:
    inner: Any
    if shape.form == "logical" and shape.logical:
        inner = shape.logical.schema()
    elif shape.form == "record" and shape.record:
        inner = shape.name if shape.name in seen else _record(shape.record, seen)
    elif shape.form == "array" and shape.of:
        inner = {"type": "array", "items": _type(shape.of, seen)}
    elif shape.form == "map" and shape.of:
        inner = {"type": "map", "values": _type(shape.of, seen)}
    else:
        inner = shape.name
    return ["null", inner] if shape.nullable else inner


def _record(record: type, seen: set[str]) -> dict[str, Any]:
    seen.add(record.__name__)
    rows = []
    for field in fields_of(record):
        row: dict[str, Any] = {"name": field.name, "type": _type(field.shape, seen), "doc": field.doc}
        if field.default is not dataclasses.MISSING:
            row["default"] = [] if field.default == () else field.default
        elif field.shape.nullable:
            row["default"] = None
        rows.append(row)
    # Only the class's own first paragraph: the reader of the registry sees it, not the reader of the code.
    doc = " ".join((record.__doc__ or "").split("\n\n")[0].split())
    return {"type": "record", "name": record.__name__, "doc": doc, "fields": rows}


# Every stage asks for most of them, some several times; a type never changes.
_TEXTS: dict[type[Event], str] = {}


def avsc(kind: type[Event]) -> str:
    """Return the Avro schema of an event type as JSON text."""
    if kind not in _TEXTS:
        schema = _record(kind, set())
        _TEXTS[kind] = json.dumps({"type": "record", "namespace": NAMESPACE, **schema}, indent=2) + "\n"
    return _TEXTS[kind]


def write(folder: Path = AVRO_FOLDER) -> list[Path]:
    """Write one file per event type and return them."""
    folder.mkdir(exist_ok=True)
    written = []
    for kind in EVENTS:
        path = folder / f"{kind.__name__}.avsc"
        path.write_text(avsc(kind))
        written.append(path)
    return written


if __name__ == "__main__":
    write()
