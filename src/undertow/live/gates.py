"""What must hold for a stream to be looked at: a lawful ground, a community, no mixture with invented data.

The same rules and the same faults as in `detect`, asked of a stream as it comes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.errors import Place, UndertowError
from undertow.events.source import Source
from undertow.live.columns import ACTOR, DIRECT, FLAGS, TARGET, Array, Events
from undertow.live.names import NOBODY, Names
from undertow.request import ONE_POCKET

SIMULATED: Final = b"sim:"
"""How accounts of a simulated world begin: every one of them."""
ENOUGH: Final = 1_000
"""Direct messages before it can be said whose pocket this is: of a thousand in a community, half would be
one member's only by design."""
FORGET: Final = 100_000
"""Direct messages after which old counts are halved, so that the share is that of the recent past."""


class Gates:
    """The gates of one stream.

    Args:
        sources: declarations with their grounds.
        ground: lawful ground for platforms that declare none.
        accounts: names, to know invented ones.
    """

    def __init__(
        self, sources: tuple[Source, ...], ground: str | None, accounts: Names
    ) -> None:
        self.ground = ground
        self._accounts = accounts
        self._grounded = pa.array([s.platform for s in sources if s.ground], pa.string())
        self._met = 0
        self._party = np.zeros(1 << 10, np.int64)
        self._direct = 0
        self.simulated: bool | None = None
        """Whether this is an invented stream; None before the first account."""

    def hold_ground(self, events: Events, platforms: pa.Array, file: str) -> None:
        """Refuse direct messages of a platform without a lawful ground.

        Raises:
            UndertowError: `ground-missing`.
        """
        if self.ground is not None:
            return
        direct = (events.columns[FLAGS] & DIRECT) != 0
        if not direct.any():
            return
        grounded = pc.is_in(platforms.filter(pa.array(direct)), value_set=self._grounded)
        if not pc.all(grounded).as_py():
            raise UndertowError(
                "direct messages are there and no lawful ground is declared; they were not looked at",
                code="ground-missing",
                place=Place(file),
                mend="declare `ground` in the sources, or give --ground TEXT",
            )

    def hold_apart(self) -> None:
        """Refuse a mixture of simulated and real accounts; looks only at names not met before.

        Raises:
            UndertowError: `events-mixed`.
        """
        count = len(self._accounts)
        if count == self._met:
            return
        marked = self._accounts.begin_with(SIMULATED, self._met, count)
        self._met = count
        if self.simulated is None:
            self.simulated = bool(marked[0])
        if (marked != self.simulated).any():
            raise UndertowError(
                "simulated and real events are mixed",
                code="events-mixed",
                mend="read them apart: a simulated world stays marked for good",
            )

    def hold_one_pocket(self, events: Events) -> None:
        """Refuse a stream that is one person's pocket, counted over its recent direct messages.

        Raises:
            UndertowError: `events-one-pocket`.
        """
        columns = events.columns
        rows = np.flatnonzero(
            ((columns[FLAGS] & DIRECT) != 0) & (columns[ACTOR] != columns[TARGET])
        )
        if not len(rows):
            return
        if len(self._accounts) > len(self._party):
            grown = np.zeros(2 * len(self._accounts), np.int64)
            grown[: len(self._party)] = self._party
            self._party = grown
        parties = columns[[ACTOR, TARGET]][:, rows].ravel()
        parties = parties[parties != NOBODY]
        np.add.at(self._party, parties, 1)
        self._direct += len(rows)
        share = self._party[parties].max() / self._direct
        if self._direct >= ENOUGH and share > ONE_POCKET:
            raise UndertowError(
                f"one account is party to {round(100 * share)} % of the direct messages",
                code="events-one-pocket",
                mend="give the events of a whole community: one person's messages hold no background "
                "to compare with, and Undertow is not made for watching one person",
            )
        if self._direct >= FORGET:
            self._party //= 2
            self._direct //= 2

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Give what a checkpoint holds: plain values and arrays."""
        values = {"met": self._met, "direct": self._direct, "simulated": self.simulated}
        known = np.flatnonzero(self._party)
        return values, {"party": np.stack([known, self._party[known]])}

    def restore(self, values: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take up what a checkpoint held."""
        self._met, self._direct = values["met"], values["direct"]
        self.simulated = values["simulated"]
        known, counts = arrays["party"]
        self._party = np.zeros(max(1 << 10, 2 * len(self._accounts)), np.int64)
        self._party[known] = counts
