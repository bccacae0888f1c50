"""What handlers wrote to a partition's state and no transaction has carried yet."""

from bisect import bisect_left, insort
from collections.abc import Mapping

__all__ = ["Journal", "Pending"]

Journal = dict[str, bytes | None]

# Up to so many new keys are put in their places one by one; more are sorted in together.
_FEW = 8


class Pending:
    """Changes by key, None for a removal, and the keys in order.

    A tick of thousands of records leaves tens of thousands of keys here, and each record may walk several ranges:
    looking through all of them for each walk would cost more than everything else (100 records a second, measured).
    Keys are sorted only when a range is asked for, so that stages which never walk one pay nothing.
    """

    def __init__(self) -> None:
        self.changes: Journal = {}
        self._unsorted: list[str] = []
        self._order: list[str] = []

    def accept(self, journal: Mapping[str, bytes | None]) -> None:
        """Take in what one finished record changed."""
        self._unsorted.extend(key for key in journal if key not in self.changes)
        self.changes.update(journal)

    def between(self, start: str, end: str) -> Journal:
        """Return the changes with start <= key < end."""
        if len(self._unsorted) <= _FEW:
            for key in self._unsorted:
                insort(self._order, key)
        else:
            self._order.extend(self._unsorted)
            self._order.sort()
        self._unsorted.clear()
        order = self._order
        return {key: self.changes[key] for key in order[bisect_left(order, start) : bisect_left(order, end)]}
