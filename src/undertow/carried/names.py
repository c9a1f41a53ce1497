"""Names that are carried: sorted by their bytes, each with a code that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.carried.kernel_places import places

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Names:
    """Names of one kind.

    Attributes:
        names: `string`, (k), in the order of their bytes.
        codes: int32, (k): the code of each, by which the state knows it.
    """

    names: pa.Array
    codes: Array

    @classmethod
    def of(cls, table: pa.Table | None) -> Names:
        """Take them from a table of `names` and `codes`; none from None."""
        if table is None:
            return cls(pa.array([], pa.string()), np.empty(0, np.int32))
        return cls(table["names"].combine_chunks().cast(pa.string()), table["codes"].to_numpy())

    def table(self) -> pa.Table:
        """Undo `of`."""
        return pa.table({"names": self.names, "codes": self.codes})

    @property
    def to_place(self) -> Array:
        """The place of each code: int32, (k + 1), -1 at the end, where the code -1 finds it."""
        ranks = np.full(len(self.codes) + 1, -1, np.int32)
        ranks[self.codes] = np.arange(len(self.codes), dtype=np.int32)
        return ranks

    @property
    def to_code(self) -> Array:
        """Undo `to_place`."""
        return np.append(self.codes, np.int32(-1))

    def with_more(self, others: pa.Array) -> tuple[Names, Array]:
        """Add those of some sorted names that are not here yet.

        Returns:
            All names, and the place of each of the others: int32, (n + 1), -1 at the end.
        """
        found = np.empty(len(others), np.int64)
        places(*_spelled(others), *_spelled(self.names), found)
        many, new = len(self.names), np.flatnonzero(found < 0)
        fresh = np.arange(many, many + len(new), dtype=np.int32)
        # Several at one place stay in their own order, which is that of their bytes.
        at = -1 - found[new]
        order = np.insert(np.arange(many, dtype=np.int32), at, fresh)
        names = pa.concat_arrays([self.names, others.take(pa.array(new)).cast(pa.string())])
        back = np.full(len(order) + 1, -1, np.int32)
        back[order] = np.arange(len(order), dtype=np.int32)
        found[new] = fresh
        united = Names(
            names.take(pa.array(order)) if len(new) else self.names,
            np.insert(self.codes, at, fresh),
        )
        return united, back[np.append(found, -1)]


def _spelled(names: pa.Array) -> tuple[Array, Array]:
    """Give where each name begins, int64, (n + 1), and the bytes of all, uint8."""
    if not len(names):
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    _, offsets, spelled = names.cast(pa.large_string()).buffers()
    begins = np.frombuffer(offsets, np.int64, len(names) + 1, 8 * names.offset)
    return begins, np.frombuffer(spelled, np.uint8) if spelled else np.empty(0, np.uint8)
