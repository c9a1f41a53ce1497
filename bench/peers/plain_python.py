"""P1 in plain Python: one loop over the events in time order, dictionaries by pair."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import p1
import pyarrow.parquet as pq


class Machine:
    """What is remembered of each pair."""

    def __init__(self, *, common: bool) -> None:
        self.common = common
        self.spoke: dict[tuple[int, int], int] = {}
        self.followed: dict[tuple[int, int], int] = {}
        self.wrote: dict[tuple[int, int], int] = {}
        self.talks: dict[tuple[int, int], list[list[Any]]] = defaultdict(list)
        self.done: dict[tuple[int, int], int] = {}

    def public(self, at: int, actor: int, target: int) -> None:
        """Take a mention or a reply: it counts for both directions."""
        self.spoke[actor, target] = self.spoke[target, actor] = at

    def follow(self, at: int, actor: int, target: int) -> None:
        """Take a follow, if a public word went before it."""
        spoke = self.spoke.get((actor, target))
        if spoke is not None and at - spoke <= p1.FOLLOW_WITHIN:
            self.followed[actor, target] = at

    def message(self, at: int, actor: int, target: int, *, address: bool) -> None:
        """Take a message: it may carry on talks of both directions, and take steps of one."""
        unordered = (actor, target) if actor < target else (target, actor)
        if unordered in self.talks:
            going = [talk for talk in self.talks[unordered] if self._goes_on(talk, at)]
            if going:
                self.talks[unordered] = going
            else:
                del self.talks[unordered]
        key = (actor, target)
        followed = self.followed.get(key)
        if followed is not None and at - followed <= p1.MESSAGE_WITHIN:
            self.wrote[key] = at
        wrote = self.wrote.get(key)
        if not (address or self.common) or wrote is None or at - wrote > p1.ADDRESS_WITHIN:
            return
        if key not in self.done:
            self.talks[unordered].append([key, at, 0, 0, -1])

    def _goes_on(self, talk: list[Any], at: int) -> bool:
        """Count a message for a talk; say whether the talk still waits for more."""
        key, begin, count, dates, date = talk
        if at - begin > p1.TALK_WITHIN or key in self.done:
            return False
        today = at // p1.DAY
        talk[2:] = count + 1, dates + (today != date), today
        if talk[2] < p1.COUNT or talk[3] < p1.DATES:
            return True
        self.done[key] = at
        return False


def find(path: str, *, common: bool) -> p1.Answer:
    machine = Machine(common=common)
    file = pq.ParquetFile(path)
    columns = ["published", "type", "actor", "target", "address"]
    for batch in file.iter_batches(columns=columns):
        for at, kind, actor, target, address in zip(
            *(c.to_pylist() for c in batch), strict=True
        ):
            if kind == "message":
                machine.message(at, actor, target, address=address)
            elif kind in ("mention", "reply"):
                machine.public(at, actor, target)
            elif kind == "follow":
                machine.follow(at, actor, target)
    return [(*key, at) for key, at in machine.done.items()]


if __name__ == "__main__":
    asked = p1.parser("full").parse_args()
    p1.timed(lambda: find(asked.events, common=asked.common), asked.answer)
