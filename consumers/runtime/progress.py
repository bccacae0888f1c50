"""How far a partition is done: the frontier and what is complete beyond it.

Committed with every transaction: the frontier as the offset, the completed offsets beyond it as a bitset in the
offset's metadata, so that slow records hold back no commit and no finished one is done again after a restart.
"""

import base64
import zlib
from collections.abc import Iterable

from consumers.runtime.transport import Offset

__all__ = ["WINDOW", "Progress"]

# The broker takes 4,096 bytes of metadata by default (offset.metadata.max.bytes). Base64 carries six bits a byte:
# 16,384 offsets need 2,731 bytes, so the window leaves room for the version mark and a larger group header.
WINDOW = 16_384
_MARK, _PACKED = "1:", "2:"


class Progress:
    """Frontier and completed offsets of one owned partition.

    Offsets come in rising order but not without gaps (transaction markers, compaction), so the frontier is the
    lowest offset still in work, or the position when none is. `read` is the offset after the last record that came:
    one below it has come before.
    """

    __slots__ = ("_done", "_next", "_open", "read", "skip")

    def __init__(self, committed: Offset | None) -> None:
        self._next = self.read = committed.next if committed else 0
        # Insertion order is offset order, so the first key is the lowest in work.
        self._open: dict[int, float] = {}
        self._done: set[int] = set()
        self.skip: set[int] = set(_decode(committed)) if committed else set()

    def fetched(self, offset: int, now: float = 0.0) -> None:
        """Note that an offset is in work since `now` (monotonic seconds)."""
        self._open[offset] = now
        self._next = self.read = offset + 1

    def passed(self, offset: int) -> None:
        """Note an offset that needs no work: it was complete before the restart."""
        self.skip.discard(offset)
        if self._open:
            self._done.add(offset)
        self._next = self.read = offset + 1

    def complete(self, offset: int) -> None:
        """Note that an offset is done."""
        del self._open[offset]
        if self._open:
            self._done.add(offset)

    def moved(self, position: int) -> None:
        """Note how far reading got, past transaction markers."""
        self._next = max(self._next, position)

    @property
    def frontier(self) -> int:
        """The lowest offset not done yet."""
        return next(iter(self._open)) if self._open else self._next

    @property
    def open(self) -> int:
        """How many offsets are in work."""
        return len(self._open)

    @property
    def since(self) -> float:
        """When the lowest offset in work was fetched; 0 when none is."""
        return next(iter(self._open.values()), 0.0)

    @property
    def span(self) -> int:
        """How far reading is ahead of the frontier; beyond `WINDOW` the partition has to pause."""
        return self._next - self.frontier

    def offset(self) -> Offset:
        """Return what to commit."""
        frontier = self.frontier
        beyond = {o for o in self._done if o > frontier} if self._open else set()
        self._done = beyond
        # What an earlier owner completed beyond and this one has not come to yet must stay marked.
        marked = beyond | {o for o in self.skip if o >= frontier}
        return Offset(frontier, _encode(frontier, marked) if marked else "")


def _encode(frontier: int, offsets: Iterable[int]) -> str:
    bits = 0
    for offset in offsets:
        bits |= 1 << (offset - frontier)
    packed = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    if len(packed) * 8 <= WINDOW:
        return _MARK + base64.b64encode(packed).decode()
    # Only gaps (compacted or aborted records) stretch it so far, and long runs of zeros compress to almost nothing.
    return _PACKED + base64.b64encode(zlib.compress(packed, 9)).decode()


def _decode(committed: Offset) -> Iterable[int]:
    kind, text = committed.metadata[: len(_MARK)], committed.metadata[len(_MARK) :]
    if kind not in (_MARK, _PACKED):
        return
    packed = base64.b64decode(text)
    bits = int.from_bytes(zlib.decompress(packed) if kind == _PACKED else packed, "little")
    while bits:
        low = bits & -bits
        yield committed.next + low.bit_length() - 1
        bits ^= low
