"""Ties to the entries of a personas file: what contradicts is left out, who is a target is sealed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from undertow.campaigns.persona import Finder, Found
from undertow.campaigns.persona_file import (
    MOST_ACCOUNTS,
    Joined,
    Reason,
    Tie,
    joined,
    taken_apart,
)
from undertow.events.pseudonyms import Pseudonyms
from undertow.matches.actors import Actors, actors_of
from undertow.matches.program import Array
from undertow.scores.shown import Shown

PSEUDONYM: Final = re.compile(r"t:[a-z2-7]{16}")


@dataclass(frozen=True)
class Held:
    """A personas file as these events know it.

    Attributes:
        actors: which accounts are one actor.
        ties: held entries between accounts that are here: codes of two, and the entry.
        sealed: bool, (accounts): written as a pseudonym in the file.
        absent: accounts of held entries that are not in these events.
    """

    actors: Actors
    ties: tuple[tuple[int, int, Tie], ...]
    sealed: Array
    absent: int


class Accounts:
    """Finds accounts of these events by what a personas file calls them.

    Args:
        names: of the accounts, by code.
        pseudonyms: of this installation.
    """

    def __init__(self, names: pa.Array, pseudonyms: Pseudonyms) -> None:
        self.names = names.to_pylist()
        self._code = {name: code for code, name in enumerate(self.names)}
        self._of: dict[str, int] | None = None
        self._pseudonyms = pseudonyms
        self._array = names

    def code(self, called: str) -> int | None:
        """Give the code of an account; None if it is not here."""
        if called in self._code or not PSEUDONYM.fullmatch(called):
            return self._code.get(called)
        if self._of is None:
            hidden = self._pseudonyms.of_array(self._array).to_pylist()
            self._of = {name: code for code, name in enumerate(hidden)}
        return self._of.get(called)

    def plain(self, called: str) -> str:
        """Give the account's own name where it is here, else what it is called."""
        code = self.code(called)
        return called if code is None else str(self.names[code])


def hold(ties: Sequence[Tie], names: pa.Array, pseudonyms: Pseudonyms) -> Held:
    """Look the accounts of a personas file up in these events.

    Args:
        ties: its entries.
        names: of the accounts, by code.
        pseudonyms: of this installation.

    Raises:
        UndertowError: `personas-contradict`, `personas-crowd`: a name and its pseudonym are one account.
    """
    accounts = Accounts(names, pseudonyms)
    plain = [
        msgspec.structs.replace(tie, accounts=tuple(map(accounts.plain, tie.accounts)))
        for tie in ties
    ]
    personas = joined(plain).personas()
    here = [[c for name in one if (c := accounts.code(name)) is not None] for one in personas]
    sealed = np.zeros(len(names), bool)
    found: list[tuple[int, int, Tie]] = []
    absent: set[str] = set()
    for tie in ties:
        if not tie.held:
            continue
        codes = [accounts.code(called) for called in tie.accounts]
        absent |= {called for called, c in zip(tie.accounts, codes, strict=True) if c is None}
        known = [c for c in codes if c is not None]
        for called, code in zip(tie.accounts, codes, strict=True):
            if code is not None:
                sealed[code] |= called != accounts.names[code]
        found += [(known[0], other, tie) for other in known[1:]]
    return Held(actors_of(here, len(names)), tuple(found), sealed, len(absent))


def to_ties(
    finder: Finder,
    found: Sequence[Found],
    targets: Array,
    shown: Shown,
    old: Sequence[Tie],
    pseudonyms: Pseudonyms,
) -> list[Tie]:
    """Write found ties as entries, heaviest first, behind what a person wrote or undid before.

    Left out are ties that an undone entry forbids, that would put two accounts of one platform into one
    persona though neither follows the other in time, or that would make a crowd.

    Args:
        finder: where they were found.
        found: the ties.
        targets: bool, (accounts): accounts that are targets of listed matches and nothing else.
        shown: hides targets.
        old: entries of an earlier file.
        pseudonyms: of this installation.
    """
    names = Accounts(finder.log.accounts, pseudonyms)
    kept = [tie for tie in old if not tie.held or tie.bits is None]
    plain = [
        msgspec.structs.replace(tie, accounts=tuple(map(names.plain, tie.accounts)))
        for tie in kept
    ]
    whole = Joined(taken_apart(plain))
    for tie in plain:
        if tie.held:
            whole.join(tie.accounts)
    for one in sorted(found, key=lambda tie: (-tie.bits, tie.a, tie.b)):
        pair = names.names[one.a], names.names[one.b]
        if whole.undone(pair) or not _fits(finder, whole, names, pair):
            continue
        whole.join(pair)
        kept.append(_entry(finder, one, targets, shown))
    return kept


def _fits(finder: Finder, whole: Joined, names: Accounts, pair: tuple[str, str]) -> bool:
    """Say whether two personas may become one."""
    sides = [[names.code(name) for name in whole.members(account)] for account in pair]
    if sum(map(len, sides)) > MOST_ACCOUNTS or whole.members(pair[0]) == whole.members(pair[1]):
        return False
    where = finder.where
    return all(
        where.platform[one] != where.platform[other] or where.lives_apart(one, other)
        for one in sides[0]
        for other in sides[1]
        if one is not None and other is not None
    )


def _entry(finder: Finder, one: Found, targets: Array, shown: Shown) -> Tie:
    ends = np.array([one.a, one.b])
    sealed = one.sealed or bool(targets[ends].any())
    names = shown.targets(ends) if sealed else shown.accounts(ends)
    rows = np.array(one.rows, np.int64)
    if sealed and not one.sealed:
        # An id may name either end, and both are hidden.
        rows[:] = -1
    hidden = np.where(rows >= 0, np.array([_hidden(finder, one, int(row)) for row in rows]), -1)
    cited = shown.events(rows, hidden).to_pylist()
    reasons = [
        Reason(reason.kind, reason.bits, reason.seen, reason.of, event)
        for reason, event in zip(one.reasons, cited, strict=True)
    ]
    return Tie(tuple(names.to_pylist()), bits=one.bits, evidence=tuple(reasons))


def _hidden(finder: Finder, one: Found, row: int) -> int:
    """Say whose name is hidden in the id of an event: the end that is not the giver's side."""
    if row < 0:
        return -1
    ends = int(finder.log.actor[row]), int(finder.log.target[row])
    if one.sealed:
        return one.b if one.b in ends else one.a
    return next((end for end in ends if end not in (one.a, one.b)), one.target)
