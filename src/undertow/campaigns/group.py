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
from undertow.events.log import EventLog
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


def appearance(log: EventLog) -> Array:
    """Rank accounts by where they are first named, who acts before who is addressed: int64, (accounts)."""
    size = len(log.accounts)
    first = np.full(size + 1, 2 * len(log), np.int64)
    # Written from the last row on, so that the first one stays; the last place stands for `NOBODY`.
    ends = np.stack([log.actor, log.target], axis=1).ravel()[::-1]
    first[ends] = np.arange(len(ends))[::-1]
    rank = np.empty(size, np.int64)
    rank[np.argsort(first[:size], kind="stable")] = np.arange(size)
    return rank


def groups(ties: Ties, pairs: Served, rank: Array) -> Groups:
    """Find the groups of at least two tied accounts, the same for the same ties.

    Args:
        ties: ties with bits above 0.
        pairs: who served whom.
        rank: int64, (accounts), of `appearance`: the search for communities must not depend on names.
    """
    size = len(rank)
    graph = (*_graph(ties, size),)
    account, group = _leiden(*graph, rank) if len(graph[0]) else (graph[0], graph[0])
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


def _leiden(pair: Array, bits: Array, rank: Array) -> tuple[Array, Array]:
    one, other = rank[pair // len(rank)], rank[pair % len(rank)]
    ends = np.stack([np.minimum(one, other), np.maximum(one, other)])
    order = np.lexsort(ends[::-1])
    place, vertex = np.unique(ends[:, order], return_inverse=True)
    asked = {"weights": bits[order].tolist(), "resolution": RESOLUTION, "n_iterations": ROUNDS}
    found = leiden(vertex.reshape(2, -1).T, len(place), objective_function="CPM", **asked)
    return np.argsort(rank)[place], found


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
