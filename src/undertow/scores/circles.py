"""Who knows nobody outside a circle: asked of many people at once, contact by contact.

Most people meet somebody else soon, so from contact to contact fewer are left to ask about.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.events.log import NOBODY
from undertow.matches.grouping import group
from undertow.matches.program import Array
from undertow.matches.select import MANY
from undertow.scores.kernel_circles import meet

NOTHING_LEFT_OUT: Final = np.empty(0, np.bool_)


class Circles:
    """Questions: does a person meet nobody but themselves, one account, and a holder's circle?

    Attributes:
        closed: bool, (k): whether nobody else was met so far.

    Args:
        size: number of accounts.
        holder: int64, (k), whose circle.
        person: int64, (k), account codes.
        circle: int64, ascending, holder * accounts + account.
        own: int64, (k), the account that each may meet whatever the circle, -1 for none.
    """

    def __init__(
        self, size: int, holder: Array, person: Array, circle: Array, own: Array
    ) -> None:
        self.closed = np.ones(len(person), bool)
        self._size, self._circle = size, np.ascontiguousarray(circle, np.int64)
        holder = np.ascontiguousarray(holder, np.int64)
        self._asked = np.empty((4, len(person)), np.int64)
        self._asked[0] = holder
        self._asked[1] = np.searchsorted(self._circle, holder * size)
        self._asked[2] = np.searchsorted(self._circle, (holder + 1) * size)
        self._asked[3] = own
        self._by_person = group(person, size)
        self._left = np.diff(self._by_person.start)
        # One byte each: nearly all that is asked of accounts is whether somebody asks about them.
        self._open = self._left > 0

    def ask(self, one: Array, other: Array, left_out: Array = NOTHING_LEFT_OUT) -> None:
        """Look at some contacts.

        Args:
            one: int32, (n), account codes.
            other: int32, (n), account codes, -1 for nobody.
            left_out: bool, (n): contacts that do not count; empty for none.
        """
        if not len(self.closed):
            return
        if len(one) < MANY:
            counts = (other != NOBODY) & (one != other)
            rows = np.flatnonzero(counts & ~left_out if len(left_out) else counts)
            self._ask(one[rows], other[rows])
            self._ask(other[rows], one[rows])
            return
        people = self._by_person.start, self._by_person.rows, self._left, self._open
        ends = one, other, left_out
        meet(ends, people, self._asked, self._circle, self._size, self.closed)

    def _ask(self, person: Array, met: Array) -> None:
        """Look at contacts from one side: few are told so in NumPy."""
        start = self._by_person.start
        many = start[person + 1] - start[person]
        row = np.repeat(np.arange(len(person)), many)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
        of = self._by_person.rows[start[person[row]] + offset]
        code = self._asked[0, of] * self._size + met[row]
        place = np.minimum(np.searchsorted(self._circle, code), max(len(self._circle) - 1, 0))
        inside = self._asked[3, of] == met[row]
        if len(self._circle):
            inside |= self._circle[place] == code
        self.closed[of[~inside]] = False
