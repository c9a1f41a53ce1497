"""The Merkle tree: the vectors of RFC 6962's authors, growth equal to definition, proofs that hold and forgeries that do not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.audit import tree

# Leaves and roots of the reference implementation of Certificate Transparency.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(count: int) -> list[bytes]:
    return [tree.leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    leaves = [tree.leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert tree.root(leaves).hex() == ROOTS[size]


def test_proofs_are_those_of_the_reference() -> None:
    leaves = [tree.leaf_hash(leaf) for leaf in LEAVES]
    assert [one.hex() for one in tree.inclusion(leaves, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [one.hex() for one in tree.consistency(leaves[:8], 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = hashes(2)
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)
    assert tree.leaf_hash(b"x") == hashlib.sha256(b"\0x").digest()


@given(st.integers(0, 300))
def test_a_root_that_grew_is_the_root_by_definition(size: int) -> None:
    grown = tree.Tree()
    leaves = hashes(size)
    for leaf in leaves:
        grown.append(leaf)
    assert (grown.size, grown.root()) == (size, tree.root(leaves))
    assert len(grown.peaks) == size.bit_count()


@settings(deadline=None)
@given(st.data())
def test_a_leaf_is_proven_in_its_place_and_nowhere_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    place = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    proof, root = tree.inclusion(leaves, place), tree.root(leaves)
    assert tree.is_included(leaves[place], place, size, proof, root)
    other = data.draw(st.integers(0, size + 3))
    if other != place:
        assert not tree.is_included(leaves[place], other, size, proof, root)
    assert not tree.is_included(tree.leaf_hash(b"other"), place, size, proof, root)
    assert not tree.is_included(leaves[place], place, size, [*proof, leaves[0]], root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        forged = [*proof[:at], hashlib.sha256(proof[at]).digest(), *proof[at + 1 :]]
        assert not tree.is_included(leaves[place], place, size, forged, root)
        assert not tree.is_included(leaves[place], place, size, proof[:-1], root)


@settings(deadline=None)
@given(st.data())
def test_a_log_that_only_grew_is_proven_and_a_rewritten_one_is_not(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, new))
    leaves = hashes(new)
    before, after = tree.root(leaves[:old]), tree.root(leaves)
    proof = tree.consistency(leaves, old)
    assert tree.is_beginning(old, before, new, after, proof)
    at = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:at], tree.leaf_hash(b"other"), *leaves[at + 1 :]]
    anew = tree.root(rewritten)
    assert not tree.is_beginning(old, before, new, anew, tree.consistency(rewritten, old))
    assert not tree.is_beginning(old, before, new, after, [*proof, before])
    if proof:
        assert not tree.is_beginning(old, before, new, after, proof[:-1])
        assert not tree.is_beginning(old, before, new, after, [])
        assert not tree.is_beginning(old, after, new, after, proof)


@pytest.mark.parametrize(("size", "place"), [(0, 0), (3, 3), (3, -1)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(size: int, place: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion(hashes(size), place)
    with pytest.raises(ValueError, match="no tree"):
        tree.consistency(hashes(size), size + 1)
    assert not tree.is_included(b"", place, size, [], b"")
    assert not tree.is_beginning(0, tree.EMPTY, 3, tree.root(hashes(3)), [])
