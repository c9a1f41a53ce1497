"""Background rates: how often a step is taken in this very data, by the actor's activity.

u = (reached + 1/2) / (at risk + 1) among the keys that reached the step before, for accounts with about
as many distinct contacts, drawn towards the rate of all. A key whose window is still open has not failed
yet: it counts half, as in an actuarial life table; where a step has no window it counts whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches import kernel_states as states
from undertow.matches.grouping import Pairs, group, number_pairs
from undertow.matches.match import Matches
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook

DECILES: Final = 10
PRIOR_KEYS: Final = 30.0
"""Weight of the rate of all in a decile's rate, in keys. Ours: large enough that a decile of ten keys
says little, small enough that one of a thousand speaks for itself."""
OPEN_COUNTS: Final = 0.5
"""Share of a key with an open window that counts as at risk: the actuarial convention, exact where
windows close evenly over the data."""
LEAST_RATE: Final = 1e-6


@dataclass(frozen=True)
class Activity:
    """How busy each account is.

    Attributes:
        contacts: int64, (a), distinct accounts that each account addressed.
        decile: int64, (a), 0 to 9, of `contacts` among accounts that addressed anybody.
        pairs: who addressed whom, each pair once.
    """

    contacts: Array
    decile: Array
    pairs: Pairs

    def known_only(self, account: Array, target: Array, circle: Array) -> Array:
        """Say whether each target met nobody but an account and that account's circle: bool, (k).

        Args:
            account: codes, (k).
            target: codes, (k).
            circle: int64, account * accounts + other, ascending.
        """
        size = len(self.contacts)
        wanted = np.zeros(size, bool)
        wanted[target] = True
        there, back = wanted[self.pairs.one], wanted[self.pairs.other]
        who = np.concatenate([self.pairs.one[there], self.pairs.other[back]])
        by_target = group(who, size)
        met = np.concatenate([self.pairs.other[there], self.pairs.one[back]])[by_target.rows]
        closed = np.ones(len(target), bool)
        met_many = (by_target.start[1:] - by_target.start[:-1])[target]
        # The n-th account that each target met, for all at once: most drop out at the first.
        left, n = np.flatnonzero(met_many > 0), 0
        while len(left):
            other = met[by_target.start[target[left]] + n].astype(np.int64)
            own = account[left]
            code = own * size + other
            place = np.minimum(np.searchsorted(circle, code), len(circle) - 1)
            inside = (other == own) | (circle[place] == code)
            closed[left[~inside]] = False
            n += 1
            left = left[inside & (met_many[left] > n)]
        return closed


def activity(log: EventLog) -> Activity:
    """Count each account's distinct contacts and rank accounts into deciles."""
    size = len(log.accounts)
    rows = np.flatnonzero((log.target != NOBODY) & (log.target != log.actor))
    return activity_of(number_pairs(log.actor[rows], log.target[rows], size), size)


def activity_of(pairs: Pairs, size: int) -> Activity:
    """Rank accounts into deciles, given who addressed whom.

    Args:
        pairs: each (actor, target) once; `number` and `first` are not looked at.
        size: number of accounts.
    """
    contacts = np.bincount(pairs.one, minlength=size)
    return Activity(contacts, deciles(contacts), pairs)


def deciles(contacts: Array) -> Array:
    """Rank accounts by their contacts among those that addressed anybody: int64, (a), 0 to 9."""
    active = contacts[contacts > 0]
    parts = np.arange(1, DECILES) / DECILES
    edges = np.quantile(active, parts) if len(active) else np.zeros(DECILES - 1)
    ranks: Array = np.searchsorted(edges, contacts, side="left")
    return ranks


@dataclass(frozen=True)
class Rates:
    """Rates of each step by decile, (s, 10), and what they rest on.

    Attributes:
        u: float64, in (0, 1).
        at_risk: float64, keys that could take the step, open ones counted half.
        reached: float64, those of them that took it.
    """

    u: Array
    at_risk: Array
    reached: Array


def step_rates(matches: Matches, decile: Array, listed: Array) -> Rates:
    """Measure the rate of every step among keys at risk.

    A step before the first required one has no step before it that keys could have reached: its rate
    is measured among the keys that went on to `listed_from`.

    Args:
        matches: all keys, listed or not.
        decile: int64, (k), of the judged account of each key.
        listed: bool, (k), keys that reached `listed_from`.
    """
    return rates_of(*step_counts(matches, decile, listed))


def rates_of(reached: Array, at_risk: Array) -> Rates:
    """Turn counts of keys, (s, 10) each, into rates."""
    return Rates(_shrunk(reached, at_risk), at_risk, reached)


def step_counts(matches: Matches, decile: Array, listed: Array) -> tuple[Array, Array]:
    """Count the keys that took each step, and those that could: (s, 10) each; arguments as for `step_rates`.

    Counts are whole or end in a half, so those of parts add up exactly.
    """
    steps = matches.playbook.steps
    endless = np.array([step.within is None for step in steps])
    before = np.arange(len(steps)) < base_step(matches.playbook)
    counts = np.where(before, listed[:, None], 1.0)
    taken = counts * np.isin(matches.states, (states.TAKEN, states.TAKEN_OPEN))
    failed = counts * (matches.states == states.NOT_TAKEN)
    still_open = counts * np.where(endless, 1.0, OPEN_COUNTS) * (matches.states == states.OPEN)
    return _by_decile(taken, decile), _by_decile(taken + failed + still_open, decile)


def base_step(playbook: Playbook) -> int:
    """Find the step where keys begin to exist: it weighs nothing, as every key has taken it."""
    return next(i for i, step in enumerate(playbook.steps) if not step.optional)


def pair_rates(taken: Array, decile: Array, others: Array | None = None) -> Rates:
    """Measure one rate over pairs that are all at risk.

    Args:
        taken: bool, (n).
        decile: int64, (n).
        others: int64, (10), further pairs by decile, none of which took it.
    """
    at_risk = np.bincount(decile, minlength=DECILES).reshape(1, -1).astype(float)
    if others is not None:
        at_risk += others
    reached = np.bincount(decile[taken], minlength=DECILES).reshape(1, -1).astype(float)
    return Rates(_shrunk(reached, at_risk), at_risk, reached)


def _by_decile(marked: Array, decile: Array) -> Array:
    counts = [np.bincount(decile, weights=column, minlength=DECILES) for column in marked.T]
    return np.array(counts).reshape(-1, DECILES)


def _shrunk(reached: Array, at_risk: Array) -> Array:
    overall = (reached.sum(axis=1) + 0.5) / (at_risk.sum(axis=1) + 1)
    u = (reached + PRIOR_KEYS * overall[:, None]) / (at_risk + PRIOR_KEYS)
    rates: Array = np.clip(u, LEAST_RATE, 1 - LEAST_RATE)
    return rates
