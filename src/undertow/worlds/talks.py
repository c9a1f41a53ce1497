"""Talks: how the background's pairs really write to each other, drawn again for planted pairs.

A talk is the whole series of rows between two accounts: its gaps, its turns, its bursts. A planted
talk is a real one with other parties, begun at the same time of day, its gaps stretched a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.units import DAY
from undertow.worlds.background import Background
from undertow.worlds.rows import Bools, Floats, Ints

NEIGHBOURS = 40
"""Talks among which one of the same time of day is drawn; ours."""
LENGTHS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Pairs:
    """Rows of unordered pairs, sorted by pair and time.

    `row` holds row numbers, `start` and `length` the stretch of each pair, `turn` whether the row
    comes from the one who wrote first (0) or from the other (1).
    """

    row: Ints
    start: Ints
    length: Ints
    turn: Ints

    def of_row(self) -> Ints:
        """Give the pair's number for each entry of `row`."""
        return np.repeat(np.arange(len(self.length)), self.length)

    def position(self) -> Ints:
        """Give the place of each entry within its pair, from 0."""
        return np.arange(len(self.row)) - np.repeat(self.start, self.length)


def pairs_of(at: Ints, actor: Ints, target: Ints, chosen: Bools) -> Pairs:
    """Group the chosen rows between two different accounts by unordered pair."""
    row = np.flatnonzero(chosen & (target >= 0) & (target != actor))
    low, high = np.minimum(actor[row], target[row]), np.maximum(actor[row], target[row])
    order = np.lexsort((row, at[row], high, low))
    row, low, high = row[order], low[order], high[order]
    new = np.ones(len(row), dtype=bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    start = np.flatnonzero(new)
    length = np.diff(np.append(start, len(row)))
    opener = np.repeat(actor[row[start]], length)
    return Pairs(row, start, length, (actor[row] != opener).astype(np.int64))


class Talks:
    """A stock of real talks to draw from.

    Args:
        background: whose direct messages, or failing these mentions, replies and the like, are used.
    """

    def __init__(self, background: Background) -> None:
        self._back = background
        chosen = background.direct
        if chosen.sum() < len(background.at) // 100:
            chosen = background.target >= 0
        self.pairs = pairs = pairs_of(
            background.at, background.actor, background.target, chosen
        )
        self._at = background.at[pairs.row]
        both = np.zeros(len(pairs.start), dtype=np.int64)
        np.maximum.at(both, pairs.of_row(), pairs.turn)
        self._clock = self._at[pairs.start] % DAY
        self._stock: dict[tuple[int, bool], Ints] = {}
        for fewest in LENGTHS:
            for answered in (False, True):
                kept = np.flatnonzero((pairs.length >= fewest) & ((both == 1) == answered))
                self._stock[fewest, answered] = kept[np.argsort(self._clock[kept])]

    def draw(self, at: Ints, fewest: Ints, answered: Bools, rng: np.random.Generator) -> Ints:
        """Draw a talk for each start: one begun at nearly the same time of day, long enough.

        Where the background has none so long, the next shorter kind is taken.
        """
        level = np.searchsorted(LENGTHS, fewest, side="right") - 1
        drawn = np.full(len(at), -1, dtype=np.int64)
        for step in range(len(LENGTHS)):
            for kind in (False, True):
                here = np.flatnonzero((level == step) & (answered == kind))
                stock = self._widest(step, answered=kind)
                if len(here) == 0 or len(stock) == 0:
                    continue
                place = np.searchsorted(self._clock[stock], at[here] % DAY)
                place += rng.integers(-NEIGHBOURS, NEIGHBOURS + 1, len(here))
                drawn[here] = stock[place % len(stock)]
        return drawn

    def _widest(self, step: int, *, answered: bool) -> Ints:
        for index in range(step, -1, -1):
            stock = self._stock[LENGTHS[index], answered]
            if len(stock) >= 5 or index == 0:
                return stock if len(stock) else self._stock[LENGTHS[0], not answered]
        raise AssertionError("the last step always returns")

    def lay(
        self,
        talk: Ints,
        at: Ints,
        most: Ints,
        rng: np.random.Generator,
        *,
        slow: float = 1.0,
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Lay talks out in time.

        Args:
            talk: numbers of talks, (n).
            at: when each begins, µs, (n).
            most: how many of its rows are used, (n), at least 0.
            rng: chance.
            slow: factor on all gaps.

        Returns:
            Which of the n talks, place in it (from 0), turn (0 for the opener) and time of every row.
        """
        count = np.minimum(self.pairs.length[talk], most)
        which = np.repeat(np.arange(len(talk)), count)
        place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        entry = self.pairs.start[talk][which] + place
        began = self._at[self.pairs.start[talk]][which]
        stretch: Floats = slow * np.exp(rng.normal(0.0, 0.15, len(talk)))[which]
        times = at[which] + ((self._at[entry] - began) * stretch).astype(np.int64)
        return which, place, self.pairs.turn[entry], self._back.rounded(times)

    def gaps(self, count: int, rng: np.random.Generator) -> Ints:
        """Draw gaps (µs) between a row and the other side's next one, as the background has them."""
        inside = self.pairs.position() > 0
        turned = np.flatnonzero(inside[1:] & (self.pairs.turn[1:] != self.pairs.turn[:-1])) + 1
        if len(turned) == 0:
            return np.full(count, DAY // 24, dtype=np.int64)
        picked = turned[rng.integers(0, len(turned), count)]
        drawn: Ints = self._at[picked] - self._at[picked - 1]
        return drawn
