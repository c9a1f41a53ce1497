"""A background as numbers: who acts when, at which resolution, and how its talks really run.

Everything a simulated account does is timed by what stands here, so that planted rows follow the
hours, gaps and bursts of the community they hide in. Text of the background is never looked at
but for its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.errors import UndertowError
from undertow.events.table import TYPES, VISIBILITIES
from undertow.units import MINUTE, SECOND
from undertow.worlds.rows import MESSAGE, Bools, Ints

SMALLEST_ROWS = 300
SMALLEST_ACCOUNTS = 30
CROWD = 12
"""Neighbouring events from which a time is taken; ours: a few minutes to hours in a live community."""


@dataclass(frozen=True)
class Background:
    """The columns of a background in total order, as codes; -1 stands for null.

    `event` numbers events: rows of one event that is addressed to several accounts share it.
    """

    at: Ints
    actor: Ints
    target: Ints
    type: Ints
    visibility: Ints
    context: Ints
    event: Ints
    undoes: Ints
    accounts: int
    contexts: int
    lengths: Ints
    platforms: tuple[str, ...]

    @cached_property
    def resolution(self) -> int:
        """Smallest unit of its times in µs: a minute, a second, or one."""
        for unit in (MINUTE, SECOND):
            if not np.any(self.at % unit):
                return unit
        return 1

    @cached_property
    def direct(self) -> Bools:
        """Rows that are direct messages between two accounts."""
        private = np.isin(self.visibility, (-1, VISIBILITIES.index("direct")))
        found: Bools = (self.type == MESSAGE) & (self.target >= 0) & private
        return found

    @cached_property
    def activity(self) -> Ints:
        """Rows per account as actor."""
        return np.bincount(self.actor, minlength=self.accounts)

    @cached_property
    def _by_actor(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.actor, kind="stable")
        return order, np.concatenate([[0], np.cumsum(self.activity)])

    @cached_property
    def seen(self) -> tuple[Ints, Ints]:
        """First and last row time of every account, in any part."""
        first = np.full(self.accounts, np.iinfo(np.int64).max)
        last = np.full(self.accounts, np.iinfo(np.int64).min)
        addressed = self.target >= 0
        for who, at in ((self.actor, self.at), (self.target[addressed], self.at[addressed])):
            np.minimum.at(first, who, at)
            np.maximum.at(last, who, at)
        return first, last

    def own_rows(self, who: Ints, rng: np.random.Generator) -> Ints:
        """Pick for each account a row in which it acts; any row for one that never acts."""
        order, start = self._by_actor
        count = self.activity[who]
        picked = start[who] + (rng.random(len(who)) * np.maximum(count, 1)).astype(np.int64)
        anywhere = rng.integers(0, len(self.at), len(who))
        return np.where(count > 0, order[np.minimum(picked, len(order) - 1)], anywhere)

    def later_own_times(self, who: int, since: int) -> Ints:
        """List the times at which an account acts from `since` on."""
        order, start = self._by_actor
        times: Ints = self.at[order[start[who] : start[who + 1]]]
        return times[times >= since]

    def near(self, at: Ints, rng: np.random.Generator, *, back: bool = False) -> Ints:
        """Move times to moments at which the community is awake, onwards or `back`.

        A moment is taken from one of the next few events, and shifted by minutes, so that planted
        rows follow the density of the background hour by hour.
        """
        step = rng.integers(0, CROWD, len(at))
        shift = rng.exponential(4 * MINUTE, len(at)).astype(np.int64) + self.resolution
        if back:
            index = np.maximum(np.searchsorted(self.at, at, side="left") - 1 - step, 0)
            return self.rounded(np.minimum(at, self.at[index]) - shift)
        index = np.minimum(np.searchsorted(self.at, at) + step, len(self.at) - 1)
        return self.rounded(np.maximum(at, self.at[index]) + shift)

    def rounded(self, at: Ints) -> Ints:
        """Cut times to the background's own resolution."""
        return at // self.resolution * self.resolution

    def inside(self, at: Ints) -> Bools:
        """Say which times lie within the background's first and last row."""
        found: Bools = (at >= self.at[0]) & (at <= self.at[-1])
        return found


def read_background(table: pa.Table) -> Background:
    """Turn an event table into numbers.

    Raises:
        UndertowError: `world-background-small` if too few rows or accounts could hide a funnel,
            `world-background-silent` if nobody addresses anybody.
    """
    table = table.select(_NEEDED).combine_chunks()
    table = table.sort_by([(name, "ascending") for name in ("published", "id", "target")])
    table = table.filter(_new_keys(table))
    names = pc.unique(
        pa.chunked_array([*table["actor"].chunks, *table["target"].drop_null().chunks])
    )
    if table.num_rows < SMALLEST_ROWS or len(names) < SMALLEST_ACCOUNTS:
        what = f"the background holds {table.num_rows} events of {len(names)} accounts"
        mend = f"give at least {SMALLEST_ROWS} events of {SMALLEST_ACCOUNTS} accounts"
        raise UndertowError(what, code="world-background-small", mend=mend)
    if table["target"].null_count == table.num_rows:
        what = "the background holds no row in which one account addresses another"
        mend = "give events with targets: messages, mentions or replies"
        raise UndertowError(what, code="world-background-silent", mend=mend)
    events = pc.unique(table["id"])
    undo = pc.equal(table["type"], "undo")
    rooms = pc.if_else(undo, pa.scalar(None, pa.string()), table["context"])
    undone = pc.if_else(undo, table["context"], pa.scalar(None, pa.string()))
    room_names = pc.unique(rooms).drop_null()
    lengths = pc.utf8_length(table["content"].drop_null()).to_numpy()
    return Background(
        at=table["published"].cast(pa.int64()).to_numpy(),
        actor=_codes(table["actor"], names),
        target=_codes(table["target"], names),
        type=_codes(table["type"], pa.array(TYPES)),
        visibility=_codes(table["visibility"], pa.array(VISIBILITIES)),
        context=_codes(rooms, room_names),
        event=_codes(table["id"], events),
        undoes=_codes(undone, events),
        accounts=len(names),
        contexts=len(room_names),
        lengths=lengths.astype(np.int64),
        platforms=tuple(sorted(pc.unique(table["platform"]).drop_null().to_pylist())),
    )


_NEEDED = [
    "id",
    "type",
    "published",
    "actor",
    "target",
    "context",
    "visibility",
    "platform",
    "content",
]


def _new_keys(table: pa.Table) -> pa.Array:
    """Mark rows whose key (id, target) differs from the row before: repeats stand together."""
    same = np.zeros(table.num_rows, dtype=bool)
    keys = [pc.fill_null(table[name], "") for name in ("id", "target")]
    same[1:] = np.logical_and.reduce(
        [pc.equal(key.slice(1), key.slice(0, len(key) - 1)).to_numpy() for key in keys]
    )
    return pa.array(~same)


def _codes(values: pa.ChunkedArray, known: pa.Array) -> Ints:
    found: Ints = (
        pc.fill_null(pc.index_in(values, value_set=known), -1).to_numpy().astype(np.int64)
    )
    return found
