"""Subject pseudonyms: who an expense belongs to, without saying who that is."""

import hmac
import unicodedata
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["Pseudonyms"]

# Below 128 bits the secret itself could be searched, and with it every pseudonym reversed by trying employee ids.
_MIN_SECRET_BYTES = 16
_HEX_DIGITS = 32
_KEY_BYTES = 32
_TENANTS_CACHED = 1024


class Pseudonyms:
    """Turns employee ids into pseudonyms, under one secret.

    A pseudonym is the first 128 bits of HMAC-SHA-256 (RFC 2104) of the normalised id, under a key that HKDF-SHA-256
    (RFC 5869) derives from the secret for that tenant. Two tenants with the same employee id therefore get unrelated
    pseudonyms. There is no way back but to try ids with the secret in hand; losing the secret breaks the link between
    a person's past and future expenses, so it is kept as carefully as the master key.
    """

    __slots__ = ("_key", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _MIN_SECRET_BYTES:
            msg = f"the pseudonym secret has {len(secret)} bytes; give at least {_MIN_SECRET_BYTES} random ones"
            raise ValueError(msg)
        self._secret = secret
        self._key = lru_cache(maxsize=_TENANTS_CACHED)(self._derive)

    def of(self, tenant: str, employee_id: str) -> str:
        """Return the pseudonym of one employee, 32 hex digits.

        Case, surrounding space, runs of space and Unicode form do not matter: the same badge number typed by two
        people is one person.

        Raises:
            ValueError: the id or the tenant is blank.

        """
        normal = " ".join(unicodedata.normalize("NFKC", employee_id).casefold().split())
        if not normal or not tenant:
            msg = "a pseudonym needs a tenant and an employee id; one of them is blank"
            raise ValueError(msg)
        return hmac.digest(self._key(tenant), normal.encode(), "sha256").hex()[:_HEX_DIGITS]

    def _derive(self, tenant: str) -> bytes:
        info = b"spendtrail subject pseudonym v1\x00" + tenant.encode()
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(self._secret)
