"""A checkpoint: the state of one partition of the log, signed by somebody who does not write the log.

It names how many entries there were, the Merkle root over their hashes, and the root over where every expense's chain
ended. Files are only ever added: a checkpoint, the hashes of the entries it adds, and the public keys in turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from audit.chain import Head
from audit.check import FIRST, KEY_PURPOSE, PURPOSE, canonical, digest_of, head_leaf, key_id, leaf
from audit.entry import stamp
from audit.merkle import Frontier, inclusion, root
from schemas.events import AuditSealed

__all__ = [
    "HASH_BYTES",
    "Growing",
    "Growth",
    "Places",
    "Signer",
    "hashes_file",
    "key_file",
    "key_statement",
    "leaves_of",
    "named",
    "root_of",
    "signed",
]

HASH_BYTES = 32
_VERSION = 1


class Signer(Protocol):
    """Whoever holds an Ed25519 key: a file, or a key service that signs without showing it."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes; raise `ConnectionError` where a service does not answer."""


class Heads(Protocol):
    """Where each expense's chain ends: a dictionary, or what holds more of them than memory does."""

    def get(self, key: str, /) -> Head | None:
        """Return the head, None where the expense has no entry yet."""

    def __setitem__(self, key: str, value: Head, /) -> None: ...


class Growing(Protocol):
    """A partition entry by entry."""

    @property
    def size(self) -> int:
        """How many entries."""

    def take(self, sealed: AuditSealed) -> bool:
        """Take in the next entry; return whether it counts; raise `ValueError` where its hash is none."""


@dataclass(slots=True)
class Places:
    """The places of a partition's entries, as `Growth` counts them, without what it takes to sign them."""

    heads: Heads
    size: int = 0

    def take(self, sealed: AuditSealed) -> bool:
        """Take in the next entry; return whether it counts.

        Raises:
            ValueError: its hash is none.

        """
        counts = _counted(self.heads, sealed) is not None
        self.size += counts
        return counts


def _counted(heads: Heads, sealed: AuditSealed) -> bytes | None:
    """Return the hash of an entry, now the head of its chain; None where the entry directly repeats that head."""
    head = heads.get(sealed.expense_id)
    if head is not None and (head.sequence, head.hash) == (sealed.sequence, sealed.hash):
        return None
    digest = bytes.fromhex(sealed.hash)
    if len(digest) != HASH_BYTES:
        raise ValueError(f"hash of entry {sealed.sequence} of expense {sealed.expense_id} has {len(digest)} bytes")
    heads[sealed.expense_id] = Head(sealed.sequence, sealed.hash)
    return digest


@dataclass(slots=True)
class Growth:
    """What a checkpoint says about a partition, grown entry by entry in log order.

    `hashes` are those of the entries, one after the other, 32 bytes each. An entry that directly repeats the last one
    of its chain is the same record delivered again and does not count. Memory: 32 bytes an entry and a head an expense.
    """

    hashes: bytearray = field(default_factory=bytearray)
    heads: dict[str, Head] = field(default_factory=dict)
    known_at: datetime | None = None

    @property
    def size(self) -> int:
        """How many entries."""
        return len(self.hashes) // HASH_BYTES

    def take(self, sealed: AuditSealed) -> bool:
        """Take in the next entry; return whether it counts.

        Raises:
            ValueError: its hash is none.

        """
        digest = _counted(self.heads, sealed)
        if digest is None:
            return False
        self.hashes += digest
        if self.known_at is None or sealed.recorded_at > self.known_at:
            self.known_at = sealed.recorded_at
        return True

    def body(
        self, log: str, partition: int, before: dict[str, Any] | None, signed_at: datetime, public: bytes
    ) -> dict[str, Any]:
        """Return what is signed; `before` is the body of the partition's last checkpoint, None for the first.

        Raises:
            ValueError: nothing was taken in.

        """
        if self.known_at is None:
            raise ValueError(f"partition {partition} has no entries; there is nothing to sign")
        return {
            "version": _VERSION,
            "log": log,
            "partition": partition,
            "number": before["number"] + 1 if before else 1,
            "previous": digest_of(before) if before else FIRST,
            "size": self.size,
            "root": self.root().hex(),
            "expenses": len(self.heads),
            "heads": root(self._head_leaves()).hex(),
            "known_at": stamp(self.known_at),
            "signed_at": stamp(signed_at),
            "key": key_id(public),
        }

    def root(self) -> bytes:
        """Return the root over the entries so far."""
        return root_of(self.hashes, self.size)

    def head_proof(self, expense_id: str) -> dict[str, Any]:
        """Return place and path of an expense's head under `heads`.

        Raises:
            KeyError: the expense has no entries here.

        """
        index = sorted(self.heads).index(expense_id) if expense_id in self.heads else None
        if index is None:
            raise KeyError(expense_id)
        return {"index": index, "path": [step.hex() for step in inclusion(self._head_leaves(), index)]}

    def _head_leaves(self) -> list[bytes]:
        return [head_leaf(name, head.sequence, head.hash) for name, head in sorted(self.heads.items())]


def root_of(hashes: bytes | bytearray, size: int) -> bytes:
    """Return the root over the first `size` hashes."""
    grown = Frontier()
    for at in range(0, size * HASH_BYTES, HASH_BYTES):
        grown.append(leaf(bytes(hashes[at : at + HASH_BYTES])))
    return grown.root()


def leaves_of(hashes: bytes | bytearray, size: int) -> list[bytes]:
    """Return the leaves over the first `size` hashes."""
    return [leaf(bytes(hashes[at : at + HASH_BYTES])) for at in range(0, size * HASH_BYTES, HASH_BYTES)]


def signed(body: dict[str, Any], signer: Signer) -> bytes:
    """Return the checkpoint as it is kept."""
    return canonical({"body": body, "signature": signer.sign(PURPOSE + canonical(body)).hex()})


def key_statement(public: bytes, before: Signer | None) -> bytes:
    """Return the statement that brings in a key: signed by the one before it, unless it is the first.

    With it a key is changed without signing anything anew: old checkpoints stay under the old key.
    """
    if before is None:
        return canonical({"public": public.hex(), "previous": None, "signature": None})
    body = {"public": public.hex(), "previous": key_id(before.public)}
    return canonical({**body, "signature": before.sign(KEY_PURPOSE + canonical(body)).hex()})


def named(partition: int, number: int) -> str:
    """Return the file name of a checkpoint."""
    return f"checkpoints/{partition:04d}/{number:08d}.json"


def hashes_file(body: Mapping[str, Any]) -> str:
    """Return the name of the file with the hashes that a checkpoint adds.

    The root is part of it: what a notary that was stopped half-way left behind is in nobody's way.
    """
    return f"hashes/{body['partition']:04d}/{body['number']:08d}-{body['root'][:16]}.bin"


def key_file(number: int) -> str:
    """Return the file name of the `number`-th key, from 1."""
    return f"keys/{number:04d}.json"
