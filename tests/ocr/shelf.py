"""A vault whose seals can be read, and a shelf of documents, so that stored examples can be looked at."""

import hashlib
from dataclasses import dataclass, field

import orjson

from schemas.records import ClaimCheck, Sealed
from vault.blobs import BlobMissing
from vault.keys import KeyNotSeen
from vault.personal import pack, unpack

KEY = "k1"


class GlassVault:
    """Seals personal fields as plain JSON: the same on every machine, whatever its zlib."""

    def seal(self, tenant: str, subject: str, expense_id: str, data: bytes, *, key_id: str | None = None) -> Sealed:  # noqa: ARG002 - as the vault has them
        """Return the fields in the clear, bound to nothing."""
        if key_id != KEY:
            msg = f"key {key_id} of subject {subject} is not in the key table yet"
            raise KeyNotSeen(msg)
        return Sealed(key_id=key_id, ciphertext=orjson.dumps(unpack(data), option=orjson.OPT_SORT_KEYS))

    def open(self, tenant: str, subject: str, expense_id: str, sealed: Sealed) -> bytes:  # noqa: ARG002 - as the vault has them
        """Return what was sealed."""
        return pack(orjson.loads(sealed.ciphertext))


@dataclass
class Shelf:
    """Documents by URL, and whether anyone asked."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0

    def put(self, url: str, data: bytes) -> ClaimCheck:
        """Put a document on the shelf."""
        self.documents[url] = data
        digest = hashlib.sha256(data).hexdigest()
        return ClaimCheck(url=url, sha256=digest, size=len(data), media_type="text/plain", key_id=KEY)

    def get(self, tenant: str, subject: str, expense_id: str, claim: ClaimCheck) -> bytes:  # noqa: ARG002 - as the store has them
        """Return a document."""
        self.asked += 1
        if claim.url not in self.documents:
            msg = f"document {claim.url} of expense {expense_id} is not there"
            raise BlobMissing(msg)
        return self.documents[claim.url]
