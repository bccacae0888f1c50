"""What the upload service does, apart from HTTP: documents in, lag watched, what is missing known."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import anyio
import anyio.from_thread
import anyio.to_thread
import structlog

from config.residency import residency_of
from config.settings import Settings
from producers.batch import batch_closed
from producers.custody import load_pseudonyms
from producers.door import Door, Submitter
from producers.edge import SettingsIncomplete, codec_of
from producers.keys import Keyring, key_tail
from producers.lag import Lags
from producers.opening import NOBODY
from producers.publisher import PublishFailed
from producers.sender import Sender
from schemas.codec import RegistryUnavailable
from schemas.events import BatchClosed, ExpenseSubmitted, KeyWrapped
from schemas.topics import AUDIT_KEYS
from streams.record import TransportLost
from vault.blobs import BlobStore, BlobStoreUnavailable
from vault.master import load_master

__all__ = ["UNREACHABLE", "Intake"]

_log = structlog.get_logger(__name__)

UNREACHABLE: Final = (BlobStoreUnavailable, TransportLost, PublishFailed, RegistryUnavailable)
_LOOK_EVERY_S = 2.0
# Each holds a document in memory and a thread while the store takes it.
_SIDE_BY_SIDE = 4


class Intake:
    """Takes documents from many callers at once. `clock` gives the time of day, UTC.

    Secrets are read at once, so that a service that could never work does not start; everything else is connected to
    when needed, so that it comes up before Kafka does.

    Raises:
        SettingsIncomplete: no brokers or no registry are named.
        SecretsUnusable, MasterKeyUnusable: a secret is missing or unsafe.

    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        if not settings.bootstrap_servers:
            raise SettingsIncomplete("no Kafka: set SPENDTRAIL_BOOTSTRAP_SERVERS")
        self._settings, self.clock = settings, clock
        self._bootstrap = settings.bootstrap_servers
        self._codec = codec_of(settings)
        self.pseudonyms = load_pseudonyms(settings)
        self._master = load_master(settings.master_key_source)
        self._sender = Sender(self._bootstrap, self._codec, settings.kafka_options)
        self._lags = Lags(self._bootstrap, settings.door_groups, settings.kafka_options)
        self._places = anyio.CapacityLimiter(_SIDE_BY_SIDE)
        self._opening = threading.Lock()
        self._opened: tuple[Door, Keyring, BlobStore] | None = None
        self.missing: dict[str, str] = {"kafka": "not reached yet"}
        self.behind: dict[str, int] = {}

    @property
    def limit_bytes(self) -> int:
        """Largest document, in bytes."""
        return self._settings.upload_bytes

    @property
    def crowded(self) -> str | None:
        """The stage that is too far behind for more to come in, None when there is none."""
        worst = max(self.behind, key=self.behind.__getitem__, default=None)
        return worst if worst is not None and self.behind[worst] > self._settings.lag_bound else None

    async def submit(self, name: str, data: bytes, submitter: Submitter, batch_id: str) -> ExpenseSubmitted:
        """Store a document and publish its event; both are safe when this returns.

        Raises:
            DocumentRefused: it is not taken in.
            WrongRegion: the tenant's data may not be here.
            BlobStoreUnavailable, TransportLost, PublishFailed, RegistryUnavailable: what it needs does not answer;
                submit it again.

        """

        def admit() -> ExpenseSubmitted:
            door, _, _ = self._parts()
            return door.admit(name, data, submitter, batch_id, "api")

        event = await anyio.to_thread.run_sync(admit, limiter=self._places)
        await self._sender.send(event)
        return event

    async def close_batch(self, tenant: str, ledger: str, batch_id: str, members: Sequence[str]) -> BatchClosed:
        """Publish that a batch is complete and return the last of its parts; `members` are at least one expense id.

        Raises:
            PublishFailed, RegistryUnavailable: what it needs does not answer; close it again.
            WrongRegion: the tenant's data may not be here.

        """
        if residency := residency_of(self._settings):
            residency.hold(tenant)
        distinct = sorted(set(members))
        for event in batch_closed(tenant, ledger, NOBODY, batch_id, distinct, self.clock()):
            await self._sender.send(event)
        return event

    def _parts(self) -> tuple[Door, Keyring, BlobStore]:
        """Connect in a worker thread, once."""
        with self._opening:
            if self._opened is None:
                tail = key_tail(self._bootstrap, self._settings.kafka_options)
                try:
                    keys = Keyring(tail, self._codec, self._master, self._write_key, self.clock)
                    blobs = BlobStore(self._settings.object_store_url, keys.vault)
                except BaseException:
                    tail.close()
                    raise
                limit, residency = self.limit_bytes, residency_of(self._settings)
                door = Door(keys, blobs, self.pseudonyms, limit_bytes=limit, clock=self.clock, residency=residency)
                self._opened = (door, keys, blobs)
            return self._opened

    def _write_key(self, key: KeyWrapped) -> None:
        anyio.from_thread.run(self._sender.send, key, AUDIT_KEYS)

    def _check_store(self) -> None:
        _, _, blobs = self._parts()
        blobs.check()

    async def watch(self) -> None:
        """Look every two seconds at what is missing and how far the stages are behind, until cancelled."""
        while True:
            missing: dict[str, str] = {}
            try:
                await self._sender.check()
                self.behind = await anyio.to_thread.run_sync(self._lag)
            except UNREACHABLE as error:
                missing["kafka"] = str(error)
            try:
                await anyio.to_thread.run_sync(self._check_store)
            except BlobStoreUnavailable as error:
                missing["object store"] = str(error)
            except (TransportLost, PublishFailed) as error:
                missing["kafka"] = str(error)
            except RegistryUnavailable as error:
                missing["registry"] = str(error)
            if missing.keys() != self.missing.keys():
                _log.info("dependencies", missing=missing)
            self.missing = missing
            await anyio.sleep(_LOOK_EVERY_S)

    def _lag(self) -> dict[str, int]:
        if not self._settings.door_groups:
            return {}
        return {group: sum(partitions.values()) for group, partitions in self._lags.read().items()}

    async def close(self) -> None:
        """Let go of every connection."""
        await self._sender.close()
        self._lags.close()
        if self._opened is not None:
            self._opened[1].close()
