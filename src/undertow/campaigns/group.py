"""Tied accounts to groups, and what each account does in its group.

Groups are communities of the graph of ties (Leiden, igraph); a pair's weight is the sum of its bits. A target
of a member is no member. Roles follow what an account does: it serves targets, targets come from it, or
targets go to it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np

from undertow.campaigns.served import Served
from undertow.campaigns.table import KINDS, Ties
from undertow.matches.program import Array

RESOLUTION: Final = 0.5
"""Bits per pair that hold a group together (constant Potts model). Ours, tuned on worlds of seeds 11 to 13."""
ROUNDS: Final = 10
SEED: Final = 2014
_CHANCE: Final = Lock()
ROLES: Final = ("recruiter", "gatekeeper", "facilitator")


@dataclass(frozen=True)
class Groups:
    """Groups of accounts, as parallel columns of their members, (m), group by group.

    Attributes:
        group: int64, 0, 1, ...
        account: int64, code.
        role: int8, index into `ROLES`.
    """

    group: Array
    account: Array
    role: Array

    def __len__(self) -> int:
        return int(self.group.max(initial=-1)) + 1


def groups(ties: Ties, pairs: Served, size: int) -> Groups:
    """Find the groups of at least two tied accounts, the same for the same ties.

    Args:
        ties: ties with bits above 0.
        pairs: who served whom.
        size: number of accounts.
    """
    graph = (*_graph(ties, size),)
    account, group = _leiden(*graph, size) if len(graph[0]) else (graph[0], graph[0])
    kept = ~_targets_inside(account, group, pairs, size)
    account, group = account[kept], group[kept]
    many = np.bincount(group, minlength=1)
    kept = many[group] > 1
    account, group = account[kept], group[kept]
    order = np.lexsort((account, group))
    account, group = account[order], np.unique(group[order], return_inverse=True)[1]
    return Groups(group, account, _roles(account, group, ties, pairs, size))


def _graph(ties: Ties, size: int) -> tuple[Array, Array]:
    low, high = np.minimum(ties.a, ties.b), np.maximum(ties.a, ties.b)
    pair, of = np.unique(low * size + high, return_inverse=True)
    bits = np.bincount(of, weights=ties.bits, minlength=len(pair))
    return pair[bits > 0], bits[bits > 0]


def _leiden(pair: Array, bits: Array, size: int) -> tuple[Array, Array]:
    account, place = np.unique(np.concatenate([pair // size, pair % size]), return_inverse=True)
    asked = {"weights": bits.tolist(), "resolution": RESOLUTION, "n_iterations": ROUNDS}
    return account, leiden(
        place.reshape(2, -1).T, len(account), objective_function="CPM", **asked
    )


def leiden(edges: Array, size: int, **asked: Any) -> Array:  # noqa: ANN401 - igraph's own words
    """Find communities of a graph, the same for the same graph.

    Args:
        edges: int64, (e, 2), vertices from 0.
        size: number of vertices.
        asked: as for igraph's `community_leiden`.

    Returns:
        int64, (size), number of each vertex's community.
    """
    import igraph

    graph = igraph.Graph(n=size, edges=edges)
    # igraph has one source of chance for the whole process.
    with _CHANCE:
        igraph.set_random_number_generator(random.Random(SEED))  # noqa: S311 - order of visits
        try:
            found = graph.community_leiden(**asked)
        finally:
            igraph.set_random_number_generator(random)
    return np.array(found.membership, np.int64)


def _targets_inside(account: Array, group: Array, pairs: Served, size: int) -> Array:
    """Mark members that are a target of another member of their group: bool, (m)."""
    of = np.full(size, -1, np.int64)
    of[account] = group
    same = (of[pairs.account] >= 0) & (of[pairs.account] == of[pairs.target])
    return np.isin(account, pairs.target[same])


def _roles(account: Array, group: Array, ties: Ties, pairs: Served, size: int) -> Array:
    """Count for each member the targets that it serves, that come from it and that go to it."""
    of = np.full(size, -1, np.int64)
    of[account] = group
    counts = np.zeros((len(ROLES), size))
    np.add.at(counts[0], pairs.account, 1)
    inside = (of[ties.a] == of[ties.b]) & (of[ties.a] >= 0)
    for role, kind in ((1, "gatekeeper"), (2, "handoff")):
        mine = inside & (ties.kind == KINDS.index(kind))
        np.add.at(counts[role], ties.b[mine], ties.times[mine])
    # `argmax` takes the first of equals: who serves as many targets as it passes on is a recruiter.
    return np.asarray(counts[:, account].argmax(axis=0).astype(np.int8))
