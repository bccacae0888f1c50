"""What handlers wrote to a partition's state and no transaction has carried yet."""

from bisect import bisect_left, insort
from collections.abc import Mapping

__all__ = ["Journal", "Pending"]

Journal = dict[str, bytes | None]

# New keys are put in their places one by one in a short list; one so long goes into the long one, in one go.
_SHORT = 512


class Pending:
    """Changes by key, None for a removal, and the keys in order.

    A transaction of thousands of records leaves tens of thousands of keys here, and each record may walk several
    ranges: looking through all of them for each walk would cost more than everything else (100 records a second,
    measured), and so would sorting them all again after each record (1 ms for 40,000). Keys are put in order only
    when a range is asked for, so that stages which never walk one pay nothing.
    """

    def __init__(self) -> None:
        self.changes: Journal = {}
        self._unsorted: list[str] = []
        self._short: list[str] = []
        self._long: list[str] = []

    def accept(self, journal: Mapping[str, bytes | None]) -> None:
        """Take in what one finished record changed."""
        self._unsorted.extend(key for key in journal if key not in self.changes)
        self.changes.update(journal)

    def between(self, start: str, end: str) -> Journal:
        """Return the changes with start <= key < end."""
        if self._unsorted:
            self._sort()
        found = _cut(self._short, start, end)
        if of_long := _cut(self._long, start, end):
            found = sorted(found + of_long)
        return {key: self.changes[key] for key in found}

    def _sort(self) -> None:
        if len(self._unsorted) + len(self._short) <= _SHORT:
            for key in self._unsorted:
                insort(self._short, key)
        else:
            # Two stretches in order and a few keys: what Python's sort takes in one walk.
            self._long += sorted(self._short + self._unsorted)
            self._long.sort()
            self._short.clear()
        self._unsorted.clear()


def _cut(order: list[str], start: str, end: str) -> list[str]:
    first = bisect_left(order, start)
    return order[first : bisect_left(order, end, first)] if first < len(order) else []
