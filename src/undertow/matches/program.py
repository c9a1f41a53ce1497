"""A playbook as one small integer program, which is all that compiled code knows of it.

`plan.compile_plan` turns a playbook's words into columns; `compile_program` packs those columns and what
the sources could show into six integer arrays. Every engine hands the same program to the same kernel.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from undertow.matches.plan import FOREVER, Plan, Sight

Array = npt.NDArray[Any]
AGES: Final = 1 << 61
"""Longer than any data, and still safe to add to a time."""
KEY_ROLES: Final = 2
"""Role codes 0 and 1 are the key accounts; higher ones are free."""

# Columns of `Program.steps`.
SOURCE: Final = 0
SINK: Final = 1
BOTH_WAYS: Final = 2
ROOM: Final = 3
WITHIN: Final = 4
LEAST: Final = 5
OPTIONAL: Final = 6
SAME: Final = 7
COUNT: Final = 8
DAYS: Final = 9
FREE: Final = 10
FIRST_FROM: Final = 11
FIELDS: Final = 12

# Planes of `Program.gaps`.
WIDEST: Final = 0
BETWEEN: Final = 1

# Places in `Program.head`.
SIDE_A: Final = 0
SIDE_B: Final = 1
ANCHORS: Final = 2
BASE: Final = 3
LEAD: Final = 4
TRAIL: Final = 5
AFTER_BASE: Final = 6
FORWARD: Final = 7
BACKWARD: Final = 8
PLAIN_UNTIL: Final = 9
LISTED: Final = 10
HEAD: Final = 11


class Program(NamedTuple):
    """One compiled playbook: int64 arrays, C order.

    Attributes:
        steps: (s, FIELDS), one row per step: role codes of both ends, flags, `within` and `min` in
            microseconds, count, days, code of the free role (-1: none), and the moment from which
            `first` can be known (the distant past for other steps).
        gaps: (2, s, s): `WIDEST`, the longest gap from step i to step j that any skipping allows, and
            `BETWEEN`, the required steps strictly between the two, as bits.
        conditions: (c, 3): step, role code, 1 for member and 0 for not a member of the key's group.
        roles: (r): bit q set where one account may hold role r and role q.
        bounds: (platforms + 1, s, 2 m): stretches in which the step could be seen, since and until in
            turn; a platform without a declaration sees all; empty stretches begin after they end; the
            last row stands for events without a platform.
        head: (HEAD): `SIDE_A`, `SIDE_B`: steps that touch the one key account and not the other, as bits;
            `ANCHORS`: required steps between the two, one of which makes a key; `BASE`: a step that one
            event of the pair takes without anything before it, -1 for none; `LEAD`, `TRAIL`: how far a
            chain may reach before and behind its base; `AFTER_BASE`: the steps behind it;
            `FORWARD`, `BACKWARD`: steps between the two that an event from the first to the second key
            account, or back, may take; `PLAIN_UNTIL`: as far as this step, from the base on, every step
            is required and between the two: a key that ends before it needs nothing but its pair's
            events (-1: no such steps); `LISTED`: the step `listed_from`.
    """

    steps: Array
    gaps: Array
    conditions: Array
    roles: Array
    bounds: Array
    head: Array

    @property
    def size(self) -> int:
        """Number of steps."""
        return len(self.steps)


def compile_program(plan: Plan, seen: Sight) -> Program:
    """Pack a compiled playbook and what the sources could show.

    Args:
        plan: columns of the playbook.
        seen: stretches of time in which each platform showed each step.
    """
    steps = np.zeros((len(plan), FIELDS), np.int64)
    columns = {
        SOURCE: plan.source,
        SINK: plan.sink,
        BOTH_WAYS: plan.between,
        ROOM: plan.room,
        WITHIN: plan.within,
        LEAST: plan.least,
        OPTIONAL: plan.optional,
        SAME: plan.same,
        COUNT: plan.count,
        DAYS: plan.days,
        FREE: plan.free,
        FIRST_FROM: _first_from(plan, seen),
    }
    for field, column in columns.items():
        steps[:, field] = column
    return Program(
        steps=steps,
        gaps=np.stack([_widest(plan), _between(plan)]),
        conditions=np.ascontiguousarray(plan.conditions, np.int64),
        roles=np.array([_bits(row) for row in plan.may_be], np.int64),
        bounds=_bounds(seen),
        head=_head(plan),
    )


def _bits(marked: Array) -> int:
    return sum(1 << int(s) for s in np.flatnonzero(marked))


def _head(plan: Plan) -> Array:
    head = np.zeros(HEAD, np.int64)
    ends = list(zip(plan.source.tolist(), plan.sink.tolist(), strict=True))
    paired = np.array([sorted(pair) == [0, 1] for pair in ends])
    head[SIDE_A], head[SIDE_B] = (
        _bits(np.array([end in pair and 1 - end not in pair for pair in ends]))
        for end in (0, 1)
    )
    head[ANCHORS] = _bits(plan.anchor)
    head[BASE], head[LEAD], head[TRAIL], head[AFTER_BASE] = _base(plan)
    head[FORWARD] = _bits(paired & (plan.between | (plan.source == 0)))
    head[BACKWARD] = _bits(paired & (plan.between | (plan.source == 1)))
    head[LISTED] = plan.playbook.step_index(plan.playbook.listed_from)
    head[PLAIN_UNTIL] = -1
    if head[BASE] >= 0:
        after = range(int(head[BASE]) + 1, int(head[LISTED]) + 1)
        plain = [s for s in after if all(plan.anchor[int(head[BASE]) + 1 : s + 1])]
        head[PLAIN_UNTIL] = max(plain, default=-1)
    return head


def _base(plan: Plan) -> tuple[int, int, int, int]:
    """Find the first required step, if one event of the pair takes it whatever went before.

    Returns:
        The step, -1 if there is none; how far a chain may lead up to it and trail behind it; and
        the steps behind it as bits.
    """
    required = np.flatnonzero(~plan.optional)
    base = int(required[0]) if len(required) else 0
    counted = (plan.count[: base + 1] > 1) | (plan.days[: base + 1] > 1)
    if not len(required) or not plan.anchor[base] or counted.any():
        return -1, AGES, AGES, 0
    behind = sum(1 << s for s in range(base + 1, len(plan)))
    # Nothing stands before the first step, so its own window bounds nothing.
    return base, _total(plan.within[1 : base + 1]), _total(plan.within[base + 1 :]), behind


def _total(windows: Array) -> int:
    return AGES if (windows >= FOREVER).any() else min(AGES, int(windows.sum()))


def _widest(plan: Plan) -> Array:
    """Sum the windows between two steps: what skipping unknown steps allows at most."""
    steps = len(plan)
    widest = np.zeros((steps, steps), np.int64)
    for i in range(steps):
        for j in range(i + 1, steps):
            windows = plan.within[i + 1 : j + 1]
            widest[i, j] = FOREVER if (windows >= FOREVER).any() else windows.sum()
    return widest


def _between(plan: Plan) -> Array:
    """List the required steps strictly between two steps, as bits."""
    required = [0 if optional else 1 << s for s, optional in enumerate(plan.optional.tolist())]
    steps = range(len(plan))
    return np.array([[sum(required[i + 1 : j]) for j in steps] for i in steps], np.int64)


def _bounds(seen: Sight) -> Array:
    platforms, steps, stretches = seen.since.shape
    bounds = np.empty((platforms, steps, 2 * stretches), np.int64)
    bounds[:, :, 0::2] = np.where(seen.declared[:, None, None], seen.since, -FOREVER)
    bounds[:, :, 1::2] = np.where(seen.declared[:, None, None], seen.until, FOREVER)
    return bounds


def _first_from(plan: Plan, seen: Sight) -> Array:
    """Say from when on an event can be known to be the first of its direction."""
    known = int(seen.start.max()) + np.where(plan.within >= FOREVER, 0, plan.within)
    return np.where(plan.first, known, -FOREVER)
