"""Funnels: the steps that one group takes with its targets, laid into the background's time.

Campaigns and look-alikes run through the same lines. Targets drop out at every stage, and every
step may have happened out of sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.units import DAY
from undertow.worlds import sidesteps
from undertow.worlds.background import Background
from undertow.worlds.casting import Group
from undertow.worlds.habits import FRAMED, KINDS
from undertow.worlds.meetings import Meetings, delay, meet
from undertow.worlds.rows import (
    ADDRESS,
    ASKS,
    DISGUISED,
    FILLER,
    FOLLOW,
    HALF,
    MENTION,
    MESSAGE,
    REPLY,
    REST,
    SCRIPT,
    Bools,
    Floats,
    Ints,
    Rows,
    joined,
    rows,
)
from undertow.worlds.settings import Settings
from undertow.worlds.talks import Talks

TO_HANDOFF: Final = (8 * DAY, 0.9)
"""Median (µs) and log deviation from the address to the third account's first message; ours."""
STEPS: Final = ("approach", "follow_back", "first_message", "address", "sustained", "handoff")
SUSTAINED: Final = 12
"""Messages after the address from which a talk that stayed visible is called sustained; ours."""
FIRM: Final = 9.0
"""How closely an account keeps to its kind's chances (weight of a Beta draw); ours."""
LATEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Funnels:
    """What one group did: its rows, and per target what really happened.

    `reached` and `seen` are (targets, steps) over `STEPS`; times are µs, `LATEST` for never.
    """

    group: Group
    rows: Rows
    reached: Bools
    seen: Bools
    met_at: Ints
    address_at: Ints
    handoff_at: Ints


@dataclass
class _Talk:
    """The direct messages of a group with its targets, one entry per row."""

    which: Ints
    place: Ints
    at: Ints
    actor: Ints
    target: Ints
    text: Ints
    word: Ints

    def first_places(self) -> Ints:
        """Give the entry at which each talk begins."""
        return np.flatnonzero(self.place == 0)


def play(
    group: Group,
    background: Background,
    talks: Talks,
    settings: Settings,
    rng: np.random.Generator,
) -> Funnels:
    """Play one group's funnels out.

    Args:
        group: who works on whom, from when.
        background: the community whose times are kept to.
        talks: the stock of real talks.
        settings: how much can be seen, and how many talks go dark.
        rng: chance.
    """
    habit, origin, count = group.habit, KINDS.index(group.habit.kind), len(group.target)
    own = _Own(group, rng)
    keeper = (group.door >= 0) & (rng.random(count) < 0.8)
    meetings = Meetings(
        first_at=group.at,
        door=np.where(keeper, group.door, group.recruiter),
        other=group.target,
        word=own.chance(habit.approach),
        by_other=own.chance(habit.approach_by_other),
        follow=own.chance(habit.follow),
        back=own.chance(habit.follow_back),
        pace=own.pace,
    )
    kinds = (MENTION, REPLY, FOLLOW)
    public, worded, backs = meet(
        meetings, background, talks, types=kinds, origin=origin, rng=rng
    )
    public = _glimpsed(public, settings.visible, background, rng)
    talk, address, after = _talk(group, own, talks, settings, rng)
    address_at = np.full(count, LATEST)
    address_at[talk.which[address]] = talk.at[address]
    shown = rng.random(len(talk.at)) < settings.visible
    key_rows = np.zeros(len(talk.at), dtype=bool)
    key_rows[address] = True
    key_rows[talk.first_places()] = True
    kept = (shown | ~key_rows) & background.inside(talk.at)
    told = rows(talk.at, talk.actor, talk.target, MESSAGE, origin)
    told.text[:], told.word[:] = talk.text, talk.word
    handoff_at, handed = _handoff(group, own, address_at, background, talks, rng)
    handed = handed.take(background.inside(handed.at) & (not group.evasion.unseen_handoff))
    beside = _beside(group, address_at, background, origin, rng)
    reached = np.zeros((count, len(STEPS)), dtype=bool)
    reached[:, 0], reached[:, 1], reached[:, 2] = worded, backs, background.inside(group.at)
    reached[:, 3] = (address_at < LATEST) & background.inside(address_at)
    reached[:, 4] = after >= SUSTAINED
    reached[:, 5] = handoff_at < LATEST
    out = joined([public, told.take(kept), handed, *beside])
    seen = reached.copy()
    seen[:, 3] = np.isin(np.arange(count), talk.which[address][kept[address]])
    seen[:, 0] &= _spoke(public, (MENTION, REPLY), group.target)
    seen[:, 1] &= np.isin(group.target, public.target[public.type == FOLLOW])
    seen[:, 5] &= np.isin(group.target, handed.target)
    return Funnels(group, out, reached, seen, group.at, address_at, handoff_at)


class _Own:
    """The chances and the pace of each recruiter of a group, drawn around its kind's."""

    def __init__(self, group: Group, rng: np.random.Generator) -> None:
        self._rng = rng
        self._who = np.searchsorted(np.sort(group.recruiters), group.recruiter)
        self._count = len(group.recruiters)
        slow = group.evasion.slow
        self.pace: Floats = slow * np.exp(rng.normal(0.0, 0.4, self._count))[self._who]

    def chance(self, mean: float) -> Floats:
        """Draw each recruiter's own chance around `mean`, and give it per target."""
        mean = min(max(mean, 0.01), 0.99)
        drawn = self._rng.beta(mean * FIRM, (1 - mean) * FIRM, self._count)
        return np.asarray(drawn[self._who], dtype=np.float64)

    def happens(self, mean: float) -> Bools:
        """Let something happen to each target with its recruiter's own chance."""
        return self._rng.random(len(self._who)) < self.chance(mean)


def _talk(
    group: Group,
    own: _Own,
    talks: Talks,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[_Talk, Ints, Ints]:
    """Write the direct messages; give them, the entries with the address, and the rows after it."""
    habit, evasion, count = group.habit, group.evasion, len(group.target)
    opens = own.happens(habit.writes_first) | evasion.at_once
    answered = own.happens(habit.answer) | (~opens & own.happens(0.8))
    gives = (answered | evasion.at_once) & own.happens(habit.address)
    dark = own.happens(settings.dark + habit.darker)
    before = 1 + np.exp(rng.normal(np.log(habit.before), 0.7, count)).astype(np.int64)
    long = np.exp(rng.normal(np.log(habit.long), 0.6, count)).astype(np.int64)
    after = np.where(dark, rng.integers(0, 3, count), long)
    most = np.where(
        gives, before + 1 + after, np.where(answered, before, rng.geometric(0.7, count))
    )
    number = talks.draw(group.at, most, answered, rng)
    which, place, turn, at = talks.lay(number, group.at, most, rng, slow=evasion.slow)
    size = np.bincount(which, minlength=count)
    opener = np.where(opens, group.recruiter, group.target)[which]
    second = np.where(opens, group.target, group.recruiter)[which]
    actor = np.where(turn == 0, opener, second)
    target = np.where(turn == 0, second, opener)
    none = np.full(len(at), -1, dtype=np.int64)
    talk = _Talk(which, place, at, actor, target, np.ones(len(at), dtype=np.int64), none)
    moment = np.where(
        dark, np.maximum(size - 1 - after, 1), np.maximum(np.minimum(before, size // 2), 1)
    )
    moment = np.where(evasion.at_once, 0, moment)
    enough = (size[which] > 1) | evasion.at_once
    address = np.flatnonzero((place == moment[which]) & gives[which] & enough)
    whom = talk.which[address]
    if group.script >= 0:
        begins = (place == 0) & opens[which]
        talk.text[begins], talk.word[begins] = SCRIPT, group.script
    _give(talk, address, group)
    asked = address[own.happens(habit.asked)[whom]] - 1
    _turn(talk, asked[place[asked + 1] > 0], group, ASKS)
    mutual = address[own.happens(habit.mutual)[whom]] + 1
    mutual = mutual[mutual < len(at)]
    _turn(talk, mutual[place[mutual] > 0], group, ADDRESS)
    if evasion.asks:
        _ask(talk, address, group)
    if group.contact >= 0:
        _hand_over(talk, address, group, moment)
    remaining = np.zeros(count, dtype=np.int64)
    remaining[whom] = size[whom] - place[address] - 1
    return talk, address, remaining


def _give(talk: _Talk, entry: Ints, group: Group) -> None:
    """Make the recruiter hand over the address in these rows, as plainly as it is wont to."""
    whom, shown = talk.which[entry], group.evasion.shown
    talk.actor[entry], talk.target[entry] = group.recruiter[whom], group.target[whom]
    codes = {"plain": ADDRESS, "disguised": DISGUISED, "pieces": HALF, "picture": FILLER}
    talk.text[entry] = codes[shown]
    talk.word[entry] = group.pool if shown != "picture" else -1
    if shown == "pieces":
        rest = entry[entry + 1 < len(talk.at)] + 1
        rest = rest[talk.which[rest] == talk.which[rest - 1]]
        same = talk.which[rest]
        talk.actor[rest], talk.target[rest] = group.recruiter[same], group.target[same]
        talk.text[rest], talk.word[rest] = REST, group.pool


def _ask(talk: _Talk, entry: Ints, group: Group) -> None:
    """Turn the rows around: the recruiter asks, and the target hands over its own address."""
    _turn(talk, entry, group, ADDRESS)
    talk.word[entry] = -1
    before = entry[talk.place[entry] > 0] - 1
    whom = talk.which[before]
    talk.actor[before], talk.target[before] = group.recruiter[whom], group.target[whom]
    talk.text[before], talk.word[before] = ASKS, -1


def _hand_over(talk: _Talk, entry: Ints, group: Group, moment: Ints) -> None:
    """Let the contact account speak for the recruiter before the address, and in talks without one."""
    given = np.zeros(len(moment), dtype=bool)
    given[talk.which[entry]] = True
    early = ~given[talk.which] | (talk.place < moment[talk.which])
    recruiter = group.recruiter[talk.which]
    talk.actor[early & (talk.actor == recruiter)] = group.contact
    talk.target[early & (talk.target == recruiter)] = group.contact


def _beside(
    group: Group,
    address_at: Ints,
    background: Background,
    origin: int,
    rng: np.random.Generator,
) -> list[Rows]:
    """Write the rows that evasions add around the talks."""
    found = []
    if group.evasion.hello:
        found.append(sidesteps.greetings(group, background, origin, rng))
    if group.evasion.blocks:
        given = address_at < LATEST
        found.append(sidesteps.blocks(group, address_at, given, background, origin, rng))
    if group.habit is FRAMED:
        found.append(sidesteps.reports(group, background, origin, rng))
    return found


def _turn(talk: _Talk, entry: Ints, group: Group, text: int) -> None:
    """Make the target say `text` in these rows."""
    whom = talk.which[entry]
    talk.actor[entry], talk.target[entry] = group.target[whom], group.recruiter[whom]
    talk.text[entry], talk.word[entry] = text, -1


def _handoff(
    group: Group,
    own: _Own,
    address_at: Ints,
    background: Background,
    talks: Talks,
    rng: np.random.Generator,
) -> tuple[Ints, Rows]:
    """Let the group's third account write to targets that were given an address."""
    count = len(group.target)
    never = np.full(count, LATEST)
    evasion, origin = group.evasion, KINDS.index(group.habit.kind)
    if group.helper < 0 and not evasion.to_group:
        return never, joined([])
    chosen = np.flatnonzero(own.happens(group.habit.handoff) & (address_at < LATEST))
    wait = delay(TO_HANDOFF, own.pace[chosen], rng)
    at = background.near(address_at[chosen] + wait, rng)
    inside = background.inside(at)
    chosen, at = chosen[inside], at[inside]
    never[chosen] = at
    if evasion.to_group:
        return never, sidesteps.invitations(group, chosen, at, background, origin, rng)
    most = 1 + np.exp(rng.normal(np.log(3), 0.7, len(at))).astype(np.int64)
    number = talks.draw(at, most, rng.random(len(at)) < 0.7, rng)
    which, _, turn, times = talks.lay(number, at, most, rng)
    third = np.full(len(chosen), group.helper)
    if len(group.decoys):
        decoy = rng.random(len(chosen)) < evasion.decoys
        third = np.where(decoy, rng.choice(group.decoys, len(chosen)), third)
    helper, target = third[which], group.target[chosen][which]
    actor = np.where(turn == 0, helper, target)
    heard = np.where(turn == 0, target, helper)
    return never, rows(times, actor, heard, MESSAGE, origin)


def _glimpsed(
    found: Rows, visible: float, background: Background, rng: np.random.Generator
) -> Rows:
    return found.take((rng.random(len(found)) < visible) & background.inside(found.at))


def _spoke(found: Rows, types: tuple[int, ...], whom: Ints) -> Bools:
    said = np.isin(found.type, types)
    return np.isin(whom, np.concatenate([found.actor[said], found.target[said]]))
