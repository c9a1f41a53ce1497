"""What the live engine derives from its playbooks before the first event: all in small integer tables.

Each step of each playbook gets one bit of a word; an event is classed once, by its type, marks,
visibility and platform, and from then on is the number of its class. From the windows follow how long an
event can matter, which steps may come behind which, and at which steps a key must be answered anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from undertow.events.table import VISIBILITIES
from undertow.matches.plan import FOREVER, Plan
from undertow.matches.program import KEY_ROLES, Array, Program
from undertow.playbooks.grammar import SIGNALS

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
LEAST: Final = 7
LINGERS: Final = 8
REACHES: Final = 9
STEP_WORDS: Final = 10

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
MOST_VARIANTS: Final = 1024
"""Variants that there is room for, those included that events turn out to need."""
PLACES: Final = 8192
"""Places of `Rules.named`, a power of two, at least twice as many as there may be variants."""

# Columns of `Rules.books`.
OFFSET: Final = 0
SIZE: Final = 1
GROUPED: Final = 2
SIMPLE: Final = 3
LOOSE_BOOK: Final = 4
ROOM_ENDS: Final = 5
SIDED: Final = 6

# Places in `Rules.words`: sets of steps, and numbers at the end.
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
PART: Final = 18
PARTS: Final = 19
"""One less than the parts that pairs are dealt to, a power of two; `PART` is the one that is taken in."""
VARIANTS: Final = 20
"""Variants so far."""
NARROWS: Final = 21
"""Whether variants may be made of parts of others."""
TRIMS: Final = 22
"""Whether `meet` lets go of what is too old in a list: not where more may come to be known of the past."""
WORDS: Final = 23


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
        named: (PLACES): variant plus 1 by its steps, for those made on the way; length 1 where none may be.
        steps: (g, 10): playbook, steps that may come behind it and before it as bits, most optional steps up
            to it, set of types and number if it is `first`, which key accounts a side step touches, the
            fewest events between the two that it takes, and how long one of its events can be followed up
            and can matter.
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
    named: Array
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

    @property
    def wide(self) -> bool:
        """Whether events of one pair may matter to another."""
        return any(not one.plain for one in self.compiled)


def always_shown(program: Program, start: int) -> Array:
    """Mark what each platform class shows from the start on without end: bool, (c, s)."""
    since, until = program.bounds[:, :, 0::2], program.bounds[:, :, 1::2]
    shown: Array = np.any((since <= start) & (until >= FOREVER), axis=2)
    return shown


def room_ends(plan: Plan) -> tuple[int, ...]:
    """Say whose groups can make a key: where every anchor asks one end to be a member, that end's."""
    asked = {(s, role) for s, role, member in plan.conditions.tolist() if member}
    anchors = np.flatnonzero(plan.anchor).tolist()
    one = [end for end in range(KEY_ROLES) if all((s, end) in asked for s in anchors)]
    return (one[0],) if one else (0, 1)
