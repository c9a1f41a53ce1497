"""What a machine of the desk looks at, and what its runs came to."""

from __future__ import annotations

from typing import Any, NamedTuple


class Look(NamedTuple):
    """The case, its acts, its measures, and what was told of them."""

    row: Any
    acts: list[Any]
    measures: list[Any]
    outbox: list[Any]


class Played:
    """What the machines of one run came to, so that a run in which nothing was decided is no proof."""

    def __init__(self) -> None:
        self.measures = self.refused = self.undone = self.lifted = self.ended = 0
        self.told = self.void = self.rounds = 0
        self.codes: set[str] = set()


def is_closed_rightly(done: list[Any], kept: list[Any]) -> None:
    """Nobody says that there is nothing to act on while an older measure acts on the account."""
    made = {act.act: act for act in done}
    for said in done:
        if (said.kind, said.outcome) != ("propose", "no_action"):
            continue
        before = [act for act in done if act.revision < said.revision]
        ended = {act.answers for act in before if act.kind in ("undo", "lift")}
        ended |= {
            answered(done, act)
            for act in before
            if (act.kind, act.outcome) == ("settle_appeal", "overturned")
        }
        older = {one.approval for one in kept if made[one.approval] in before}
        assert older <= ended


def answered(done: list[Any], act: Any) -> str:
    """Give the act that the one which an act answers answered."""
    return next(one.answers for one in done if one.act == act.answers)
