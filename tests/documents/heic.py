"""A HEIC picture made without an encoder: one block of HEVC, its samples written plainly (I_PCM), in the boxes of HEIF.

Sections are those of ITU-T H.265 (bitstream) and ISO/IEC 23008-12 (boxes). Sixteen pixels square is one coding block,
so that the arithmetic coder has three decisions to write.
"""

import struct
from collections.abc import Sequence

SIDE = 16
_GREY = 128  # of both colour planes: no colour


class _Bits:
    """Bits, most significant first."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, width: int) -> None:
        """Write an unsigned number of so many bits."""
        self.text += f"{value:0{width}b}"

    def ue(self, *values: int) -> None:
        """Write exponential Golomb codes (9.2)."""
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code

    def stop(self) -> bytes:
        """Close with the stop bit and zeros to the next byte (7.3.2.11)."""
        self.text += "1"
        return self.aligned()

    def aligned(self) -> bytes:
        """Fill up with zeros."""
        self.text += "0" * (-len(self.text) % 8)
        return int(self.text, 2).to_bytes(len(self.text) // 8, "big")


class _Coder:
    """The arithmetic coder (9.3.4): one bin of the likelier value, and bins that terminate."""

    def __init__(self, bits: _Bits) -> None:
        self.bits, self.low, self.range = bits, 0, 510
        self.first, self.outstanding = True, 0

    def likelier(self) -> None:
        """The more probable value of a context in its first state, whose other value has 240 of a range of 510."""
        self.range -= 240
        self._renorm()

    def end(self) -> None:
        """A terminating bin of value one, and the flush after it; the last bit written is a one."""
        self.range -= 2
        self.low += self.range
        self.range = 2
        self._renorm()
        self._put(self.low >> 9 & 1)
        self.bits.u(self.low >> 7 & 3 | 1, 2)

    def _renorm(self) -> None:
        while self.range < 256:
            if self.low < 256:
                self._put(0)
            elif self.low >= 512:
                self.low -= 512
                self._put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range <<= 1
            self.low <<= 1

    def _put(self, bit: int) -> None:
        if self.first:
            self.first = False
        else:
            self.bits.u(bit, 1)
        self.bits.text += str(1 - bit) * self.outstanding
        self.outstanding = 0


def _profile(bits: _Bits) -> None:
    """Main Still Picture at level 1 (7.3.3)."""
    for value, width in ((0, 2), (0, 1), (3, 5), (1 << 28 | 1 << 29, 32), (0b1001, 4), (0, 44), (30, 8)):
        bits.u(value, width)


def _nal(kind: int, payload: bytes) -> bytes:
    """A NAL unit with its two bytes of header, and the bytes that keep start codes out (7.3.1)."""
    body, zeros = bytearray(), 0
    for byte in payload:
        if zeros == 2 and byte <= 3:
            body.append(3)
            zeros = 0
        body.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes((kind << 1, 1)) + bytes(body)


def _vps() -> bytes:
    bits = _Bits()
    for value, width in ((0, 4), (3, 2), (0, 6), (0, 3), (1, 1), (0xFFFF, 16)):
        bits.u(value, width)
    _profile(bits)
    bits.u(1, 1)
    bits.ue(0, 0, 0)  # one picture is kept, none is reordered
    bits.u(0, 6)
    bits.ue(0)
    bits.u(0, 2)  # no timing, no extension
    return _nal(32, bits.stop())


def _sps() -> bytes:
    bits = _Bits()
    for value, width in ((0, 4), (0, 3), (1, 1)):
        bits.u(value, width)
    _profile(bits)
    bits.ue(0, 1, SIDE, SIDE)  # 4:2:0
    bits.u(0, 1)
    bits.ue(0, 0, 0)  # eight bits deep
    bits.u(1, 1)
    bits.ue(0, 0, 0)
    bits.ue(1, 0, 0, 2, 0, 0)  # coding blocks of 16 only, transforms of 4 to 16
    for value, width in ((0, 1), (0, 1), (0, 1), (1, 1), (7, 4), (7, 4)):
        bits.u(value, width)  # plain samples of eight bits
    bits.ue(1, 0)
    bits.u(1, 1)  # and no filter over them
    bits.ue(0)
    bits.u(0, 5)
    return _nal(33, bits.stop())


def _pps() -> bytes:
    bits = _Bits()
    bits.ue(0, 0)
    bits.u(0, 7)
    bits.ue(0, 0, 0)
    bits.u(0, 3)
    bits.ue(0, 0)
    bits.u(0, 10)
    bits.ue(0)
    bits.u(0, 2)
    return _nal(34, bits.stop())


def _slice(pixels: Sequence[int]) -> bytes:
    bits = _Bits()
    bits.u(0b10, 2)
    bits.ue(0, 2, 0)  # an I slice at the picture's quantiser
    bits.stop()
    coder = _Coder(bits)
    coder.likelier()  # part_mode: the whole block
    coder.end()  # pcm_flag
    bits.aligned()
    for sample in (*pixels, *(_GREY,) * (SIDE * SIDE // 2)):
        bits.u(sample, 8)
    _Coder(bits).end()  # end_of_slice_segment_flag; its last bit is the stop bit
    return _nal(20, bits.aligned())


def _box(kind: str, content: bytes, version: int | None = None) -> bytes:
    full = b"" if version is None else struct.pack(">I", version << 24)
    return struct.pack(">I", 8 + len(full) + len(content)) + kind.encode() + full + content


def _hvcc() -> bytes:
    head = bytes((1, 3)) + struct.pack(">I", 1 << 28 | 1 << 29) + bytes((0x90, 0, 0, 0, 0, 0, 30))
    head += bytes((0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 3))
    for kind, unit in ((32, _vps()), (33, _sps()), (34, _pps())):
        head += struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit
    return head


def heic(pixels: Sequence[int]) -> bytes:
    """A HEIC file of 16 x 16 grey pixels, row after row."""
    unit = _slice(pixels)
    data = struct.pack(">I", len(unit)) + unit
    ftyp = _box("ftyp", b"heic\0\0\0\0mif1heic")

    def meta(offset: int) -> bytes:
        item = _box("infe", struct.pack(">HH", 1, 0) + b"hvc1\0", 2)
        place = bytes((0x44, 0)) + struct.pack(">HHHH", 1, 1, 0, 1) + struct.pack(">II", offset, len(data))
        shape = _box("ispe", struct.pack(">II", SIDE, SIDE), 0)
        properties = _box("ipco", _box("hvcC", _hvcc()) + shape)
        linked = _box("ipma", struct.pack(">IHBBB", 1, 1, 2, 0x81, 2), 0)
        return _box(
            "meta",
            _box("hdlr", b"\0\0\0\0pict" + b"\0" * 13, 0)
            + _box("pitm", struct.pack(">H", 1), 0)
            + _box("iinf", struct.pack(">H", 1) + item, 0)
            + _box("iloc", place, 0)
            + _box("iprp", properties + linked),
            0,
        )

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + _box("mdat", data)
