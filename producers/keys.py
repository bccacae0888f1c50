"""A key for every person before anything of theirs is sealed."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from producers.opening import opening
from schemas.codec import Codec
from schemas.events import KeyWrapped
from schemas.identity import derive
from schemas.topics import AUDIT_KEYS
from streams.client import client_settings
from streams.record import Fetched
from streams.tail import KafkaTail
from vault.keys import KeyTable
from vault.master import MasterKey
from vault.sealing import Vault

__all__ = ["Keyring", "key_tail"]

_STAGE = "keys"
_TIMEOUT_S = 30.0
# A feed asks for every row; a key that was rotated or erased meanwhile is seen within a second.
_FRESH = timedelta(seconds=1)


def key_tail(bootstrap_servers: str, options: Mapping[str, str] | None = None) -> KafkaTail:
    """Return a tail of the key topic from its beginning."""
    return KafkaTail(client_settings(bootstrap_servers, options or {}), AUDIT_KEYS.name, None, None, _TIMEOUT_S)


class Keyring:
    """The persons' keys as a producer needs them. Threads may share one.

    `write` must return only when the brokers have acknowledged the key: an event sealed under a key that was never
    written can never be opened.
    """

    def __init__(
        self,
        tail: KafkaTail,
        codec: Codec,
        master: MasterKey,
        write: Callable[[KeyWrapped], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._tail, self._codec, self._write, self._clock = tail, codec, write, clock
        self._table = KeyTable()
        self._alone = threading.Lock()
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self.vault = Vault(master, self._table)
        with self._alone:
            self._catch_up()

    def ensure(self, tenant: str, subject: str) -> str:
        """Return the id of the key new data of this person is sealed under, making the person's first one.

        Raises:
            TransportLost: the key topic cannot be read.
            PublishFailed: the new key could not be written.

        """
        with self._alone:
            # A person met by two producers within a second gets two keys, which live side by side.
            if self._clock() - self._read_at > _FRESH:
                self._catch_up()
            return self.vault.current_key(tenant, subject) or self._make(tenant, subject)

    def _make(self, tenant: str, subject: str) -> str:
        key = self.vault.new_key(tenant, subject)
        owner = derive("key", tenant, subject, key.key_id)
        self._write(
            opening(
                KeyWrapped,
                key.key_id,
                tenant=tenant,
                subject=subject,
                expense_id=owner,
                at=self._clock(),
                stage=_STAGE,
                key_id=key.key_id,
                wrapped=key.wrapped,
            )
        )
        self._table.apply(key.record_key, key.wrapped)
        return key.key_id

    def _catch_up(self) -> None:
        while chunk := self._tail.catch_up():
            for record in chunk:
                self._take(record)
        self._read_at = self._clock()

    def _take(self, record: Fetched) -> None:
        if record.key is None:
            return
        event = self._codec.decode(record.value) if record.value else None
        self._table.apply(record.key, event.wrapped if isinstance(event, KeyWrapped) else None)

    def close(self) -> None:
        """Let go of the topic."""
        self._tail.close()
