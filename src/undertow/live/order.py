"""Order out of a stream: events wait until nothing earlier may come, then leave in total order.

The watermark is the greatest `published` so far less the lateness. An event before it at the moment it
comes is late: it is counted and goes no further. What is late follows from the order of the lines
alone, never from how they were cut into blocks, so a run that was interrupted says the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.live.columns import AT, TARGET, TYPE, Array, Events, joined, no_events
from undertow.live.names import Names
from undertow.live.repeats import Repeats

MOST_PARTS: Final = 32
"""Stretches that wait apart before they are put together."""
_NEVER: Final = -(1 << 62)


class Waiting:
    """Events that wait for the watermark.

    Args:
        lateness: how much later than a later one an event may come, microseconds.
        accounts: names, for the order of events that tie in time and id.

    Attributes:
        greatest: greatest `published` so far.
        late, repeated: events that went no further, so far.
    """

    def __init__(self, lateness: int, accounts: Names) -> None:
        self.lateness = lateness
        self.greatest = _NEVER
        self.late = 0
        self.repeated = 0
        self._floor = _NEVER
        self._accounts = accounts
        self._parts: list[Events] = []
        self.repeats = Repeats(lateness)

    def __len__(self) -> int:
        return sum(len(part) for part in list(self._parts))

    @property
    def size(self) -> int:
        """Bytes in use."""
        parts = list(self._parts)
        waiting = sum(int(p.ids.nbytes + p.columns.nbytes) for p in parts)
        return self.repeats.size + waiting

    @property
    def watermark(self) -> int:
        """The moment before which everything has left, microseconds."""
        return max(self._floor, self.greatest - self.lateness)

    def take(self, events: Events) -> None:
        """Let events wait, in the order in which they came; late ones are counted and dropped."""
        if not len(events):
            return
        at = events.at
        before = np.maximum.accumulate(np.append(self.greatest, at))[:-1]
        late = at < np.maximum(before - self.lateness, self._floor)
        self.greatest = max(self.greatest, int(at.max()))
        if late.any():
            self.late += int(late.sum())
            events = events.take(np.flatnonzero(~late))
        if (np.diff(events.at) < 0).any():
            events = events.take(np.argsort(events.at, kind="stable"))
        if len(events):
            self._parts.append(events)
        if len(self._parts) > MOST_PARTS:
            self._parts = [_by_time(joined(self._parts))]

    def leave(self, *, all_of_them: bool = False) -> Events:
        """Give the events before the watermark in total order, repeats left out.

        Args:
            all_of_them: at the end of a finite input; whatever comes up to the last one after that is
                late.
        """
        if all_of_them and self.greatest != _NEVER:
            self._floor = self.greatest + 1
        until = self.watermark
        ready: list[Events] = []
        stay: list[Events] = []
        for part in self._parts:
            cut = int(np.searchsorted(part.at, until, "left"))
            if cut:
                ready.append(part.part(0, cut))
            if cut < len(part):
                stay.append(part.part(cut, len(part)))
        if not ready:
            return no_events()
        self._parts = stay
        events = self._in_order(_by_time(joined(ready)))
        fresh = self.repeats.fresh(events.ids, events.columns[TARGET], events.at)
        if fresh.all():
            return events
        self.repeated += int(len(fresh) - fresh.sum())
        return events.take(np.flatnonzero(fresh))

    def _in_order(self, events: Events) -> Events:
        """Sort events that tie in time by id, target and type, as batch does."""
        at = events.at
        equal = at[1:] == at[:-1]
        if not equal.any():
            return events
        tied = np.append(False, equal) | np.append(equal, False)
        rows = np.flatnonzero(tied)
        columns = events.columns[:, rows]
        table = pa.table(
            {
                "at": columns[AT],
                "id": events.ids.take(pa.array(rows)),
                "target": pc.fill_null(self._accounts.array(columns[TARGET].tolist()), ""),
                "type": columns[TYPE],
            }
        )
        keys = [(name, "ascending") for name in table.column_names]
        order = np.arange(len(events))
        order[rows] = rows[pc.sort_indices(table, sort_keys=keys).to_numpy()]
        return events.take(order)

    def state(self) -> tuple[Events, dict[str, Array]]:
        """Give what a checkpoint holds: who waits, and the numbers."""
        self._parts = [_by_time(joined(self._parts))] if self._parts else []
        counts = [self.greatest, self._floor, self.late, self.repeated]
        waiting = self._parts[0] if self._parts else no_events()
        return waiting, {"counts": np.array(counts, np.int64), **self.repeats.state()}

    def restore(self, waiting: Events, state: dict[str, Array]) -> None:
        """Take up what a checkpoint held."""
        self._parts = [waiting] if len(waiting) else []
        self.greatest, self._floor, self.late, self.repeated = state["counts"].tolist()
        self.repeats.restore(state)


def _by_time(events: Events) -> Events:
    at = events.at
    if not (np.diff(at) < 0).any():
        return events
    return events.take(np.argsort(at, kind="stable"))
