"""Rows that some evasions add around a funnel: greetings, blocks, invitations, reports."""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.units import DAY
from undertow.worlds.background import Background
from undertow.worlds.casting import Group
from undertow.worlds.meetings import delay
from undertow.worlds.rows import (
    BLOCK,
    FLAG,
    INVITE,
    JOIN,
    MESSAGE,
    UNDO,
    Bools,
    Ints,
    Rows,
    joined,
    rows,
)

HELLO_AHEAD: Final = (0.12, 0.4)
"""How long before the first contact a greeting is sent, as a share of the background's time; ours."""
UNTIL_BLOCK: Final = (2 * DAY, 0.7)
UNTIL_UNBLOCK: Final = (5 * DAY, 0.8)
UNTIL_FLAG: Final = (4 * DAY, 1.0)
"""Median (µs) and log deviation; ours."""
REPORTED: Final = 0.8
"""Share of puppets that report the account they frame; ours."""


def greetings(
    group: Group, background: Background, origin: int, rng: np.random.Generator
) -> Rows:
    """Greet every target once, long before the funnel begins."""
    whole = background.at[-1] - background.at[0]
    ahead = (rng.uniform(*HELLO_AHEAD, len(group.at)) * whole).astype(np.int64)
    at = background.near(np.maximum(group.at - ahead, background.at[0]), rng)
    early = at < group.at - DAY
    return rows(at[early], group.recruiter[early], group.target[early], MESSAGE, origin)


def blocks(
    group: Group, address_at: Ints, given: Bools, background: Background, origin: int,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """Block every target that was given an address for some days."""
    since = address_at[given]
    even = np.ones(len(since))
    at = background.near(since + delay(UNTIL_BLOCK, even, rng), rng)
    undone = background.near(at + delay(UNTIL_UNBLOCK, even, rng), rng)
    who, whom = group.recruiter[given], group.target[given]
    made = joined([rows(at, who, whom, BLOCK, origin), rows(undone, who, whom, UNDO, origin)])
    return made.take(background.inside(made.at))


def invitations(
    group: Group, which: Ints, at: Ints, background: Background, origin: int,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """Invite targets to the group's own room, and let them join."""
    invited = rows(at, group.recruiter[which], group.target[which], INVITE, origin)
    came = background.near(at + delay((DAY // 4, 1.0), np.ones(len(at)), rng), rng)
    nobody = np.full(len(at), -1, dtype=np.int64)
    joining = rows(came, group.target[which], nobody, JOIN, origin)
    made = joined([invited, joining])
    made.room[:] = int(group.recruiters[0])
    return made.take(background.inside(made.at))


def reports(
    group: Group, background: Background, origin: int, rng: np.random.Generator
) -> Rows:
    """Let targets report the account they were made to meet."""
    reporting = rng.random(len(group.at)) < REPORTED
    count = int(reporting.sum())
    at = background.near(group.at[reporting] + delay(UNTIL_FLAG, np.ones(count), rng), rng)
    made = rows(at, group.target[reporting], group.recruiter[reporting], FLAG, origin)
    return made.take(background.inside(made.at))
