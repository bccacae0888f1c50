"""One record as read from a topic."""

from typing import NamedTuple

__all__ = ["Fetched", "Headers", "TransportLost"]

Headers = tuple[tuple[str, bytes], ...]


class TransportLost(Exception):
    """The log cannot be read on as asked, for example because retention overtook the committed offset."""


class Fetched(NamedTuple):
    """One record as read. `timestamp_ms` is the broker's or the producer's, as the topic says.

    A tuple, since a frozen dataclass takes three times as long to make and there is one for every record.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0

    def header(self, name: str) -> bytes | None:
        """Return the first header of that name, None where there is none."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")
