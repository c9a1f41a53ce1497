"""Habits: how a campaign and each kind of honest look-alike goes about meeting people.

All kinds run through the same code and the same texts; a habit only moves chances. Look-alikes of the first
table share stages with a campaign (many contacts, an address, a hand-off) but by the nature of their work
not all of them; those of the second really complete the chain, and are honest all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Habit:
    """Chances (0 to 1) and sizes of one kind of account; every account draws its own around them.

    Attributes:
        kind: as in the truth table.
        targets: fewest and most accounts it works on.
        team: shares of groups with one, two, three and four accounts at work.
        writes_first: it, and not the other side, writes the first direct message.
        approach: a public word comes before.
        approach_by_other: that word comes from the other side.
        follow: the other side follows.
        follow_back: it is followed back.
        answer: a first message is answered.
        address: an answered talk comes to an address.
        before: median number of messages before the address.
        asked: the other side asks for the address.
        mutual: the other side hands over one as well.
        darker: added to the share of talks that go dark after the address.
        long: typical number of messages of a talk that stays visible.
        handoff: a third account writes to the target later, where the group has one.
        helper: the group has such a third account.
        doorkeeper: the group has a further account that is approached in its place.
        script: its first messages are worded alike.
        shared: all its accounts hand over one address.
        again: somebody who was met once is later written to by another account of the group.
        newcomers: it writes to accounts that have just appeared.
        span: how much of its own time on the platform it uses, as a share.
    """

    kind: str
    targets: tuple[int, int] = (4, 14)
    team: tuple[float, float, float, float] = (0.7, 0.2, 0.1, 0.0)
    writes_first: float = 0.72
    approach: float = 0.58
    approach_by_other: float = 0.6
    follow: float = 0.66
    follow_back: float = 0.68
    answer: float = 0.64
    address: float = 0.72
    before: float = 5.0
    asked: float = 0.2
    mutual: float = 0.15
    darker: float = 0.0
    long: int = 40
    handoff: float = 0.4
    helper: float = 0.3
    doorkeeper: float = 0.15
    script: float = 0.25
    shared: float = 0.2
    again: float = 0.05
    newcomers: bool = False
    span: float = 0.8


CAMPAIGN: Final = Habit(
    kind="campaign",
    team=(0.1, 0.4, 0.3, 0.2),
    handoff=0.55,
    helper=0.9,
    doorkeeper=0.5,
    script=0.75,
    shared=0.5,
    again=0.25,
)
"""What the defector's report tells of, by several accounts: a gatekeeper, others who talk under supervision,
another unit that takes over. Numbers are ours; each trait has an evasion that takes it away."""

SINGLE_STAGES: Final = (
    Habit(
        kind="greeter",
        long=8,
        targets=(6, 18),
        writes_first=0.94,
        answer=0.5,
        address=0.12,
        helper=0.0,
        script=0.7,
        newcomers=True,
    ),
    Habit(
        kind="team recruiter",
        long=25,
        targets=(6, 16),
        writes_first=0.9,
        approach=0.35,
        address=0.45,
        before=3,
        darker=-0.25,
        helper=0.15,
        script=0.5,
        doorkeeper=0.0,
    ),
    Habit(
        kind="support desk",
        long=6,
        targets=(6, 16),
        team=(0.4, 0.3, 0.2, 0.1),
        writes_first=0.06,
        approach=0.25,
        follow=0.2,
        follow_back=0.25,
        answer=0.92,
        address=0.35,
        before=3,
        handoff=0.45,
        helper=0.7,
        script=0.6,
        shared=0.8,
        again=0.2,
    ),
    Habit(
        kind="dating user",
        long=50,
        targets=(3, 8),
        team=(1.0, 0.0, 0.0, 0.0),
        approach=0.3,
        follow=0.8,
        follow_back=0.8,
        before=12,
        mutual=0.5,
        helper=0.0,
        doorkeeper=0.0,
        script=0.1,
    ),
    Habit(
        kind="seller",
        long=6,
        targets=(6, 18),
        team=(0.5, 0.3, 0.2, 0.0),
        writes_first=0.55,
        approach=0.12,
        follow=0.2,
        follow_back=0.3,
        answer=0.5,
        address=0.85,
        before=2,
        asked=0.4,
        handoff=0.2,
        helper=0.25,
        script=0.8,
        shared=0.6,
    ),
    Habit(
        kind="journalist",
        long=10,
        targets=(7, 18),
        writes_first=0.9,
        approach=0.3,
        answer=0.36,
        handoff=0.1,
        helper=0.15,
        script=0.4,
        doorkeeper=0.0,
    ),
    Habit(
        kind="teacher",
        targets=(8, 18),
        writes_first=0.6,
        answer=0.85,
        address=0.25,
        darker=-0.4,
        long=30,
        helper=0.1,
        script=0.4,
    ),
    Habit(
        kind="helpline",
        long=15,
        team=(0.4, 0.3, 0.2, 0.1),
        writes_first=0.12,
        approach=0.4,
        approach_by_other=0.85,
        follow=0.3,
        follow_back=0.3,
        asked=0.3,
        helper=0.6,
        script=0.5,
        shared=0.8,
        again=0.15,
    ),
)
"""Honest work that shares single stages with a campaign (science reference, C3); numbers are ours."""

WHOLE_CHAIN: Final = (
    Habit(kind="job recruiter", writes_first=0.85, answer=0.55, handoff=0.5, before=4, helper=0.75),
    Habit(kind="organiser", writes_first=0.6, answer=0.74, handoff=0.6, helper=0.8, shared=0.3),
    Habit(kind="religious teacher", answer=0.75, helper=0.55, handoff=0.4),
    Habit(kind="coach", targets=(3, 8), answer=0.8, before=9, darker=-0.3, long=40, helper=0.5),
    Habit(
        kind="couple", targets=(1, 1), team=(1.0, 0.0, 0.0, 0.0), before=18, mutual=0.8, answer=1,
        address=0.95, helper=0,
    ),
)  # fmt: skip
"""Honest work that completes the chain; numbers are ours, no rate of it is known."""

LOOKALIKES: Final = (*SINGLE_STAGES, *WHOLE_CHAIN)

TWINS: Final = (
    Habit(kind="twin organiser", writes_first=0.6, answer=0.74, handoff=0.6, helper=0.8),
    Habit(kind="twin religious teacher", answer=0.75, helper=0.55),
    Habit(kind="twin greeter", targets=(6, 18), writes_first=0.94, address=0.5, newcomers=True),
    Habit(kind="twin journalist", targets=(7, 18), writes_first=0.9, answer=0.4, handoff=0.15),
    Habit(kind="twin shelter", writes_first=0.3, approach_by_other=0.8, helper=0.75),
    Habit(kind="twin sponsor", targets=(3, 8), answer=0.8, before=8, long=30),
    Habit(kind="twin helper once a target", targets=(3, 10), helper=0.5),
)
"""Kinds of which one half is a campaign and the other honest, by the toss of a coin and nothing else."""

LURED: Final = Habit(
    kind="lured", writes_first=0.1, approach=0.8, approach_by_other=0.95, answer=0.9, asked=0.8,
    helper=0.7,
)  # fmt: skip
"""An innocent account that puppets draw into the motif."""
FRAMED: Final = Habit(
    kind="framed", targets=(25, 50), team=(1.0, 0.0, 0.0, 0.0), writes_first=0.05, approach=0.9,
    approach_by_other=0.98, answer=0.98, asked=0.95, address=0.95, helper=0.0, doorkeeper=0.0,
    newcomers=True,
)  # fmt: skip
"""An innocent account that a crowd of new puppets approaches and reports."""

KINDS: Final = (
    "background",
    "ordinary",
    CAMPAIGN.kind,
    *(habit.kind for habit in (*LOOKALIKES, *TWINS, LURED, FRAMED)),
)
"""Origin of a row, by code: read from the background, generated for everybody, or planted."""
