"""What seal keeps of each expense: where its chain stands, and what it wrote last."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson

from audit.chain import Head, start
from consumers.runtime.stage import Store

__all__ = ["Chain", "Chains"]

# A record delivered again comes soon after itself. The window bounds what a long-lived expense costs per record;
# an expense has some twenty records, so for nearly all of them it is everything.
_REMEMBERED = 256
_SHORT = 8
"""Bytes of an event id's hash that are kept: two of 256 collide with a probability of 2^-49."""


class Chain(NamedTuple):
    """One expense's chain. A tuple, for two are made for every record.

    `state` and `revision` are the expense's after the last entry, `reported` the state its batch was told last,
    `batch_id` the batch it came with first, `recent` the short ids of the records sealed last, oldest first.
    """

    head: Head
    batch_id: str | None
    state: str | None = None
    revision: int = 0
    reported: str | None = None
    recent: Sequence[str] = ()

    @staticmethod
    def begun(expense_id: str, batch_id: str | None) -> "Chain":
        """Return the chain of an expense that has no entry yet."""
        return Chain(start(expense_id), batch_id)

    def has(self, event_id: str) -> bool:
        """Return whether the record was sealed, as far as remembered."""
        return _short(event_id) in self.recent

    def grown(self, head: Head, state: str | None, revision: int, reported: str | None, event_id: str) -> "Chain":
        """Return the chain with one more entry."""
        recent = [*self.recent[1 - _REMEMBERED :], _short(event_id)]
        return Chain(head, self.batch_id, state, revision, reported, recent)


class Chains:
    """The chains of one partition, by expense id."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, expense_id: str) -> Chain | None:
        """Return an expense's chain, None before its first entry."""
        value = self._store.get(expense_id)
        if value is None:
            return None
        kept = orjson.loads(value)
        return Chain(
            Head(kept["sequence"], kept["hash"]),
            kept["batch_id"],
            kept["state"],
            kept["revision"],
            kept["reported"],
            kept["recent"],
        )

    def put(self, expense_id: str, chain: Chain) -> None:
        """Keep an expense's chain."""
        kept = {
            "sequence": chain.head.sequence,
            "hash": chain.head.hash,
            "batch_id": chain.batch_id,
            "state": chain.state,
            "revision": chain.revision,
            "reported": chain.reported,
            "recent": chain.recent,
        }
        self._store.put(expense_id, orjson.dumps(kept))


# Asked for twice, before a record is sealed and after.
@lru_cache(maxsize=1)
def _short(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).digest()[:_SHORT].hex()
