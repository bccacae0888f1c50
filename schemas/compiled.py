"""Each contract's reader and writer as one function, put together from the form of its fields.

A schema's general reader looks at every field's type again for every record. The forms of a contract never change, so
here they are looked at once, and what is left is a line of Python for each field: about half the time of the general
way (`docs/decisions/0026-readers-and-writers-put-together.md`). Only the usual is read and written like this. A value
or a byte that is not as usual raises something, of any kind, and the general way then reads, writes or says what is
wrong. A property test holds both to the same bytes and the same events.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from threading import Lock
from typing import Any, Final

from schemas import binary
from schemas.binary import SHORT, Unfit
from schemas.contracts import Field, Shape, fields_of

__all__ = ["Read", "Write", "reader_of", "writer_of"]

Read = Callable[[bytes, int], tuple[Any, int]]
Write = Callable[[Any], bytes]

# Days from year 1 to 1970, as `date.toordinal` counts them.
_DAYS: Final = date(1970, 1, 1).toordinal()
# Lengths below these take one byte and two: seven bits each, of which one is the sign.
_ONE, _TWO = 1 << 6, 1 << 13
_SMALL: Final = tuple(bytes((2 * number,)) for number in range(_ONE))
_NULL, _SOME, _END = b"\0", b"\2", b"\0"


def reader_of(record: type) -> Read:
    """Return what reads a record at a place of some bytes: it returns the record and the place behind it.

    Raises, when called: whatever the bytes bring about where they are not as usual.
    """
    with _ONE_AT_A_TIME:
        return _FUNCTIONS.reader(record)


def writer_of(record: type) -> Write:
    """Return what writes a record.

    Raises, when called: whatever a value brings about that is not as usual.
    """
    with _ONE_AT_A_TIME:
        return _FUNCTIONS.writer(record)


def _texts(values: Sequence[str | None], nullable: Sequence[bool]) -> bytes:
    """Return texts of any letters and length, each with its length before it."""
    parts: list[bytes] = []
    for value, may_be_none in zip(values, nullable, strict=True):
        if may_be_none:
            parts.append(_NULL if value is None else _SOME)
            if value is None:
                continue
        # Unbound, so that nothing but a text is taken.
        data = str.encode(value)  # type: ignore[arg-type] # None raises here, which is right
        parts += (_length(len(data)), data)
    return b"".join(parts)


def _length(size: int) -> bytes:
    if size < _ONE:
        return _SMALL[size]
    return bytes((size << 1 & 0x7F | 0x80, size >> 6)) if size < _TWO else binary.bytes_of_long(size)


def _size_at(data: bytes, at: int) -> tuple[int, int]:
    size, at = binary.long_at(data, at)
    if size < 0:
        raise Unfit
    return size, at


def _sized(data: bytes) -> bytes:
    if type(data) is not bytes:
        raise Unfit
    return _length(len(data)) + data


def _truth(value: bool) -> bytes:
    if type(value) is not bool:
        raise Unfit
    return b"\1" if value else b"\0"


def _day(value: date) -> bytes:
    if type(value) is not date:
        raise Unfit
    return binary.bytes_of_long(value.toordinal() - _DAYS)


_GIVEN: Final[dict[str, Any]] = {
    "new": object.__new__,
    "SHORT": SHORT,
    "SMALL": _SMALL,
    "Unfit": Unfit,
    "day_of": date.fromordinal,
    "instant_at": binary.instant_at,
    "double_at": binary.double_at,
    "rest_of_long": binary.rest_of_long,
    "size_at": _size_at,
    "texts": _texts,
    "length": _length,
    "put_long": binary.bytes_of_long,
    "put_double": binary.bytes_of_double,
    "put_instant": binary.bytes_of_instant,
    "put_decimal": binary.bytes_of_decimal,
    "put_sized": _sized,
    "put_truth": _truth,
    "put_day": _day,
}


class _Functions:
    """Builds the functions of contracts and of the records inside them, each once; their names share a namespace."""

    def __init__(self) -> None:
        self._space: dict[str, Any] = dict(_GIVEN)
        self._readers: dict[type, str] = {}
        self._writers: dict[type, str] = {}
        self._names = 0

    def reader(self, record: type) -> Read:
        return self._space[self._reader(record)]  # type: ignore[no-any-return] # put there by the line before

    def writer(self, record: type) -> Write:
        return self._space[self._writer(record)]  # type: ignore[no-any-return] # as above

    def _name(self, what: str, value: Any = None) -> str:
        self._names += 1
        name = f"{what}{self._names}"
        if value is not None:
            self._space[name] = value
        return name

    def _define(self, name: str, lines: Sequence[str]) -> str:
        # The text holds nothing but the names of fields of our own types and numbers from their forms.
        exec("\n".join(lines), self._space)  # noqa: S102 - see above; dataclasses are made the same way
        return name

    # -- reading ------------------------------------------------------------------------------------------------

    def _reader(self, record: type) -> str:
        if record not in self._readers:
            name = self._readers[record] = self._name("read")
            if hasattr(record, "__post_init__"):
                msg = f"{record.__name__} has code in its constructor, which is not called here"
                raise TypeError(msg)
            kind = self._name("Kind", record)
            lines, puts = [f"def {name}(d, i):"], []
            for field in fields_of(record):
                lines += _indented(self._read(field.shape, "v"))
                value = self._name("v")
                lines.append(f"    {value} = v")
                puts.append(f"    {self._name('put', getattr(record, field.name).__set__)}(e, {value})")
            # A frozen type's own constructor takes more than twice as long: it looks every slot up by its name.
            self._define(name, [*lines, f"    e = new({kind})", *puts, "    return e, i"])
        return self._readers[record]

    def _read(self, shape: Shape, target: str) -> Iterator[str]:
        """Yield the lines that read a value at `i` of `d` into `target` and move `i` behind it."""
        if not shape.nullable:
            yield from self._read_value(shape, target)
            return
        yield "n = d[i]; i += 1"
        yield "if n == 2:"
        yield from _indented(self._read_value(shape, target))
        yield "elif n: raise Unfit"
        yield f"else: {target} = None"

    def _read_value(self, shape: Shape, target: str) -> Iterator[str]:
        if shape.form == "record" and shape.record:
            yield f"{target}, i = {self._reader(shape.record)}(d, i)"
        elif shape.form == "array" and shape.of:
            yield from self._read_array(shape.of, target)
        elif shape.form == "map" and shape.of:
            yield from self._read_map(shape.of, target)
        else:
            yield from self._read_scalar(shape, target)

    def _read_scalar(self, shape: Shape, target: str) -> Iterator[str]:
        match shape.name:
            case "string":
                yield from _SIZE
                yield f"j = i + n; {target} = d[i:j].decode(); i = j"
            case "bytes":
                yield from _SIZE
                yield f"j = i + n; {target} = d[i:j]; i = j"
            case "decimal" if shape.logical:
                make = self._name("decimal", binary.decimal_in(shape.logical.scale, shape.logical.precision))
                yield from _SIZE
                yield f"j = i + n; {target} = {make}(d[i:j]); i = j"
            case "timestamp-micros":
                yield f"{target}, i = instant_at(d, i)"
            case "date":
                yield from _LONG
                yield f"{target} = day_of(n + {_DAYS})"
            case "long":
                yield from _LONG
                yield f"{target} = n"
            case "boolean":
                yield "n = d[i]; i += 1"
                yield "if n > 1: raise Unfit"
                yield f"{target} = n == 1"
            case "double":
                yield f"{target} = double_at(d, i); i += 8"
            case _:
                msg = f"{shape.name} has no reader"
                raise TypeError(msg)

    def _read_array(self, of: Shape, target: str) -> Iterator[str]:
        found, left, value = self._name("found"), self._name("left"), self._name("value")
        yield from _SIZE
        yield "if not n:"
        yield f"    {target} = ()"
        yield "else:"
        yield f"    {found} = []"
        yield f"    for {left} in range(n):"
        yield from _indented(_indented([*self._read(of, value), f"{found}.append({value})"]))
        # Another block may follow; ours are always one.
        yield "    if d[i]: raise Unfit"
        yield "    i += 1"
        yield f"    {target} = tuple({found})"

    def _read_map(self, of: Shape, target: str) -> Iterator[str]:
        found, left, key, value = (self._name(what) for what in ("found", "left", "key", "value"))
        text = Shape("primitive", name="string")
        yield from _SIZE
        yield f"{found} = {{}}"
        yield "if n:"
        yield f"    for {left} in range(n):"
        yield from _indented(
            _indented([*self._read_value(text, key), *self._read(of, value), f"{found}[{key}] = {value}"])
        )
        yield "    if d[i]: raise Unfit"
        yield "    i += 1"
        yield f"{target} = {found}"

    # -- writing ------------------------------------------------------------------------------------------------

    def _writer(self, record: type) -> str:
        if record not in self._writers:
            name = self._writers[record] = self._name("write")
            lines = [f"def {name}(e):"]
            parts = []
            for fields in _together(fields_of(record)):
                part = self._name("p")
                if _is_text(fields[0].shape):
                    lines += _indented(_write_texts(fields, part))
                else:
                    lines += [f"    v = e.{fields[0].name}", *_indented(self._write(fields[0].shape, "v", part))]
                parts.append(part)
            self._define(name, [*lines, f'    return b"".join(({", ".join(parts)},))'])
        return self._writers[record]

    def _write(self, shape: Shape, value: str, target: str) -> Iterator[str]:
        """Yield the lines that put the bytes of `value` into `target`."""
        if not shape.nullable:
            yield f"{target} = {self._written(shape, value)}"
        else:
            yield f"{target} = {_NULL!r} if {value} is None else {_SOME!r} + {self._written(shape, value)}"

    def _written(self, shape: Shape, value: str) -> str:
        """Return the expression that is the bytes of a value that is not None."""
        if shape.form == "record" and shape.record:
            return f"{self._writer(shape.record)}({value})"
        if shape.form in ("array", "map") and shape.of:
            return f"{self._several(shape.of, keyed=shape.form == 'map')}({value})"
        if shape.name == "decimal" and shape.logical:
            return f"put_decimal({value}, {shape.logical.scale}, {shape.logical.precision})"
        if shape.name == "string":
            return f"texts(({value},), (False,))"
        put = {
            "long": "put_long",
            "bytes": "put_sized",
            "boolean": "put_truth",
            "double": "put_double",
            "timestamp-micros": "put_instant",
            "date": "put_day",
        }[shape.name]
        if put == "put_long":
            return f"(SMALL[{value}] if type({value}) is int and 0 <= {value} < 64 else put_long({value}))"
        return f"{put}({value})"

    def _several(self, of: Shape, *, keyed: bool) -> str:
        """Return the name of the function that writes an array or a map as one block."""
        name = self._name("several")
        lines = [
            f"def {name}(values):",
            f"    if not isinstance(values, {'dict' if keyed else '(tuple, list)'}): raise Unfit",
            f"    if not values: return {_END!r}",
            "    out = [length(len(values))]",
            f"    for {'k, w in values.items()' if keyed else 'w in values'}:",
        ]
        if keyed:
            lines.append("        out.append(texts((k,), (False,)))")
        lines += _indented(_indented([*self._write(of, "w", "p"), "out.append(p)"]))
        return self._define(name, [*lines, f"    out.append({_END!r})", '    return b"".join(out)'])


_FUNCTIONS: Final = _Functions()
# Codecs are made in several threads.
_ONE_AT_A_TIME: Final = Lock()

# A length, which is one byte below 64: odd is negative, and from 128 on more bytes follow.
_SIZE: Final = (
    "n = d[i]",
    "if n & 129: n, i = size_at(d, i)",
    "else: n >>= 1; i += 1",
)
_LONG: Final = (
    "n = d[i]; i += 1",
    "if n & 128: n, i = rest_of_long(d, i, n)",
    "else: n = (n >> 1) ^ -(n & 1)",
)


def _is_text(shape: Shape) -> bool:
    return shape.form == "primitive" and shape.name == "string"


def _together(fields: Sequence[Field]) -> Iterator[list[Field]]:
    """Yield the fields one by one, but texts that follow each other in one piece."""
    piece: list[Field] = []
    for field in fields:
        if _is_text(field.shape):
            piece.append(field)
            continue
        if piece:
            yield piece
            piece = []
        yield [field]
    if piece:
        yield piece


def _write_texts(fields: Sequence[Field], target: str) -> Iterator[str]:
    """Yield the lines that write texts: short ones of ASCII letters in one piece, all others one by one.

    Joined, not formatted: what is no text is refused there.
    """
    names = [f"t{number}" for number, _ in enumerate(fields)]
    pieces = []
    for name, field in zip(names, fields, strict=True):
        yield f"{name} = e.{field.name}"
        if field.shape.nullable:
            pieces.append(f'"\\0" if {name} is None else "\\2" + SHORT[len({name})] + {name}')
        else:
            pieces += [f"SHORT[len({name})]", name]
    nullable = ", ".join(str(field.shape.nullable) for field in fields)
    yield "try:"
    yield f'    {target} = "".join(({", ".join(pieces)},)).encode("ascii")'
    yield "except (IndexError, UnicodeEncodeError):"
    yield f"    {target} = texts(({', '.join(names)},), ({nullable},))"


def _indented(lines: Iterator[str] | Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]
