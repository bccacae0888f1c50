"""A Kafka log segment read and written as a file, with right checksums: what one can do who has the broker's disk.

Record batches of magic 2, uncompressed, as https://kafka.apache.org/documentation/#recordbatch has them.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Raw", "read_segment", "write_segment"]

_HEAD = struct.Struct(">qiibI")  # base offset, length, leader epoch, magic, CRC
_BODY = struct.Struct(">hiqqqhii")  # attributes, last delta, first and last time, producer, epoch, sequence, count
_BATCH = 4


@dataclass(frozen=True)
class Raw:
    """One record as it lies in a segment."""

    key: bytes | None
    value: bytes | None


def read_segment(path: Path) -> list[Raw]:
    """Return the records of a segment."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        _, length, _, magic, _ = _HEAD.unpack_from(data, at)
        attributes, *_, count = _BODY.unpack_from(data, at + _HEAD.size)
        assert (magic, attributes & 7) == (2, 0), "an uncompressed batch of magic 2"
        inside = at + _HEAD.size + _BODY.size
        for _ in range(count):
            size, inside = _varint(data, inside)
            key, after = _field(data, _skip(data, inside + 1, 2))
            value, _ = _field(data, after)
            found.append(Raw(key, value))
            inside += size
        at += 12 + length
    return found


def write_segment(path: Path, records: list[Raw]) -> None:
    """Write records as a segment from offset 0; its indexes go, the broker makes them anew."""
    path.write_bytes(
        b"".join(_batch(first, records[first : first + _BATCH]) for first in range(0, len(records), _BATCH))
    )
    for index in path.parent.glob("*index"):
        index.unlink()


def _batch(offset: int, records: list[Raw]) -> bytes:
    inside = b""
    for delta, raw in enumerate(records):
        record = b"\0" + _encoded(0) + _encoded(delta) + _framed(raw.key) + _framed(raw.value) + _encoded(0)
        inside += _encoded(len(record)) + record
    body = _BODY.pack(0, len(records) - 1, 1, 1, -1, -1, -1, len(records)) + inside
    return _HEAD.pack(offset, len(body) + 9, 0, 2, _crc32c(body)) + body


def _varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (found >> 1) ^ -(found & 1), at


def _skip(data: bytes, at: int, number: int) -> int:
    for _ in range(number):
        _, at = _varint(data, at)
    return at


def _field(data: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _varint(data, at)
    return (None, at) if size < 0 else (data[at : at + size], at + size)


def _encoded(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _framed(data: bytes | None) -> bytes:
    return _encoded(-1) if data is None else _encoded(len(data)) + data


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)  # noqa: PLW2901 - the polynomial, bit by bit
        table.append(number)
    return table


_CRC = _table()


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
