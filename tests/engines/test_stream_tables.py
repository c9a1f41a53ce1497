"""The live engine's table of pairs: what is swept is gone, and all else is found where it stands."""

from __future__ import annotations

import numba
import numpy as np

from undertow.engines.stream_kernel_tables import (
    COUNT,
    SEGMENT,
    SEGMENTS,
    WORD,
    Map,
    claim,
    find,
    full_groups,
    new_map,
    strike,
    tidy,
)


@numba.njit
def put(table: Map, keys: np.ndarray, spare: np.ndarray) -> None:
    for k in range(len(keys)):
        table.slots[claim(table, keys[k, 0], keys[k, 1], spare), WORD] = k + 1


@numba.njit
def words(table: Map, keys: np.ndarray) -> np.ndarray:
    found = np.zeros(len(keys), np.int64)
    for k in range(len(keys)):
        s = find(table, keys[k, 0], keys[k, 1])
        found[k] = table.slots[s, WORD] if s >= 0 else 0
    return found


@numba.njit
def sweep(table: Map, gone: np.ndarray) -> None:
    for segment in range(table.head[SEGMENTS]):
        full = full_groups(table, segment)
        for s in range(segment * SEGMENT, (segment + 1) * SEGMENT):
            word = table.slots[s, WORD]
            if word and gone[word - 1]:
                table.slots[s, WORD] = 0
                strike(table.tags, s)
                table.segments[segment, COUNT] -= 1
        tidy(table, segment, full)


def test_what_is_not_swept_is_found_and_what_comes_takes_the_room() -> None:
    dice = np.random.default_rng(1)
    keys = dice.integers(0, 1 << 62, (4000, 2))
    table, spare = new_map(3, 1 << 22), np.empty((SEGMENT, 8), np.int64)
    put(table, keys, spare)
    there = np.ones(len(keys), bool)

    for share in (0.1, 0.5, 0.9):
        gone = there & (dice.random(len(keys)) < share)
        sweep(table, gone)
        there &= ~gone
        assert (words(table, keys) == np.where(there, np.arange(1, len(keys) + 1), 0)).all()
        put(table, keys, spare)
        assert (words(table, keys) == np.arange(1, len(keys) + 1)).all()
        there[:] = True

    assert table.segments[: table.head[SEGMENTS], COUNT].sum() == len(keys)
