"""What accounts may share: addresses that are handed over and scripts, taken while texts go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.table import TYPES
from undertow.signals.disguise import fold
from undertow.signals.handed import Handed
from undertow.signals.links import find_urls
from undertow.signals.script import NONE, Scripts, in_order

Array = npt.NDArray[Any]
MESSAGE: Final = TYPES.index("message")


class Shared:
    """Looks at texts for marks, and for addresses and scripts that other accounts have as well.

    Attributes:
        addresses: kind and value by the numbers of `handed`, after `settle`.

    Args:
        look: gives the marks, `address` among them.
        region: as for `find_addresses`.
        listed: says whether an address, by kind and value, stands on a known list; None for no list.
    """

    def __init__(
        self,
        look: Callable[[pa.Array, Array], dict[str, Array]],
        region: str | None = None,
        listed: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._look, self._listed = look, listed
        self.handed = Handed(region)
        self.addresses: list[tuple[str, str]] = []
        self.scripts = Scripts()

    def __call__(self, content: pa.Array, types: Array) -> dict[str, Array]:
        """Add `handed` and `script` to the marks of a batch: int32, -1 for none; messages only."""
        marks = self._look(content, types)
        message = types == MESSAGE
        marks["handed"] = self.handed.look(content, marks["address"] & message)
        marks["script"] = np.full(len(content), NONE, np.int32)
        rows = np.flatnonzero(message)
        texts = content.take(pa.array(rows))
        marks["script"][rows] = self.scripts.look(texts)
        if self._listed is not None:
            marks["listed"] = np.zeros(len(content), bool)
            marks["listed"][rows] = _links(texts, self._listed)
        return marks

    def settle(self, marks: dict[str, Array]) -> None:
        """Number addresses and scripts of the whole log, in its order, by first appearance.

        With a known list the mark `listed` says which rows hand over an address of it, or link to it.
        """
        if "handed" not in marks:  # nothing was read
            return
        if self._listed is not None:
            on_list = np.array([*(self._listed(*one) for one in self.handed.values()), False])
            marks["listed"] |= on_list[marks["handed"]]
        values, numbers = self.handed.values(), marks["handed"]
        marks["handed"] = in_order(numbers)
        _, first = np.unique(marks["handed"], return_index=True)
        self.addresses = [values[n] for n in numbers[first].tolist() if n >= 0]
        marks["script"] = self.scripts.settled(marks["script"])


def _links(texts: pa.Array, listed: Callable[[str, str], bool]) -> Array:
    """Say which texts hold a url that stands on a list: bool, (n), false where no text is held."""
    dotted = pc.fill_null(pc.match_substring(texts, "."), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(dotted)
    coded = texts.take(pa.array(rows)).dictionary_encode()
    hits = [
        any(listed(spot.kind, spot.value) for spot in find_urls(fold(text)))
        for text in coded.dictionary.to_pylist()
    ]
    found = np.zeros(len(texts), bool)
    if len(rows):
        found[rows] = np.array(hits, bool)[coded.indices.to_numpy()]
    return found
