"""Some fields of an event without the rest, for whoever reads hundreds of thousands of records for a few of them.

The general decoder builds every record of every list, which costs some 100 us for a judged expense; most of it is the
path of its decisions. Here a function is written out per event type, from the contracts, that passes over what nobody
asked for. A test holds it to the codec: asked for all fields it gives the very same event.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Final, Generic, TypeVar

from schemas.codec import Codec, Undecodable
from schemas.contracts import Field, Shape, fields_of
from schemas.envelope import Event

__all__ = ["Carried", "Glance"]

E = TypeVar("E", bound=Event)

_HEAD: Final = 5
_MANY: Final = 127
_EMPTY: Final[dict[str, Any]] = {"array": (), "map": {}}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
# As many digits as any decimal of the contracts may have: nothing is ever rounded.
_EXACT: Final = Context(prec=40)


class Glance(Generic[E]):
    """Reads events of one type with only the `wanted` fields; the others are None, empty, or their default.

    What such an event lacks it does not say: it is for its reader alone and must never be written.
    """

    def __init__(self, codec: Codec, kind: type[E], wanted: frozenset[str]) -> None:
        self._codec, self._kind = codec, kind
        self._head = codec.head(kind)
        self._read: Callable[[bytes], E] = _written(kind, wanted)

    def __call__(self, data: bytes) -> E | None:
        """Return the event in the bytes, None where they hold another type of event.

        Raises:
            Undecodable: the bytes are damaged.
            RegistryUnavailable: the registry does not answer.

        """
        if data[:_HEAD] != self._head:
            # Another type, or an older writer's schema: the codec knows both. A type derived from ours is another.
            event = self._codec.decode(data)
            return event if type(event) is self._kind else None
        try:
            return self._read(data)
        except (IndexError, ValueError, OverflowError, struct.error) as error:
            msg = f"bytes are no {self._kind.__name__}: {type(error).__name__}: {error}"
            raise Undecodable(msg) from error


class Carried:
    """Tells whether events carry a value in a field that may be absent, reading nothing that comes after it.

    For whoever passes over millions of events and must not miss the last one that had something to say in it. Only
    the bytes up to the field are looked at: whether the rest is sound shows when the event is decoded.
    """

    def __init__(self, codec: Codec, field: str) -> None:
        self._codec, self._field = codec, field
        # By the first bytes: there are as many entries as schemas in the log.
        self._known: dict[bytes, Callable[[bytes], bool]] = {}

    def __call__(self, data: bytes) -> bool:
        """Return whether the event in the bytes has a value in the field.

        Raises:
            Undecodable: the bytes are damaged.
            RegistryUnavailable: the registry does not answer.

        """
        asked = self._known.get(data[:_HEAD]) or self._asked(data)
        try:
            return asked(data)
        except (IndexError, ValueError, OverflowError):
            return self._decoded(data)

    def _asked(self, data: bytes) -> Callable[[bytes], bool]:
        kind, same = self._codec.written(data)
        found = _asking(kind, self._field) if same else self._decoded
        self._known[data[:_HEAD]] = found
        return found

    def _decoded(self, data: bytes) -> bool:
        return getattr(self._codec.decode(data), self._field) is not None


def _asking(kind: type, field: str) -> Callable[[bytes], bool]:
    writer = _Writer()
    lines: list[str] = []
    for each in fields_of(kind):
        if each.name == field:
            break
        lines += writer.value(each.shape, None)
    lines += ["n = d[i]", "if n != 0 and n != 2: union(n)", "return n == 2"]
    return writer.function(lines)


def _written(kind: type[E], wanted: frozenset[str]) -> Callable[[bytes], E]:
    writer = _Writer()
    return writer.function(writer.event(kind, wanted))


class _Writer:
    """Writes the function's lines. `d` is the data, `i` the place in it, `n` the last number read."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {
            "far": _far, "signed": _signed, "decimal": _decimal, "instant": _instant, "day": _day,
            "double": struct.Struct("<d").unpack_from, "left": _left, "union": _union,
        }  # fmt: skip
        self._count = 0

    def function(self, lines: Iterable[str]) -> Callable[[bytes], Any]:
        """Return the function of these lines."""
        body = "\n".join(f"    {line}" for line in lines)
        source = f"def read(d):\n    i = {_HEAD}\n{body}\n"
        exec(source, self.names)  # noqa: S102 -- the source is made of the contracts' own names and of nothing read
        return self.names["read"]  # type: ignore[no-any-return] # defined by the line above

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def event(self, kind: type, wanted: frozenset[str]) -> Iterator[str]:
        given: list[str] = []
        for field in fields_of(kind):
            name = self._name() if field.name in wanted else None
            yield from self.value(field.shape, name)
            given.append(f"{field.name}={name or self._absent(field)}")
        yield "if i != len(d): left(d, i)"
        yield f"return {self._constant(kind)}({', '.join(given)})"

    def _absent(self, field: Field) -> str:
        if field.shape.nullable:
            return "None"
        return self._constant(_EMPTY.get(field.shape.form) if field.default is MISSING else field.default)

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def value(self, shape: Shape, name: str | None) -> Iterator[str]:
        """Yield the lines that read a value into `name`, or pass over it where there is none."""
        if not shape.nullable:
            yield from self._plain(shape, name)
            return
        yield "n = d[i]; i += 1"
        yield "if n == 2:"
        yield from _deeper(self._plain(shape, name))
        yield f"elif n == 0: {f'{name} = None' if name else 'pass'}"
        yield "else: union(n)"

    def _plain(self, shape: Shape, name: str | None) -> Iterator[str]:
        if shape.form == "record" and shape.record:
            fields = [(field, self._name() if name else None) for field in fields_of(shape.record)]
            for field, inner in fields:
                yield from self.value(field.shape, inner)
            if name:
                given = ", ".join(f"{field.name}={inner}" for field, inner in fields)
                yield f"{name} = {self._constant(shape.record)}({given})"
        elif shape.form in _EMPTY and shape.of:
            yield from self._many(shape, shape.of, name)
        else:
            yield from self._scalar(shape, name)

    def _many(self, shape: Shape, of: Shape, name: str | None) -> Iterator[str]:
        """Blocks of items until an empty one; a block of negative count also says its size in bytes."""
        key = self._name() if shape.form == "map" else None
        item = self._name() if name else None
        if name:
            yield f"{name} = {'{}' if key else '[]'}"
        yield "while True:"
        block = [*_NUMBER, "if n == 0: break", "if n & 1:"]
        block += _deeper([f"m{self._count} = (n + 1) >> 1", *_NUMBER])
        block += [f"else: m{self._count} = n >> 1", f"for _ in range(m{self._count}):"]
        one: list[str] = list(self._scalar(Shape("primitive", name="string"), key)) if key else []
        one += self.value(of, item)
        if name:
            one.append(f"{name}[{key}] = {item}" if key else f"{name}.append({item})")
        yield from _deeper([*block, *_deeper(one)])
        if name and not key:
            yield f"{name} = tuple({name})"

    def _scalar(self, shape: Shape, name: str | None) -> Iterator[str]:
        kind = shape.logical.avro if shape.logical else shape.name
        if kind == "double":
            yield f"{f'({name},) = double(d, i); ' if name else ''}i += 8"
        elif kind == "boolean":
            yield f"{f'{name} = d[i] == 1; ' if name else ''}i += 1"
        elif kind in {"int", "long"}:
            yield from _NUMBER
            if name:
                yield f"{name} = {_SCALARS.get(shape.name, 'signed')}(n)"
        else:
            yield from _NUMBER
            if not name:
                yield "i += n >> 1"
                return
            scale = shape.logical.scale if shape.logical else 0
            made = {"string": "d[i:j].decode()", "decimal": f"decimal(d[i:j], {-scale})"}.get(shape.name, "d[i:j]")
            yield f"j = i + (n >> 1); {name} = {made}; i = j"


_NUMBER: Final = ("n = d[i]; i += 1", f"if n > {_MANY}: n, i = far(d, i, n)")
_SCALARS: Final = {"timestamp-micros": "instant", "date": "day"}


def _deeper(lines: Iterator[str] | list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _far(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Return a variable-length number of more than one byte, without its sign folded back, and where it ends."""
    number, shift = first & _MANY, 7
    while (byte := data[at]) > _MANY:
        number |= (byte & _MANY) << shift
        shift, at = shift + 7, at + 1
    return number | byte << shift, at + 1


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _decimal(unscaled: bytes, exponent: int) -> Decimal:
    return Decimal(int.from_bytes(unscaled, signed=True)).scaleb(exponent, _EXACT)


def _instant(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=_signed(number))


def _day(number: int) -> date:
    return date.fromordinal(_FIRST_DAY + _signed(number))


def _left(data: bytes, at: int) -> None:
    msg = f"it ends at {at} of {len(data)} bytes"
    raise ValueError(msg)


def _union(branch: int) -> None:
    msg = f"{branch} is no branch of a value that may be absent"
    raise ValueError(msg)
