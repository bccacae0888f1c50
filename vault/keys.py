"""Keys per person: who has which, which were destroyed, and how they are wrapped.

A key lives as one record of a compacted topic: record key `tenant/subject/key_id`, value the key wrapped by the master
key. Erasing a person puts a marker in its place; compaction then drops the wrapped key for good.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import tink  # type: ignore[import-untyped]  # Tink ships no type information
from tink import daead

from vault.master import MasterKey

__all__ = ["ERASED", "KeyErased", "KeyNotSeen", "KeyStore", "KeyTable", "SubjectKey", "WrappedKey", "unwrap", "wrap"]

# An erased key's value. A null would be dropped by compaction after delete.retention.ms, and whoever read the topic
# later could not tell an erased person from a table that is behind, and would wait for ever.
ERASED = b""

_KEY_ID_DIGITS = 16


class KeyErased(Exception):
    """The person's key was destroyed on purpose: what it sealed is gone, and waiting brings nothing back."""


class KeyNotSeen(LookupError):
    """The key is not in the table yet. The table may be behind: wait and ask again."""


class SubjectKey(Protocol):
    """A person's key, unwrapped: deterministic, so that sealing the same thing twice gives the same bytes."""

    def encrypt_deterministically(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Return the ciphertext, bound to the associated data."""

    def decrypt_deterministically(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Return the plaintext, or raise a `tink.TinkError`."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A new key, ready to be published: `record_key` and `wrapped` are the record's key and value."""

    tenant: str
    subject: str
    key_id: str
    wrapped: bytes

    @property
    def record_key(self) -> bytes:
        """Record key in the compacted topic."""
        return f"{self.tenant}/{self.subject}/{self.key_id}".encode()


class KeyStore(Protocol):
    """Where wrapped keys are found: the compacted topic's table, or a service with the same answers."""

    def get(self, tenant: str, subject: str, key_id: str) -> bytes | None:
        """Return the wrapped key, None when never heard of; raise `KeyErased` when it was destroyed."""

    def current(self, tenant: str, subject: str) -> str | None:
        """Return the key id new data of this person is sealed under, None when the person has no living key."""

    def living(self, tenant: str, subject: str) -> tuple[str, ...]:
        """Return the ids of every key of this person that is not destroyed, oldest first."""


class KeyTable:
    """A key store in memory, fed record by record from the compacted topic.

    Shape: one entry per (tenant, subject), each a small dict of key id to wrapped key in the order they arrived.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], dict[str, bytes]] = {}

    def apply(self, record_key: bytes, value: bytes | None) -> None:
        """Take in one record; null or empty means the key was destroyed.

        Raises:
            ValueError: the record key is not `tenant/subject/key_id`.

        """
        parts = record_key.decode().rsplit("/", 2)
        if len(parts) != len(("tenant", "subject", "key_id")) or not all(parts):
            msg = f"key record {record_key!r} is not tenant/subject/key_id"
            raise ValueError(msg)
        tenant, subject, key_id = parts
        self._keys.setdefault((tenant, subject), {})[key_id] = value or ERASED

    def get(self, tenant: str, subject: str, key_id: str) -> bytes | None:
        """Return the wrapped key, None when never heard of; raise `KeyErased` when it was destroyed."""
        wrapped = self._keys.get((tenant, subject), {}).get(key_id)
        if wrapped == ERASED:
            msg = f"key {key_id} of subject {subject} was erased; what it sealed cannot be read any more"
            raise KeyErased(msg)
        return wrapped

    def current(self, tenant: str, subject: str) -> str | None:
        """Return the newest living key's id, None when there is none."""
        return next(reversed(self.living(tenant, subject)), None)

    def living(self, tenant: str, subject: str) -> tuple[str, ...]:
        """Return the ids of the living keys, oldest first."""
        return tuple(key_id for key_id, wrapped in self._keys.get((tenant, subject), {}).items() if wrapped != ERASED)


def wrap(tenant: str, subject: str, master: MasterKey) -> WrappedKey:
    """Make a new random key (AES-SIV, RFC 5297) for one person and wrap it.

    The id derives from the wrapped bytes, so two producers that meet the same new person at the same moment make two
    keys that live side by side instead of one overwriting the other and losing what it had sealed.
    """
    _registered()
    keyset = tink.new_keyset_handle(daead.deterministic_aead_key_templates.AES256_SIV)
    wrapped: bytes = tink.proto_keyset_format.serialize_encrypted(keyset, master, _owner(tenant, subject))
    return WrappedKey(tenant, subject, hashlib.sha256(wrapped).hexdigest()[:_KEY_ID_DIGITS], wrapped)


def unwrap(tenant: str, subject: str, wrapped: bytes, master: MasterKey) -> SubjectKey:
    """Return the key that was wrapped for this person.

    Raises:
        tink.TinkError: another master key wrapped it, or for another person, or it was altered.

    """
    _registered()
    keyset = tink.proto_keyset_format.parse_encrypted(wrapped, master, _owner(tenant, subject))
    key: SubjectKey = keyset.primitive(daead.DeterministicAead)
    return key


@cache
def _registered() -> None:
    # A millisecond each time, a hundred times what a key costs.
    daead.register()


def _owner(tenant: str, subject: str) -> bytes:
    return f"{tenant}/{subject}".encode()
