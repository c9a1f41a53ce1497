"""Keys whose best chain binds one account to two free roles that must differ.

Either the account is not the one role or it is not the other: both are matched anew without the events
that would make it so, and the better answer stands. Each branch takes events away, so it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from undertow.matches import kernel
from undertow.matches.kernel_rules import APART, ELSEWHERE, Rows
from undertow.matches.plan import Plan
from undertow.matches.program import KEY_ROLES, Array

Run = Callable[[Array], Sequence[Array]]
"""Matches keys (k, 4) on the rows as they are."""


def settle(plan: Plan, rows: Rows, mine: Array, key: Array, run: Run) -> tuple[Any, ...]:
    """Find the best chain of one key in which different free roles hold different accounts.

    Args:
        plan: the compiled playbook.
        rows: the events listed; their mask is changed meanwhile.
        mine: the places in `rows` that the key may gather.
        key: int64, (4).
        run: the kernel on this input.

    Returns:
        What `run` answers for it: the furthest step (-1: none), its events (s), and the rest.
    """
    answer = tuple(column[0] for column in run(key.reshape(1, -1)))
    furthest, events = answer[:2]
    if furthest != kernel.REFUSED:
        return answer
    ways = []
    for role, account in _conflict(plan, rows, key, events):
        before = rows.mask[mine]
        _leave_out(plan, rows, mine, role, account)
        ways.append(settle(plan, rows, mine, key, run))
        rows.mask[mine] = before
    return max(ways, key=lambda way: _rank(plan, rows, way[1]))


def _conflict(plan: Plan, rows: Rows, key: Array, events: Array) -> list[tuple[int, int]]:
    """Find two free roles that one account holds: [(role, account), (role, account)]."""
    held = {
        int(plan.free[s]): _holder(plan, rows, key, s, int(x))
        for s, x in enumerate(events)
        if x >= 0 and plan.free[s] >= KEY_ROLES
    }
    return next(
        [(role, account), (other, account)]
        for role, account in held.items()
        for other, same in held.items()
        if role < other and account == same and not plan.may_be[role, other]
    )


def _holder(plan: Plan, rows: Rows, key: Array, s: int, x: int) -> int:
    """Find the free role's account in an event: the end that is not the step's key account."""
    actor, target = int(rows.actor[x]), int(rows.target[x])
    from_free = plan.source[s] >= KEY_ROLES
    known = int(key[int(plan.sink[s] if from_free else plan.source[s])])
    if plan.between[s]:
        return actor if target == known else target
    return actor if from_free else target


def _leave_out(plan: Plan, rows: Rows, mine: Array, role: int, account: int) -> None:
    """Take the steps of a role away from the events in which an account would hold it."""
    for s in np.flatnonzero(plan.free == role):
        by_actor, by_target = rows.actor[mine] == account, rows.target[mine] == account
        if not plan.between[s]:
            by_actor &= plan.source[s] == role
            by_target &= plan.sink[s] == role
        rows.mask[mine[by_actor | by_target]] &= ~np.int64(1 << int(s))


def _rank(plan: Plan, rows: Rows, events: Array) -> tuple[object, ...]:
    """Order chains as they are reported: furthest, most optional, earliest, latest predecessors."""
    taken = np.flatnonzero(events >= 0)
    if not len(taken):
        return (-1,)
    chain = tuple((_place(rows, int(events[s])), int(s)) for s in taken[::-1])
    return int(taken[-1]), int(plan.optional[taken].sum()), -chain[0][0], chain


def _place(rows: Rows, x: int) -> int:
    """Give the place of the event itself that a row stands for."""
    platform = int(rows.platform[x])
    return ELSEWHERE - platform if APART < platform <= ELSEWHERE else x
