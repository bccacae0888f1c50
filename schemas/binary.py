"""The primitives of Avro's binary form (Avro 1.12 specification, "Binary Encoding"), as bytes and from bytes."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Final

__all__ = [
    "SHORT",
    "Unfit",
    "bytes_of_decimal",
    "bytes_of_double",
    "bytes_of_instant",
    "bytes_of_long",
    "decimal_in",
    "double_at",
    "instant_at",
    "long_at",
    "rest_of_long",
]

# Avro writes a length as a zigzag varint: below 64 that is one byte, twice the length, which is an ASCII character.
SHORT: Final = tuple(chr(2 * length) for length in range(64))

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MORE: Final = 0x80
# Micros since 1970 take eight bytes from the year 1987 to 2540, so nearly every moment does.
_USUAL: Final = 8
# Ten bytes hold 70 bits, the most that a 64-bit number takes.
_LONGEST: Final = 10
_LEAST: Final = -(1 << 63)
_MOST: Final = (1 << 63) - 1
_DOUBLE: Final = struct.Struct("<d")
# Most events repeat a moment that was met just before; then it is looked up. Emptied when full: keeping count of what
# was used last would cost what it saves.
_KEPT: Final = 4_096
_met: Final[dict[datetime, bytes]] = {}
_read: Final[dict[bytes, datetime]] = {}


class Unfit(ValueError):
    """The value or the bytes are not of the form that is usual: the schema's own reader or writer has to judge."""


def bytes_of_long(number: int) -> bytes:
    """Return Avro's zigzag varint of a 64-bit number.

    Raises:
        Unfit: it is no whole number, or has more than 64 bits.

    """
    if type(number) is not int or not _LEAST <= number <= _MOST:
        raise Unfit
    left = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest := left >> 7:
        out.append(left & 0x7F | _MORE)
        left = rest
    out.append(left)
    return bytes(out)


def long_at(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    return rest_of_long(data, at + 1, data[at])


def rest_of_long(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Return the number whose `first` byte stands before the place, and the place behind it.

    Raises:
        Unfit: it is longer than a 64-bit number can be.
        IndexError: the bytes end within it.

    """
    left, shift, byte, end = first & 0x7F, 7, first, at + _LONGEST - 1
    while byte & _MORE:
        if at == end:
            raise Unfit
        byte = data[at]
        at += 1
        left |= (byte & 0x7F) << shift
        shift += 7
    return (left >> 1) ^ -(left & 1), at


def bytes_of_instant(moment: datetime) -> bytes:
    """Return microseconds since 1970 as a long.

    Raises:
        TypeError: it has no zone, or is no moment; the schema's writer says what that means.

    """
    known = _met.get(moment)
    if known is None:
        since = moment - _EPOCH
        known = bytes_of_long((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
        if len(_met) >= _KEPT:
            _met.clear()
        _met[moment] = known
    return known


def instant_at(data: bytes, at: int) -> tuple[datetime, int]:
    """Return the moment at a place (UTC), and the place behind it.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.

    """
    usual = data[at : at + _USUAL]
    known = _read.get(usual)
    if known is not None:
        return known, at + _USUAL
    micros, end = long_at(data, at)
    moment = _EPOCH + timedelta(microseconds=micros)
    if end - at == _USUAL:
        if len(_read) >= _KEPT:
            _read.clear()
        _read[usual] = moment
    return moment, end


def bytes_of_decimal(value: Decimal, scale: int, precision: int) -> bytes:
    """Return a decimal's unscaled number, big end first, with its length before it.

    Raises:
        Unfit: it is none, not finite, or has more digits than `precision` and `scale` allow.

    """
    if type(value) is not Decimal:
        raise Unfit
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent + scale < 0:
        raise Unfit
    if value and value.adjusted() >= precision - scale:
        raise Unfit
    if len(digits) > precision:
        raise Unfit
    units = 0
    for digit in digits:
        units = units * 10 + digit
    if units:
        # Not of a zero, whose exponent may be of any size.
        units *= 10 ** (exponent + scale)
    size = (units.bit_length() + 8) >> 3
    return bytes((2 * size,)) + (-units if sign else units).to_bytes(size, signed=True)


def decimal_in(scale: int, precision: int) -> Callable[[bytes], Decimal]:
    """Return what makes a decimal of its unscaled number's bytes, big end first."""
    context = Context(prec=precision)
    create = context.create_decimal

    def decimal(data: bytes) -> Decimal:
        return create(int.from_bytes(data, signed=True)).scaleb(-scale, context)

    return decimal


def bytes_of_double(value: float) -> bytes:
    """Return a double, little end first.

    Raises:
        Unfit: it is none.

    """
    if type(value) is not float:
        raise Unfit
    return _DOUBLE.pack(value)


def double_at(data: bytes, at: int) -> float:
    """Return the double at a place."""
    return _DOUBLE.unpack_from(data, at)[0]  # type: ignore[no-any-return] # the format holds one double
