"""Habits: how a campaign and each kind of honest look-alike goes about meeting people.

All kinds run through the same code and the same texts; a habit only moves chances. The look-alikes
really complete the chain. They differ from a campaign, and from each other, in honest ways alone.
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
        newcomers: it writes to accounts that have just appeared.
        span: how much of its own time on the platform it uses, as a share.
    """

    kind: str
    targets: tuple[int, int] = (4, 14)
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
    long: int = 20
    handoff: float = 0.4
    helper: float = 0.55
    doorkeeper: float = 0.3
    newcomers: bool = False
    span: float = 0.8


CAMPAIGN: Final = Habit(kind="campaign", helper=0.75)

LOOKALIKES: Final = (
    Habit(kind="helpline", writes_first=0.12, approach_by_other=0.8, asked=0.3, helper=0.75),
    Habit(
        kind="job recruiter", writes_first=0.85, answer=0.55, handoff=0.5, before=4, helper=0.75
    ),
    Habit(kind="journalist", targets=(7, 18), writes_first=0.9, answer=0.34, handoff=0.15),
    Habit(kind="organiser", writes_first=0.6, answer=0.74, handoff=0.6, helper=0.8),
    Habit(kind="coach", targets=(3, 8), answer=0.8, before=9, darker=-0.3, long=40),
    Habit(kind="seller", targets=(6, 16), writes_first=0.2, before=3, asked=0.75, helper=0.1),
    Habit(
        kind="support desk",
        targets=(6, 16),
        writes_first=0.06,
        answer=0.9,
        address=0.4,
        before=3,
    ),
    Habit(
        kind="greeter",
        targets=(6, 18),
        writes_first=0.94,
        answer=0.5,
        address=0.2,
        newcomers=True,
    ),
    Habit(
        kind="couple", targets=(1, 1), before=18, mutual=0.8, answer=1, address=0.95, helper=0
    ),
)
"""Nine kinds of honest work that has the same shape; ours, no rate of them is known."""

KINDS: Final = ("background", "ordinary", CAMPAIGN.kind, *(habit.kind for habit in LOOKALIKES))
"""Origin of a row, by code: read from the background, generated for everybody, or planted."""

CAMPAIGN_CODE: Final = KINDS.index(CAMPAIGN.kind)
