"""Strategies for events, derived from the types as the schemas are."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.contracts import Shape, fields_of
from schemas.envelope import Event

__all__ = ["events"]

# Micros since 1970 in 64 bits reach far beyond what datetime can say.
_INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=8),
    "double": st.floats(allow_nan=False),
}


def _decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    bound = 10**precision - 1
    return st.integers(-bound, bound).map(lambda units: Decimal(units).scaleb(-scale))


def _values(shape: Shape) -> st.SearchStrategy[Any]:
    inner: st.SearchStrategy[Any]
    if shape.form == "logical" and shape.logical:
        inner = {
            "decimal": _decimals(shape.logical.precision, shape.logical.scale),
            "timestamp-micros": _INSTANTS,
            "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
        }[shape.name]
    elif shape.form == "record" and shape.record:
        inner = _records(shape.record)
    elif shape.form == "array" and shape.of:
        inner = st.lists(_values(shape.of), max_size=2).map(tuple)
    elif shape.form == "map" and shape.of:
        inner = st.dictionaries(_TEXT, _values(shape.of), max_size=2)
    else:
        inner = _PRIMITIVES[shape.name]
    return st.none() | inner if shape.nullable else inner


def _records(record: type) -> st.SearchStrategy[Any]:
    return st.builds(record, **{field.name: _values(field.shape) for field in fields_of(record)})


def events(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return any event of a type that its schema can hold."""
    return _records(kind)
