"""The Merkle tree of RFC 6962: hashes, a root that grows leaf by leaf, proofs and their checks.

Leaves and nodes are hashed with different first bytes, so that no leaf passes for a node. Leaf
hashes are 32 bytes each, in the order of the log. `undertow.audit.verify` computes roots a second
time in its own way and imports nothing from here; a test holds the two together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()
"""Root of a log without leaves."""


def leaf_hash(body: bytes) -> bytes:
    """Hash the bytes of one leaf."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that only grows; it keeps one hash per complete subtree, at most 64.

    Attributes:
        size: leaves so far.
        peaks: roots of the complete subtrees, largest first.
    """

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self.peaks.append(leaf)
        self.size += 1
        bits = self.size
        while bits % 2 == 0:
            right = self.peaks.pop()
            self.peaks[-1] = node_hash(self.peaks[-1], right)
            bits //= 2

    def root(self) -> bytes:
        """Give the root over all leaves so far."""
        if not self.peaks:
            return EMPTY
        found = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            found = node_hash(left, found)
        return found


def root(leaves: Sequence[bytes]) -> bytes:
    """Compute the root of leaf hashes as RFC 6962 defines it, from nothing."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    cut = _split(len(leaves))
    return node_hash(root(leaves[:cut]), root(leaves[cut:]))


def inclusion(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """Prove that a leaf stands in the tree of all `leaves`: the hashes beside its way up, lowest first.

    Raises:
        ValueError: there is no leaf at `place`.
    """
    if not 0 <= place < len(leaves):
        raise ValueError(f"no leaf {place} among {len(leaves)}")
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if place < cut:
        return [*inclusion(leaves[:cut], place), root(leaves[cut:])]
    return [*inclusion(leaves[cut:], place - cut), root(leaves[:cut])]


def consistency(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """Prove that the tree of the first `old` leaves is the beginning of the tree of all `leaves`.

    Raises:
        ValueError: `old` is not between 1 and the number of leaves.
    """
    if not 1 <= old <= len(leaves):
        raise ValueError(f"no tree of {old} leaves within {len(leaves)}")
    return _beginning(leaves, old, whole=True)


def _beginning(leaves: Sequence[bytes], old: int, *, whole: bool) -> list[bytes]:
    """Do what RFC 6962 calls SUBPROOF; `whole`: this subtree's root is known to whoever checks."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    cut = _split(len(leaves))
    if old <= cut:
        return [*_beginning(leaves[:cut], old, whole=whole), root(leaves[cut:])]
    return [*_beginning(leaves[cut:], old - cut, whole=False), root(leaves[:cut])]


def is_included(
    leaf: bytes, place: int, size: int, proof: Sequence[bytes], expected: bytes
) -> bool:
    """Check an inclusion proof: does `leaf`, at `place` of `size`, lead to the root `expected`?"""
    if not 0 <= place < size:
        return False
    at, last, found = place, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node_hash(beside, found)
            while not at % 2 and at:
                at, last = at // 2, last // 2
        else:
            found = node_hash(found, beside)
        at, last = at // 2, last // 2
    return last == 0 and found == expected


def is_beginning(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Check a consistency proof between a tree of `old` leaves and one of `new`, at least 1 each."""
    if not 1 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    at, last = old - 1, new - 1
    while at % 2:
        at, last = at // 2, last // 2
    steps = list(proof)
    if at == 0:  # the old tree is complete, and its root is the first hash
        steps.insert(0, old_root)
    if not steps:
        return False
    was = now = steps[0]
    for beside in steps[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            was, now = node_hash(beside, was), node_hash(beside, now)
            while not at % 2 and at:
                at, last = at // 2, last // 2
        else:
            now = node_hash(now, beside)
        at, last = at // 2, last // 2
    return last == 0 and was == old_root and now == new_root


def _split(size: int) -> int:
    """Give the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
