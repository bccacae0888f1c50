"""The notary's key: an Ed25519 key in a file of its owner's only. `vault.transit` has the same two methods."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

__all__ = ["KeyFile", "SigningKeyUnusable", "create_signing_key"]

_OWNER_ONLY = 0o600


class SigningKeyUnusable(Exception):
    """The key file is missing, readable by others or no Ed25519 key. The message names it and what to do."""


class KeyFile:
    """Signs with the key of a file (PEM, PKCS 8, unencrypted)."""

    __slots__ = ("_key",)

    def __init__(self, path: Path) -> None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, TypeError, ValueError) as error:
            raise SigningKeyUnusable(f"the signing key {path} cannot be read ({error}); restore it") from error
        if mode & ~_OWNER_ONLY:
            raise SigningKeyUnusable(f"the signing key {path} has mode {mode:04o}; others could sign: chmod 600 {path}")
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyUnusable(f"{path} holds a {type(key).__name__}; an Ed25519 key is needed")
        self._key = key

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(message)


def create_signing_key(path: Path) -> None:
    """Make a new key in a new file.

    Raises:
        SigningKeyUnusable: there is a file already, or none can be written.

    """
    key = Ed25519PrivateKey.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise SigningKeyUnusable(f"no signing key can be made at {path}: {error}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
