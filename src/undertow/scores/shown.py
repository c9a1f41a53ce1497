"""Names as they may be shown: targets under their pseudonyms, also inside event ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.events.names import rows_naming
from undertow.matches.actors import Actors
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
        actors: personas: the other accounts of a target's actor are hidden like its own.
    """

    def __init__(
        self, log: EventLog, target_names: Names, actors: Actors | None = None
    ) -> None:
        self.log = log
        self._actors = actors
        self._target_names = target_names
        self._lock = Lock()
        self._place = np.full(len(log.accounts) + 1, NOBODY, np.int32)
        self._hidden = pa.array([], pa.string())

    def accounts(self, codes: Array) -> pa.Array:
        """Show accounts that are no targets here, by their names."""
        return self.log.accounts.take(pa.array(codes))

    def targets(self, codes: Array) -> pa.Array:
        """Show target codes; -1 becomes null. Each target's name is made once."""
        with self._lock:
            fresh = self._distinct(codes)
            fresh = fresh[self._place[fresh] == NOBODY]
            if len(fresh):
                self._place[fresh] = len(self._hidden) + np.arange(len(fresh), dtype=np.int32)
                more = self._target_names(self.accounts(fresh)).cast(pa.string())
                self._hidden = pa.concat_arrays([self._hidden, more])
            return self._hidden.take(pa.array(self._place[codes], mask=codes == NOBODY))

    def ranks(self, codes: Array) -> Array:
        """Give the place of each target's shown name in the order of names: int32, (n), equal names alike."""
        distinct = self._distinct(codes)
        place = np.full(len(self.log.accounts) + 1, len(distinct) + 1, np.int32)
        names = self.targets(distinct)
        place[distinct] = pc.rank(names, "ascending", tiebreaker="dense").to_numpy()
        ranks: Array = place[codes]
        return ranks

    def _distinct(self, codes: Array) -> Array:
        """List the accounts among some codes, ascending: they are small, so nothing is sorted."""
        there = np.zeros(len(self.log.accounts) + 1, bool)
        there[codes] = True
        return np.flatnonzero(there[:-1])

    def actors(self, codes: Array, targets: Array) -> pa.Array:
        """Show actors: the funnel's own target by its pseudonym, another account by its name."""
        own = codes == targets
        if self._actors is not None:
            own = own | ((targets != NOBODY) & ~self._actors.differ(codes, targets))
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
        texts = self._sealed(ids.take(pa.array(place, mask=rows < 0)), targets)
        if self._actors is not None:
            for ends in (self.log.actor, self.log.target):
                texts = self._sealed(texts, self._mates(ends, rows, targets))
        return texts

    def _mates(self, ends: Array, rows: Array, targets: Array) -> Array:
        """Give the end of each event that is another account of the target's actor: codes, -1 for none."""
        end = np.where(rows >= 0, ends[rows], NOBODY).astype(np.int64)
        mate = (end != NOBODY) & (targets != NOBODY) & (end != targets)
        if self._actors is not None:
            mate &= ~self._actors.differ(end, targets)
        return np.where(mate, end, NOBODY)

    def _sealed(self, texts: pa.Array, targets: Array) -> pa.Array:
        hits = self._naming(texts, targets)
        if not len(hits):
            return texts
        found = (
            texts.take(pa.array(hits)),
            self.accounts(targets[hits]),
            self.targets(targets[hits]),
        )
        sealed = [
            text if by == name else _hidden(text, name.split(":", 1)[-1], by)
            for text, name, by in zip(*(one.to_pylist() for one in found), strict=True)
        ]
        mask = np.zeros(len(texts), bool)
        mask[hits] = True
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(sealed, pa.string()))

    def _naming(self, texts: pa.Array, targets: Array) -> Array:
        """List the rows whose text holds the native id of their target."""
        distinct = self._distinct(targets)
        place = np.full(len(self.log.accounts) + 1, NOBODY, np.int32)
        place[distinct] = np.arange(len(distinct), dtype=np.int32)
        return rows_naming(texts, self.accounts(distinct), place[targets])


def _hidden(text: str, name: str, by: str) -> str:
    """Replace a name in an event id: anywhere if it is long, else as a whole word or the whole id.

    A short name such as `7` stands in many numbers by chance: `x:7` is not what `00017` speaks of.
    """
    if len(name) >= LONG_NAME:
        return text.replace(name, by)
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])", by, text)
