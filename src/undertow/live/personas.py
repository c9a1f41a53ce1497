"""Personas in the watch: which accounts are one actor, and what steps across them gain from each event.

As in a whole run, an event between two actors stands once more beside itself for every other pair of their
accounts that met, and only steps across personas may use it there (decision 0031). In a stream *met* is by
then: talk elsewhere counts from the moment on at which the two accounts have something to do with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from undertow.campaigns.persona_file import joined, read_personas
from undertow.campaigns.persona_join import PSEUDONYM
from undertow.errors import UndertowError
from undertow.events.pseudonyms import Pseudonyms
from undertow.live.columns import ACTOR, PLATFORM, TARGET, Array
from undertow.live.names import NOBODY, Names
from undertow.playbooks.grammar import Playbook, Step

LEARNT: Final = 1 << 14
"""Accounts that are looked up at once."""


def personas_of(path: Path, pseudonyms: Pseudonyms) -> tuple[tuple[str, ...], ...]:
    """Read a personas file: the accounts of each persona, as the file calls them.

    An account that stands there under its name and under its pseudonym is one.

    Raises:
        UndertowError: as `read_personas`; `personas-contradict`, `personas-crowd` also where that joins too much.
    """
    ties = read_personas(path)
    named = {name for tie in ties for name in tie.accounts if not PSEUDONYM.fullmatch(name)}
    of = {pseudonyms.of(name): name for name in named}
    plain = [
        msgspec.structs.replace(
            tie, accounts=tuple(of.get(called, called) for called in tie.accounts)
        )
        for tie in ties
    ]
    return tuple(map(tuple, joined(plain).personas()))


def hold_across(playbooks: Sequence[Playbook]) -> None:
    """Refuse playbooks for which a stream with personas would not answer as a whole run does.

    Raises:
        UndertowError: `watch-personas`.
    """
    for playbook in playbooks:
        for place, step in enumerate(playbook.steps):
            lacking = _why_not(playbook, place, step)
            if step.across_personas and lacking:
                raise UndertowError(
                    f"step `{step.name}` of `{playbook.name}` is across personas, and {lacking}",
                    code="watch-personas",
                    mend="leave this playbook to `undertow detect --personas`, or watch without personas",
                )


def _why_not(playbook: Playbook, place: int, step: Step) -> str:
    before = playbook.steps[:place]
    if playbook.groups:
        return "the playbook has a group"
    if step.first:
        return "asks what was first of all accounts of an actor"
    if all(one.optional for one in before):
        return "a match may begin with it"
    key = set(playbook.key[:2])
    if any(set(one.roles) != key and set(one.types) & set(step.types) for one in before):
        return "a third account may take an earlier step by the same event"
    return ""


class Personas:
    """The personas of one watch.

    Args:
        personas: from `personas_of`.
        names: of the accounts that were met so far; it grows.
        pseudonyms: of this installation.
    """

    def __init__(
        self, personas: Sequence[Sequence[str]], names: Names, pseudonyms: Pseudonyms
    ) -> None:
        self._called = {name: number for number, one in enumerate(personas) for name in one}
        self._sealed = any(PSEUDONYM.fullmatch(name) for name in self._called)
        self._names, self._pseudonyms = names, pseudonyms
        self._of = np.empty(0, np.int64)
        self._members: list[list[int]] = [[] for _ in personas]
        # Per two actors, pairs of their accounts in the order in which they met.
        self._met: dict[tuple[int, int], dict[tuple[int, int], None]] = {}

    def mates(self, account: int) -> list[int]:
        """List the accounts of an account's persona that were met so far, itself among them."""
        self._learn()
        number = int(self._of[account])
        return [account] if number < 0 else self._members[number]

    def one_actor(self, one: int, other: int) -> bool:
        """Say whether two accounts are held to be one actor."""
        self._learn()
        return bool(self._of[one] >= 0 and self._of[one] == self._of[other])

    def widened(self, columns: Array, elsewhere: int) -> tuple[Array, Array]:
        """Put rows for other pairs of accounts of the same two actors right behind each event.

        Args:
            columns: int64, (WIDTH, n), events in total order; it goes on where the last call ended.
            elsewhere: code of the platform that such rows stand on.

        Returns:
            int64, (WIDTH, m), and int64, (m): the row of `columns` that each stands for.
        """
        self._learn()
        actor, target = columns[ACTOR], columns[TARGET]
        asked = np.flatnonzero((target != NOBODY) & self._apart(actor, target))
        place: list[int] = []
        ends: list[tuple[int, int]] = []
        for row in asked.tolist():
            more = self._meet(int(actor[row]), int(target[row]))
            place += [row] * len(more)
            ends += more
        if not place:
            return columns, np.arange(len(actor))
        added = columns[:, place]
        added[ACTOR], added[TARGET] = np.array(ends).T
        added[PLATFORM] = elsewhere
        of = np.concatenate([np.arange(len(actor)), place])
        order = np.argsort(of, kind="stable")
        return np.concatenate([columns, added], axis=1)[:, order], of[order]

    def _apart(self, actor: Array, target: Array) -> Array:
        """Say which events are between two actors of which one has more accounts than one: bool, (n)."""
        # A target of -1 takes the last account's place; it is left out by the caller.
        one, other = self._of[actor], self._of[target]
        return np.asarray((one != other) & ((one >= 0) | (other >= 0)))

    def _meet(self, actor: int, target: int) -> list[tuple[int, int]]:
        """Note that two accounts met; list the other pairs of their actors as (actor, target)."""
        one, other = (self._actor(code) for code in (actor, target))
        turned = one > other
        met = self._met.setdefault((other, one) if turned else (one, other), {})
        mine = (target, actor) if turned else (actor, target)
        more = [pair for pair in met if pair != mine]
        met[mine] = None
        return [pair[::-1] for pair in more] if turned else more

    def _actor(self, code: int) -> int:
        """Number an account's actor: its persona's number, or below 0 where it has none."""
        number = int(self._of[code])
        return number if number >= 0 else -1 - code

    def _learn(self) -> None:
        """Look up the accounts that were met since the last time."""
        while len(self._of) < len(self._names):
            first = len(self._of)
            codes = range(first, min(first + LEARNT, len(self._names)))
            found = self._numbers(codes)
            self._of = np.append(self._of, found)
            for place in np.flatnonzero(found >= 0).tolist():
                self._members[found[place]].append(first + place)

    def _numbers(self, codes: range) -> Array:
        """Give the persona of each account, -1 for none: int64."""
        names = self._names.array(codes)
        found = [self._called.get(name, -1) for name in names.to_pylist()]
        if self._sealed:
            hidden = self._pseudonyms.of_array(names).to_pylist()
            found = [
                self._called.get(by, -1) if number < 0 else number
                for number, by in zip(found, hidden, strict=True)
            ]
        return np.array(found, np.int64)

    def state(self) -> dict[str, Array]:
        """Give what a checkpoint holds: who met, by code, (n, 2)."""
        pairs = [pair for met in self._met.values() for pair in met]
        return {"met": np.array(pairs, np.int64).reshape(-1, 2)}

    def restore(self, state: dict[str, Array]) -> None:
        """Take up what a checkpoint held; the names must be there already."""
        self._learn()
        self._met = {}
        for one, other in state["met"].tolist():
            self._met.setdefault((self._actor(one), self._actor(other)), {})[one, other] = None
