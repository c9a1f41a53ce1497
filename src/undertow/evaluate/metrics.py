"""Measures of a ranking, as plain functions over scores and marks; larger scores come first.

An account that a method does not list has the score minus infinity. Ties share what their whole group
earns, so that no method gains by the order in which equals happen to stand.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.worlds.rows import Bools, Floats, Ints

BINS: Final = 15
"""Equal-count bins of the calibration error (science reference, C5)."""


class Ranking:
    """A ranking, sorted once, so that measures over many draws of campaigns cost little.

    Args:
        score: (n), minus infinity for what is not listed.
    """

    def __init__(self, score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        value = score[self._order]
        self._ends = np.flatnonzero(np.append(value[1:] != value[:-1], True))

    def average_precision(self, weight: Floats | Bools, aside: Bools | None = None) -> float:
        """Average precision; NaN without positives.

        Args:
            weight: (n), how often each entry counts as a positive; 0 for a negative.
            aside: (n), entries that are neither.
        """
        counted = np.asarray(weight, dtype=np.float64)[self._order]
        whole = counted.sum()
        if not whole:
            return float("nan")
        negative = counted == 0
        if aside is not None:
            negative &= ~aside[self._order]
        found = np.cumsum(counted)[self._ends]
        wrong = np.cumsum(negative)[self._ends]
        gained = np.diff(np.concatenate([[0.0], found]))
        share = np.divide(found, found + wrong, out=np.zeros(len(found)), where=found > 0)
        return float(np.sum(gained * share) / whole)


def average_precision(score: Floats, weight: Floats | Bools) -> float:
    """Average precision of scores, as `Ranking` measures it."""
    return Ranking(score).average_precision(weight)


def first(score: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Give the entries a reviewer sees first: the `count` best listed ones, ties in a drawn order."""
    order = np.lexsort((rng.random(len(score)), -score))[:count]
    return order[np.isfinite(score[order])]


def calibration(probability: Floats, positive: Bools) -> dict[str, float]:
    """Measure how far stated probabilities lie from what came true.

    Returns:
        `ece`: mean distance of stated and true share over equal-count bins, 0 to 1; `brier`: mean
        squared error. Both NaN where nothing is stated.
    """
    if not len(probability):
        return {"ece": float("nan"), "brier": float("nan")}
    error = 0.0
    for stated, true, size in reliability(probability, positive):
        error += size / len(probability) * abs(stated - true)
    return {"ece": error, "brier": float(np.mean((probability - positive) ** 2))}


def reliability(probability: Floats, positive: Bools) -> list[tuple[float, float, int]]:
    """Give (stated share, true share, size) of equal-count bins, lowest first."""
    order = np.argsort(probability, kind="stable")
    return [
        (float(probability[part].mean()), float(positive[part].mean()), len(part))
        for part in np.array_split(order, min(BINS, len(order)))
        if len(part)
    ]


def false_share(q: Floats, level: float, true: Bools) -> tuple[int, int]:
    """Count alerts at `q <= level` and those of them that are false.

    Args:
        q: (n), NaN where none is stated.
        level: nominal share of false discoveries.
        true: (n), whether an alert would be right.
    """
    alerted = np.nan_to_num(q, nan=np.inf) <= level
    return int(alerted.sum()), int((alerted & ~true).sum())


def uniformity(p: Floats) -> float:
    """Give the largest excess of the share of p-values at or below x over x, 0 for conservative ones."""
    known = np.sort(p[np.isfinite(p)])
    if not len(known):
        return float("nan")
    share = np.arange(1, len(known) + 1) / len(known)
    return float(max(np.max(share - known), 0.0))


def pairwise_f1(found: dict[str, str], true: dict[str, str]) -> tuple[float, float, float]:
    """Compare two groupings by pairs of accounts that share a group.

    Args:
        found: group of each account that was grouped.
        true: campaign of each account that truly belongs to one.

    Returns:
        Precision, recall and F1 over pairs; of `found`, only pairs with an account of a campaign
        count, since groups of honest accounts are no claim about campaigns. NaN without true pairs.
    """
    of_found = _pairs(found, set(true))
    of_true = _pairs(true, set(true))
    if not of_true:
        return float("nan"), float("nan"), float("nan")
    both = len(of_found & of_true)
    precision = both / len(of_found) if of_found else 0.0
    recall = both / len(of_true)
    return precision, recall, 2 * both / max(len(of_found) + len(of_true), 1)


def _pairs(group: dict[str, str], touching: set[str]) -> set[tuple[str, str]]:
    members: dict[str, list[str]] = {}
    for account, name in sorted(group.items()):
        members.setdefault(name, []).append(account)
    return {
        (one, other)
        for accounts in members.values()
        for place, one in enumerate(accounts)
        for other in accounts[place + 1 :]
        if one in touching or other in touching
    }
