"""The signal `handed`: which address a message hands over, as a number; equal numbers, equal address.

Only rows that were marked as holding an address are looked at. Disguised addresses are read as by
`find_addresses`, so the same number written in words and in digits is one address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.signals.address import find_addresses
from undertow.signals.script import NONE

Array = npt.NDArray[Any]
URL: Final = "url"


@dataclass
class Handed:
    """Numbers the addresses of a whole input, batch by batch; threads may share it.

    Attributes:
        region: as for `find_addresses`.
    """

    region: str | None = None
    _number: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, content: pa.Array, marked: Array) -> Array:
        """Number the first address of each marked text that is no link: int32, (n), -1 for none."""
        numbers = np.full(len(content), NONE, np.int32)
        rows = np.flatnonzero(marked)
        coded = content.take(pa.array(rows)).dictionary_encode()
        keys = [self._first(text) for text in coded.dictionary.to_pylist()]
        with self._lock:
            of = [
                NONE if key is None else self._number.setdefault(key, len(self._number))
                for key in keys
            ]
        if len(rows):
            numbers[rows] = np.array(of, np.int32)[coded.indices.to_numpy()]
        return numbers

    def _first(self, text: str) -> tuple[str, str] | None:
        found = find_addresses(text, region=self.region)
        return next(((a.kind, a.value) for a in found if a.kind != URL), None)

    def values(self) -> list[tuple[str, str]]:
        """List kind and value of each address by its number."""
        return list(self._number)
