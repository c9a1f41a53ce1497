"""What a null world says before it is made: how active everybody is in it, and whether two could share anything.

Most null worlds back nobody, and then nothing else is asked of them. What is told here is drawn by the same chance as
the world itself, so it is exactly what the whole world would say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches.grouping import number_pairs
from undertow.matches.program import Array
from undertow.nulls.profiles import exchanged
from undertow.nulls.support import may_be_backed
from undertow.nulls.surrogates import (
    SHARED,
    Original,
    chance_for,
    drawn_links,
    drawn_recipients,
    permuted_addresses,
)
from undertow.scores.rates import deciles


class Told(NamedTuple):
    """What is told of a null world.

    Attributes:
        contacts: int64, (accounts), distinct accounts that each addressed.
        decile: int64, (accounts), of `contacts`.
        may_be_backed: whether anything could agree with any account; never false where it does.
    """

    contacts: Array
    decile: Array
    may_be_backed: bool


@dataclass(frozen=True)
class Outline:
    """What the null worlds of one log have in common.

    Attributes:
        original: what they are made from.
        flagged: whether anybody reported anybody.
        rows: int64, (r), addressed rows in which an account hands over an address or sends a script; none where no
            two accounts have one in common.
        held: those rows of the log.
        in_pairs, in_links: int64, (r), their places in `original.pairs` and `original.links`, -1 where a row has none.
        shared: by mark, bool, by number: whether more than one account has it.
        back: bool, (pairs), whether the other account ever acted towards the one that acted first.
    """

    original: Original
    flagged: bool
    rows: Array
    held: EventLog
    in_pairs: Array
    in_links: Array
    shared: dict[str, Array]
    back: Array

    @classmethod
    def of(cls, original: Original) -> Outline:
        """Look at a log once for all its null worlds."""
        log, pairs = original.log, original.pairs
        shared = {
            name: np.bincount(one.value, minlength=one.many) > 1
            for name, one in original.profiles.items()
        }
        some = any(one.any() for one in shared.values())
        rows = _handing(log) if some else np.empty(0, np.int64)
        back = np.zeros(len(pairs.one), bool)
        back[pairs.number[~pairs.forward]] = True
        return cls(
            original,
            bool(len(log.rows_of("flag"))),
            rows,
            _only(log, rows),
            _places(pairs.row, rows),
            _places(original.links.row, rows),
            shared,
            back,
        )

    def told(self, kind: str, seed: int) -> Told:
        """Tell of one null world; arguments as for `Original.surrogate`."""
        busy, rng = self.original.busy, chance_for(kind, seed)
        held, contacts = self._drawn(kind, rng)
        backed = self.flagged or (len(self.rows) > 0 and self._may_be_backed(held, rng))
        if contacts is None:
            return Told(busy.contacts, busy.decile, backed)
        return Told(contacts, deciles(contacts), backed)

    def _drawn(self, kind: str, rng: np.random.Generator) -> tuple[EventLog, Array | None]:
        """Draw a null world as far as it concerns `rows`, and everybody's contacts where they change."""
        of, held, size = self.original, self.held, len(self.original.rank)
        if kind == "times":
            # Rows move whole, so who hands over what to whom stays; only its chance is spent.
            rng.bit_generator.advance(len(of.log))  # type: ignore[attr-defined]  # NumPy's hints know only its base
        if kind == "addresses":
            moved = permuted_addresses(of, rng)
            return (_only(moved, _handing(moved)) if len(self.rows) else held), None
        if kind == "links":
            one, other = drawn_links(of, rng)
            contacts = np.bincount(one, minlength=size)
            contacts += np.bincount(other[self.back], minlength=size)
            there = np.flatnonzero(self.in_pairs >= 0)
            place = self.in_pairs[there]
            number, forward = of.pairs.number[place], of.pairs.forward[place]
            actor, target = held.actor.copy(), held.target.copy()
            actor[there] = np.where(forward, one[number], other[number])
            target[there] = np.where(forward, other[number], one[number])
            return replace(held, actor=actor, target=target), contacts
        if kind == "recipients":
            given = drawn_recipients(of, rng)
            met = number_pairs(of.links.actor, given, size)
            there = np.flatnonzero(self.in_links >= 0)
            target = held.target.copy()
            target[there] = given[of.links.number[self.in_links[there]]]
            return replace(held, target=target), np.bincount(met.one, minlength=size)
        return held, None

    def _may_be_backed(self, held: EventLog, rng: np.random.Generator) -> bool:
        """Say whether accounts may be tied by what they hand over, numbered anew."""
        decile, marks, met = self.original.busy.decile, dict(held.marks), False
        for name, given in self.original.profiles.items():
            marks[name] = exchanged(given, held.actor, marks[name], decile, rng)
            met |= _met(marks[name], held.actor, self.shared[name])
        return met and may_be_backed(replace(held, marks=marks))


def _handing(log: EventLog) -> Array:
    held = np.zeros(len(log), bool)
    for name in SHARED:
        if name in log.marks:
            held |= log.marks[name] >= 0
    return np.flatnonzero(held & (log.target != NOBODY))


def _places(rows: Array, wanted: Array) -> Array:
    """Find rows in an ascending list: int64, -1 for those that are not there."""
    if not len(rows):
        return np.full(len(wanted), NOBODY)
    place = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[place] == wanted, place, NOBODY)


def _only(log: EventLog, rows: Array) -> EventLog:
    """Take some rows of a log without ids."""
    columns = ("type", "at", "actor", "target", "context", "visibility", "platform")
    return replace(
        log,
        id=log.id.slice(0, len(rows)),
        marks={name: log.marks[name][rows] for name in SHARED if name in log.marks},
        **{name: getattr(log, name)[rows] for name in columns},
    )


def _met(number: Array, actor: Array, shared: Array) -> bool:
    """Say whether two accounts hold one number: only what two have in the data can two have in a null world."""
    rows = np.flatnonzero((number >= 0) & (number < len(shared)))
    rows = rows[shared[number[rows]]]
    size = int(actor.max(initial=0)) + 1
    value = np.unique(number[rows].astype(np.int64) * size + actor[rows]) // size
    return bool((value[1:] == value[:-1]).any())
