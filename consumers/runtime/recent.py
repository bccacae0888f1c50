"""What was read from a state file a moment ago: running totals and counts are asked for by record after record."""

from collections.abc import Iterable
from typing import Final

__all__ = ["Recent"]

# A generation holds so many keys, or so many bytes of keys and values; there are two, so memory has a bound. Each
# partition has its own: what a process of many takes has to be full early, or it would seem to grow for hours.
_KEYS, _BYTES = 4_096, 128 * 1024
_UNKNOWN: Final = object()


class Recent:
    """Values by key, None for what the file does not hold, in two generations.

    What is asked for again moves to the young one; where that is full the old one is forgotten. So what is asked for
    all the time stays, and it costs no order to keep.
    """

    def __init__(self) -> None:
        self._young: dict[str, bytes | None] = {}
        self._old: dict[str, bytes | None] = {}
        self._bytes = 0

    def find(self, key: str) -> tuple[bool, bytes | None]:
        """Return whether the key is known, and its value."""
        value = self._young.get(key, _UNKNOWN)
        if value is _UNKNOWN:
            value = self._old.get(key, _UNKNOWN)
            if value is _UNKNOWN:
                return False, None
            self.note(key, value)  # type: ignore[arg-type] # all but the sentinel are values
        return True, value  # type: ignore[return-value] # as above

    def note(self, key: str, value: bytes | None) -> None:
        """Remember what the file holds."""
        size = len(key) + (len(value) if value else 0)
        self._bytes += size
        if len(self._young) >= _KEYS or self._bytes > _BYTES:
            self._old, self._young = self._young, {}
            self._bytes = size
        self._young[key] = value

    def forget(self, keys: Iterable[str]) -> None:
        """Let go of keys that were written to the file: the next one who asks for them reads it."""
        for key in keys:
            self._young.pop(key, None)
            self._old.pop(key, None)
