"""Some fields of an event without the rest, for whoever reads hundreds of thousands of records for a few of them.

The general decoder builds every record of every list, which costs some 100 us for a judged expense; most of it is the
path of its decisions. Here a function is written out per event type, from the contracts, that passes over what nobody
asked for. A test holds it to the codec: asked for all fields it gives the very same event.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING
from functools import cache
from itertools import groupby
from typing import Any, Final, Generic, TypeVar

from schemas.codec import Codec, Undecodable
from schemas.contracts import Field, Shape, fields_of
from schemas.envelope import Event
from schemas.frozen import draft
from schemas.scalars import decimal_reader, read_day, read_instant

__all__ = ["Carried", "Gist", "Glance", "Known"]

E = TypeVar("E", bound=Event)

_HEAD: Final = 5
_MANY: Final = 127
_EMPTY: Final[dict[str, Any]] = {"array": (), "map": {}}
# What damaged bytes make of the functions written here.
_DAMAGED: Final = (IndexError, ValueError, OverflowError, ArithmeticError, struct.error)
# What is another in every event of an expense, and never stands again.
_NEW: Final = frozenset({"event_id", "stage", "status", "occurred_at", "submitted_at", "sequence", "previous"})
# So many scalars that follow each other are worth comparing with those of the event before.
_FEW: Final = 4
# Numbers of what may stand in the same bytes again, by form and what is wanted of it: the same for every type.
_PLACES: Final[dict[tuple[Any, ...], int]] = {}

Known = dict[int, tuple[bytes, Any]]
"""What was read last, by the number of its place: its bytes, and what they say (None where nobody asked)."""


class Glance(Generic[E]):
    """Reads events of one type with only the `wanted` fields; the others are None, empty, or their default.

    A name with a dot asks for a field of the records in one (`facts.total`); their other fields are not there: looking
    at one raises AttributeError. What such an event lacks it does not say: it is for its reader alone and must never
    be written.
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
        except _DAMAGED as error:
            raise _undecodable(self._kind, error) from error


class Gist:
    """Reads what is asked for of events that repeat each other for the most part, as those of one expense do.

    `wanted` names fields, and with a dot those of the records in one (`decisions.line`). What was not asked for is not
    there: looking at it raises AttributeError. An event that the codec's own contract did not write is read whole.

    `known` is what the event before left, and is brought up to date: where the same bytes stand again, the very
    object made of them then is taken. No value's bytes begin another's, so that is what they say.
    """

    def __init__(self, codec: Codec, kind: type[Event], wanted: frozenset[str]) -> None:
        self._codec, self._kind = codec, kind
        # By the first bytes, as `Carried`: whether our own contract of this type wrote what follows.
        self._own: dict[bytes, bool] = {}
        writer = _Writer()
        self._read = writer.function(writer.gist(kind, wanted), "d, known")

    def __call__(self, data: bytes, known: Known) -> Event:
        """Return the event in the bytes.

        Raises:
            Undecodable: the bytes are damaged where they were looked at.
            RegistryUnavailable: the registry does not answer.

        """
        if not self.own(data):
            return self._codec.decode(data)
        try:
            return self._read(data, known)  # type: ignore[no-any-return] # written for this type above
        except _DAMAGED as error:
            raise _undecodable(self._kind, error) from error

    def own(self, data: bytes) -> bool:
        """Return whether the bytes are of this type of event, written with the schema this code was built with.

        Raises:
            Undecodable: they are no event of the contracts.
            RegistryUnavailable: the registry does not answer.

        """
        own = self._own.get(data[:_HEAD])
        if own is None:
            own = self._own[data[:_HEAD]] = self._codec.written(data) == (self._kind, True)
        return own


def _undecodable(kind: type[Event], error: Exception) -> Undecodable:
    return Undecodable(f"bytes are no {kind.__name__}: {type(error).__name__}: {error}")


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
            "far": _far, "signed": _signed, "instant": read_instant, "day": read_day, "new": object.__new__,
            "double": struct.Struct("<d").unpack_from, "left": _left, "union": _union,
        }  # fmt: skip
        self._count = 0

    def function(self, lines: Iterable[str], given: str = "d") -> Callable[..., Any]:
        """Return the function of these lines."""
        body = "\n".join(f"    {line}" for line in lines)
        source = f"def read({given}):\n    i = {_HEAD}\n{body}\n"
        exec(source, self.names)  # noqa: S102 -- the source is made of the contracts' own names and of nothing read
        return self.names["read"]  # type: ignore[no-any-return] # defined by the line above

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def event(self, kind: type, wanted: frozenset[str]) -> Iterator[str]:
        tops = {name.partition(".")[0] for name in wanted}
        given: dict[str, str] = {}
        for field in fields_of(kind):
            name = self._name() if field.name in tops else None
            yield from self.value(field.shape, name, _below(wanted, field.name))
            given[field.name] = name or self._absent(field)
        yield "if i != len(d): left(d, i)"
        yield from self._made(kind, given, "x")
        yield "return x"

    def gist(self, kind: type, wanted: frozenset[str]) -> Iterator[str]:
        """Yield the lines of a `Gist`: what nobody wants is passed over together."""
        tops = {name.partition(".")[0] for name in wanted}
        given: dict[str, str] = {}
        for alike, together in groupby(fields_of(kind), lambda f: None if f.name in tops else f.name not in _NEW):
            fields = list(together)
            if alike:
                lines = [line for field in fields for line in self.value(field.shape, None)]
                many = len(fields) >= _FEW or any(field.shape.of is not None for field in fields)
                yield from self._again(("passed", *(f.shape for f in fields)), lines, None) if many else lines
                continue
            for field in fields:
                name = self._name() if field.name in tops else None
                only = _below(wanted, field.name)
                lines = list(self.value(field.shape, name, only))
                if name:
                    given[field.name] = name
                large = field.shape.form == "record" or field.shape.of is not None
                yield from self._again(("read", field.shape, only), lines, name) if name and large else lines
        yield "if i != len(d): left(d, i)"
        yield from self._made(kind, given, "x")
        yield "return x"

    @staticmethod
    def _again(place: tuple[Any, ...], lines: list[str], name: str | None) -> Iterator[str]:
        """Yield the lines, and before them a look whether what they read stands there again."""
        number = _PLACES.setdefault(place, len(_PLACES))
        yield f"k = known.get({number})"
        yield f"if k is not None and d.startswith(k[0], i): i += len(k[0]){f'; {name} = k[1]' if name else ''}"
        yield "else:"
        yield from _deeper(["b = i", *lines, f"known[{number}] = (d[b:i], {name})"])

    def _made(self, record: type, given: dict[str, str], name: str) -> Iterator[str]:
        """Yield the lines that make a record of these values, by field: a draft that becomes the record."""
        yield f"{name} = new({self._constant(draft(record))})"
        for field, value in given.items():
            yield f"{name}.{field} = {value}"
        yield f"{name}.__class__ = {self._constant(record)}"

    def _absent(self, field: Field) -> str:
        if field.shape.nullable:
            return "None"
        return self._constant(_EMPTY.get(field.shape.form) if field.default is MISSING else field.default)

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def value(self, shape: Shape, name: str | None, only: frozenset[str] = frozenset()) -> Iterator[str]:
        """Yield the lines that read a value into `name`, or pass over it where there is none.

        Of the records in it `only` these fields, all of them where it is empty.
        """
        if not shape.nullable:
            yield from self._plain(shape, name, only)
            return
        yield "n = d[i]; i += 1"
        yield "if n == 2:"
        yield from _deeper(self._plain(shape, name, only))
        yield f"elif n == 0: {f'{name} = None' if name else 'pass'}"
        yield "else: union(n)"

    def _plain(self, shape: Shape, name: str | None, only: frozenset[str] = frozenset()) -> Iterator[str]:
        if shape.form == "record" and shape.record:
            given: dict[str, str] = {}
            for field in fields_of(shape.record):
                inner = self._name() if name and (not only or field.name in only) else None
                if inner:
                    given[field.name] = inner
                yield from self.value(field.shape, inner)
            if name:
                yield from self._made(shape.record, given, name)
        elif shape.form in _EMPTY and shape.of:
            yield from self._many(shape, shape.of, name, only)
        else:
            yield from self._scalar(shape, name)

    def _many(self, shape: Shape, of: Shape, name: str | None, only: frozenset[str]) -> Iterator[str]:
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
        one += self.value(of, item, only)
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
        elif shape.name == "timestamp-micros":
            yield f"{name or '_'}, i = instant(d, i)"
        elif kind in {"int", "long"}:
            yield from _NUMBER
            if name:
                yield f"{name} = {'day(signed(n))' if shape.name == 'date' else 'signed(n)'}"
        else:
            yield from _NUMBER
            if not name:
                yield "i += n >> 1"
                return
            made = {"string": "d[i:j].decode()"}.get(shape.name, "d[i:j]")
            if shape.logical:
                made = f"{self._constant(_decimals(shape.logical))}({made})"
            yield f"j = i + (n >> 1); {name} = {made}; i = j"


# One for each form of decimal: it remembers what it read.
_decimals = cache(decimal_reader)
_NUMBER: Final = ("n = d[i]; i += 1", f"if n > {_MANY}: n, i = far(d, i, n)")


def _below(wanted: frozenset[str], field: str) -> frozenset[str]:
    return frozenset(inner for top, _, inner in (name.partition(".") for name in wanted) if top == field and inner)


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


def _left(data: bytes, at: int) -> None:
    msg = f"it ends at {at} of {len(data)} bytes"
    raise ValueError(msg)


def _union(branch: int) -> None:
    msg = f"{branch} is no branch of a value that may be absent"
    raise ValueError(msg)
