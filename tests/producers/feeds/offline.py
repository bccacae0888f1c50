"""An edge of the real vault, codec and pseudonyms, without brokers: what it would publish is kept."""

from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings
from producers.door import Door
from producers.edge import Edge
from producers.keys import Keyring
from producers.publisher import Publisher
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.topics import Topic
from streams.record import Fetched, Headers
from streams.tail import KafkaTail
from vault.blobs import BlobStore
from vault.master import create_master, load_master
from vault.pseudonym import Pseudonyms

__all__ = ["Held", "offline"]


class _Silent(KafkaTail):
    """A key topic that holds nothing."""

    def __init__(self) -> None:
        """Connect to nothing."""

    def catch_up(self) -> list[Fetched]:
        """Return that there is nothing to read."""
        return []


class Held(Publisher):
    """Keeps what a producer would have written."""

    def __init__(self) -> None:
        """Connect to nothing."""
        self.events: list[Event] = []
        self.homes: list[tuple[Topic | None, int | None]] = []
        self.letters: list[tuple[bytes | None, dict[str, bytes]]] = []
        self.places: list[tuple[str, bytes | None, int | None]] = []

    def publish(self, event: Event, topic: Topic | None = None, partition: int | None = None) -> None:
        """Keep an event."""
        self.events.append(event)
        self.homes.append((topic, partition))

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = (), partition: int | None = None
    ) -> None:
        """Keep a dead letter."""
        self.letters.append((value, dict(headers)))
        self.places.append((topic, key, partition))

    def flush(self) -> None:
        """Wait for nobody."""


def offline(folder: Path) -> tuple[Edge, Held]:
    """Return the edge and its publisher."""
    create_master(folder / "master")
    held, settings, codec = Held(), Settings(home=folder), Codec(registry_at("mock://feeds"))
    keys = Keyring(_Silent(), codec, load_master(str(folder / "master")), held.publish, _noon)
    pseudonyms = Pseudonyms(b"s" * 32)
    blobs = BlobStore((folder / "blobs").as_uri(), keys.vault)
    door = Door(keys, blobs, pseudonyms, limit_bytes=1, clock=_noon)
    return Edge(settings, _noon, codec, held, keys, pseudonyms, blobs, door), held


def _noon() -> datetime:
    return datetime(2026, 10, 23, 12, tzinfo=UTC)
