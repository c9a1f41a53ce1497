"""Casting: which existing accounts take which part, and when they meet.

Parts are taken over by accounts of ordinary activity that have been around for a while; their own
traffic stays as camouflage. No account is made anew, and none plays in two groups but as a target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.units import DAY
from undertow.worlds.background import Background
from undertow.worlds.habits import Habit
from undertow.worlds.meetings import delay
from undertow.worlds.rows import Bools, Ints

ORDINARY_ACTIVITY: Final = (50, 95)
"""Percentiles of rows per acting account between which parts are cast."""
AROUND: Final = 0.08
"""Least share of the background's time that a cast account has been around."""
NEWEST: Final = 30
"""A greeter picks among so many accounts that appeared last."""
CAST_SHARE: Final = 0.5
"""Largest share of fit accounts that is cast."""


@dataclass(frozen=True)
class Group:
    """One campaign, or one look-alike with its helpers: accounts by code, -1 where a part is empty.

    `recruiter`, `target` and `at` (first direct message, µs) are columns, one entry per target.
    """

    habit: Habit
    door: int
    helper: int
    recruiters: Ints
    recruiter: Ints
    target: Ints
    at: Ints


class Stage:
    """Accounts that are free to be cast, and who already knows whom.

    Args:
        background: the community.
        actor: of all ordinary rows, generated ones included.
        target: the same rows' targets.
        direct: which of them are direct messages.
        rng: chance.
    """

    def __init__(
        self,
        background: Background,
        actor: Ints,
        target: Ints,
        direct: Bools,
        rng: np.random.Generator,
    ) -> None:
        self._back, self._rng = background, rng
        active = background.activity
        low, high = np.percentile(active[active > 0], ORDINARY_ACTIVITY)
        first, last = background.seen
        whole = background.at[-1] - background.at[0]
        ordinary = (active >= max(low, 2)) & (active <= high)
        fit = np.flatnonzero(ordinary & (last - first >= AROUND * whole))
        if len(fit) < 12:
            fit = np.flatnonzero(ordinary)
        self._free: list[int] = rng.permutation(fit).tolist()
        self.left = int(CAST_SHARE * len(fit))
        self._cast = np.zeros(background.accounts, dtype=bool)
        self._arrivals = np.argsort(first, kind="stable")
        own = np.zeros(len(actor), dtype=bool)
        own[: len(background.at)] = True
        met = (target >= 0) & (direct | own)
        keys = np.concatenate(
            [self._key(actor[met], target[met]), self._key(target[met], actor[met])]
        )
        self._known = np.unique(keys)

    def cast(self, habit: Habit, recruiters: int) -> Group | None:
        """Cast one group, or None if too few accounts are left.

        Args:
            habit: how the group goes about it.
            recruiters: how many accounts work on targets.
        """
        rng = self._rng
        door = rng.random() < habit.doorkeeper
        helper = rng.random() < habit.helper
        parts = recruiters + int(door) + int(helper)
        if parts > self.left:
            return None
        self.left -= parts
        chosen = [self._free.pop() for _ in range(parts)]
        self._cast[chosen] = True
        workers = np.array(chosen[:recruiters], dtype=np.int64)
        begin = rng.random() * (1 - habit.span)
        pieces = [self._targets(int(worker), habit, begin) for worker in workers]
        met: Ints = np.concatenate([at for _, at in pieces])
        if len(met) == 0:
            return None
        return Group(
            habit=habit,
            door=chosen[recruiters] if door else -1,
            helper=chosen[-1] if helper else -1,
            recruiters=workers,
            recruiter=np.repeat(workers, [len(at) for _, at in pieces]),
            target=np.concatenate([who for who, _ in pieces]),
            at=met,
        )

    def _targets(self, worker: int, habit: Habit, begin: float) -> tuple[Ints, Ints]:
        """Pick targets of one account, and when each is met: at times when it is active itself."""
        rng, back = self._rng, self._back
        wanted = int(rng.integers(habit.targets[0], habit.targets[1] + 1))
        own = back.later_own_times(worker, int(back.at[0]))
        start = int(begin * len(own))
        window = own[start : start + max(int(habit.span * len(own)), 2)]
        at = rng.choice(window, wanted) + delay((DAY, 1.3), np.ones(wanted), rng)
        at = back.near(np.sort(at), rng)
        at = at[back.inside(at)]
        met: list[int] = []
        kept: list[int] = []
        for moment in at.tolist():
            found = self._alive(moment, worker, met, newcomers=habit.newcomers)
            if found is not None:
                met.append(found)
                kept.append(moment)
        return np.array(met, dtype=np.int64), np.array(kept, dtype=np.int64)

    def _alive(self, at: int, worker: int, met: list[int], *, newcomers: bool) -> int | None:
        """Pick a stranger who is around at `at`, or None."""
        first, last = self._back.seen
        if newcomers:
            upto = int(np.searchsorted(first[self._arrivals], at, side="right"))
            pool = self._arrivals[max(0, upto - NEWEST) : upto]
        else:
            day = DAY
            pool = np.flatnonzero((first - day <= at) & (last + day >= at))
        if len(pool) == 0:
            return None
        for candidate in pool[self._rng.integers(0, len(pool), 12)].tolist():
            if self._cast[candidate] or candidate in met or candidate == worker:
                continue
            key = worker * self._back.accounts + candidate
            place = int(np.searchsorted(self._known, key))
            if place == len(self._known) or self._known[place] != key:
                return int(candidate)
        return None

    def _key(self, one: Ints, two: Ints) -> Ints:
        return one * self._back.accounts + two
