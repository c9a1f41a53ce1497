"""Names as they may be shown: targets under their pseudonyms, also inside event ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.matches.program import Array

LONG_NAME: Final = 5
"""Letters from which a native id inside an event id is taken to be that id wherever it stands."""

Names = Callable[[pa.Array], pa.Array]
"""Turns account names into the names shown for targets: pseudonyms, or native ids with a reason."""


class Shown:
    """Shows codes of a log as names.

    Args:
        log: the events.
        target_names: turns names of targets into what is shown.
    """

    def __init__(self, log: EventLog, target_names: Names) -> None:
        self.log = log
        self._target_names = target_names

    def accounts(self, codes: Array) -> pa.Array:
        """Show accounts that are no targets here, by their names."""
        return self.log.accounts.take(pa.array(codes))

    def targets(self, codes: Array) -> pa.Array:
        """Show target codes; -1 becomes null."""
        distinct, place = np.unique(codes, return_inverse=True)
        known = distinct != NOBODY
        hidden = self._target_names(self.accounts(distinct[known]))
        return hidden.take(pa.array(place - (~known).sum(), mask=codes == NOBODY))

    def actors(self, codes: Array, targets: Array) -> pa.Array:
        """Show actors: the funnel's own target by its pseudonym, another account by its name."""
        own = codes == targets
        hidden = self.targets(np.where(own, codes, NOBODY))
        return pc.if_else(pa.array(own), hidden, self.accounts(codes))

    def rooms(self, codes: Array, targets: Array) -> pa.Array:
        """Show group names; the native id of the row's own target inside one is replaced."""
        return self._sealed(
            self.log.contexts.take(pa.array(codes, mask=codes == NOBODY)), targets
        )

    def events(self, rows: Array, targets: Array) -> pa.Array:
        """Show event ids, null for row -1; the native id of the row's own target is replaced.

        Only of the row's own: of an account that is a target elsewhere and stands here by its name,
        the replaced id beside the name would give the pseudonym away.
        """
        cited = np.flatnonzero(rows >= 0)
        place = np.zeros(len(rows), np.int64)
        place[cited] = np.arange(len(cited))
        ids = pa.concat_arrays([pa.array([], pa.string()), *self.log.ids(rows[cited]).chunks])
        return self._sealed(ids.take(pa.array(place, mask=rows < 0)), targets)

    def _sealed(self, texts: pa.Array, targets: Array) -> pa.Array:
        distinct, place = np.unique(targets, return_inverse=True)
        native = self.log.accounts.take(pa.array(distinct, mask=distinct == NOBODY)).to_pylist()
        parts = [None if name is None else name.split(":", 1)[-1] or None for name in native]
        found = [
            k
            for k, (text, p) in enumerate(zip(texts.to_pylist(), place.tolist(), strict=True))
            if text is not None and parts[p] is not None and parts[p] in text
        ]
        if not found:
            return texts
        hits = np.array(found)
        shown = self.targets(targets[hits]).to_pylist()
        sealed = [
            text if by == native[p] else _hidden(text, parts[p], by)
            for text, p, by in zip(
                texts.take(pa.array(hits)).to_pylist(), place[hits].tolist(), shown, strict=True
            )
        ]
        mask = np.zeros(len(texts), bool)
        mask[hits] = True
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(sealed, pa.string()))


def _hidden(text: str, name: str, by: str) -> str:
    """Replace a name in an event id: anywhere if it is long, else as a whole word or the whole id.

    A short name such as `7` stands in many numbers by chance: `x:7` is not what `00017` speaks of.
    """
    if len(name) >= LONG_NAME:
        return text.replace(name, by)
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])", by, text)
