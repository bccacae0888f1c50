"""A compacted table's fingerprint: the same on every replica that has read as far, in whatever order."""

from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from schemas.envelope import Event
from schemas.plain import to_plain

__all__ = ["Fingerprint"]

_BYTES = 32


@dataclass(slots=True)
class Fingerprint:
    """XOR of one SHA-256 per key and value, so that a record is put or taken out in constant time.

    It names a table's content on the decisions made with it; it is no proof against someone who forges the table.
    """

    _digests: dict[str, int] = field(default_factory=dict)
    _all: int = 0

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one record; None is a tombstone."""
        self._all ^= self._digests.pop(key, 0)
        if event is not None:
            content = orjson.dumps([key, to_plain(event)], option=orjson.OPT_SORT_KEYS)
            self._digests[key] = int.from_bytes(sha256(content).digest())
            self._all ^= self._digests[key]

    @property
    def version(self) -> str:
        """The fingerprint as hex."""
        return self._all.to_bytes(_BYTES).hex()
