"""A Merkle tree over hashes, as RFC 6962 section 2.1 defines it.

One root stands for any number of entries; a path of log2(n) hashes proves that one of them is under it. Leaves and
inner nodes are hashed with different prefixes, so that no inner node can be passed off as an entry. What checks a
path stands in `audit.check`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.check import node

__all__ = ["Frontier", "consistency", "inclusion", "root"]


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; of none it is the SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        level = _raised(level)
    return level[0]


def inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of one leaf, from the leaf's sibling up.

    Raises:
        IndexError: there is no such leaf.

    """
    if not 0 <= index < len(leaves):
        msg = f"leaf {index} of {len(leaves)}"
        raise IndexError(msg)
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        # The last node of an odd level has no sibling: it rises as it is, and the path is one shorter.
        if sibling < len(level):
            path.append(level[sibling])
        level = _raised(level)
        index //= 2
    return tuple(path)


def consistency(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Return what proves that the tree of the `first` leaves is the beginning of that of all (RFC 6962, 2.1.2).

    Raises:
        IndexError: there are not so many leaves, or none was asked for.

    """
    if not 0 < first <= len(leaves):
        msg = f"the first {first} of {len(leaves)} leaves"
        raise IndexError(msg)
    return _between(leaves, first, whole=True)


def _between(leaves: Sequence[bytes], first: int, *, whole: bool) -> tuple[bytes, ...]:
    if first == len(leaves):
        # A whole tree's own root is known to whoever asks.
        return () if whole else (root(leaves),)
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= split:
        return (*_between(leaves[:split], first, whole=whole), root(leaves[split:]))
    return (*_between(leaves[split:], first - split, whole=False), root(leaves[:split]))


@dataclass(slots=True)
class Frontier:
    """A tree that grows by one leaf at a time and keeps log2(n) hashes: `peaks` are its whole subtrees, largest first.

    For a log that is too long to hold: appending costs two hashes a leaf on average, the root log2(n).
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf_hash: bytes) -> None:
        """Add a leaf hash."""
        found, size = leaf_hash, self.size
        while size & 1:
            found = node(self.peaks.pop(), found)
            size >>= 1
        self.peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far; of none it is the SHA-256 of nothing."""
        if not self.peaks:
            return root(())
        *rest, found = self.peaks
        for peak in reversed(rest):
            found = node(peak, found)
        return found


def _raised(level: list[bytes]) -> list[bytes]:
    # Pairing from the left and lifting an odd last node gives RFC 6962's split at the largest power of two.
    raised = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return raised + level[-1:] if len(level) % 2 else raised
