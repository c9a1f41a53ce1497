"""What the background lacks, generated for ordinary accounts: so that no kind of event is a tell.

Mentions, replies, follows and likes along existing ties and towards popular strangers, in
proportion to activity; direct messages where the background is public; addresses and links in a
small share of messages, more among new friends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.units import HOUR, MINUTE
from undertow.worlds.background import Background
from undertow.worlds.evasions import evasion_of
from undertow.worlds.meetings import Meetings, delay, meet
from undertow.worlds.rows import (
    ADDRESS,
    ASKS,
    BLOCK,
    FILLER,
    FLAG,
    FOLLOW,
    INVITE,
    JOIN,
    LIKE,
    LINK,
    MENTION,
    MESSAGE,
    REPLY,
    SCRIPT,
    UNDO,
    Bools,
    Ints,
    Rows,
    joined,
    rows,
)
from undertow.worlds.settings import Settings
from undertow.worlds.talks import Pairs, Talks, pairs_of

ORDINARY: Final = 1
LACKING: Final = 0.002
"""Share of rows below which a kind of event counts as lacking."""
PER_ROW: Final = {MENTION: 0.12, REPLY: 0.05, LIKE: 0.18, FOLLOW: 0.05}
"""Rows of each kind per row of an account; ours."""
STRANGERS: Final = 0.3
TALKING_PAIRS: Final = 0.16
"""Share of public pairs that also write directly, where direct messages are lacking; ours."""
LINKS: Final = 0.008
ASKED: Final = 0.25
SAYS_THE_SAME: Final = 0.06
"""Share of ordinary accounts that begin every talk with nearly the same words; ours."""
UNDONE: Final = 43
"""Stream of chance, beside the seed, of which ordinary blocks are undone."""
RARE: Final = 0.01
"""Rows of a kind that only some worlds hold (blocks, reports, invitations), per row; ours."""


def lacking(background: Background) -> tuple[tuple[int, ...], bool]:
    """Name the kinds of events that the background lacks, and whether direct messages are among them."""
    least = LACKING * len(background.at)
    kinds = (MENTION, REPLY, FOLLOW, LIKE)
    missing = tuple(kind for kind in kinds if np.sum(background.type == kind) < least)
    return missing, bool(background.direct.sum() < 5 * least)


def crowd(
    background: Background, talks: Talks, settings: Settings, rng: np.random.Generator
) -> tuple[Rows, Bools, Rows]:
    """Give the background's rows and all generated ordinary ones, with their texts decided.

    Returns:
        Rows, the background's first and in their order; which of all are direct messages; and, apart from both, rows of
        ordinary accounts of the kinds that the evasion brings.
    """
    missing, silent = lacking(background)
    own = rows(background.at, background.actor, background.target, background.type, 0)
    direct = background.direct
    pieces = [own]
    if silent:
        private = _private_talk(background, talks, rng)
        private = private.take(background.inside(private.at))
        pieces.append(private)
        direct = np.concatenate([direct, np.ones(len(private), dtype=bool)])
    known = joined(pieces)
    pairs = pairs_of(known.at, known.actor, known.target, direct)
    public = [_around_ties(known, pairs, background, talks, missing, rng)]
    public += [_at_large(background, talks, kind, rng) for kind in missing]
    beside = _around_evasions(background, settings, rng)
    added = joined(public)
    added = added.take(background.inside(added.at) & (added.actor != added.target))
    everything = joined([known, added])
    _say_more(everything, pairs, settings, rng)
    return everything, np.concatenate([direct, np.zeros(len(added), dtype=bool)]), beside


def _private_talk(background: Background, talks: Talks, rng: np.random.Generator) -> Rows:
    pairs = pairs_of(background.at, background.actor, background.target, background.target >= 0)
    chosen = np.flatnonzero(rng.random(len(pairs.start)) < TALKING_PAIRS)
    entry = pairs.row[pairs.start[chosen] + rng.integers(0, pairs.length[chosen])]
    one, two, at = background.actor[entry], background.target[entry], background.at[entry]
    strange = rng.random(len(chosen)) < STRANGERS / 3
    stranger = background.actor[rng.integers(0, len(background.at), len(chosen))]
    two = np.where(strange & (stranger != one), stranger, two)
    swap = rng.random(len(chosen)) < 0.5
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    start = background.near(at + delay((5 * HOUR, 1.6), np.ones(len(at)), rng), rng)
    answered = rng.random(len(at)) < 0.6
    most = np.exp(rng.normal(np.log(7), 0.9, len(at))).astype(np.int64) + 1
    talk = talks.draw(start, most, answered, rng)
    which, _, turn, times = talks.lay(talk, start, most, rng)
    actor = np.where(turn == 0, one[which], two[which])
    target = np.where(turn == 0, two[which], one[which])
    return rows(times, actor, target, MESSAGE, ORDINARY)


def _around_ties(
    known: Rows,
    pairs: Pairs,
    background: Background,
    talks: Talks,
    missing: tuple[int, ...],
    rng: np.random.Generator,
) -> Rows:
    if not missing:
        return joined([])
    sociable = rng.beta(1.4, 2.0, background.accounts)
    first = pairs.row[pairs.start]
    door, other = known.actor[first], known.target[first]
    meetings = Meetings(
        first_at=known.at[first],
        door=door,
        other=other,
        word=0.5 * sociable[other],
        by_other=np.full(len(first), 0.5),
        follow=sociable[other],
        back=sociable[door],
        pace=np.exp(rng.normal(0.0, 0.5, len(first))),
    )
    found, _, _ = meet(meetings, background, talks, types=missing, origin=ORDINARY, rng=rng)
    return found.take(np.isin(found.type, missing))


def _at_large(
    background: Background, talks: Talks, kind: int, rng: np.random.Generator
) -> Rows:
    taste = rng.gamma(0.7, 1 / 0.7, background.accounts)
    count = rng.poisson(PER_ROW[kind] * taste * background.activity)
    actor = np.repeat(np.arange(background.accounts), count)
    if len(actor) == 0:
        return joined([])
    moment = background.own_rows(actor, rng)
    after = rng.exponential(12 * MINUTE, len(actor)).astype(np.int64)
    at = background.rounded(background.at[moment] + after)
    tie = background.target[background.own_rows(actor, rng)]
    addressed = background.target[background.target >= 0]
    popular = addressed[rng.integers(0, len(addressed), len(actor))]
    target = np.where((tie < 0) | (rng.random(len(actor)) < STRANGERS), popular, tie)
    made = rows(at, actor, target, kind, ORDINARY)
    if kind == FOLLOW:
        again, answer = rng.random(len(actor)) < 0.3, FOLLOW
        at = background.near(at + delay((8 * HOUR, 1.4), np.ones(len(at)), rng), rng)
    elif kind == MENTION:
        again, answer = rng.random(len(actor)) < 0.35, REPLY
        gap = np.maximum(talks.gaps(len(actor), rng), background.resolution)
        at = background.rounded(at + gap)
    else:
        return made
    return joined([made, rows(at[again], target[again], actor[again], answer, ORDINARY)])


def _around_evasions(
    background: Background, settings: Settings, rng: np.random.Generator
) -> Rows:
    """Give ordinary accounts the kinds of rows that an evasion brings, so that none is a tell.

    As much chance is drawn from `rng` with any evasion as with none, so the rest of the crowd is that of the plain world.
    """
    made, evasion = [], evasion_of(settings.evasion)
    size = round(RARE * len(background.at))
    row = rng.integers(0, len(background.at), size)
    row = row[background.target[row] >= 0]
    who, whom = background.actor[row], background.target[row]
    at = background.near(background.at[row], rng)
    later = background.near(at + delay((5 * 24 * HOUR, 1.0), np.ones(len(at)), rng), rng)
    if evasion.blocks:
        back = np.random.default_rng([settings.seed, UNDONE]).random(len(row)) < 0.5
        made.append(rows(at, who, whom, BLOCK, ORDINARY))
        made.append(rows(later[back], who[back], whom[back], UNDO, ORDINARY))
    if evasion.framed:
        made.append(rows(at, who, whom, FLAG, ORDINARY))
    if evasion.to_group:
        invited = rows(at, who, whom, INVITE, ORDINARY)
        nobody = np.full(len(row), -1, dtype=np.int64)
        came = rows(later, whom, nobody, JOIN, ORDINARY)
        invited.room[:] = came.room[:] = who
        made += [invited, came]
    found = joined(made)
    return found.take(background.inside(found.at) & (found.actor != found.target))


def _say_more(
    everything: Rows, pairs: Pairs, settings: Settings, rng: np.random.Generator
) -> None:
    """Put addresses, questions for them and links into ordinary messages, in place.

    A share `dark` of the addresses stands at the end of what a pair wrote, the others amid a talk
    that goes on; so a talk that stops after an address, or does not, is nothing rare.
    """
    place, length = pairs.position(), np.repeat(pairs.length, pairs.length)
    giving = np.exp(rng.normal(0.0, 1.0, everything.actor.max() + 1))
    wish = giving[everything.actor[pairs.row]] * rng.random(len(pairs.row))
    wanted = int(settings.addresses * len(pairs.row))
    last = (place >= 1) & (length - place <= 3)
    amid = (place >= 1) & (length - place > 6) & (place < 30)
    chosen = []
    for fits, share in ((last, settings.dark), (amid, 1 - settings.dark)):
        entries = np.flatnonzero(fits)
        entries = entries[everything.text[pairs.row[entries]] != SCRIPT]
        take = min(int(wanted * share), len(entries))
        weight = wish[entries] / np.sqrt(place[entries])
        if take and weight.sum() > 0:
            chosen.append(rng.choice(entries, take, replace=False, p=weight / weight.sum()))
    wordy = rng.random(len(giving)) < SAYS_THE_SAME
    begins = pairs.row[pairs.start]
    begins = begins[wordy[everything.actor[begins]]]
    everything.text[begins], everything.word[begins] = SCRIPT, everything.actor[begins]
    links = rng.random(len(everything)) < LINKS
    everything.text[links & (everything.text == FILLER)] = LINK
    if not chosen:
        return
    entry: Ints = np.concatenate(chosen)
    asked = entry[rng.random(len(entry)) < ASKED] - 1
    asked = asked[pairs.turn[asked] != pairs.turn[asked + 1]]
    everything.text[pairs.row[asked]] = ASKS
    everything.text[pairs.row[entry]] = ADDRESS
