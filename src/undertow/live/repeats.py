"""Which events came before: 128-bit hashes of (id, target) over at least one lateness of the past.

Two tables take turns. When the newer one covers a whole lateness, the older one is forgotten: what it
held lies so far back that a repeat of it is late and goes no further anyway.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.compiled import outer
from undertow.events.kernel_texts import hashed
from undertow.live.names import Texts, new_key, texts

Array = npt.NDArray[Any]
_LEAST: Final = 1 << 10
_MIX: Final = 0x1E3779B97F4A7C15


@outer
def _is_free(table: Array, slot: int) -> bool:
    return bool(table[slot, 0] == 0 and table[slot, 1] == 0)


@outer
def _slot(table: Array, one: int, other: int) -> int:
    """Find the slot of a hash, or the free slot where it would go."""
    mask = len(table) - 1
    slot = one & mask
    while not _is_free(table, slot) and (table[slot, 0] != one or table[slot, 1] != other):
        slot = (slot + 1) & mask
    return slot


@outer
def _refill(old: Array, new: Array) -> None:
    for slot in range(len(old)):
        if not _is_free(old, slot):
            new[_slot(new, old[slot, 0], old[slot, 1])] = old[slot]


@outer
def _mark(
    given: Texts,
    target: Array,
    at: Array,
    tables: tuple[Array, Array],
    keys: Array,
    span: int,
    fresh: Array,
) -> int:
    """Say of each event whether it is met for the first time; gives how many were entered.

    Args:
        given: ids.
        target: int64, (n), codes.
        at: int64, (n), microseconds.
        tables: the newer one, which is written, and the older one.
        keys: int64, (2, 3), of the two halves of the hash.
        span: microseconds for which an event is remembered.
        fresh: bool, (n), written.
    """
    newer, older = tables
    data = given.data.ctypes.data
    entered = 0
    for i in range(len(fresh)):
        begin, size = data + given.ends[i], given.ends[i + 1] - given.ends[i]
        salt = (target[i] + 1) * _MIX
        one = hashed(begin, size, keys[0]) ^ salt
        other = hashed(begin, size, keys[1]) ^ salt
        if one == 0 and other == 0:
            other = 1
        slot, past = _slot(newer, one, other), _slot(older, one, other)
        # By the events' own times, not by when a table was forgotten: a run that was cut says the same.
        fresh[i] = (_is_free(newer, slot) or at[i] - newer[slot, 2] > span) and (
            _is_free(older, past) or at[i] - older[past, 2] > span
        )
        if fresh[i]:
            entered += _is_free(newer, slot)
            newer[slot, 0], newer[slot, 1], newer[slot, 2] = one, other, at[i]
    return entered


class Repeats:
    """Remembers (id, target) of events that went on, for at least `span` of their own time.

    Args:
        span: microseconds.
    """

    def __init__(self, span: int) -> None:
        self.span = span
        # Keys of its own: nobody outside can choose ids that are taken for one another.
        self._keys = np.stack([new_key(), new_key()])
        self._newer, self._older = _table(_LEAST), _table(_LEAST)
        self._count = 0
        self._since: int | None = None

    @property
    def size(self) -> int:
        """Bytes in use."""
        return int(self._newer.nbytes + self._older.nbytes)

    def fresh(self, ids: pa.Array, target: Array, at: Array) -> Array:
        """Mark the events that were not met before, and remember them.

        Args:
            ids: string, (n), no nulls.
            target: int64, (n), codes.
            at: int64, (n), microseconds, ascending, not before those of earlier calls.

        Returns:
            bool, (n).
        """
        fresh = np.empty(len(ids), bool)
        if not len(ids):
            return fresh
        if self._since is None:
            self._since = int(at[0])
        elif int(at[0]) - self._since > self.span:
            self._older, self._newer = self._newer, _table(_LEAST)
            self._count, self._since = 0, int(at[0])
        while 2 * (self._count + len(ids)) > len(self._newer):
            grown = _table(2 * len(self._newer))
            _refill(self._newer, grown)
            self._newer = grown
        self._count += _mark(
            texts(ids),
            np.ascontiguousarray(target),
            np.ascontiguousarray(at),
            (self._newer, self._older),
            self._keys,
            self.span,
            fresh,
        )
        return fresh

    def state(self) -> dict[str, Array]:
        """Give what a checkpoint holds."""
        since = [] if self._since is None else [self._since]
        return {
            "newer": self._newer,
            "older": self._older,
            "keys": self._keys,
            "head": np.array([self._count, *since], np.int64),
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take up what a checkpoint held."""
        self._newer, self._older = state["newer"].copy(), state["older"].copy()
        head = state["head"].tolist()
        self._keys, self._count = state["keys"].copy(), head[0]
        self._since = head[1] if len(head) > 1 else None


def _table(size: int) -> Array:
    return np.zeros((size, 3), np.int64)
