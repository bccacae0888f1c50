"""A `Store` in memory, for unit tests and replays; it passes the same contract suite as the durable one."""

from bisect import bisect_left, insort
from collections.abc import Iterator

__all__ = ["MemoryStore"]


class MemoryStore:
    """Bytes by ordered string key."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._keys: list[str] = []

    def get(self, key: str) -> bytes | None:
        """Return the value, None where there is none."""
        return self._values.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Set the value."""
        if key not in self._values:
            insort(self._keys, key)
        self._values[key] = value

    def delete(self, key: str) -> None:
        """Remove the key; removing what is absent is no error."""
        if self._values.pop(key, None) is not None:
            del self._keys[bisect_left(self._keys, key)]

    def range(self, start: str, end: str, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield the first `limit` pairs with start <= key < end, in order, as they were when the walk began."""
        keys = self._keys[bisect_left(self._keys, start) : bisect_left(self._keys, end)][:limit]
        for key in keys:
            value = self._values.get(key)
            if value is not None:
                yield key, value
