"""The Merkle tree."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.check import leaf, verify_consistency, verify_inclusion
from audit.merkle import Frontier, consistency, inclusion, root

# The eight leaves and the roots of 0 to 8 of them that Certificate Transparency's own tests use.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_golden_roots(size: int) -> None:
    """Roots are those of RFC 6962's known answers."""
    assert root([leaf(data) for data in LEAVES[:size]]).hex() == ROOTS[size]


def split(leaves: list[bytes]) -> bytes:
    """The tree hash as RFC 6962 section 2.1 words it: split at the largest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + split(leaves[:k]) + split(leaves[k:])).digest()


@given(st.integers(1, 200), st.data())
def test_every_leaf_is_proved(size: int, data: st.DataObject) -> None:
    """A leaf's path leads to the root; to another root, from another leaf or at another index it does not."""
    leaves = [leaf(bytes([n])) for n in range(size)]
    top = root(leaves)
    assert top == split(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion(leaves, index)
    assert verify_inclusion(leaves[index], index, size, path, top)
    assert not verify_inclusion(leaf(b"other"), index, size, path, top)
    assert not verify_inclusion(leaves[index], index, size, path, leaf(b"other"))
    assert not verify_inclusion(leaves[index], index, size, (*path, top), top)
    assert not verify_inclusion(leaves[index], size, size, path, top)
    if size > 1:
        assert not verify_inclusion(leaves[index], (index + 1) % size, size, path, top)
        assert not verify_inclusion(leaves[index], index, size, path[:-1], top)


def test_no_such_leaf() -> None:
    """A path for a leaf that is not there is refused."""
    with pytest.raises(IndexError):
        inclusion([leaf(b"")], 1)


@given(st.integers(1, 120), st.data())
def test_a_beginning_is_proved(size: int, data: st.DataObject) -> None:
    """A tree is proved to be the beginning of a longer one; another root, size or path is refused."""
    leaves = [leaf(bytes([n])) for n in range(size)]
    first = data.draw(st.integers(1, size))
    path = consistency(leaves, first)
    before, after = root(leaves[:first]), root(leaves)
    assert verify_consistency(first, size, before, after, path)
    assert not verify_consistency(first, size, leaf(b"other"), after, path)
    assert not verify_consistency(first, size, before, leaf(b"other"), path)
    assert not verify_consistency(first, size, before, after, (*path, before))
    assert not verify_consistency(first, size, before, after, path[:-1]) or not path
    if first < size:
        rewritten = [leaf(b"other"), *leaves[1:]]
        assert not verify_consistency(first, size, before, root(rewritten), consistency(rewritten, first))


def test_no_such_beginning() -> None:
    """No proof is made for more leaves than there are, or for none."""
    for first in (0, 2):
        with pytest.raises(IndexError):
            consistency([leaf(b"")], first)


def test_a_tree_grows_leaf_by_leaf() -> None:
    """A frontier has the root of the whole tree at every size, and keeps one hash for each bit of the size."""
    grown = Frontier()
    leaves: list[bytes] = []
    assert grown.root() == root(leaves)
    for number in range(70):
        leaves.append(leaf(bytes([number])))
        grown.append(leaves[-1])
        assert (grown.size, grown.root(), len(grown.peaks)) == (number + 1, root(leaves), (number + 1).bit_count())
