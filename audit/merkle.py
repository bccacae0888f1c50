"""A Merkle tree over hashes, as RFC 6962 section 2.1 defines it.

One root stands for any number of entries; a path of log2(n) hashes proves that one of them is under it. Leaves and
inner nodes are hashed with different prefixes, so that no inner node can be passed off as an entry.
"""

import hashlib
from collections.abc import Sequence

__all__ = ["inclusion", "leaf", "root", "verify_inclusion"]

_LEAF, _NODE = b"\x00", b"\x01"


def leaf(data: bytes) -> bytes:
    """Return the hash of one leaf, 32 bytes."""
    return hashlib.sha256(_LEAF + data).digest()


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


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Return whether the path leads from the leaf to the root of a tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = index, size - 1
    found = leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = _node(sibling, found)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found = _node(found, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and found == expected_root


def _raised(level: list[bytes]) -> list[bytes]:
    # Pairing from the left and lifting an odd last node gives RFC 6962's split at the largest power of two.
    raised = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return raised + level[-1:] if len(level) % 2 else raised


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
