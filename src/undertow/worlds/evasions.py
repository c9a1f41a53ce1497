"""Evasions: what a campaign might change to be missed, each alone, or several joined by ` + `.

Only what can be seen of conduct changes. The list names what was published as a weakness of such detectors;
losses per evasion are printed by `undertow evaluate` on the machine that ran it, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final

from undertow.errors import UndertowError

JOINED: Final = " + "


@dataclass(frozen=True)
class Evasion:
    """What campaigns do otherwise; the defaults change nothing.

    Attributes:
        says: what it is, in words.
        habit: fields of `habits.Habit` that are replaced.
        slow: factor on every delay and on the talk's gaps.
        split: accounts over which the targets of one recruiter are divided.
        two_accounts: one account makes contact, another hands over the address and goes on.
        at_once: the first message holds the address.
        shown: how the address is written: `plain`, `disguised`, `pieces`, `picture`.
        camouflage: talks without an address that a recruiter holds beside, per target.
        decoys: share of hand-offs that go to an innocent account instead.
        old: parts are taken over by the oldest and busiest accounts.
        to_group: the hand-off is an invitation to a room, and no third account writes.
        unseen_handoff: the hand-off happens and leaves no row.
        generations: accounts that were drawn in draw in others later.
        lured: innocent accounts that puppets lure into the motif, per recruiter.
        framed: innocent accounts that a crowd of puppets approaches and reports.
        hello: a greeting long before everything else.
        asks: the target's address is asked for, and none given.
        blocks: the target is blocked after the address, and unblocked later.
    """

    says: str
    habit: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    slow: float = 1.0
    split: int = 1
    two_accounts: bool = False
    at_once: bool = False
    shown: str = "plain"
    camouflage: int = 0
    decoys: float = 0.0
    old: bool = False
    to_group: bool = False
    unseen_handoff: bool = False
    generations: bool = False
    lured: float = 0.0
    framed: int = 0
    hello: bool = False
    asks: bool = False
    blocks: bool = False


NONE: Final = Evasion("nothing is hidden")
EVASIONS: Final = {
    "slow x3": Evasion("everything takes three times as long", slow=3.0),
    "slow x10": Evasion("everything takes ten times as long", slow=10.0),
    "split over 2": Evasion("targets are divided over two accounts", split=2),
    "split over 5": Evasion("targets are divided over five accounts", split=5),
    "split over 20": Evasion("targets are divided over twenty accounts", split=20),
    "split roles": Evasion("contact and talk by different accounts", two_accounts=True),
    "other channel": Evasion("the first message holds the address", at_once=True),
    "disguised address": Evasion("every address is disguised", shown="disguised"),
    "address in pieces": Evasion("the address comes in two messages", shown="pieces"),
    "address as picture": Evasion("no address can be read", shown="picture"),
    "paraphrased": Evasion("no two messages share words", habit={"script": 0.0}),
    "camouflage x1": Evasion("as many harmless talks beside", camouflage=1),
    "camouflage x5": Evasion("five times as many harmless talks", camouflage=5),
    "camouflage x20": Evasion("twenty times as many harmless talks", camouflage=20),
    "decoy hand-offs": Evasion("most hand-offs go to innocent accounts", decoys=0.7),
    "bought accounts": Evasion("old and busy accounts are taken over", old=True),
    "target writes first": Evasion(
        "the recruiter only answers",
        habit={"writes_first": 0.02, "approach": 0.85, "approach_by_other": 0.97, "asked": 0.6},
    ),
    "hand-off to a group": Evasion("an invitation to a room, no third account", to_group=True),
    "unseen hand-off": Evasion("the hand-off leaves no row", unseen_handoff=True),
    "role change": Evasion("who was drawn in draws in others later", generations=True),
    "poisoning": Evasion("innocents are lured into the motif", lured=2.0),
    "early hello": Evasion("a greeting long before", hello=True),
    "asks for the address": Evasion("the target's address is asked for instead", asks=True),
    "block and unblock": Evasion("the target is blocked for a while", blocks=True),
    "framing": Evasion("puppets approach and report innocent accounts", framed=3),
}
"""Every evasion of the science reference (C7), and four more, by name."""
PAIRS: Final = (
    "slow x3 + split roles",
    "other channel + paraphrased",
    "disguised address + split over 2",
    "address as picture + unseen hand-off",
    "target writes first + asks for the address",
    "camouflage x5 + paraphrased",
)
"""Pairs that are measured; ours: those whose parts do not undo each other."""


def evasion_of(name: str | None) -> Evasion:
    """Find an evasion, or put several together.

    Raises:
        UndertowError: `world-evasion-unknown` for a name that is not in `EVASIONS`.
    """
    if name is None:
        return NONE
    parts = []
    for one in name.split(JOINED):
        if one not in EVASIONS:
            raise UndertowError(
                f"there is no evasion `{one}`",
                code="world-evasion-unknown",
                mend="give one of: " + ", ".join(EVASIONS),
            )
        parts.append(EVASIONS[one])
    changed: dict[str, object] = {}
    for part in parts:
        for entry in fields(Evasion):
            value = getattr(part, entry.name)
            if entry.name not in ("says", "habit") and value != getattr(NONE, entry.name):
                changed[entry.name] = value
    habit = {name: value for part in parts for name, value in part.habit.items()}
    says = ", and ".join(part.says for part in parts)
    return Evasion(says, habit, **changed)  # type: ignore[arg-type]  # fields by name
