"""A playbook compiled to small integer columns, as the kernel reads it.

Roles become codes: 0 and 1 are the two key accounts, 2 and above the free account roles. Durations are
microseconds; `FOREVER` stands where a step has no `within`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.events.source import Source
from undertow.events.table import TYPES, VISIBILITIES
from undertow.playbooks.grammar import Membership, Playbook, Step
from undertow.units import microseconds

FOREVER: Final = 1 << 62
ANYBODY: Final = -1
MOST_STEPS: Final = 40
"""Step sets are bits of an int64, with room to spare."""


@dataclass(frozen=True)
class Plan:
    """One playbook as integers. Arrays have one value per step, (s), unless said otherwise.

    Attributes:
        types: bool, (s, types).
        visibility: bool, (s, visibilities + 1), the last column for null.
        has: names of the signals each step asks for.
        source, sink: role codes of actor and addressed account; sink -1: not looked at.
        between: bool, either direction.
        within, least: longest and shortest gap, microseconds.
        optional, same, first, room: bool.
        count, days: int64, at least 1.
        free: code of the free role that the step binds, -1 for none.
        may_be: bool, (roles, roles), symmetric: one account may hold both.
        conditions: int64, (c, 3): step, role code, 1 for member and 0 for not a member.
        anchor: bool, required steps between the two key accounts: what makes a key.
        has_group: whether the key ends in a group.
        fast: whether the kernel knows all of this playbook; else the oracle answers.
    """

    playbook: Playbook
    types: np.ndarray
    visibility: np.ndarray
    has: tuple[tuple[str, ...], ...]
    source: np.ndarray
    sink: np.ndarray
    between: np.ndarray
    within: np.ndarray
    least: np.ndarray
    optional: np.ndarray
    same: np.ndarray
    first: np.ndarray
    room: np.ndarray
    count: np.ndarray
    days: np.ndarray
    free: np.ndarray
    may_be: np.ndarray
    conditions: np.ndarray
    anchor: np.ndarray
    has_group: bool
    fast: bool

    def __len__(self) -> int:
        return len(self.within)


def compile_plan(playbook: Playbook) -> Plan:
    """Compile a checked playbook.

    Raises:
        ValueError: if the playbook has more than 40 steps or is not about two accounts; `check`
            refuses such files before.
    """
    accounts = [name for name in playbook.key if name not in playbook.groups]
    if len(accounts) != 2 or len(playbook.steps) > MOST_STEPS:
        raise ValueError("a plan needs two key accounts and at most 40 steps")
    roles = [*accounts, *playbook.free]
    code = {name: number for number, name in enumerate(roles)}
    steps = playbook.steps
    ends = [_ends(step, code) for step in steps]
    return Plan(
        playbook=playbook,
        types=np.array([[word in step.types for word in TYPES] for step in steps]),
        visibility=np.array([_visible(step) for step in steps]),
        has=tuple(step.has for step in steps),
        source=np.array([a for a, _ in ends], np.int64),
        sink=np.array([b for _, b in ends], np.int64),
        between=np.array([step.between is not None for step in steps]),
        within=np.array([FOREVER if s.within is None else s.within for s in steps], np.int64),
        least=np.array([step.min for step in steps], np.int64),
        optional=np.array([step.optional for step in steps]),
        same=np.array([step.same for step in steps]),
        first=np.array([step.first for step in steps]),
        room=np.array([step.room is not None for step in steps]),
        count=np.array([step.count for step in steps], np.int64),
        days=np.array([step.days for step in steps], np.int64),
        free=np.array([max([*e, 1]) if max(e) > 1 else ANYBODY for e in ends], np.int64),
        may_be=_may_be(playbook, roles),
        conditions=_conditions(steps, code),
        anchor=np.array(
            [not s.optional and sorted(e) == [0, 1] for s, e in zip(steps, ends, strict=True)]
        ),
        has_group=bool(playbook.groups),
        fast=_is_fast(playbook, code),
    )


def _ends(step: Step, code: dict[str, int]) -> tuple[int, int]:
    if step.between is not None:
        return code[step.between[0]], code[step.between[1]]
    sink = ANYBODY if step.sink is None else code[step.sink]
    return code[step.source or ""], sink


def _visible(step: Step) -> list[bool]:
    wanted = step.visibility
    return [not wanted or word in wanted for word in VISIBILITIES] + [not wanted]


def _may_be(playbook: Playbook, roles: list[str]) -> np.ndarray:
    may = np.zeros((len(roles), len(roles)), bool)
    for a, one in enumerate(roles):
        for b, other in enumerate(roles):
            may[a, b] = one in playbook.role(other).may_be or other in playbook.role(one).may_be
    return may


def _conditions(steps: tuple[Step, ...], code: dict[str, int]) -> np.ndarray:
    def listed(
        number: int, given: tuple[Membership, ...], member: int
    ) -> list[tuple[int, int, int]]:
        return [(number, code[one.who], member) for one in given]

    rows = [
        row
        for number, step in enumerate(steps)
        for row in listed(number, step.member_of, 1) + listed(number, step.not_member_of, 0)
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def _is_fast(playbook: Playbook, code: dict[str, int]) -> bool:
    """Whether the kernel knows the playbook: at most one group, in the key; conditions on who takes part."""
    groups = playbook.groups
    in_key = len(groups) == 0 or (len(groups) == 1 and groups[0] in playbook.key)
    # The kernel keeps one free account per event: an event between the key accounts must not stand
    # for two of them.
    stand_in = {
        key for free in playbook.free for key in playbook.key if _one(playbook, free, key)
    }
    bound = all(
        code[c.who] < 2 or c.who in step.roles
        for step in playbook.steps
        for c in (*step.member_of, *step.not_member_of)
    )
    return in_key and len(stand_in) < 2 and bound


def _one(playbook: Playbook, free: str, key: str) -> bool:
    return key in playbook.role(free).may_be or free in playbook.role(key).may_be


@dataclass(frozen=True)
class Sight:
    """What each platform's sources could show of each step.

    Attributes:
        declared: bool, (platforms + 1): whether a platform has sources; the last stands for null.
        since, until: int64, (platforms + 1, s, stretches), microseconds; empty stretches have
            `since` after `until`.
        start: int64, (platforms + 1): first moment covered, for `first`.
    """

    declared: np.ndarray
    since: np.ndarray
    until: np.ndarray
    start: np.ndarray


def sight(plan: Plan, sources: tuple[Source, ...], platforms: list[str], start: int) -> Sight:
    """Work out which stretches of time each step was visible in.

    Args:
        plan: the compiled playbook.
        sources: declarations; platforms without one count as visible throughout.
        platforms: names in the order of their codes.
        start: time of the first event, for sources without `from`.
    """
    by_platform = [[s for s in sources if s.platform == name] for name in platforms] + [[]]
    most = max([1, *(len(listed) for listed in by_platform)])
    shape = (len(by_platform), len(plan), most)
    since, until = np.full(shape, FOREVER), np.full(shape, -FOREVER)
    starts = np.full(len(by_platform), start, np.int64)
    for p, listed in enumerate(by_platform):
        moments = [source.since for source in listed]
        known = [microseconds(moment) for moment in moments if moment is not None]
        if known and len(known) == len(moments):
            starts[p] = min(known)
        for k, source in enumerate(listed):
            for s, step in enumerate(plan.playbook.steps):
                needs_text = "address" in step.has or "link" in step.has
                if any(map(source.shows, step.types)) and (source.content or not needs_text):
                    since[p, s, k] = (
                        -FOREVER if source.since is None else microseconds(source.since)
                    )
                    until[p, s, k] = (
                        FOREVER if source.until is None else microseconds(source.until)
                    )
    return Sight(np.array([bool(listed) for listed in by_platform]), since, until, starts)
