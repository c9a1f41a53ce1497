"""The tables of a pass: every kind of event is classed once, with what it may do and how long it matters."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np

from undertow.engines.stream_kernel_narrow import with_room
from undertow.engines.stream_rules import (
    AFTER,
    BACK,
    BEFORE,
    BEGIN,
    BITS,
    BOOK,
    ENDS,
    FIRSTS,
    GROUP_OF_FIRST,
    LEAST,
    LINGERS,
    LISTED_BITS,
    LONGEST,
    LOOSE,
    MARKS,
    MOST,
    NARROWS,
    NEXT,
    NUMBER_OF_FIRST,
    PAIRED_BACK,
    PAIRED_TOWARD,
    PLACES,
    REACH,
    REACHES,
    ROOMS,
    SAME_BITS,
    SIDE_ACTOR,
    SIDE_TARGET,
    SIGHT,
    SIGHTS,
    SIGHTS_SEEN,
    START,
    STARTERS,
    STEP_WORDS,
    TOWARD,
    TRIMS,
    VARIANT_WORDS,
    VARIANTS,
    WAITED,
    WIDE,
    WIDEST_ALL,
    WORDS,
    Compiled,
    Rules,
    always_shown,
    room_ends,
)
from undertow.events.table import TYPES
from undertow.matches.plan import FOREVER, Plan, Sight
from undertow.matches.program import BACKWARD, FORWARD, KEY_ROLES, SIDE_A, SIDE_B, Array
from undertow.playbooks.grammar import SIGNALS


def make_rules(
    compiled: list[Compiled],
    sights: list[Sight],
    platforms: tuple[Array, Array, int | None],
    start: int,
    forget: bool,
) -> Rules:
    """Make the tables of a pass.

    Args:
        compiled: its playbooks.
        sights: what could be seen of each.
        platforms: class of each platform, by what it shows; one platform of each class; and the class whose
            events only steps across personas may use, None for none.
        start: moment of the first event, microseconds.
        forget: let events go that can no longer matter.
    """
    kinds, of_kind, _ = platforms
    offsets = np.cumsum([0, *(len(one.plan) for one in compiled)])[:-1].tolist()
    total = sum(len(one.plan) for one in compiled)
    steps = np.zeros((total, STEP_WORDS), np.int64)
    wide = np.zeros((total, total), np.int64)
    known = np.full((len(of_kind), total), -FOREVER, np.int64)
    for p, (one, at) in enumerate(zip(compiled, offsets, strict=True)):
        n = len(one.plan)
        wide[at : at + n, at : at + n] = one.wide
        for s in range(n):
            steps[at + s, BOOK] = p
            steps[at + s, NEXT] = as_bits(one.follows[s]) << at
            steps[at + s, BEFORE] = as_bits(one.follows[:, s]) << at
            steps[at + s, MOST] = int(one.plan.optional[: s + 1].sum())
            steps[at + s, LEAST] = _least(one, s)
            ends = one.program.head[[SIDE_A, SIDE_B]]
            steps[at + s, ENDS] = sum(((int(e) >> s) & 1) << k for k, e in enumerate(ends))
            if one.plan.first[s] and one.plan.within[s] < FOREVER:
                known[:, at + s] = sights[p].start[of_kind] + one.plan.within[s]
    steps[:, [LINGERS, REACHES]] = _all_lives(compiled, forget=forget).T
    of_types = _first_types(compiled, steps)
    lut, classes, variants = _classes(compiled, offsets, steps, of_types, platforms, forget)
    variants = _with_beginnings(compiled, offsets, steps, variants, forget)
    words = _words(compiled, offsets, variants, wide, len(of_kind))
    words[VARIANTS] = len(variants)
    words[NARROWS] = _begins_known(compiled, variants) and 4 * len(variants) <= PLACES
    words[TRIMS] = words[NARROWS] and not any(one.unsure.any() for one in compiled)
    named = np.zeros(1, np.int64)
    if words[NARROWS]:
        variants, named = with_room(variants)
    return Rules(
        lut=lut,
        platforms=kinds,
        classes=classes,
        variants=variants,
        named=named,
        steps=steps,
        wide=wide,
        known=known,
        seen=np.array(
            [[as_bits(row) for row in always_shown(one.program, start)] for one in compiled],
            np.int64,
        ),
        books=np.array(
            [_book(one, at) for one, at in zip(compiled, offsets, strict=True)], np.int64
        ),
        words=words,
    )


def as_bits(marked: Array) -> int:
    """Write a row of truths as the bits of a word, the first lowest."""
    return sum(1 << int(s) for s in np.flatnonzero(marked))


def _book(one: Compiled, offset: int) -> list[int]:
    plan = one.plan
    simple = one.plain and not len(plan.conditions) and not plan.room.any()
    return [
        offset,
        len(plan),
        int(plan.has_group),
        int(simple),
        int(one.loose),
        sum(1 << end for end in room_ends(plan)),
        int(one.side.any()),
    ]


def _first_types(compiled: list[Compiled], steps: Array) -> list[tuple[bool, ...]]:
    """Number the steps with `first` and the sets of types they ask for."""
    sets: list[tuple[bool, ...]] = []
    rows = [(one, s) for one in compiled for s in range(len(one.plan))]
    number = 0
    for g, (one, s) in enumerate(rows):
        steps[g, GROUP_OF_FIRST] = steps[g, NUMBER_OF_FIRST] = -1
        if one.plan.first[s]:
            types = tuple(one.plan.types[s].tolist())
            if types not in sets:
                sets.append(types)
            steps[g, GROUP_OF_FIRST], steps[g, NUMBER_OF_FIRST] = sets.index(types), number
            number += 1
    return sets


def _classes(
    compiled: list[Compiled],
    offsets: list[int],
    steps: Array,
    sets: list[tuple[bool, ...]],
    platforms: tuple[Array, Array, int | None],
    forget: bool,
) -> tuple[Array, Array, Array]:
    """Class every kind of event: `lut`, `classes` and `variants` of `Rules`."""
    kinds, _, lone = platforms
    many = int(kinds.max()) + 1
    lut = np.zeros((len(TYPES) + 1) * MARKS * SIGHTS * many, np.int64)
    first = [g for g in range(len(steps)) if steps[g, GROUP_OF_FIRST] >= 0]
    lives = _all_lives(compiled, forget=forget)
    grouped = any(one.plan.has_group for one in compiled)
    numbers: dict[tuple[int, int, int, int], int] = {}
    classes: list[list[int]] = [[0] * (FIRSTS + len(first))]
    variants: list[list[int]] = [[0] * VARIANT_WORDS]
    every = product(range(len(TYPES)), range(MARKS), range(SIGHTS), range(many))
    for place, (kind, marks, seen, platform) in enumerate(every):
        bits = sum(
            _selected(one.plan, kind, marks, seen) << at
            for one, at in zip(compiled, offsets, strict=True)
        )
        groups = sum(1 << f for f, types in enumerate(sets) if types[kind])
        moved = ("join", "leave").index(TYPES[kind]) + 1 if TYPES[kind] in _MOVES else 0
        moved = moved if grouped else 0
        if platform == lone:
            # It happened between other accounts: nobody was met or moved by it.
            bits, groups, moved = bits & _across(compiled, offsets), 0, 0
        if not (bits or groups or moved):
            continue
        key = bits, groups, moved, platform
        if key not in numbers:
            numbers[key] = len(classes)
            held = [g for g in first if (bits >> g) & 1]
            padded = held + [-1] * (len(first) - len(held))
            classes.append([len(variants), groups, moved, *padded])
            for holds in range(1 << len(held)):
                lost = sum(1 << g for k, g in enumerate(held) if not (holds >> k) & 1)
                variants.append(_variant(bits & ~lost, lives, platform, steps))
        lut[place] = numbers[key]
    return lut, np.array(classes, np.int64), np.array(variants, np.int64)


_MOVES: Final = ("join", "leave")


def _across(compiled: list[Compiled], offsets: list[int]) -> int:
    """Give the steps across personas as bits."""
    return sum(
        1 << (at + s)
        for one, at in zip(compiled, offsets, strict=True)
        for s, step in enumerate(one.plan.playbook.steps)
        if step.across_personas
    )


def _selected(plan: Plan, kind: int, marks: int, seen: int) -> int:
    """Give the steps whose selectors suit a kind of event, `first` aside."""
    names = {name for k, name in enumerate(SIGNALS) if (marks >> k) & 1}
    return sum(
        1 << s
        for s in range(len(plan))
        if plan.types[s, kind] and plan.visibility[s, seen] and names.issuperset(plan.has[s])
    )


def _variant(bits: int, lives: Array, platform: int, steps: Array) -> list[int]:
    of = [g for g in range(lives.shape[1]) if (bits >> g) & 1]
    behind = int(np.bitwise_or.reduce(steps[of, NEXT], initial=0))
    return [bits, *(int(lives[k, of].max(initial=0)) for k in (0, 1)), platform, behind, 0]


def _with_beginnings(
    compiled: list[Compiled], offsets: list[int], steps: Array, variants: Array, forget: bool
) -> Array:
    """Give each variant the one that stands for an event of it behind which no chain may have come so far.

    Such an event can take its first steps only, now and for ever: what comes before it is known. So a pair
    keeps the latest beginning of each kind instead of all that once might have been something else. Where
    other accounts or other platforms have a say, nothing is left out.
    """
    rows = variants.tolist()
    if _begins_known(compiled, variants):
        first = sum(_starters(one) << at for one, at in zip(compiled, offsets, strict=True))
        lives = _all_lives(compiled, forget=forget)
        number = {row[BITS]: v for v, row in reversed(list(enumerate(rows)))}
        for v in range(len(rows)):
            bits = rows[v][BITS] & first
            if bits not in number:
                number[bits] = len(rows)
                rows.append(_variant(bits, lives, 0, steps))
            rows[v][BEGIN] = number[bits]
    else:
        for v, row in enumerate(rows):
            row[BEGIN] = v
    for v in range(len(variants), len(rows)):
        rows[v][BEGIN] = v
    return np.array(rows, np.int64)


def _begins_known(compiled: list[Compiled], variants: Array) -> bool:
    """Say whether what came before an event decides for ever which steps it can take."""
    alone = all(one.plain and not one.loose for one in compiled)
    return alone and not variants[:, SIGHT].any()


def _least(one: Compiled, s: int) -> int:
    """Give the fewest events of the pair that must suit a step for a chain to end there."""
    if not one.plain or one.loose or one.unsure.any():
        return 1
    return int(max(one.plan.count[s], one.plan.days[s], 1))


def _all_lives(compiled: list[Compiled], *, forget: bool) -> Array:
    return np.concatenate([_lives(one, forget=forget) for one in compiled], axis=1)


def _lives(one: Compiled, *, forget: bool) -> Array:
    """Say how long an event at each step can be followed up, and how long it can matter: (2, s)."""
    plan, n = one.plan, len(one.plan)
    if one.loose or not forget:
        return np.full((2, n), FOREVER)
    lives = np.zeros((2, n), np.int64)
    for s in range(n):
        counted = plan.count[s] > 1 or plan.days[s] > 1
        behind = [int(one.wide[s, j]) for j in range(n) if one.follows[s, j]]
        before = [int(one.wide[i, s]) for i in range(s) if one.follows[i, s]] if counted else []
        reach = sum(int(w) for w in plan.within[s + 1 :]) + max(before, default=0)
        if counted and one.start[s]:
            reach = FOREVER
        lives[1, s] = min(reach, FOREVER)
        # Behind an event of the pair another account's event may carry the chain on unnoticed.
        lives[0, s] = max(behind, default=0) if one.plain else lives[1, s]
        if counted and one.start[s]:
            lives[0, s] = FOREVER
    return lives


def _words(
    compiled: list[Compiled], offsets: list[int], variants: Array, wide: Array, sights: int
) -> Array:
    words = np.zeros(WORDS, np.int64)
    for one, at in zip(compiled, offsets, strict=True):
        plan, head = one.plan, one.program.head
        toward, back = _between(one)
        side = as_bits(one.side)
        near = [
            one.side & ((plan.source == 0) | (plan.source == 1)),
            one.side & ((plan.sink == 0) | (plan.sink == 1)),
        ]
        either = one.side & plan.between
        behind_side = [bool((one.follows[:, s] & one.side).any()) for s in range(len(plan))]
        behind = sum(1 << s for s in range(len(plan)) if s > one.anchor and not one.loose)
        listed = sum(1 << s for s in range(len(plan)) if s >= one.floor)
        waits = bool(side & listed) or (plan.has_group and one.loose)
        given = {
            TOWARD: toward,
            BACK: back,
            PAIRED_TOWARD: int(head[FORWARD]),
            PAIRED_BACK: int(head[BACKWARD]),
            SIDE_ACTOR: as_bits(near[0] | either),
            SIDE_TARGET: as_bits(near[1] | either),
            START: as_bits(one.start | np.array(behind_side)),
            LISTED_BITS: listed,
            STARTERS: _starters(one),
            SAME_BITS: as_bits(plan.same),
            LOOSE: (1 << len(plan)) - 1 if one.loose else 0,
            AFTER: behind & side,
            WAITED: ((1 << len(plan)) - 1 if one.loose else 1 << one.anchor) if waits else 0,
            ROOMS: as_bits(plan.room),
        }
        for place, bits in given.items():
            words[place] |= bits << at
    words[WIDEST_ALL] = int(wide.max(initial=0))
    words[LONGEST] = int(variants[:, REACH].max())
    words[WIDE] = int(any(not one.plain for one in compiled))
    words[SIGHTS_SEEN] = sights
    return words


def _between(one: Compiled) -> tuple[int, int]:
    """Give the steps that an event from the first to the second key account, or back, may take."""

    def stands(role: int, account: int) -> bool:
        if role < KEY_ROLES:
            return role < 0 or role == account
        return bool((one.program.roles[role] >> account) & 1)

    ways = []
    for actor, target in ((0, 1), (1, 0)):
        bits = 0
        for s, (source, sink) in enumerate(
            zip(one.plan.source.tolist(), one.plan.sink.tolist(), strict=True)
        ):
            found = stands(source, actor) and stands(sink, target)
            turned = (
                bool(one.plan.between[s]) and stands(source, target) and stands(sink, actor)
            )
            bits |= int(found or turned) << s
        ways.append(bits)
    return ways[0], ways[1]


def _starters(one: Compiled) -> int:
    """Give the first step if only its latest event counts: no gap to wait, nothing to gather."""
    plan = one.plan
    if not one.plain or one.loose or one.unsure.any():
        return 0
    if plan.count[0] > 1 or plan.days[0] > 1:
        return 0
    for j in range(1, len(plan)):
        if one.follows[0, j] and (
            plan.least[1 : j + 1].any() or plan.count[j] > 1 or plan.days[j] > 1
        ):
            return 0
    return 1
