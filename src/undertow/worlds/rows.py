"""Rows on their way into a world: columns of numbers, gathered piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from undertow.events.table import TYPES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CODE: Final = {word: code for code, word in enumerate(TYPES)}
MESSAGE: Final = CODE["message"]
MENTION: Final = CODE["mention"]
REPLY: Final = CODE["reply"]
FOLLOW: Final = CODE["follow"]
LIKE: Final = CODE["like"]
BLOCK: Final = CODE["block"]
UNDO: Final = CODE["undo"]
INVITE: Final = CODE["invite"]
JOIN: Final = CODE["join"]
FLAG: Final = CODE["flag"]
WORDED: Final = tuple(CODE[word] for word in ("post", "message", "reply", "mention"))
"""Types whose rows carry text."""

SILENT: Final = 0
FILLER: Final = 1
ADDRESS: Final = 2
LINK: Final = 3
ASKS: Final = 4
DISGUISED: Final = 5
HALF: Final = 6
REST: Final = 7
SCRIPT: Final = 8
"""What stands in a row's text: nothing, filler, an address, a link, a question for an address, an
address that is always disguised, the two halves of one, or the words of a script."""
NONE: Final = -1


@dataclass
class Rows:
    """Equally long columns: time (µs), actor and target (account codes), type, text, origin, word, room.

    `word` is the account whose address is handed over, or the number of a script; `room` a room of the
    world's own. Both are -1 where the row's own account, or the background, decides.
    """

    at: Ints
    actor: Ints
    target: Ints
    type: Ints
    text: Ints
    origin: Ints
    word: Ints
    room: Ints

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.at)

    def take(self, chosen: Bools | Ints) -> Rows:
        """Keep the chosen rows, by mask or by index."""
        return Rows(*(column[chosen] for column in self.columns()))

    def columns(self) -> tuple[Ints, ...]:
        """Give the columns in their order."""
        return (
            self.at,
            self.actor,
            self.target,
            self.type,
            self.text,
            self.origin,
            self.word,
            self.room,
        )


def rows(at: Ints, actor: Ints, target: Ints, kind: Ints | int, origin: int) -> Rows:
    """Make rows whose text is filler where their type carries words.

    Args:
        at: times in µs, (n).
        actor: account codes, (n).
        target: account codes, (n); -1 for none.
        kind: type codes, (n) or one for all.
        origin: code of `habits.KINDS`.
    """
    type_ = np.broadcast_to(np.asarray(kind, dtype=np.int64), at.shape).copy()
    text = np.where(np.isin(type_, WORDED), FILLER, SILENT).astype(np.int64)
    made, none = (
        np.full(len(at), origin, dtype=np.int64),
        np.full(len(at), NONE, dtype=np.int64),
    )
    return Rows(at, actor, target, type_, text, made, none, none.copy())


def joined(pieces: list[Rows]) -> Rows:
    """Put pieces under one another."""
    if not pieces:
        return Rows(*(np.empty(0, dtype=np.int64) for _ in range(8)))
    return Rows(
        *(np.concatenate(cols) for cols in zip(*(p.columns() for p in pieces), strict=True))
    )
