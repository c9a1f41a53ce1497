"""Casting: which existing accounts take which part, and when they meet.

Parts are taken over by accounts of ordinary activity that have been around for a while; their own
traffic stays as camouflage. No account is made anew, and none plays in two groups but as a target.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from undertow.units import DAY
from undertow.worlds.background import Background
from undertow.worlds.evasions import NONE, Evasion
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
"""Largest share of fit accounts that is cast in a plain world."""
DECOYS: Final = 6
"""Innocent accounts that stand in for a helper; ours."""


@dataclass(frozen=True)
class Group:
    """One campaign, or one look-alike with its helpers: accounts by code, -1 where a part is empty.

    `recruiter`, `target` and `at` (first direct message, µs) are columns, one entry per target. `guilty` is
    what the truth says; `contact` speaks first in place of all recruiters; `pool` is the account whose
    address they all hand over; `script` the number of the words they all begin with; `decoys` are
    innocent accounts that stand in for the helper.
    """

    habit: Habit
    door: int
    helper: int
    recruiters: Ints
    recruiter: Ints
    target: Ints
    at: Ints
    guilty: bool = False
    contact: int = -1
    pool: int = -1
    script: int = -1
    decoys: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    evasion: Evasion = NONE

    @property
    def accounts(self) -> tuple[int, ...]:
        """All accounts of the group but its targets."""
        others = [one for one in (self.door, self.contact, self.helper) if one >= 0]
        return (*self.recruiters.tolist(), *others)


@dataclass(frozen=True)
class Wish:
    """What one group shall be like beside its habit.

    Attributes:
        habit: how it goes about it.
        recruiters: how many accounts work on targets.
        guilty: whether it is a campaign.
        workers: existing accounts that take the recruiters' parts, None for free ones.
        begin: earliest share of a worker's time at which it begins, None for any.
        pool: account whose address all hand over, None to leave it to the habit.
    """

    habit: Habit
    recruiters: int
    guilty: bool = False
    workers: tuple[int, ...] | None = None
    begin: float | None = None
    pool: int | None = None


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
        veteran = fit[
            np.argsort(first[fit] - active[fit] * (whole // max(high, 1)), kind="stable")
        ]
        self._oldest: list[int] = veteran.tolist()
        own = np.zeros(len(actor), dtype=bool)
        own[: len(background.at)] = True
        met = (target >= 0) & (direct | own)
        keys = np.concatenate(
            [self._key(actor[met], target[met]), self._key(target[met], actor[met])]
        )
        self._known = np.unique(keys)

    def cast(self, wish: Wish) -> Group | None:
        """Cast one group, or None if too few accounts are left."""
        rng, habit = self._rng, wish.habit
        door = rng.random() < habit.doorkeeper
        helper = rng.random() < habit.helper
        hired = wish.recruiters if wish.workers is None else 0
        parts = hired + int(door) + int(helper)
        if parts > self.left:
            return None
        self.left -= parts
        chosen = [self._take() for _ in range(parts)]
        workers = np.array(wish.workers or chosen[:hired], dtype=np.int64)
        self._cast[workers] = True
        spare = iter(chosen[hired:])
        begin = rng.random() * (1 - habit.span)
        if wish.begin is not None:
            begin = max(begin, wish.begin)
        pieces = [self._targets(int(worker), habit, begin) for worker in workers]
        met: Ints = np.concatenate([at for _, at in pieces])
        if len(met) == 0:
            return None
        recruiter = np.repeat(workers, [len(at) for _, at in pieces])
        target = np.concatenate([who for who, _ in pieces])
        recruiter, target, met = self._met_again(habit, workers, recruiter, target, met)
        pool = int(workers[0]) if rng.random() < habit.shared else -1
        return Group(
            habit=habit,
            door=next(spare) if door else -1,
            helper=next(spare) if helper else -1,
            recruiters=workers,
            recruiter=recruiter,
            target=target,
            at=met,
            guilty=wish.guilty,
            pool=pool if wish.pool is None else wish.pool,
            script=int(workers[0]) if rng.random() < habit.script else -1,
        )

    def go_on(self, rng: np.random.Generator) -> None:
        """Draw from another stream from here on, and let all accounts be cast that are still free."""
        self._rng = rng
        self.left = len(self._free)

    def disguised(self, group: Group, evasion: Evasion) -> Group:
        """Give a campaign that is cast already what an evasion needs; who works on whom, and when, stays.

        Where accounts lack, the targets are divided over fewer, and those cast before stay.
        """
        changed = replace(
            group,
            habit=replace(group.habit, **evasion.habit),  # type: ignore[arg-type]  # fields by name
            evasion=evasion,
            script=group.script if evasion.habit.get("script", 1.0) else -1,
        )
        if evasion.old:
            changed = self._bought(changed)
        if evasion.split > 1:
            changed = self._divided(changed, evasion.split)
        if evasion.two_accounts:
            changed = replace(changed, contact=self._stands_in(changed.target, changed.at, -1))
        if evasion.decoys and group.helper >= 0:
            count = min(DECOYS, len(self._free))
            others = [self._take() for _ in range(count)]
            changed = replace(changed, decoys=np.array(others, dtype=np.int64))
        return changed

    def _bought(self, group: Group) -> Group:
        """Let the oldest and busiest accounts take all parts."""
        instead = np.arange(self._back.accounts)
        for account in group.accounts:
            mine = group.recruiter == account
            instead[account] = self._stands_in(
                group.target[mine], group.at[mine], account, old=True
            )
        parts = {
            name: int(instead[code]) if code >= 0 else -1
            for name in ("door", "helper", "pool")
            for code in (getattr(group, name),)
        }
        return replace(
            group,
            recruiters=instead[group.recruiters],
            recruiter=instead[group.recruiter],
            **parts,  # type: ignore[arg-type]  # fields by name
        )

    def _divided(self, group: Group, split: int) -> Group:
        """Divide the targets of each recruiter over several accounts, itself among them."""
        workers, recruiter = [], group.recruiter.copy()
        for worker in group.recruiters.tolist():
            workers.append(worker)
            mine = np.flatnonzero(group.recruiter == worker)
            for piece in range(1, min(split, len(mine))):
                part = mine[piece::split]
                other = self._stands_in(group.target[part], group.at[part], worker)
                recruiter[part] = other
                workers += [other] * (other != worker)
        return replace(group, recruiters=np.array(workers, dtype=np.int64), recruiter=recruiter)

    def _stands_in(self, target: Ints, at: Ints, otherwise: int, *, old: bool = False) -> int:
        """Take a free account that is around when these targets are met and knows none; `otherwise` where none is free."""
        free = self._oldest if old else self._free[::-1]
        first, last = self._back.seen
        fit = [one for one in free if not self._cast[one]]
        around = [
            one
            for one in fit
            if not len(at) or (first[one] <= at.min() and last[one] >= at.max())
        ]
        strange = (
            one
            for one in (*around, *fit)
            if not np.isin(self._key(np.full(len(target), one), target), self._known).any()
        )
        taken = next(strange, fit[0] if fit else otherwise)
        if taken in self._free:
            self._free.remove(taken)
        if taken >= 0:
            self._cast[taken] = True
        return taken

    def beside(self, group: Group, habit: Habit) -> Group | None:
        """Cast the same accounts once more, with strangers whom they only talk to."""
        pieces = [self._targets(int(worker), habit, 0.0) for worker in group.recruiters]
        count = [len(at) for _, at in pieces]
        if not sum(count):
            return None
        return Group(
            habit=habit,
            door=-1,
            helper=-1,
            recruiters=group.recruiters,
            recruiter=np.repeat(group.recruiters, count),
            target=np.concatenate([who for who, _ in pieces]),
            at=np.concatenate([at for _, at in pieces]),
            guilty=True,
        )

    def _take(self) -> int:
        taken = self._free.pop()
        self._cast[taken] = True
        return taken

    def _met_again(
        self, habit: Habit, workers: Ints, recruiter: Ints, target: Ints, met: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Let another account of a team write to some whom the first one met."""
        if len(workers) < 2:
            return recruiter, target, met
        place = np.flatnonzero(self._rng.random(len(met)) < habit.again)
        mine = np.searchsorted(np.sort(workers), recruiter[place])
        step = self._rng.integers(1, len(workers), len(place))
        other = np.sort(workers)[(mine + step) % len(workers)]
        at = met[place] + delay((6 * DAY, 0.8), np.ones(len(place)), self._rng)
        at = self._back.near(at, self._rng)
        keep = self._back.inside(at)
        return (
            np.concatenate([recruiter, other[keep]]),
            np.concatenate([target, target[place][keep]]),
            np.concatenate([met, at[keep]]),
        )

    def _targets(self, worker: int, habit: Habit, begin: float) -> tuple[Ints, Ints]:
        """Pick targets of one account, and when each is met: at times when it is active itself."""
        rng, back = self._rng, self._back
        wanted = int(rng.integers(habit.targets[0], habit.targets[1] + 1))
        own = back.later_own_times(worker, int(back.at[0]))
        start = min(int(begin * len(own)), max(len(own) - 2, 0))
        window = own[start : start + max(int(habit.span * len(own)), 2)]
        if len(window) == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
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
