"""Avro read and written by functions made for each event type, in a third of the time of walking its schema.

Most of an event goes through a stage unchanged: facts, lines, decisions. What was read last is remembered with its
bytes (`Parts`), and where the same object is written again its bytes are copied instead of made anew. Records are
frozen, so an object that is still the same has the same bytes. Where a part's bytes stand again that were read last,
as with the entries of one expense, the object made of them then is taken: no value's bytes begin another value's.

These functions take what is usual and raise for everything else (damaged bytes, a value of another type); whoever
calls them then asks the schema's own reader or writer, which takes it or says what is wrong. Property tests hold both
to the same bytes and the same events.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from schemas.contracts import Shape, fields_of
from schemas.envelope import Event
from schemas.fields import Logical
from schemas.frozen import draft
from schemas.scalars import (
    decimal_reader,
    decimal_writer,
    read_day,
    read_instant,
    read_long,
    read_size,
    write_day,
    write_instant,
    write_long,
)

__all__ = ["SHORT", "UNUSUAL", "Parts", "Quick", "quick"]

# What was read last: by the object's id, which kind of part it is and its bytes. The object is kept with them, so
# that its id stays its own.
Parts = dict[int, tuple[int, bytes, object]]
# What the functions raise where bytes or values are not the usual ones.
UNUSUAL: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error)

# Avro's numbers are zigzag varints of seven bits a byte; up to 63 they are one byte.
_SIZED: Final = tuple(bytes((2 * length,)) for length in range(64))
# The same as letters, to be put between the letters of texts.
SHORT: Final = tuple(chr(2 * length) for length in range(64))
_COMPOSITE: Final = frozenset({"record", "array", "map"})
# Numbers of the forms, the same for every type, so that bytes are copied only where the same form is written.
_KINDS: Final[dict[Shape, int]] = {}
# Of each form the part that was read last, as `Parts` has it.
_LAST: Final[dict[int, tuple[int, bytes, object]]] = {}


@dataclass(frozen=True, slots=True)
class Quick:
    """The two functions of one event type.

    `read(data, start, parts)` returns the event and where it ends, and notes its parts; `write(event, add, parts)`
    gives the event's bytes to `add`, piece by piece.
    """

    read: Callable[[bytes, int, Parts], tuple[Event, int]]
    write: Callable[[Event, Callable[[bytes], object], Parts], None]


def _is_text(shape: Shape) -> bool:
    return shape.form == "primitive" and shape.name == "string"


def quick(kind: type[Event]) -> Quick:
    """Return the functions of an event type, made from its fields the first time they are asked for."""
    if kind not in _MADE:
        source = _Source(kind)
        source.record(kind)
        # The text is made from the project's own types, as `dataclasses` makes theirs.
        exec(source.text(), source.names)  # noqa: S102 - see above
        _MADE[kind] = Quick(source.names[f"read_{kind.__name__}"], source.names[f"write_{kind.__name__}"])
    return _MADE[kind]


# There are as many entries as types of events.
_MADE: Final[dict[type[Event], Quick]] = {}


class _Source:
    """Python text of a type's functions, written record by record; `names` is what the text refers to."""

    def __init__(self, kind: type) -> None:
        self._kind_of_event = kind
        self.names: dict[str, Any] = {
            "new": object.__new__,
            "sized": _SIZED,
            "short": SHORT,
            "long": write_long,
            "read_long": read_long,
            "read_size": read_size,
            "instant": write_instant,
            "read_instant": read_instant,
            "day": write_day,
            "read_day": read_day,
            "pack": struct.Struct("<d").pack,
            "unpack": struct.Struct("<d").unpack_from,
        }
        self._lines: list[str] = []
        self._known: set[type] = set()
        self._locals = 0

    def text(self) -> str:
        """Return what was written."""
        return "\n".join(self._lines)

    def record(self, record: type) -> None:
        """Write the two functions of a record, after those of the records in it."""
        if record in self._known:
            return
        self._known.add(record)
        fields = [(field.name, field.shape) for field in fields_of(record)]
        for _, shape in fields:
            self._inner(shape)
        name, noted = record.__name__, record is self._kind_of_event
        self.names[name] = record
        self._say(0, f"def read_{name}(data, p{', parts' if noted else ''}):")
        values = [self._local() for _ in fields]
        for (_, shape), value in zip(fields, values, strict=True):
            self._read(1, shape, value, noted=noted)
        self.names[f"{name}Draft"] = draft(record)
        self._say(1, f"x = new({name}Draft)")
        for (field, _), value in zip(fields, values, strict=True):
            self._say(1, f"x.{field} = {value}")
        self._say(1, f"x.__class__ = {name}", "return x, p")
        self._say(0, f"def write_{name}(x, add, parts):")
        for texts, together in groupby(fields, lambda field: _is_text(field[1])):
            if texts:
                self._write_texts(1, list(together))
                continue
            for field, shape in together:
                self._say(1, f"v = x.{field}")
                self._write(1, shape, "v", noted=noted)

    def _inner(self, shape: Shape) -> None:
        if shape.record:
            self.record(shape.record)
        if shape.of:
            self._inner(shape.of)
        if shape.logical and shape.logical.name == "decimal":
            self.names[self._decimal(shape.logical)] = decimal_writer(shape.logical)
            self.names[f"read_{self._decimal(shape.logical)}"] = decimal_reader(shape.logical)

    @staticmethod
    def _decimal(logical: Logical) -> str:
        return f"decimal_{logical.precision}_{logical.scale}"

    def _say(self, depth: int, *lines: str) -> None:
        self._lines.extend("    " * depth + line for line in lines)

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    @staticmethod
    def _kind(shape: Shape) -> int:
        return _KINDS.setdefault(replace(shape, nullable=False), len(_KINDS))

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self, depth: int, shape: Shape, into: str, *, noted: bool) -> None:
        if shape.nullable:
            self._say(depth, "n = data[p]", "p += 1", f"if n == 0: {into} = None", "elif n != 2: raise ValueError")
            self._say(depth, "else:")
            depth += 1
        if noted and shape.form in _COMPOSITE:
            start, kind, known = self._local(), self._kind(shape), self._local()
            self.names["last"] = _LAST
            self._say(depth, f"{known} = last.get({kind})")
            self._say(depth, f"if {known} is not None and data.startswith({known}[1], p):")
            self._say(depth + 1, f"{into} = {known}[2]", f"p += len({known}[1])")
            self._say(depth, "else:")
            self._say(depth + 1, f"{start} = p")
            self._read_bare(depth + 1, shape, into, noted=True)
            self._say(depth + 1, f"last[{kind}] = {known} = ({kind}, data[{start}:p], {into})")
            self._say(depth, f"parts[id({into})] = {known}")
        else:
            self._read_bare(depth, shape, into, noted=False)

    def _read_bare(self, depth: int, shape: Shape, into: str, *, noted: bool) -> None:
        if shape.form == "record":
            self._say(depth, f"{into}, p = read_{shape.name}(data, p)")
        elif shape.form in {"array", "map"} and shape.of:
            self._read_many(depth, shape, shape.of, into, noted=noted and shape.of.form == "record")
        elif shape.name in {"string", "bytes", "decimal"}:
            self._size(depth)
            taken = {"string": "data[p:p + n].decode()", "bytes": "data[p:p + n]"}.get(shape.name)
            if shape.logical:
                taken = f"read_{self._decimal(shape.logical)}(data[p:p + n])"
            self._say(depth, f"{into} = {taken}", "p += n")
        elif shape.name == "double":
            self._say(depth, f"{into}, = unpack(data, p)", "p += 8")
        elif shape.name == "boolean":
            self._say(depth, "n = data[p]", "p += 1", "if n > 1: raise ValueError", f"{into} = n == 1")
        elif shape.name == "timestamp-micros":
            self._say(depth, f"{into}, p = read_instant(data, p)")
        else:
            self._say(depth, "n = data[p]", "if n < 128:", "    n = (n >> 1) ^ -(n & 1)", "    p += 1")
            self._say(depth, "else: n, p = read_long(data, p)")
            self._say(depth, f"{into} = {'read_day(n)' if shape.name == 'date' else 'n'}")

    def _read_many(self, depth: int, shape: Shape, of: Shape, into: str, *, noted: bool) -> None:
        many, number, one = self._local(), self._local(), self._local()
        self._say(depth, f"{many} = {'{}' if shape.form == 'map' else '[]'}", "while data[p]:")
        self._size(depth + 1)
        self._say(depth + 1, f"for {number} in range(n):")
        if shape.form == "map":
            key = self._local()
            self._size(depth + 2)
            self._say(depth + 2, f"{key} = data[p:p + n].decode()", "p += n")
            self._read(depth + 2, of, one, noted=False)
            self._say(depth + 2, f"{many}[{key}] = {one}")
        else:
            self._read(depth + 2, of, one, noted=noted)
            self._say(depth + 2, f"{many}.append({one})")
        self._say(depth, "p += 1", f"{into} = {many if shape.form == 'map' else f'tuple({many})'}")

    def _size(self, depth: int) -> None:
        # A byte that goes on, or is odd and so negative, is for the long way.
        self._say(depth, "n = data[p]", "if n & 129: n, p = read_size(data, p)", "else:", "    n >>= 1", "    p += 1")

    # -- writing ------------------------------------------------------------------------------------------------

    def _write(self, depth: int, shape: Shape, value: str, *, noted: bool) -> None:
        if shape.nullable:
            self._say(depth, f"if {value} is None: add(b'\\0')", "else:")
            depth += 1
            self._say(depth, "add(b'\\2')")
        if noted and shape.form in _COMPOSITE:
            self._say(depth, f"k = parts.get(id({value}))")
            self._say(depth, f"if k is not None and k[0] == {self._kind(shape)}: add(k[1])", "else:")
            depth += 1
        self._write_bare(depth, shape, value, noted=noted)

    def _write_texts(self, depth: int, fields: Sequence[tuple[str, Shape]]) -> None:
        """Write texts that follow each other: short ones of ASCII letters in one piece, any others one by one.

        Joined, not formatted: what is no text is refused there.
        """
        pieces = []
        for field, shape in fields:
            value = self._local()
            self._say(depth, f"{value} = x.{field}")
            short = f"short[len({value})], {value}"
            if shape.nullable:
                short = f'"\\0" if {value} is None else "\\2" + short[len({value})] + {value}'
            pieces.append((value, shape, short))
        whole = ", ".join(short for _, _, short in pieces)
        self._say(depth, f'try: add("".join(({whole},)).encode("ascii"))')
        self._say(depth, "except (IndexError, UnicodeEncodeError):")
        for value, shape, _ in pieces:
            self._write(depth + 1, shape, value, noted=False)

    def _write_bare(self, depth: int, shape: Shape, value: str, *, noted: bool) -> None:
        if shape.form == "record":
            self._say(depth, f"write_{shape.name}({value}, add, parts)")
        elif shape.form in {"array", "map"} and shape.of:
            self._write_many(depth, shape, shape.of, value, noted=noted and shape.of.form == "record")
        elif shape.name == "string":
            self._say(depth, f"s = {value}.encode()", "n = len(s)", "add(sized[n] if n < 64 else long(n))", "add(s)")
        elif shape.name == "bytes":
            self._say(depth, f"if {value}.__class__ is not bytes: raise TypeError")
            self._say(depth, f"add(long(len({value})))", f"add({value})")
        elif shape.logical:
            name = {"timestamp-micros": "instant", "date": "day"}.get(shape.name) or self._decimal(shape.logical)
            self._say(depth, f"add({name}({value}))")
        elif shape.name == "double":
            self._say(depth, f"if {value}.__class__ is not float: raise TypeError", f"add(pack({value}))")
        elif shape.name == "boolean":
            self._say(depth, f"if {value} is True: add(b'\\1')", f"elif {value} is False: add(b'\\0')")
            self._say(depth, "else: raise TypeError")
        else:
            self._say(depth, f"if {value}.__class__ is not int: raise TypeError")
            self._say(depth, f"add(sized[{value}] if 0 <= {value} < 64 else long({value}))")

    def _write_many(self, depth: int, shape: Shape, of: Shape, value: str, *, noted: bool) -> None:
        one = self._local()
        holder, walk = ("dict", f"{value}.items()") if shape.form == "map" else ("tuple", value)
        self._say(depth, f"if {value}.__class__ is not {holder}: raise TypeError")
        self._say(depth, f"if {value}:")
        self._say(depth + 1, f"n = len({value})", "add(sized[n] if n < 64 else long(n))")
        if shape.form == "map":
            key = self._local()
            self._say(depth + 1, f"for {key}, {one} in {walk}:")
            self._write(depth + 2, Shape("primitive", name="string"), key, noted=False)
        else:
            self._say(depth + 1, f"for {one} in {walk}:")
        self._write(depth + 2, of, one, noted=noted)
        self._say(depth, "add(b'\\0')")
