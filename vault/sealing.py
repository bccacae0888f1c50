"""Sealing and opening what belongs to a person."""

from functools import lru_cache

from tink import TinkError  # type: ignore[import-untyped]  # Tink ships no type information

from schemas.records import Sealed
from vault.keys import KeyNotSeen, KeyStore, SubjectKey, WrappedKey, unwrap, wrap
from vault.master import MasterKey

__all__ = ["SealBroken", "Vault"]

_KEYS_CACHED = 4096


class SealBroken(Exception):
    """The ciphertext does not open: altered, moved to another expense or tenant, or wrapped by another master key."""


class Vault:
    """Seals bytes under a person's key, bound to the tenant and expense they belong to.

    The same bytes for the same expense under the same key give the same ciphertext (AES-SIV), so a handler run twice
    writes the same event twice. Unwrapped keys are kept, at most `cached` of them; every call asks the key store
    first, so an erased key stops working at once, cached or not.
    """

    __slots__ = ("_keys", "_master", "_unwrap")

    def __init__(self, master: MasterKey, keys: KeyStore, *, cached: int = _KEYS_CACHED) -> None:
        self._master = master
        self._keys = keys
        self._unwrap = lru_cache(maxsize=cached)(self._unwrapped)

    def seal(self, tenant: str, subject: str, expense_id: str, data: bytes, *, key_id: str | None = None) -> Sealed:
        """Return the data sealed under the person's key.

        A handler passes the `key_id` of the event it handles, so that a key rotated meanwhile does not change what it
        writes; without one the person's newest key is taken.

        Raises:
            KeyErased: that key was destroyed.
            KeyNotSeen: the table has no such key, or no key of this person, yet.

        """
        chosen = key_id or self._keys.current(tenant, subject)
        if chosen is None:
            msg = f"subject {subject} of tenant {tenant} has no key yet"
            raise KeyNotSeen(msg)
        key = self._key(tenant, subject, chosen)
        return Sealed(key_id=chosen, ciphertext=key.encrypt_deterministically(data, _place(tenant, expense_id)))

    def open(self, tenant: str, subject: str, expense_id: str, sealed: Sealed) -> bytes:
        """Return what was sealed for this person and expense.

        Raises:
            KeyErased: the person was erased; the data is gone for good.
            KeyNotSeen: the table is behind; wait and ask again.
            SealBroken: the ciphertext is not what was sealed for this expense.

        """
        key = self._key(tenant, subject, sealed.key_id)
        try:
            return key.decrypt_deterministically(sealed.ciphertext, _place(tenant, expense_id))
        except TinkError as error:
            msg = f"what is sealed for expense {expense_id} under key {sealed.key_id} was altered or belongs elsewhere"
            raise SealBroken(msg) from error

    def current_key(self, tenant: str, subject: str) -> str | None:
        """Return the person's newest living key id; a producer that gets None makes one with `new_key`."""
        return self._keys.current(tenant, subject)

    def new_key(self, tenant: str, subject: str) -> WrappedKey:
        """Return a new random key for a person, for producers only.

        Publish it and wait for the acknowledgement before publishing anything sealed under it: an event whose key was
        never written can never be opened.
        """
        return wrap(tenant, subject, self._master)

    def _key(self, tenant: str, subject: str, key_id: str) -> SubjectKey:
        wrapped = self._keys.get(tenant, subject, key_id)
        if wrapped is None:
            msg = f"key {key_id} of subject {subject} is not in the key table yet"
            raise KeyNotSeen(msg)
        return self._unwrap(tenant, subject, wrapped)

    def _unwrapped(self, tenant: str, subject: str, wrapped: bytes) -> SubjectKey:
        try:
            return unwrap(tenant, subject, wrapped, self._master)
        except TinkError as error:
            msg = f"a key of subject {subject} does not unwrap; is this the master key it was made under?"
            raise SealBroken(msg) from error


def _place(tenant: str, expense_id: str) -> bytes:
    # An expense id is a UUID and holds no slash, so no other tenant and id make the same bytes.
    return f"{tenant}/{expense_id}".encode()
