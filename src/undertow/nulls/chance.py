"""p and q: how often chance alone scores as high, and what share of what is raised it would account for.

*p*, per kind of null world: (1 + null accounts of the same decile of activity with a score at least as high) /
(1 + null accounts of that decile). The largest over the kinds counts: an account must beat every null.

*q*, per kind: at each score t the null accounts at or above t per null world, one added for every third world, over
the accounts of the data at or above t (target and decoy, pooled over the null worlds of a kind); never lower for a lower
score; again the largest over the kinds. One added in all, the usual +1, would raise two honest people who share two
things as soon as there are ten null worlds; as it is, four accounts must stand out together. It is stricter than the step-up procedure of Benjamini and Hochberg on p-values that
are ranks among pooled null scores, which holds under positive dependence; decision 0014 says why not a stricter one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.matches.program import Array
from undertow.nulls.score import Scores
from undertow.scores.rates import DECILES

ALERT: Final = 0.1
"""Share of chance among what is raised at which an account is alerted (design, section 8)."""
ADDED: Final = 1 / 3
"""Null accounts that are added per null world, at least one in all: ties come in pairs, and who is tied to a pair counts
too, so what chance would raise comes as two or three. Ours, set on simulated twins."""


@dataclass(frozen=True)
class Null:
    """Scores of all null worlds of one kind.

    Attributes:
        kind: of `surrogates.KINDS`.
        worlds: how many.
        score: float64, scores above 0 in all of them, ascending.
        by_decile: the same by decile of activity, ascending.
        accounts: int64, (10), active accounts by decile, over all worlds.
    """

    kind: str
    worlds: int
    score: Array
    by_decile: tuple[Array, ...]
    accounts: Array


def null_of(kind: str, worlds: Sequence[Scores]) -> Null:
    """Pool the null worlds of a kind."""
    best = np.concatenate([one.best for one in worlds])
    decile = np.concatenate([one.decile for one in worlds])
    active = np.concatenate([one.active for one in worlds])
    above = best > 0
    return Null(
        kind,
        len(worlds),
        np.sort(best[above]),
        tuple(np.sort(best[above & (decile == d)]) for d in range(DECILES)),
        np.bincount(decile[active], minlength=DECILES),
    )


@dataclass(frozen=True)
class Against:
    """How some scores stand against the null worlds, (n) each but the counts, (kinds, n).

    Attributes:
        p, q: float64, in (0, 1]; 1 where nothing speaks but an account's own conduct.
        as_high: int64, null accounts of the same decile with a score at least as high.
        of: int64, null accounts of that decile.
        by_chance: float64, accounts as high or higher that one null world of the worst kind holds, with those
            added.
    """

    p: Array
    q: Array
    as_high: Array
    of: Array
    by_chance: Array


def against(score: Array, decile: Array, data: Scores, nulls: Sequence[Null]) -> Against:
    """Hold scores against null worlds.

    Args:
        score: float64, (n), 0 where nothing but an account's own conduct speaks.
        decile: int64, (n), of activity.
        data: scores of all accounts of the data.
        nulls: at least one kind.
    """
    counted = [_counts(score, decile, null) for null in nulls]
    as_high = np.array([high for high, _ in counted])
    of = np.array([many for _, many in counted])
    chance = np.array([expected(score, null) for null in nulls]).max(axis=0)
    p = ((1 + as_high) / (1 + of)).max(axis=0)
    return Against(
        p=np.where(score > 0, np.minimum(p, 1.0), 1.0),
        q=_q(score, data, nulls),
        as_high=as_high,
        of=of,
        by_chance=chance,
    )


def _counts(score: Array, decile: Array, null: Null) -> tuple[Array, Array]:
    as_high = np.zeros(len(score), np.int64)
    for d, values in enumerate(null.by_decile):
        here = decile == d
        as_high[here] = len(values) - np.searchsorted(values, score[here], "left")
    nothing = score <= 0
    as_high[nothing] = null.accounts[decile[nothing]]
    return as_high, null.accounts[decile]


def expected(score: Array, null: Null) -> Array:
    """Count null accounts at or above each score, with those added, per null world: float64, (n)."""
    above = len(null.score) - np.searchsorted(null.score, score, "left")
    return np.asarray((added(null.worlds) + above) / null.worlds)


def added(worlds: int) -> float:
    """Say how many null accounts are added to those of some null worlds."""
    return max(1.0, ADDED * worlds)


def _q(score: Array, data: Scores, nulls: Sequence[Null]) -> Array:
    """Estimate the share of chance among accounts at or above each score: float64, (n)."""
    steps = np.unique(data.best[data.best > 0])
    if not len(steps):
        return np.ones(len(score))
    raised = len(data.best) - np.searchsorted(np.sort(data.best), steps, "left")
    worst = np.array([expected(steps, null) for null in nulls]).max(axis=0) / raised
    # From the lowest step up: a higher score never has a larger q than a lower one.
    least = np.minimum(np.minimum.accumulate(worst), 1.0)
    place = np.searchsorted(steps, score, "right") - 1
    return np.where((score > 0) & (place >= 0), least[np.maximum(place, 0)], 1.0)
