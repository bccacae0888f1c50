"""Which folders of a ledger's history may hold anything, told from memory: most look-ups are for what is not there.

A line asks whether its expense was here before, whether anyone shares its prints, whether purchases beside it could be
parts of one. Nearly always the answer is no, and asking the state file for it costs tens of microseconds each, the more
the longer the history. A Bloom filter answers most of these questions without the file (B. Bloom, Space/time trade-offs
in hash coding with allowable errors, CACM 13/7, 1970): it never says no to what is there, so it changes no decision.

It is no state: it is filled from the state a piece at a time, as events come, and says "maybe" to everything until
it has seen all of it. What is written meanwhile is noted too; what is removed stays a maybe.
"""

from collections.abc import Callable, Iterable
from typing import Final

from consumers.runtime.stage import Store

__all__ = ["Known", "Names"]

# From a key under the ledger's and its value to the names by which what it holds is asked for.
Names = Callable[[str, bytes], Iterable[str]]
# The families of keys that are asked for and mostly absent.
_FAMILIES: Final = ("day/", "left/", "part/", "print/", "purchase/")
# The code point after "/": it closes a folder.
_AFTER: Final = "0"
# Keys that one event reads of a history that is not wholly known: a quarter of a millisecond.
_PIECE: Final = 256
# Twelve bits for each name and three of them set: one no in a hundred is a maybe. Each layer is eight times as large as
# the one before, up to 2 MiB, some 300,000 lines. There are so many at most; beyond, more answers are "maybe".
_BITS_EACH: Final = 12
_FIRST: Final = 1 << 15
_GROWTH: Final = 8
_LARGEST: Final = 1 << 24
_LAYERS: Final = 8


class Known:
    """The folders of one ledger, whose keys begin with `at`, and what lies in values of several; `names` tells them.

    `hash` of a text differs from process to process; here that changes only which rare folder is looked for in vain.
    """

    def __init__(self, store: Store, at: str, names: Names) -> None:
        self._store, self._at, self._names = store, at, names
        self._layers: list[tuple[bytearray, int]] = []
        self._room = 0
        self._grow(_FIRST)
        self._left = list(_FAMILIES)
        self._next = ""

    def read_on(self) -> None:
        """Take in the next piece of a history that is not wholly known.

        To be called before an event writes anything: what it would remove and then fail to would be missing here.
        """
        if not self._left:
            return
        family = self._at + self._left[0]
        count, last = 0, ""
        for key, value in self._store.range(self._next or family, family[:-1] + _AFTER, _PIECE):
            last = key
            count += 1
            for name in self._names(key[len(self._at) :], value):
                self.note(name)
        self._next = f"{last}\0"
        if count < _PIECE:
            self._left.pop(0)
            self._next = ""

    def note(self, name: str) -> None:
        """Take note of a name that is written under."""
        number = hash(name)
        bits, mask = self._layers[-1]
        new = False
        for place in (number & mask, number >> 19 & mask, number >> 38 & mask):
            if not bits[place >> 3] >> (place & 7) & 1:
                bits[place >> 3] |= 1 << (place & 7)
                new = True
        # What is noted again and again, such as a person's purchases, takes no room.
        self._room -= new
        if not self._room and len(self._layers) < _LAYERS:
            self._grow(min((mask + 1) * _GROWTH, _LARGEST))

    def may_hold(self, name: str) -> bool:
        """Return False where there is nothing under a name for certain; a folder goes without its closing slash."""
        if self._left:
            return True
        number = hash(name)
        for bits, mask in self._layers:
            place = number & mask
            if bits[place >> 3] >> (place & 7) & 1:
                place = number >> 19 & mask
                if bits[place >> 3] >> (place & 7) & 1:
                    place = number >> 38 & mask
                    if bits[place >> 3] >> (place & 7) & 1:
                        return True
        return False

    def _grow(self, bits: int) -> None:
        self._layers.append((bytearray(bits // 8), bits - 1))
        self._room = bits // _BITS_EACH
