"""What a producer process is made of, put together in one place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from config.residency import residency_of
from config.settings import Settings
from producers.custody import load_pseudonyms
from producers.door import Door
from producers.keys import Keyring, key_tail
from producers.publisher import Publisher
from schemas.codec import Codec, registry_at
from schemas.events import KeyWrapped
from schemas.topics import AUDIT_KEYS
from vault.blobs import BlobStore
from vault.master import load_master
from vault.pseudonym import Pseudonyms

__all__ = ["Edge", "SettingsIncomplete", "codec_of", "open_edge", "open_publisher"]


class SettingsIncomplete(Exception):
    """No brokers or no registry are named."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The parts a producer verb works with. `clock` gives the time of day, UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    codec: Codec
    publisher: Publisher
    keys: Keyring
    pseudonyms: Pseudonyms
    blobs: BlobStore
    door: Door


def codec_of(settings: Settings) -> Codec:
    """Return a codec on the registry the settings name.

    Raises:
        SettingsIncomplete: they name none.

    """
    if not settings.schema_registry_url:
        raise SettingsIncomplete("no schema registry: run `spendtrail up`, or set SPENDTRAIL_SCHEMA_REGISTRY_URL")
    return Codec(registry_at(settings.schema_registry_url))


def open_publisher(settings: Settings, codec: Codec, *, timeout_s: float = 60.0) -> Publisher:
    """Return a publisher to the brokers the settings name; `timeout_s` bounds every acknowledgement.

    Raises:
        SettingsIncomplete: they name none.

    """
    if not settings.bootstrap_servers:
        raise SettingsIncomplete("no Kafka: run `spendtrail up`, or set SPENDTRAIL_BOOTSTRAP_SERVERS")
    return Publisher(settings.bootstrap_servers, codec, options=settings.kafka_options, timeout_s=timeout_s)


@contextmanager
def open_edge(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Edge]:
    """Open what submitting needs: secrets, key topic, document store, publisher. Leaving flushes and closes.

    Raises:
        SettingsIncomplete: no brokers or registry are named.
        SecretsUnusable, MasterKeyUnusable: a secret is missing or unsafe.
        TransportLost: the key topic cannot be read.
        BlobStoreUnavailable: the document store cannot be opened.

    """
    codec = codec_of(settings)
    pseudonyms, master = load_pseudonyms(settings), load_master(settings.master_key_source)
    with open_publisher(settings, codec) as publisher:

        def write(key: KeyWrapped) -> None:
            publisher.publish(key, AUDIT_KEYS)
            publisher.flush()

        tail = key_tail(settings.bootstrap_servers or "", settings.kafka_options)
        try:
            keys = Keyring(tail, codec, master, write, clock)
            blobs = BlobStore(settings.object_store_url, keys.vault)
            residency = residency_of(settings)
            limit = settings.upload_bytes
            door = Door(keys, blobs, pseudonyms, limit_bytes=limit, clock=clock, residency=residency)
            yield Edge(settings, clock, codec, publisher, keys, pseudonyms, blobs, door)
        finally:
            tail.close()
