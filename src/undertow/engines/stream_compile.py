"""From playbooks to passes of the live engine: which run together, and what each step needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from undertow.engines.stream_classes import make_rules
from undertow.engines.stream_rules import Compiled, Pass, always_shown, room_ends
from undertow.errors import UndertowError
from undertow.events.source import Source
from undertow.matches.plan import FOREVER, Plan, Sight, compile_plan, sight
from undertow.matches.program import (
    BETWEEN,
    LISTED,
    SIDE_A,
    SIDE_B,
    Array,
    Program,
    compile_program,
)
from undertow.playbooks.grammar import Playbook

MOST_BITS: Final = 60
"""Steps of playbooks that run in one pass; more playbooks make another pass."""
APART: Final = Source("\0", ("\0",))
"""A platform that shows nothing: on it stand events between other accounts of the same two actors."""
MOST_FIRST: Final = 30
"""Steps with `first` in one pass, and as many sets of types that they ask for."""


def compile_passes(
    playbooks: Sequence[Playbook],
    sources: tuple[Source, ...],
    platforms: list[str],
    start: int,
    *,
    forget: bool,
    apart: int | None = None,
) -> list[Pass]:
    """Compile playbooks to as few passes as their steps need.

    Args:
        playbooks: checked playbooks.
        sources: what could be seen.
        platforms: names of platforms in the order of their codes.
        start: moment of the first event, microseconds.
        forget: let events go that can no longer matter.
        apart: code of the platform on which stand the events that steps across personas gain from other
            accounts, None without personas.

    Raises:
        UndertowError: if a playbook is of the few that only the slow definition knows.
    """
    plans = [compile_plan(playbook) for playbook in playbooks]
    for plan in plans:
        if not plan.fast:
            raise UndertowError(
                f"playbook {plan.playbook.name} cannot be watched: a free role that may be both key "
                "accounts, or a group outside the key",
                code="stream-playbook",
                mend="use detect for it, or make the role differ from one of the two",
            )
    passes: list[Pass] = []
    waiting = sorted(
        range(len(plans)), key=lambda k: bool((plans[k].free >= 0).any() or plans[k].has_group)
    )
    while waiting:
        chosen: list[int] = []
        for k in waiting:
            steps = sum(len(plans[c]) for c in (*chosen, k))
            first = sum(int(plans[c].first.sum()) for c in (*chosen, k))
            if chosen and (steps > MOST_BITS or first > MOST_FIRST):
                break
            chosen.append(k)
        waiting = waiting[len(chosen) :]
        sights = [sight(plans[k], sources, platforms, start) for k in chosen]
        few = [plans[k] for k in chosen]
        passes.append(_one_pass(chosen, few, sights, (start, forget, apart)))
    return passes


def _one_pass(
    books: list[int],
    plans: list[Plan],
    sights: list[Sight],
    given: tuple[int, bool, int | None],
) -> Pass:
    start, forget, apart = given
    whole = [compile_program(p, s) for p, s in zip(plans, sights, strict=True)]
    kinds, first_of_kind = _alike(whole, sights, apart)
    lone = None if apart is None else int(kinds[apart])
    compiled = []
    for plan, program in zip(plans, whole, strict=True):
        few = program._replace(bounds=np.ascontiguousarray(program.bounds[first_of_kind]))
        compiled.append(compile_book(plan, few, start, lone))
    return Pass(
        tuple(books),
        tuple(compiled),
        _stacked(compiled),
        make_rules(compiled, sights, (kinds, first_of_kind, lone), start, forget),
    )


def _alike(
    programs: list[Program], sights: list[Sight], apart: int | None
) -> tuple[Array, Array]:
    """Class platforms by what they show: class of each platform, and one platform of each class."""
    rows = [
        (
            k == apart,
            *(tuple(p.bounds[k].ravel().tolist()) for p in programs),
            int(sights[0].start[k]),
        )
        for k in range(len(programs[0].bounds))
    ]
    distinct = list(dict.fromkeys(rows))
    return (
        np.array([distinct.index(row) for row in rows], np.int64),
        np.array([rows.index(row) for row in distinct], np.int64),
    )


def compile_book(plan: Plan, program: Program, start: int, lone: int | None) -> Compiled:
    """Compile one playbook as far as it goes by itself; what the class `lone` shows is no key's own."""
    steps = range(len(plan))
    shown = always_shown(program, start)
    own = np.ones(len(shown), bool) if lone is None else np.arange(len(shown)) != lone
    unsure = ~shown[own].all(axis=0) | (plan.first & (plan.within < FOREVER))
    floor = int(program.head[LISTED])
    while floor > 0 and unsure[floor]:
        floor -= 1
    sure = [s for s in range(floor + 1) if plan.anchor[s] and not unsure[s]]
    ends = room_ends(plan)
    needed = sum(1 << s for s in steps if not unsure[s])
    between = program.gaps[BETWEEN] & needed
    wide = np.zeros((len(plan), len(plan)), np.int64)
    follows = np.zeros((len(plan), len(plan)), bool)
    for i in steps:
        for j in range(i + 1, len(plan)):
            added = [int(plan.within[k]) for k in range(i + 1, j) if unsure[k]]
            wide[i, j] = min(FOREVER, sum(added) + int(plan.within[j]))
            follows[i, j] = between[i, j] == 0
    begins = np.array(
        [all(plan.optional[k] or unsure[k] for k in range(j)) for j in steps], bool
    )
    sides = int(program.head[SIDE_A] | program.head[SIDE_B])
    return Compiled(
        plan=plan,
        program=program,
        unsure=unsure,
        floor=floor,
        anchor=sure[-1] if sure and (not plan.has_group or len(ends) == 1) else -1,
        wide=wide,
        follows=follows,
        start=begins,
        side=np.array([bool((sides >> s) & 1) for s in steps]),
    )


def _stacked(compiled: list[Compiled]) -> Program:
    """Stack programs, the shorter ones filled up with steps that nothing can take."""
    size = max(len(one.plan) for one in compiled)
    most = max(len(one.program.conditions) for one in compiled)
    roles = max(len(one.program.roles) for one in compiled)
    span = max(one.program.bounds.shape[2] for one in compiled)
    many, sights = len(compiled), len(compiled[0].program.bounds)
    stacked = Program(
        steps=np.zeros((many, size, compiled[0].program.steps.shape[1]), np.int64),
        gaps=np.zeros((many, 2, size, size), np.int64),
        conditions=np.full((many, most, 3), -1, np.int64),
        roles=np.zeros((many, roles), np.int64),
        bounds=np.zeros((many, sights, size, span), np.int64),
        head=np.stack([one.program.head for one in compiled]),
    )
    # An empty stretch begins after it ends.
    stacked.bounds[..., 0::2], stacked.bounds[..., 1::2] = FOREVER, -FOREVER
    stacked.steps[:, :, [0, 1, 10]] = -1
    for p, one in enumerate(compiled):
        own, n = one.program, len(one.plan)
        stacked.steps[p, :n] = own.steps
        stacked.gaps[p, :, :n, :n] = own.gaps
        stacked.conditions[p, : len(own.conditions)] = own.conditions
        stacked.roles[p, : len(own.roles)] = own.roles
        stacked.bounds[p, :, :n, : own.bounds.shape[2]] = own.bounds
    return stacked
