"""What the C library keeps of the memory a stage has given back, and what the collector need not look at."""

import ctypes
import gc
from collections.abc import Callable
from typing import Final

__all__ = ["Heap", "set_aside"]

# `mallopt`'s name for the number of arenas, from malloc.h.
_ARENA_MAX: Final = -8
_ARENAS: Final = 2
# Often enough that what long batches leave does not add up, seldom enough to cost nothing: a walk takes some
# milliseconds.
_EVERY_S: Final = 2.0


class Heap:
    """The C library's heap, where it is one that can be told: the client's threads share two arenas of it.

    By default each thread gets one of its own, and what a thread has freed in one is of no use to the others: batches
    pass from one to the next, so a stage that is behind would grow with every larger batch. What is free in the middle
    of an arena stays with the process until it is asked to hand it back.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        library = ctypes.CDLL(None)
        self._trim = getattr(library, "malloc_trim", None)
        self._now, self._due = now, now() + _EVERY_S
        self._used = True
        mallopt = getattr(library, "mallopt", None)
        if mallopt is not None:
            mallopt(_ARENA_MAX, _ARENAS)

    def look(self, came: int) -> None:
        """Hand back what is free, when it is time again; `came` is how many records have come since the last look.

        A stage to which nothing comes has nothing more to hand back.
        """
        self._used |= came > 0
        if self._used and self._trim is not None and self._now() >= self._due:
            self._trim(0)
            self._due, self._used = self._now() + _EVERY_S, False


def set_aside() -> None:
    """Have the collector of cycles leave alone what there is now: modules, tables, the stage's own parts.

    They live as long as the process. Walked again and again beside what each record leaves, they took a tenth of the
    processor time of a stage that is behind. What an earlier call set aside and nobody holds any more is let go of.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
