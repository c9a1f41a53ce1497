"""Compiled work on who served whom: a walk over the contacts of every account's targets."""

from __future__ import annotations

from undertow.compiled import uncounted
from undertow.matches.program import Array


@uncounted
def mark_alive(
    runs: Array,
    account: Array,
    target: Array,
    start: Array,
    contact: Array,
    room: Array,
    alive: Array,
) -> None:
    """Mark the servings whose target has a contact that is the account's and its other targets' none.

    Args:
        runs: int64: where the servings of each account begin, and their number.
        account: int64, (s).
        target: int64, (s).
        start: int64, (accounts + 1): where the contacts of each target begin.
        contact: int64; a contact may stand several times.
        room: int32, (4, accounts), zeros; scratch.
        alive: bool, (s), written.
    """
    # Each says of an account for which run, or which serving, the rest holds; from 1.
    own, seen, last = room[0], room[1], room[2]
    many = room[3]
    for run in range(1, len(runs)):
        for k in range(runs[run - 1], runs[run]):
            own[target[k]] = run
            for place in range(start[target[k]], start[target[k] + 1]):
                other = contact[place]
                if last[other] == k + 1:
                    continue
                last[other] = k + 1
                if seen[other] != run:
                    seen[other] = run
                    many[other] = 0
                many[other] += 1
        for k in range(runs[run - 1], runs[run]):
            for place in range(start[target[k]], start[target[k] + 1]):
                other = contact[place]
                if other != account[k] and own[other] != run and many[other] == 1:
                    alive[k] = True
                    break
