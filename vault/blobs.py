"""Documents in an object store, encrypted under their person's key; in Kafka only the claim check travels."""

import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from schemas.records import ClaimCheck, Sealed
from vault.sealing import SealBroken, Vault

__all__ = ["BlobAltered", "BlobMissing", "BlobStore", "BlobStoreUnavailable", "first_line", "open_store"]

# Ids become object names; anything else could climb out of the tenant's folder.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# A short answer beats a long wait: the stage has its own back-off and says on its readiness page what is missing.
_RETRY: dict[str, Any] = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
# The first put leaves this behind. A folder without it is not the store: an unmounted disk looks like an empty one.
_MARKER = "spendtrail.store"
_CLIENT: dict[str, Any] = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=3)}


class BlobStoreUnavailable(ConnectionError):
    """The object store does not answer or refuses us; nothing is known about the document. Try again later."""


class BlobMissing(Exception):
    """The store answers, and the document is not there."""


class BlobAltered(Exception):
    """The document is there, but it is not the one that was put: wrong size or SHA-256, or it does not open."""


class BlobStore:
    """Puts and gets documents by URL: `file:///folder`, `memory:///`, `s3://bucket/prefix`, or what obstore knows.

    Object name: tenant / first two digits of the expense id / expense id - revision . key id. The key id is part of
    it because a document that enters again after a key was rotated must not overwrite what the first event points to.
    Credentials and endpoints of cloud stores come from the settings obstore reads (`AWS_*`, `GOOGLE_*`, `AZURE_*`).
    """

    __slots__ = ("_marked", "_store", "_url", "_vault")

    def __init__(self, url: str, vault: Vault) -> None:
        self._store = open_store(url)
        self._url = url
        self._vault = vault
        self._marked = False

    def put(
        self, tenant: str, subject: str, expense_id: str, revision: int, data: bytes, media_type: str
    ) -> ClaimCheck:
        """Store a document under its person's newest key and return its claim check.

        Putting the same document again writes the same bytes to the same place, and mends a damaged copy.

        Raises:
            BlobStoreUnavailable: the store did not take it; put it again.
            KeyNotSeen: the person has no key yet.
            ValueError: an id cannot be part of an object name.

        """
        sealed = self._vault.seal(tenant, subject, expense_id, data)
        path = _path(tenant, expense_id, revision, sealed.key_id)
        try:
            obstore.put(self._store, path, sealed.ciphertext)
            if not self._marked:
                obstore.put(self._store, _MARKER, b"")
                self._marked = True
        except (BaseError, OSError) as error:
            raise self._unavailable("put", path, error) from error
        return ClaimCheck(
            url=path,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            media_type=media_type,
            key_id=sealed.key_id,
        )

    def get(self, tenant: str, subject: str, expense_id: str, claim: ClaimCheck) -> bytes:
        """Return the document behind a claim check, size and SHA-256 verified.

        Raises:
            BlobStoreUnavailable: the store does not answer; try again.
            BlobMissing: it answers, and has no such document.
            BlobAltered: what it has is not what was put.
            KeyErased: the person was erased.
            KeyNotSeen: the key table is behind; try again.

        """
        if not claim.url.startswith(f"{tenant}/"):
            msg = f"claim check {claim.url} of expense {expense_id} points outside tenant {tenant}"
            raise BlobAltered(msg)
        try:
            stored = bytes(obstore.get(self._store, claim.url).bytes())
        except FileNotFoundError as error:
            if not self._answers():
                msg = f"object store {self._url} has nothing that was ever put; is its disk mounted, its URL right?"
                raise BlobStoreUnavailable(msg) from error
            msg = f"document {claim.url} of expense {expense_id} is not in {self._url}; restore it, or replace it"
            raise BlobMissing(msg) from error
        except (BaseError, OSError) as error:
            raise self._unavailable("get", claim.url, error) from error
        try:
            data = self._vault.open(tenant, subject, expense_id, Sealed(key_id=claim.key_id, ciphertext=stored))
        except SealBroken as error:
            msg = f"document {claim.url} of expense {expense_id} does not open: altered, or another's"
            raise BlobAltered(msg) from error
        found = hashlib.sha256(data).hexdigest()
        if len(data) != claim.size or found != claim.sha256:
            msg = (
                f"document {claim.url} of expense {expense_id} has {len(data)} bytes and SHA-256 {found}; "
                f"the claim check says {claim.size} and {claim.sha256}"
            )
            raise BlobAltered(msg)
        return data

    def check(self) -> None:
        """Return when the store answers, for readiness; it may still be empty.

        Raises:
            BlobStoreUnavailable: it does not answer.

        """
        self._answers()

    def _answers(self) -> bool:
        """Return whether the store that answers is one that documents were put into."""
        try:
            obstore.head(self._store, _MARKER)
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise self._unavailable("head", _MARKER, error) from error
        return True

    def _unavailable(self, verb: str, path: str, error: Exception) -> BlobStoreUnavailable:
        return BlobStoreUnavailable(f"object store {self._url} did not {verb} {path}: {first_line(error)}")


def _path(tenant: str, expense_id: str, revision: int, key_id: str) -> str:
    for part in (tenant, expense_id, key_id):
        if not _SAFE.fullmatch(part):
            msg = f"{part!r} cannot be part of an object name; use letters, digits, dot, dash and underscore"
            raise ValueError(msg)
    return f"{tenant}/{expense_id[:2]}/{expense_id}-{revision}.{key_id}"


def open_store(url: str) -> ObjectStore:
    """Open what a URL names; a folder is made.

    Raises:
        BlobStoreUnavailable: the folder cannot be made.
        ValueError: the URL is not understood.

    """
    scheme = urlsplit(url).scheme
    try:
        if scheme == "file":
            return from_url(url, mkdir=True)
        if scheme == "memory":
            return from_url(url)
        return from_url(url, retry_config=_RETRY, client_options=_CLIENT)  # type: ignore[call-overload,no-any-return]  # one overload per cloud
    except BaseError as error:
        msg = f"object store {url} is not understood ({first_line(error)}); use file:///folder or s3://bucket"
        raise ValueError(msg) from error
    except OSError as error:
        msg = f"object store {url} cannot be opened: {error}"
        raise BlobStoreUnavailable(msg) from error


def first_line(error: Exception) -> str:
    """Return what an error of the store says; below it obstore adds a debug dump of the request."""
    return str(error).partition("\n")[0]
