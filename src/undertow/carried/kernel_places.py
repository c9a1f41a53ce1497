"""Compiled search for names among sorted names."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from undertow.compiled import outer

Array = npt.NDArray[Any]


@outer
def places(
    begins: Array, spelled: Array, held_begins: Array, held: Array, found: Array
) -> None:
    """Look names up among others that are sorted by their bytes.

    Args:
        begins: int64, (n + 1): where each name to look up begins in `spelled`.
        spelled: uint8: their bytes.
        held_begins: int64, (k + 1): the same of the sorted names.
        held: uint8: their bytes.
        found: int64, (n), written: the place of the name, or -1 - the place where it would stand.
    """
    for i in range(len(found)):
        low, high = np.int64(0), np.int64(len(held_begins) - 1)
        found[i] = -1
        while low < high and found[i] < 0:
            middle = (low + high) // 2
            x, y = begins[i], held_begins[middle]
            while x < begins[i + 1] and y < held_begins[middle + 1] and spelled[x] == held[y]:
                x += 1
                y += 1
            over, under = x == begins[i + 1], y == held_begins[middle + 1]
            if over and under:
                found[i] = middle
            elif not over and (under or spelled[x] > held[y]):
                low = middle + 1
            else:
                high = middle
        if found[i] < 0:
            found[i] = -1 - low
