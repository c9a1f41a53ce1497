"""Keys whose best chain has one account in two free roles that must differ: the best that has not.

Either the account is not the one role or it is not the other: both are matched anew without the events
that would make it so, and the better answer stands. Each branch takes events away, so it ends.
"""

from __future__ import annotations

import numpy as np

from undertow.engines.stream_kernel_store import STAMP
from undertow.matches.kernel import REFUSED, answer
from undertow.matches.kernel_rules import MASK, OTHER, Scratch
from undertow.matches.program import FREE, KEY_ROLES, OPTIONAL, Array, Program

Rank = tuple[object, ...]


def best_of(program: Program, room: Scratch, n: int, counts: Array) -> int:
    """Find the best chain of the gathered events in which different free roles hold different accounts.

    Args:
        program: the compiled playbook.
        room: holds the key's events; `taken` is written.
        n: number of events.
        counts: of the stream; its stamp moves on.

    Returns:
        The furthest step, -1: none.
    """
    mask = room.events[MASK, :n].copy()
    furthest, taken = _best(program, room, n, counts, mask)
    room.events[MASK, :n] = mask
    room.taken[0, :] = -1
    room.taken[0, : len(taken)] = taken
    return furthest


def _best(
    program: Program, room: Scratch, n: int, counts: Array, mask: Array
) -> tuple[int, Array]:
    room.events[MASK, :n] = mask
    counts[STAMP] += 1
    taken = np.empty(program.size, np.int64)
    furthest = answer(program, room, n, int(counts[STAMP]), taken)
    if furthest != REFUSED:
        return int(furthest), taken
    ways = [
        _best(program, room, n, counts, _without(program, room, n, mask, role, account))
        for role, account in _conflict(program, room, taken)
    ]
    return max(ways, key=lambda way: _rank(program, way[1]))


def _conflict(program: Program, room: Scratch, taken: Array) -> list[tuple[int, int]]:
    """Find two free roles that one account holds: [(role, account), (role, account)]."""
    held = {
        int(program.steps[s, FREE]): int(room.events[OTHER, x])
        for s, x in enumerate(taken.tolist())
        if x >= 0 and program.steps[s, FREE] >= KEY_ROLES
    }
    return next(
        [(role, account), (other, account)]
        for role, account in held.items()
        for other, same in held.items()
        if role < other and account == same and not (program.roles[role] >> other) & 1
    )


def _without(
    program: Program, room: Scratch, n: int, mask: Array, role: int, account: int
) -> Array:
    """Take the steps of a role away from the events in which an account would hold it."""
    changed = mask.copy()
    held = room.events[OTHER, :n] == account
    for s in np.flatnonzero(program.steps[:, FREE] == role):
        changed[held] &= ~np.int64(1 << int(s))
    return changed


def _rank(program: Program, taken: Array) -> Rank:
    """Order chains as they are reported: furthest, most optional, earliest, latest predecessors."""
    steps = np.flatnonzero(taken >= 0)
    if not len(steps):
        return (-1,)
    chain = tuple((int(taken[s]), int(s)) for s in steps[::-1])
    optional = int(program.steps[steps, OPTIONAL].sum())
    return int(steps[-1]), optional, -chain[0][0], chain
