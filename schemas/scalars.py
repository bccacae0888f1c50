"""Avro's scalars in bytes, and back: numbers, moments, days and decimals, as fastavro writes them.

What is out of the ordinary raises, so that the schema's own reader or writer can say what is wrong with it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

from schemas.fields import Logical

__all__ = [
    "decimal_reader",
    "decimal_writer",
    "read_day",
    "read_instant",
    "read_long",
    "read_size",
    "write_day",
    "write_instant",
    "write_long",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_LONG_BITS: Final = 64
_MORE: Final = 0x80  # the bit of a number that goes on
_LONGER: Final = 0x81  # and with it that of a negative one
# Amounts, rates, days and moments come again and again.
_REMEMBERED: Final = 16_384
_USUAL: Final = 8


def write_long(number: int) -> bytes:
    """Return Avro's zigzag varint of a 64-bit number."""
    left = (number << 1) ^ (number >> _LONG_BITS - 1)
    if left >> _LONG_BITS:
        raise OverflowError
    out = bytearray()
    while rest := left >> 7:
        out.append(left & 0x7F | 0x80)
        left = rest
    out.append(left)
    return bytes(out)


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and where it ends."""
    value = shift = 0
    while (byte := data[at]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift >= _LONG_BITS:
            raise OverflowError
    value |= byte << shift
    if value >> _LONG_BITS:
        raise OverflowError
    return (value >> 1) ^ -(value & 1), at + 1


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """Return the length that begins at a place, and where it ends."""
    first, second = data[at], data[at + 1]
    if first & _LONGER == _MORE and second < _MORE:
        # Two bytes, as every length from 64 to 8,191 takes.
        return (first & 0x7F | second << 7) >> 1, at + 2
    size, at = read_long(data, at)
    if size < 0:
        raise ValueError
    return size, at


def decimal_writer(logical: Logical) -> Callable[[Decimal], bytes]:
    """Return what writes decimals of a scale, with their length in front."""
    precision, scale, exact = logical.precision, logical.scale, Context(prec=2 * logical.precision)

    def write(value: Decimal) -> bytes:
        if value.__class__ is not Decimal:
            raise TypeError
        _, digits, exponent = value.as_tuple()
        # A number that is none has a letter for its exponent, which cannot be added to.
        places = exponent + scale  # type: ignore[operator]
        if places < 0 or len(digits) > precision or (value and value.adjusted() >= precision - scale):
            raise ValueError
        unscaled = int(value.scaleb(scale, exact))
        size = (unscaled.bit_length() + 8) // 8
        return bytes((2 * size,)) + unscaled.to_bytes(size, "big", signed=True)

    return write


def decimal_reader(logical: Logical) -> Callable[[bytes], Decimal]:
    """Return what reads decimals of a scale, their length taken off."""
    least, scale, exact = 10**logical.precision, -logical.scale, Context(prec=logical.precision)

    @lru_cache(_REMEMBERED)
    def read(data: bytes) -> Decimal:
        unscaled = int.from_bytes(data, "big", signed=True)
        if not -least < unscaled < least:
            raise ValueError
        return Decimal(unscaled).scaleb(scale, exact)

    return read


@lru_cache(_REMEMBERED)
def write_instant(moment: datetime) -> bytes:
    """Return a moment in microseconds since 1970."""
    if moment.__class__ is not datetime or moment.tzinfo is None:
        raise TypeError
    since = moment - _EPOCH
    return write_long((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def read_instant(data: bytes, at: int) -> tuple[datetime, int]:
    """Return the moment that begins at a place, and where it ends."""
    known = _usual_instant(data[at : at + _USUAL])
    if known is not None:
        return known, at + _USUAL
    micros, end = read_long(data, at)
    return _EPOCH + timedelta(microseconds=micros), end


@lru_cache(_REMEMBERED)
def _usual_instant(data: bytes) -> datetime | None:
    """Return the moment that takes all of eight bytes, as those of the years 1987 to 2540 do; None for any other."""
    try:
        micros, end = read_long(data, 0)
    except IndexError:
        return None
    return _EPOCH + timedelta(microseconds=micros) if end == _USUAL else None


@lru_cache(_REMEMBERED)
def write_day(day: date) -> bytes:
    """Return a day in days since 1970."""
    if day.__class__ is not date:
        raise TypeError
    return write_long(day.toordinal() - _FIRST_DAY)


@lru_cache(_REMEMBERED)
def read_day(days: int) -> date:
    """Return the day so many days after 1970."""
    return date.fromordinal(days + _FIRST_DAY)
