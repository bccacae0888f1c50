"""The expenses that were folded last, as their rows have them: most get their next entry soon."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from consumers.project.standing import Standing

__all__ = ["Hot"]

# An expense with its last words and what was read of them takes some six kilobytes.
_MOST: Final = 8_192


class Hot:
    """Expenses by id, for as long as no other process has folded their partitions on.

    `agree` is asked within the transaction that holds the partitions' offsets: where they are not what was left here,
    the rows may have changed meanwhile, and nothing that is remembered counts.
    """

    def __init__(self) -> None:
        self._expenses: dict[str, Standing] = {}
        self._reached: dict[int, int] = {}
        self.schemas: set[int] = set()
        """Ids of the schemas that are in the tables."""

    def agree(self, stored: Mapping[int, int]) -> None:
        """Forget everything unless the partitions stand where they were left."""
        if any(self._reached.get(partition) != offset for partition, offset in stored.items()):
            self.forget()

    def among(self, ids: Iterable[str]) -> dict[str, Standing]:
        """Return those that are known."""
        return {id_: self._expenses[id_] for id_ in ids if id_ in self._expenses}

    def keep(self, expenses: Mapping[str, Standing], reached: Mapping[int, int]) -> None:
        """Remember what was written, once it is committed, and let go of what was asked for longest ago."""
        for id_, expense in expenses.items():
            self._expenses.pop(id_, None)
            self._expenses[id_] = expense
        for id_ in list(islice(self._expenses, max(0, len(self._expenses) - _MOST))):
            del self._expenses[id_]
        self._reached |= reached

    def forget(self) -> None:
        """Let go of everything: what was written may not be committed."""
        self._expenses.clear()
        self._reached.clear()
        self.schemas.clear()
