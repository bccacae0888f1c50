"""A notary for tests: signs logs as the command does, and keeps the files in a dictionary."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import HASH_BYTES, Growth, hashes_file, key_file, key_statement, named, signed
from audit.kept import Kept, Record, load
from audit.verify import Located
from schemas.events import AuditSealed
from tests.audit.trail import NOON


@dataclass(frozen=True)
class Key:
    """A key made from a number, so that tests are the same every time."""

    seed: int = 1

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes([self.seed]) * 32)

    @property
    def public(self) -> bytes:
        """The public key."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        return self._private.sign(message)


@dataclass
class Notary:
    """Signs what a log comes to; `files` is what is kept. Everybody trusts the `first` key."""

    first: Key = field(default_factory=Key)
    key: Key = field(default_factory=Key)
    files: dict[str, bytes] = field(default_factory=dict)
    log: str = "audit.log"

    def __post_init__(self) -> None:
        self.files.setdefault(key_file(1), key_statement(self.key.public, None))

    def record(self) -> Record:
        """Return what was kept, checked."""
        return load(self.files, self.first.public.hex())

    def kept(self) -> dict[int, Kept]:
        """Return what was kept, by partition."""
        return dict(self.record().partitions)

    def sign(self, entries: Iterable[AuditSealed], partition: int = 0) -> None:
        """Sign a partition as it is now."""
        growth = Growth()
        for sealed in entries:
            growth.take(sealed)
        before = self.kept().get(partition)
        number = before.last["number"] + 1 if before else 1
        body = growth.body(
            self.log, partition, before.last if before else None, NOON + timedelta(hours=number), self.key.public
        )
        self.files[hashes_file(body)] = bytes(growth.hashes[before.size * HASH_BYTES if before else 0 :])
        self.files[named(partition, number)] = signed(body, self.key)

    def rotate(self, key: Key) -> None:
        """Go on with another key."""
        number = sum(name.startswith("keys/") for name in self.files)
        self.files[key_file(number + 1)] = key_statement(key.public, self.key)
        self.key = key


def hashes_of(files: Mapping[str, bytes], number: int, partition: int = 0) -> str:
    """Return the name of the file of hashes that a checkpoint adds."""
    return hashes_file(json.loads(files[named(partition, number)])["body"])


def located(entries: Iterable[AuditSealed], partition: int = 0) -> list[Located]:
    """Give each entry a position in a partition."""
    return [Located(f"audit.log/{partition}/{n}", entry, partition) for n, entry in enumerate(entries)]
