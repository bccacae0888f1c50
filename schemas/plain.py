"""Events as plain JSON data and back: for examples, the command line and exports. Nothing is lost either way."""

import base64
import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from schemas.contracts import EVENTS, Shape, fields_of
from schemas.envelope import Event

__all__ = ["from_plain", "to_plain"]

_KINDS = {kind.__name__: kind for kind in EVENTS}


def to_plain(value: Any) -> Any:
    """Return JSON-ready data: decimals and dates as text, bytes as base64; an event also names its type as `event`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain = {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"event": type(value).__name__, **plain} if isinstance(value, Event) else plain
    if isinstance(value, (tuple, list)):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def from_plain(plain: dict[str, Any]) -> Event:
    """Return the event that `to_plain` was given.

    Raises:
        KeyError: the type is unknown or a field is missing.
        ValueError: a value does not fit its field.

    """
    event: Event = _record(_KINDS[plain["event"]], plain)
    return event


def _record(record: type, plain: dict[str, Any]) -> Any:
    values = {}
    for field in fields_of(record):
        if field.name in plain or field.default is dataclasses.MISSING:
            values[field.name] = _value(field.shape, plain[field.name])
    return record(**values)


def _value(shape: Shape, plain: Any) -> Any:
    if plain is None:
        return None
    if shape.form == "record" and shape.record:
        return _record(shape.record, plain)
    if shape.form == "array" and shape.of:
        return tuple(_value(shape.of, v) for v in plain)
    if shape.form == "map" and shape.of:
        return {k: _value(shape.of, v) for k, v in plain.items()}
    if shape.form == "primitive":
        return base64.b64decode(plain) if shape.name == "bytes" else plain
    return _logical(shape.name, plain)


def _logical(name: str, plain: str) -> Decimal | datetime | date:
    if name == "decimal":
        return Decimal(plain)
    return datetime.fromisoformat(plain) if name == "timestamp-micros" else date.fromisoformat(plain)
