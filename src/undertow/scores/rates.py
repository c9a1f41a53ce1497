"""Background rates: how often a step is taken in this very data, by the actor's activity and platform.

u = (reached + 1/2) / (at risk + 1) among the keys that reached the step before, for accounts with about
as many distinct contacts, drawn towards the rate of all; where accounts stand on several platforms, for those on
the account's own, drawn towards what its platform and its activity make likely. A key whose window is still open has not failed
yet: it counts half, as in an actuarial life table; where a step has no window it counts whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.matches import kernel_states as states
from undertow.matches.grouping import Pairs, number_pairs
from undertow.matches.match import Matches
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.circles import Circles

DECILES: Final = 10
PRIOR_KEYS: Final = 30.0
"""Weight of the rate of all in a decile's rate, in keys. Ours: large enough that a decile of ten keys
says little, small enough that one of a thousand speaks for itself."""
OPEN_COUNTS: Final = 0.5
"""Share of a key with an open window that counts as at risk: the actuarial convention, exact where
windows close evenly over the data."""
STATES: Final = states.TAKEN_OPEN + 1
LEAST_RATE: Final = 1e-6
MOST_PLATFORMS: Final = 32
"""Platforms above which what stands before the first colon of a name is taken for no platform; ours."""


@dataclass(frozen=True)
class Activity:
    """How busy each account is.

    Attributes:
        contacts: int64, (a), distinct accounts that each account addressed.
        decile: int64, (a), 0 to 9, of `contacts` among accounts that addressed anybody.
        pairs: who addressed whom, each pair once.
        platform: int64, (a), number of each account's platform; None where all stand on one.
    """

    contacts: Array
    decile: Array
    pairs: Pairs
    platform: Array | None = field(default=None, kw_only=True)

    @property
    def cell(self) -> Array:
        """Number the cell whose rate each account is held against: decile, and platform: int64, (a)."""
        if self.platform is None:
            return self.decile
        return self.platform * DECILES + self.decile

    @property
    def cells(self) -> int:
        """Count the cells: 10 for each platform."""
        if self.platform is None or not len(self.platform):
            return DECILES
        return DECILES * (int(self.platform.max()) + 1)

    def known_only(self, account: Array, target: Array, circle: Array) -> Array:
        """Say whether each target met nobody but an account and that account's circle: bool, (k).

        Args:
            account: codes, (k).
            target: codes, (k).
            circle: int64, account * accounts + other, ascending.
        """
        met = Circles(len(self.contacts), account, target, circle, np.asarray(account))
        met.ask(self.pairs.one, self.pairs.other)
        return met.closed


def activity(log: EventLog) -> Activity:
    """Count each account's distinct contacts and rank accounts into deciles."""
    size = len(log.accounts)
    rows = np.flatnonzero((log.target != NOBODY) & (log.target != log.actor))
    pairs = number_pairs(log.actor[rows], log.target[rows], size, numbered=False)
    return activity_of(pairs, log.accounts)


def activity_of(pairs: Pairs, names: pa.Array) -> Activity:
    """Rank accounts into deciles, given who addressed whom.

    Args:
        pairs: each (actor, target) once; `number` and `first` are not looked at.
        names: of the accounts.
    """
    contacts = np.bincount(pairs.one, minlength=len(names))
    return Activity(contacts, deciles(contacts), pairs, platform=platforms_of(names))


def platforms_of(names: pa.Array) -> Array | None:
    """Number the platforms of accounts by what stands before the first colon of their names: int64, (a).

    Args:
        names: in the order of their bytes, so that those of one platform stand together.

    Returns:
        None where all stand on one, where a name has none, or where there are more than `MOST_PLATFORMS`.
    """
    if not len(names) or not pc.all(pc.match_substring(names, ":")).as_py():
        return None
    found: list[int] = [0]
    while True:
        word = names[found[-1]].as_py().split(":", 1)[0]
        # `;` is the sign behind the colon: the first name at or behind it stands on the next platform.
        behind = _first_from(names, f"{word};", found[-1])
        if behind == len(names):
            break
        found.append(behind)
        if len(found) > MOST_PLATFORMS:
            return None
    if len(found) == 1:
        return None
    return np.repeat(np.arange(len(found)), np.diff([*found, len(names)]))


def _first_from(names: pa.Array, word: str, low: int) -> int:
    """Find the first place from `low` on of a name not before `word` in the order of bytes."""
    high, wanted = len(names), word.encode()
    while low < high:
        middle = (low + high) // 2
        if names[middle].as_py().encode() < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def deciles(contacts: Array) -> Array:
    """Rank accounts by their contacts among those that addressed anybody: int64, (a), 0 to 9."""
    active = contacts[contacts > 0]
    parts = np.arange(1, DECILES) / DECILES
    edges = np.quantile(active, parts) if len(active) else np.zeros(DECILES - 1)
    ranks: Array = np.searchsorted(edges, contacts, side="left")
    return ranks


@dataclass(frozen=True)
class Rates:
    """Rates of each step by cell, (s, c), 10 for each platform, and what they rest on.

    Attributes:
        u: float64, in (0, 1).
        at_risk: float64, keys that could take the step, open ones counted half.
        reached: float64, those of them that took it.
    """

    u: Array
    at_risk: Array
    reached: Array


def step_rates(matches: Matches, cell: Array, listed: Array, cells: int = DECILES) -> Rates:
    """Measure the rate of every step among keys at risk.

    A step before the first required one has no step before it that keys could have reached: its rate
    is measured among the keys that went on to `listed_from`.

    Args:
        matches: all keys, listed or not.
        cell: int64, (k), of the judged account of each key.
        listed: bool, (k), keys that reached `listed_from`.
        cells: how many there are.
    """
    return rates_of(*step_counts(matches, cell, listed, cells))


def rates_of(reached: Array, at_risk: Array) -> Rates:
    """Turn counts of keys, (s, c) each, into rates."""
    return Rates(_shrunk(reached, at_risk), at_risk, reached)


def step_counts(
    matches: Matches, cell: Array, listed: Array, cells: int = DECILES
) -> tuple[Array, Array]:
    """Count the keys that took each step, and those that could: (s, c) each; arguments as for `step_rates`.

    Counts are whole or end in a half, so those of parts add up exactly.
    """
    steps = matches.playbook.steps
    first = base_step(matches.playbook)
    reached, at_risk = np.zeros((len(steps), cells)), np.zeros((len(steps), cells))
    chosen = np.flatnonzero(listed)
    for s, step in enumerate(steps):
        # Before the base step only keys that went on count.
        some = chosen if s < first else slice(None)
        code = cell[some] * STATES + matches.states[some, s]
        many = np.bincount(code, minlength=cells * STATES).reshape(cells, STATES)
        reached[s] = many[:, states.TAKEN] + many[:, states.TAKEN_OPEN]
        still_open = (1.0 if step.within is None else OPEN_COUNTS) * many[:, states.OPEN]
        at_risk[s] = reached[s] + many[:, states.NOT_TAKEN] + still_open
    return reached, at_risk


def base_step(playbook: Playbook) -> int:
    """Find the step where keys begin to exist: it weighs nothing, as every key has taken it."""
    return next(i for i, step in enumerate(playbook.steps) if not step.optional)


def pair_rates(
    taken: Array, cell: Array, others: Array | None = None, cells: int = DECILES
) -> Rates:
    """Measure one rate over pairs that are all at risk.

    Args:
        taken: bool, (n).
        cell: int64, (n).
        others: int64, (c), further pairs by cell, none of which took it.
        cells: how many there are.
    """
    at_risk = np.bincount(cell, minlength=cells).reshape(1, -1).astype(float)
    if others is not None:
        at_risk += others
    reached = np.bincount(cell[taken], minlength=cells).reshape(1, -1).astype(float)
    return Rates(_shrunk(reached, at_risk), at_risk, reached)


def _shrunk(reached: Array, at_risk: Array) -> Array:
    """Draw the rate of each decile towards that of all, and of each cell towards what decile and platform make likely."""
    taken, could = (one.reshape(len(one), -1, DECILES) for one in (reached, at_risk))
    overall = ((reached.sum(axis=1) + 0.5) / (at_risk.sum(axis=1) + 1))[:, None]
    u = _drawn(taken.sum(axis=1), could.sum(axis=1), overall)
    if taken.shape[1] > 1:
        on_platform = _drawn(taken.sum(axis=2), could.sum(axis=2), overall)
        # As far as a platform's odds lie above those of all, they do so at every activity.
        odds = _odds(on_platform)[:, :, None] / _odds(overall)[:, :, None] * _odds(u)[:, None]
        u = _drawn(taken, could, odds / (1 + odds)).reshape(reached.shape)
    rates: Array = np.clip(u, LEAST_RATE, 1 - LEAST_RATE)
    return rates


def _odds(rate: Array) -> Array:
    kept = np.clip(rate, LEAST_RATE, 1 - LEAST_RATE)
    return np.asarray(kept / (1 - kept), np.float64)


def _drawn(reached: Array, at_risk: Array, towards: Array) -> Array:
    return np.asarray((reached + PRIOR_KEYS * towards) / (at_risk + PRIOR_KEYS), np.float64)
