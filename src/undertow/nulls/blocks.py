"""Blocks of accounts that may stand in for each other as recipients: equally busy, of one community."""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.campaigns.group import leiden
from undertow.matches.program import Array
from undertow.scores.rates import DECILES, Activity

ROUNDS: Final = 2
"""Rounds of Leiden: blocks need no finer communities."""


def blocks(busy: Activity, rank: Array) -> Array:
    """Number the blocks: int64, (accounts), by decile of contacts and community of the graph of contacts.

    Args:
        busy: who addressed whom.
        rank: int64, (accounts), of `appearance`: the search for communities must not depend on names.
    """
    actor, target = busy.pairs.one.astype(np.int64), busy.pairs.other.astype(np.int64)
    return communities(actor, target, rank, len(rank)) * DECILES + busy.decile


def communities(one: Array, other: Array, rank: Array, size: int) -> Array:
    """Find communities of the graph of contacts (Leiden, modularity): int64, (accounts).

    Args:
        one: codes of accounts, (pairs).
        other: codes of those they had to do with, (pairs).
        rank: numbers by which the accounts are given to the search.
        size: number of accounts.
    """
    a, b = rank[one], rank[other]
    edges = np.unique(np.minimum(a, b) * size + np.maximum(a, b))
    ends = np.stack([edges // size, edges % size], axis=1)
    found = leiden(ends, size, objective_function="modularity", n_iterations=ROUNDS)
    return np.asarray(found[rank])
