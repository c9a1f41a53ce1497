"""Planting: how many campaigns and honest groups a world gets, and which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from undertow.worlds.background import Background
from undertow.worlds.casting import Group, Stage, Wish
from undertow.worlds.evasions import NONE, Evasion, evasion_of
from undertow.worlds.funnels import Funnels, play
from undertow.worlds.habits import (
    CAMPAIGN,
    FRAMED,
    LURED,
    SINGLE_STAGES,
    TWINS,
    WHOLE_CHAIN,
    Habit,
)
from undertow.worlds.rows import Rows
from undertow.worlds.settings import Settings
from undertow.worlds.talks import Talks

LATER: Final = 0.5
"""Share of the time of those drawn in after which they draw in others; ours."""
ACCOUNTS_EACH: Final = 1.7
"""Accounts that a group takes per recruiter, gatekeepers and third accounts included; measured here."""
RECRUITS: Final = 2
"""Most targets of one campaign that draw in others later; ours."""
ASIDE: Final = 41
"""Stream of chance, beside the seed, of what an evasion adds to a plain world."""


class Planter:
    """Casts and plays groups until enough are at work, rows run out, or accounts do.

    Args:
        stage: free accounts.
        back: the background.
        talks: the stock of real talks.
        settings: what is asked for.
        ordinary: rows of the world before anything is planted.
        rng: chance.
    """

    def __init__(
        self,
        stage: Stage,
        back: Background,
        talks: Talks,
        settings: Settings,
        ordinary: int,
        rng: np.random.Generator,
    ) -> None:
        self._stage, self._back, self._talks = stage, back, talks
        self._settings, self._rng = settings, rng
        self._ordinary = ordinary
        self._evasion: Evasion = evasion_of(settings.evasion)
        self._before: dict[int, Mapping[str, Any]] = {}
        self.camouflage: list[Rows] = []

    def plant(self) -> list[Funnels]:
        """Play campaigns, then honest groups, each kind of volume up to its own limit; nobody evades anything yet."""
        wanted = max(1, round(self._settings.prevalence * self._back.accounts))
        # Where accounts are few, fewer campaigns: the share of look-alikes is what makes a world hard.
        room = int(self._stage.left / (ACCOUNTS_EACH * (1 + self._settings.lookalikes)))
        wanted = max(1, min(wanted, room))
        if self._settings.campaigns is not None:
            wanted = self._settings.campaigns * len(CAMPAIGN.team)
        if self._settings.twins is not None and wanted:
            return self._twins(wanted)
        campaigns = self._fill(
            self._guilty(self._settings.campaigns or wanted),
            recruiters=wanted,
            volume=int(self._settings.volume * self._ordinary) if wanted else 0,
        )
        recruiters = sum(len(one.group.recruiters) for one in campaigns)
        honest = self._fill(
            self._honest(),
            recruiters=round(recruiters * self._settings.lookalikes),
            volume=int(self._settings.lookalike_volume * self._ordinary),
        )
        return campaigns + honest

    def evade(self, planted: list[Funnels]) -> list[Funnels]:
        """Let the campaigns of a plain world do otherwise, with the same accounts, targets and times.

        Each campaign is played again from the chance that it was played from, so that a loss is the evasion's and not
        that of another draw. What an evasion adds is drawn from a stream of its own.

        Args:
            planted: what `plant` gave.

        Returns:
            The campaigns as they are now, what grew out of them, and the innocents they lured or framed.
        """
        if self._settings.twins is not None or self._evasion == NONE:
            return []
        self._rng = np.random.default_rng([self._settings.seed, ASIDE])
        self._stage.go_on(self._rng)
        campaigns = [one for one in planted if one.group.guilty]
        evaded = []
        for one in campaigns:
            group = self._stage.disguised(one.group, self._evasion)
            again = np.random.default_rng()
            again.bit_generator.state = self._before[int(one.group.recruiters[0])]
            evaded.append(play(group, self._back, self._talks, self._settings, again))
            if self._evasion.camouflage:
                self._hide(group)
        if self._evasion.generations:
            evaded += self._next_generation(evaded)
        return evaded + self._victims(sum(len(one.group.recruiters) for one in campaigns))

    def _team(self, habit: Habit) -> int:
        return int(self._rng.choice(len(habit.team), p=habit.team)) + 1

    def _guilty(self, count: int) -> Iterator[Wish]:
        for _ in range(count):
            yield Wish(CAMPAIGN, self._team(CAMPAIGN), guilty=True)

    def _honest(self) -> Iterator[Wish]:
        """Give look-alikes without end; those of one table equally often, in a drawn order."""
        decks: dict[bool, list[Habit]] = {True: [], False: []}
        while True:
            whole = bool(self._rng.random() < self._settings.whole)
            if not decks[whole]:
                table = WHOLE_CHAIN if whole else SINGLE_STAGES
                decks[whole] = [table[i] for i in self._rng.permutation(len(table)).tolist()]
            habit = decks[whole].pop()
            yield Wish(habit, self._team(habit))

    def _twins(self, wanted: int) -> list[Funnels]:
        """Play pairs of groups of the same kind and size, one of them guilty by the toss of a coin."""
        played: list[Funnels] = []
        tie: int | None = None
        working = 0
        while working < wanted:
            before = working
            for index in self._rng.permutation(len(TWINS)).tolist():
                habit = replace(TWINS[index], **_changes(self._evasion))
                size = self._team(habit)
                first = bool(self._rng.random() < 0.5)
                for guilty in (first, not first):
                    pool = tie if guilty and self._settings.twins == "tie" else None
                    one = self._act(Wish(habit, size, guilty=guilty, pool=pool))
                    if one is None:
                        continue
                    played.append(one)
                    if guilty:
                        working += len(one.group.recruiters)
                        tie = int(one.group.recruiters[0]) if tie is None else tie
                if working >= wanted:
                    break
            if working == before:
                break
        return played

    def _act(self, wish: Wish) -> Funnels | None:
        group = self._stage.cast(wish)
        if group is None:
            return None
        # The first recruiter names the group: nobody works in two.
        self._before[int(group.recruiters[0])] = self._rng.bit_generator.state
        return play(group, self._back, self._talks, self._settings, self._rng)

    def _next_generation(self, campaigns: list[Funnels]) -> list[Funnels]:
        """Let targets that were handed an address draw in others, later and on their own."""
        played = []
        for one in campaigns:
            given = one.group.target[one.reached[:, 3]]
            busy = given[self._back.activity[given] >= 8]
            workers = tuple(np.unique(busy)[:RECRUITS].tolist())
            if not workers:
                continue
            habit = replace(CAMPAIGN, doorkeeper=0.0, span=1 - LATER)
            wish = Wish(habit, len(workers), guilty=True, workers=workers, begin=LATER)
            later = self._act(wish)
            if later is not None:
                played.append(later)
        return played

    def _victims(self, recruiters: int) -> list[Funnels]:
        """Play the innocent accounts that campaigns draw in or frame."""
        wishes = [Wish(LURED, 1)] * round(self._evasion.lured * recruiters)
        wishes += [Wish(FRAMED, 1)] * self._evasion.framed
        played = [self._act(wish) for wish in wishes]
        return [one for one in played if one is not None]

    def _fill(self, wishes: Iterator[Wish], *, recruiters: int, volume: int) -> list[Funnels]:
        played: list[Funnels] = []
        working = used = empty = 0
        for wish in wishes:
            if working >= recruiters or empty > 20:
                break
            one = self._act(
                replace(wish, recruiters=min(wish.recruiters, recruiters - working))
            )
            if one is None:
                empty += 1
                continue
            if used + len(one.rows) > volume:
                empty += 1
                continue
            played.append(one)
            used += len(one.rows)
            working += max(len(one.group.recruiters), 1)
        return played

    def _hide(self, group: Group) -> None:
        """Give the accounts of a campaign harmless talks beside."""
        factor = self._evasion.camouflage
        low, high = CAMPAIGN.targets
        habit = replace(
            group.habit, targets=(low * factor, high * factor), address=0.0, script=0.0
        )
        more = self._stage.beside(group, habit)
        if more is not None:
            self.camouflage.append(
                play(more, self._back, self._talks, self._settings, self._rng).rows
            )


def _changes(evasion: Evasion) -> dict[str, Any]:
    return dict(evasion.habit)
