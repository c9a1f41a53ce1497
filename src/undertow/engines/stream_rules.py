"""What the live engine derives from its playbooks before the first event: all in small integer tables.

Each step of each playbook gets one bit of a word; an event is classed once, by its type, marks,
visibility and platform, and from then on is the number of its class. From the windows follow how long an
event can matter, which steps may come behind which, and at which steps a key must be answered anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from undertow.errors import UndertowError
from undertow.events.source import Source
from undertow.events.table import TYPES, VISIBILITIES
from undertow.matches.plan import FOREVER, Plan, Sight, compile_plan, sight
from undertow.matches.program import (
    BACKWARD,
    BETWEEN,
    FORWARD,
    KEY_ROLES,
    LISTED,
    SIDE_A,
    SIDE_B,
    Array,
    Program,
    compile_program,
)
from undertow.playbooks.grammar import SIGNALS, Playbook

MOST_BITS: Final = 60
"""Steps of playbooks that run in one pass; more playbooks make another pass."""
MOST_FIRST: Final = 30
"""Steps with `first` in one pass, and as many sets of types that they ask for."""
MARKS: Final = 1 << len(SIGNALS)
SIGHTS: Final = len(VISIBILITIES) + 1

# Columns of `Rules.steps`.
BOOK: Final = 0
NEXT: Final = 1
BEFORE: Final = 2
MOST: Final = 3
GROUP_OF_FIRST: Final = 4
NUMBER_OF_FIRST: Final = 5
ENDS: Final = 6

# Columns of `Rules.classes`; `FIRSTS` and the columns behind it list the steps with `first`.
FROM: Final = 0
GROUPS: Final = 1
MOVE: Final = 2
FIRSTS: Final = 3

# Columns of `Rules.variants`.
BITS: Final = 0
LINGER: Final = 1
REACH: Final = 2
SIGHT: Final = 3
ALL_NEXT: Final = 4
BEGIN: Final = 5
VARIANT_WORDS: Final = 6

# Columns of `Rules.books`.
OFFSET: Final = 0
SIZE: Final = 1
GROUPED: Final = 2
SIMPLE: Final = 3
LOOSE_BOOK: Final = 4
ROOM_ENDS: Final = 5
SIDED: Final = 6

# Places in `Rules.words`: sets of steps, and two numbers at the end.
TOWARD: Final = 0
BACK: Final = 1
PAIRED_TOWARD: Final = 2
PAIRED_BACK: Final = 3
SIDE_ACTOR: Final = 4
SIDE_TARGET: Final = 5
START: Final = 6
LISTED_BITS: Final = 7
STARTERS: Final = 8
SAME_BITS: Final = 9
LOOSE: Final = 10
AFTER: Final = 11
WAITED: Final = 12
ROOMS: Final = 13
WIDEST_ALL: Final = 14
LONGEST: Final = 15
WIDE: Final = 16
SIGHTS_SEEN: Final = 17
WORDS: Final = 18


class Rules(NamedTuple):
    """Tables of all playbooks of one pass; g steps, p playbooks, v variants, c platform classes.

    Attributes:
        lut: ((types x marks) x visibilities) x c: class of an event, 0 for none.
        platforms: class of each declared platform, and last that of all others.
        classes: (n, FIRSTS + f): first variant, sets of types for `first`, 1 join 2 leave, and the steps
            with `first`: its variants are the ways in which these hold or not.
        variants: (v, 6): steps as bits, how long an event can be followed up, how long it can matter, the
            platform class, the steps that may come behind any of its steps, and the variant that stands for
            it where it can do nothing but begin a chain (itself, if nothing may be left out of it).
        steps: (g, 7): playbook, steps that may come behind it and before it as bits, most optional steps up
            to it, set of types and number if it is `first`, and which key accounts a side step touches.
        wide: (g, g), longest gap between two steps.
        known: (c, g), the moment from which `first` can be known.
        seen: (p, c), steps that a platform class always shows, as bits.
        books: (p, 7): first bit, steps, whether the key has a group, whether events between the two suffice
            as they are, whether the anchor may be missing from a chain, whose groups make keys, and
            whether there are side steps.
        words: see the places above.
    """

    lut: Array
    platforms: Array
    classes: Array
    variants: Array
    steps: Array
    wide: Array
    known: Array
    seen: Array
    books: Array
    words: Array


@dataclass(frozen=True)
class Compiled:
    """One playbook on its way into the tables.

    Attributes:
        plan, program: the playbook compiled; `bounds` by platform class.
        unsure: bool, (s): steps that may have been out of sight somewhere.
        floor: the earliest step that may be listed.
        anchor: the last step between the two that every listed chain holds, -1 for none.
        wide: int64, (s, s): longest gap from step to step.
        follows: bool, (s, s): whether a step may come next behind another.
        start: bool, (s): whether a chain may begin with the step.
        side: bool, (s): steps that touch one key account only.
    """

    plan: Plan
    program: Program
    unsure: Array
    floor: int
    anchor: int
    wide: Array
    follows: Array
    start: Array
    side: Array

    @property
    def loose(self) -> bool:
        """Whether a key may be made by an event outside its chain: nothing is then left out."""
        return self.anchor < 0

    @property
    def plain(self) -> bool:
        """Whether all steps are between the two key accounts, with no group."""
        return not self.side.any() and not self.plan.has_group


@dataclass(frozen=True)
class Pass:
    """What runs in one pass over the events.

    Attributes:
        books: numbers of its playbooks among all.
        compiled: its playbooks.
        programs: their programs, stacked: each array has the playbook as its first axis.
        rules: the tables.
    """

    books: tuple[int, ...]
    compiled: tuple[Compiled, ...]
    programs: Program
    rules: Rules


def compile_passes(
    playbooks: Sequence[Playbook],
    sources: tuple[Source, ...],
    platforms: list[str],
    start: int,
    *,
    forget: bool,
) -> list[Pass]:
    """Compile playbooks to as few passes as their steps need.

    Args:
        playbooks: checked playbooks.
        sources: what could be seen.
        platforms: names of platforms in the order of their codes.
        start: moment of the first event, microseconds.
        forget: let events go that can no longer matter.

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
        passes.append(_one_pass(chosen, [plans[k] for k in chosen], sights, start, forget))
    return passes


def _one_pass(
    books: list[int], plans: list[Plan], sights: list[Sight], start: int, forget: bool
) -> Pass:
    whole = [compile_program(p, s) for p, s in zip(plans, sights, strict=True)]
    kinds, first_of_kind = _alike(whole, sights)
    compiled = []
    for plan, program in zip(plans, whole, strict=True):
        few = program._replace(bounds=np.ascontiguousarray(program.bounds[first_of_kind]))
        compiled.append(_compile(plan, few, start))
    return Pass(
        tuple(books),
        tuple(compiled),
        _stacked(compiled),
        _rules(compiled, sights, kinds, first_of_kind, start, forget),
    )


def _alike(programs: list[Program], sights: list[Sight]) -> tuple[Array, Array]:
    """Class platforms by what they show: class of each platform, and one platform of each class."""
    rows = [
        (
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


def _always(program: Program, start: int) -> Array:
    """Mark what each platform class shows from the start on without end: bool, (c, s)."""
    since, until = program.bounds[:, :, 0::2], program.bounds[:, :, 1::2]
    shown: Array = ((since <= start) & (until >= FOREVER)).any(axis=2)
    return shown


def _compile(plan: Plan, program: Program, start: int) -> Compiled:
    steps = range(len(plan))
    unsure = ~_always(program, start).all(axis=0) | (plan.first & (plan.within < FOREVER))
    floor = int(program.head[LISTED])
    while floor > 0 and unsure[floor]:
        floor -= 1
    sure = [s for s in range(floor + 1) if plan.anchor[s] and not unsure[s]]
    ends = _room_ends(plan)
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


def _room_ends(plan: Plan) -> tuple[int, ...]:
    """Say whose groups can make a key: where every anchor asks one end to be a member, that end's."""
    asked = {(s, role) for s, role, member in plan.conditions.tolist() if member}
    anchors = np.flatnonzero(plan.anchor).tolist()
    one = [end for end in range(KEY_ROLES) if all((s, end) in asked for s in anchors)]
    return (one[0],) if one else (0, 1)


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


def _rules(
    compiled: list[Compiled],
    sights: list[Sight],
    kinds: Array,
    of_kind: Array,
    start: int,
    forget: bool,
) -> Rules:
    offsets = np.cumsum([0, *(len(one.plan) for one in compiled)])[:-1].tolist()
    total = sum(len(one.plan) for one in compiled)
    steps = np.zeros((total, 7), np.int64)
    wide = np.zeros((total, total), np.int64)
    known = np.full((len(of_kind), total), -FOREVER, np.int64)
    for p, (one, at) in enumerate(zip(compiled, offsets, strict=True)):
        n = len(one.plan)
        wide[at : at + n, at : at + n] = one.wide
        for s in range(n):
            steps[at + s, BOOK] = p
            steps[at + s, NEXT] = _bits(one.follows[s]) << at
            steps[at + s, BEFORE] = _bits(one.follows[:, s]) << at
            steps[at + s, MOST] = int(one.plan.optional[: s + 1].sum())
            ends = one.program.head[[SIDE_A, SIDE_B]]
            steps[at + s, ENDS] = sum(((int(e) >> s) & 1) << k for k, e in enumerate(ends))
            if one.plan.first[s] and one.plan.within[s] < FOREVER:
                known[:, at + s] = sights[p].start[of_kind] + one.plan.within[s]
    of_types = _first_types(compiled, steps)
    lut, classes, variants = _classes(compiled, offsets, steps, of_types, kinds, forget)
    variants = _with_beginnings(compiled, offsets, steps, variants, forget)
    return Rules(
        lut=lut,
        platforms=kinds,
        classes=classes,
        variants=variants,
        steps=steps,
        wide=wide,
        known=known,
        seen=np.array(
            [[_bits(row) for row in _always(one.program, start)] for one in compiled], np.int64
        ),
        books=np.array(
            [_book(one, at) for one, at in zip(compiled, offsets, strict=True)], np.int64
        ),
        words=_words(compiled, offsets, variants, wide, len(of_kind)),
    )


def _bits(marked: Array) -> int:
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
        sum(1 << end for end in _room_ends(plan)),
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
    kinds: Array,
    forget: bool,
) -> tuple[Array, Array, Array]:
    """Class every kind of event: `lut`, `classes` and `variants` of `Rules`."""
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
    if all(one.plain and not one.loose for one in compiled) and not variants[:, SIGHT].any():
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
        side = _bits(one.side)
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
            SIDE_ACTOR: _bits(near[0] | either),
            SIDE_TARGET: _bits(near[1] | either),
            START: _bits(one.start | np.array(behind_side)),
            LISTED_BITS: listed,
            STARTERS: _starters(one),
            SAME_BITS: _bits(plan.same),
            LOOSE: (1 << len(plan)) - 1 if one.loose else 0,
            AFTER: behind & side,
            WAITED: ((1 << len(plan)) - 1 if one.loose else 1 << one.anchor) if waits else 0,
            ROOMS: _bits(plan.room),
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
