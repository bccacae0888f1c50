"""The master key: it wraps every person's key, and is all that must be kept secret and never lost."""

import os
import stat
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import tink  # type: ignore[import-untyped]  # Tink ships no type information
from tink import aead, secret_key_access

__all__ = ["Kms", "MasterKey", "MasterKeyUnusable", "create_master", "load_master"]

_OWNER_ONLY = 0o600


class MasterKeyUnusable(Exception):
    """The master key is missing, readable by others, damaged, or no client speaks for its KMS."""


class MasterKey(Protocol):
    """What wraps and unwraps person keys: a Tink AEAD, held here or in a KMS."""

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Return the ciphertext, bound to the associated data."""

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Return the plaintext, or raise a `tink.TinkError`."""


class Kms(Protocol):
    """A key management service; Tink's AWS, Google and Vault clients have this shape."""

    def does_support(self, key_uri: str) -> bool:
        """Return whether this service holds keys under such a URI."""

    def get_aead(self, key_uri: str) -> MasterKey:
        """Return the key at the URI; it never leaves the service."""


def create_master(path: Path) -> None:
    """Make a new master key file that only its owner may read. An existing file is never touched.

    Randomness is Tink's. Losing this file loses every sealed field and document: back it up apart from the data.

    Raises:
        FileExistsError: there is a file already; replacing a master key would orphan all that it wrapped.

    """
    aead.register()
    keyset = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    text = tink.json_proto_keyset_format.serialize(keyset, secret_key_access.TOKEN)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def load_master(source: str, services: tuple[Kms, ...] = ()) -> MasterKey:
    """Return the master key behind a path, a `file:` URL or a KMS URI.

    Raises:
        MasterKeyUnusable: with what is wrong and what to do about it.

    """
    scheme = urlsplit(source).scheme
    if scheme in {"", "file"}:
        return _from_file(Path(unquote(urlsplit(source).path)) if scheme else Path(source))
    for service in services:
        if service.does_support(source):
            return service.get_aead(source)
    msg = f"no key service is configured for {scheme}: keys; install its Tink client or name a key file"
    raise MasterKeyUnusable(msg)


def _from_file(path: Path) -> MasterKey:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"master key {path} cannot be read ({error}); name the right file, or create one for a new installation"
        raise MasterKeyUnusable(msg) from error
    if mode & ~_OWNER_ONLY:
        msg = f"master key {path} has mode {mode:04o}; others could read every document: chmod 600 {path}"
        raise MasterKeyUnusable(msg)
    aead.register()
    try:
        keyset = tink.json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
        key: MasterKey = keyset.primitive(aead.Aead)
    except tink.TinkError as error:
        msg = f"master key {path} is not a Tink AEAD keyset ({error}); restore it from its backup"
        raise MasterKeyUnusable(msg) from error
    return key
