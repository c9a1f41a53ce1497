"""What can be said of each step of a key: taken, not taken, still open, unknown, or not reached."""

from __future__ import annotations

from typing import Final

from undertow.compiled import uncounted
from undertow.matches.kernel_rules import add, unseen
from undertow.matches.plan import FOREVER
from undertow.matches.program import FIRST_FROM, LEAST, OPTIONAL, WITHIN, Array, Program

NOT_REACHED: Final = 0
TAKEN: Final = 1
NOT_TAKEN: Final = 2
OPEN: Final = 3
"""Not taken, but its window reaches past the data."""
UNKNOWN: Final = 4
TAKEN_OPEN: Final = 5
"""Taken while its window would still be open."""


@uncounted
def judge(
    program: Program,
    known: Array,
    taken: Array,
    at: Array,
    latest: int,
    span: tuple[int, int],
    state: Array,
) -> None:
    """Say of every step whether it was taken, not taken, still open, unknown, or not reached.

    Args:
        program: the compiled playbook.
        known: what is known of the key, as in `Scratch`.
        taken: int64, (s): -1 where a step was not taken.
        at: int64, (s): when it was taken, microseconds.
        latest: the last moment at which any chain of the key could end in its furthest step: as long as
            the window from there is open, the step behind may still come.
        span: first and last moment of the data.
        state: int8, (s), written.
    """
    steps = program.steps
    many = len(steps)
    furthest = 0
    for k in range(many):
        state[k] = NOT_REACHED
        if taken[k] >= 0:
            furthest = k
    first = 0
    while taken[first] < 0:
        first += 1
    last_at = 0
    shortest, longest = 0, 0
    for k in range(many):
        reached = add(longest, program.steps[k, WITHIN])
        until = FOREVER if reached >= FOREVER else last_at + reached
        if taken[k] >= 0:
            state[k] = TAKEN_OPEN if k > first and until > span[1] else TAKEN
            last_at = latest if k == furthest else at[k]
            shortest, longest = 0, 0
        elif k < first:
            # Nothing was taken yet: the step would stand before the first one that was.
            within = program.steps[first, WITHIN]
            earliest = -FOREVER if within >= FOREVER else at[first] - within
            if unseen(program.bounds, known, k, earliest, at[first]):
                state[k] = UNKNOWN
            else:
                state[k] = OPEN if earliest < span[0] else NOT_TAKEN
        elif unseen(
            program.bounds, known, k, last_at + shortest + program.steps[k, LEAST], until
        ):
            state[k] = UNKNOWN
            shortest += program.steps[k, LEAST]
            longest = reached
        elif until < program.steps[k, FIRST_FROM]:
            state[k] = UNKNOWN
        else:
            state[k] = OPEN if until > span[1] else NOT_TAKEN
            if not program.steps[k, OPTIONAL] and k > furthest:
                return
