"""Weights: what each step of each key says about the account, in bits, for and against.

A step taken says log2(m / u); one that could be seen and was not taken says log2((1 - m) / (1 - u)); an
open window or an unknown step says nothing. Steps before the first required one speak only where the
key went on to `listed_from`: of an ordinary contact among many they would say nothing. Over the n accounts that somebody contacted and the k that
went on, the rows of one step add up to log2 Binomial(k; n, m) / Binomial(k; n, u): an account is judged
by rates, not by volume.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches import kernel_states as states
from undertow.matches.match import Matches
from undertow.matches.parts import nothing_selected
from undertow.matches.program import Array
from undertow.playbooks.grammar import DEFAULT_LIKELY, Playbook, Step
from undertow.scores.blocks import blocks_of
from undertow.scores.evidence import NO_ROW, Evidence, Words, joined, rows_of
from undertow.scores.meetings import Meetings, free_meetings, role_steps
from undertow.scores.rates import Activity, Rates, base_step, pair_rates, step_rates

BITE: Final = 1 << 18
"""Keys weighed at once: bounds the memory."""
_SOURCE_OF_STATE: Final = {
    states.TAKEN: "taken",
    states.TAKEN_OPEN: "taken",
    states.NOT_TAKEN: "not taken",
    states.OPEN: "open",
    states.UNKNOWN: "unknown",
}


NOTHING: Final = 2
_SAYS: Final = np.full(6, NOTHING)
"""What a state says of its step: 0 that it was taken, 1 that it was not, 2 nothing."""
_SAYS[[states.TAKEN, states.TAKEN_OPEN]], _SAYS[states.NOT_TAKEN] = 0, 1
_SILENT: Final = np.isin(np.arange(6), (states.OPEN, states.UNKNOWN))


@dataclass(frozen=True)
class Background:
    """Keys of accounts without a listed match: they are counted, and not kept.

    Attributes:
        rates: of the chain's steps, over all keys, those kept as well.
        many: how many were left out.
        unknown: bool, (s, accounts): targets of such keys for which a step was unknown.
    """

    rates: Rates
    many: int
    unknown: Array


@dataclass
class Weighed:
    """One playbook's matches with what they weigh.

    Attributes:
        matches: all keys, or where there is a `background` those of accounts with a listed match.
        listed: bool, (k), keys that reached `listed_from`.
        weight: float64, (k), bits of each key's own rows.
        evidence: rows about every account with a listed match, in any role but the target's.
        rates: of the chain's steps.
        judged: 0 or 1: which key account is weighed; the other is protected.
    """

    matches: Matches
    listed: Array
    weight: Array
    evidence: Evidence
    rates: Rates
    judged: int
    bound: dict[str, Array] = field(default_factory=dict)
    """For each free role the account that holds it in each key, (k), -1 for none."""
    background: Background | None = None
    end: int = 0
    """Last moment of the data in µs: the log's own, or of all events where the log holds cited ones alone."""


def judged_end(playbook: Playbook) -> int:
    """Say which key account is weighed: the one that is not the target."""
    return 1 if playbook.key[0] == "target" else 0


def likely(step: Step) -> float:
    """Give the rate of a step given recruitment: the playbook's, else `DEFAULT_LIKELY`."""
    return DEFAULT_LIKELY if step.likely is None else step.likely


def mixed(rate: float | Array, u: Array) -> Array:
    """Give m, the rate of a step given recruitment: it happens as part of it, or by chance all the same.

    m = likely + (1 - likely) u is never below u, so a step that most people take by chance says little
    when it is taken and its absence never speaks for recruitment.
    """
    return rate + (1 - rate) * u


def weigh(
    log: EventLog,
    matches: Matches,
    busy: Activity,
    met: dict[str, Meetings] | None = None,
    background: Background | None = None,
) -> Weighed:
    """Weigh all keys of one playbook and every account in a role of a listed match.

    Args:
        log: the events.
        matches: the reported match of every key.
        busy: activity of the accounts.
        met: whom accounts met in the steps of each free role; found from the log if None.
        background: the keys left out; None where `matches` holds all.
    """
    playbook = matches.playbook
    met = free_meetings(log, playbook, matches.selected) if met is None else met
    end = judged_end(playbook)
    account, target = matches.keys[:, end], matches.keys[:, 1 - end]
    listed = is_listed(matches)
    rates = (
        background.rates
        if background
        else step_rates(matches, busy.cell[account], listed, busy.cells)
    )
    weight = np.empty(len(matches))
    cell = busy.cell[account]
    for part in _bites(len(matches)):
        bits = _key_bits(_some(matches, part), rates, cell[part], listed[part])
        weight[part] = bits.sum(axis=1)
    ranked = np.zeros(len(log.accounts), bool)
    ranked[account[listed]] = True
    counted = ranked[account]
    if playbook.groups:
        counted &= _one_per_target(account, target, weight)
    # Of many keys few are counted: they are weighed once more, for their rows.
    told = np.flatnonzero(counted)
    parts = [
        _rows_of_keys(_some(matches, some), rates, cell[some], listed[some])
        for some in (told[part] for part in _bites(len(told)))
    ]
    capped = np.flatnonzero(counted & (weight > 0))
    parts.append(_caps(playbook, account, target, capped, weight, busy))
    parts.append(blocks_of(log, playbook.key[end], account[listed], target[listed]))
    log.rest()
    bound = {role: bound_to(log, matches, role) for role in playbook.free}
    log.rest()
    parts.extend(
        _rows_of_free_role(log, matches, role, bound[role], listed, busy, met[role])
        for role in met
    )
    evidence = joined(parts)
    # What may take a step is asked no more, and it takes more room than all answers.
    matches = replace(matches, selected=nothing_selected())
    return Weighed(matches, listed, weight, evidence, rates, end, bound, background, log.end)


def _bites(size: int) -> list[slice]:
    return [slice(low, min(low + BITE, size)) for low in range(0, size, BITE)]


def _some(matches: Matches, part: slice | Array) -> Matches:
    """Give some keys, without what may take a step."""
    return replace(
        matches,
        keys=matches.keys[part],
        furthest=matches.furthest[part],
        rows=matches.rows[part],
        states=matches.states[part],
        selected=nothing_selected(),
    )


def _one_per_target(account: Array, target: Array, weight: Array) -> Array:
    """Mark one key for each account and target, the heaviest: a target counts once.

    A key with a group stands once for every group that the two could share.
    """
    counted = np.zeros(len(account), bool)
    if not len(account):
        return counted
    size = 1 + max(account.max(), target.max())
    pair, turned = account * size + target, target * size + account
    order: Array | slice = slice(None)
    if (np.diff(pair) < 0).any() and (np.diff(turned) < 0).any():
        order = np.argsort(pair, kind="stable")
        pair, weight = pair[order], weight[order]
    new = np.append(True, pair[1:] != pair[:-1])
    of = np.cumsum(new) - 1
    heaviest = np.flatnonzero(weight == np.maximum.reduceat(weight, np.flatnonzero(new))[of])
    chosen = np.zeros(len(pair), bool)
    chosen[heaviest[np.append(True, of[heaviest][1:] != of[heaviest][:-1])]] = True
    counted[order] = chosen
    return counted


def is_listed(matches: Matches) -> Array:
    """Mark keys that reached `listed_from`, or where that is unknown the nearest step before it."""
    playbook = matches.playbook
    wanted = np.full(len(matches), playbook.step_index(playbook.listed_from))
    while True:
        blind = matches.states[np.arange(len(matches)), wanted] == states.UNKNOWN
        blind &= wanted > 0
        if not blind.any():
            return matches.furthest >= wanted
        wanted = wanted - blind


def _bits_of(playbook: Playbook, rates: Rates) -> tuple[Array, Array]:
    """Give m, (s, cells), and what a step of an account of each cell says: taken, not taken, nothing, (3, s, cells)."""
    u = rates.u
    m = mixed(np.array([likely(step) for step in playbook.steps])[:, None], u)
    return m, np.stack([np.log2(m / u), np.log2((1 - m) / (1 - u)), np.zeros(u.shape)])


def _key_bits(matches: Matches, rates: Rates, cell: Array, listed: Array) -> Array:
    """Weigh every key and step: float64, (k, s), bits."""
    state, base = matches.states, base_step(matches.playbook)
    _, said = _bits_of(matches.playbook, rates)
    steps, cells = said.shape[1:]
    place = (_SAYS[state] * steps + np.arange(steps)) * cells + cell[:, None]
    bits: Array = said.ravel().take(place)
    bits[:, base] = 0.0
    bits[~listed, :base] = 0.0
    if not any(step.across_personas for step in matches.playbook.steps):
        return bits
    return np.where(_elsewhere(matches) & (_SAYS[state] != 0), 0.0, bits)


def _elsewhere(matches: Matches) -> Array:
    """Mark the steps that may go on in accounts nobody has tied to these: bool, (k, s).

    Where a step is `across: personas` and the personas of the two are not both known, talk that is not
    seen here may be going on where the address leads: its absence is unknown, not a fact.
    """
    across = np.array([step.across_personas for step in matches.playbook.steps])
    keys, actors = matches.keys, matches.actors
    known = np.zeros(len(keys), bool)
    if actors is not None:
        known = actors.known[keys[:, 0]] & actors.known[keys[:, 1]]
    return np.asarray(across & ~known[:, None])


def _rows_of_keys(matches: Matches, rates: Rates, cell: Array, listed: Array) -> Evidence:
    """Give the rows of keys.

    Args:
        matches: keys of ranked accounts, one for each target, (k).
        rates: of the steps.
        cell: int64, (k).
        listed: bool, (k).
    """
    end = judged_end(matches.playbook)
    state = matches.states
    chain = matches.playbook
    bits, m = _key_bits(matches, rates, cell, listed), _bits_of(chain, rates)[0]
    unseen = _elsewhere(matches) & (state == states.NOT_TAKEN)
    state = np.where(unseen, np.int8(states.UNKNOWN), state)
    wanted = (_SAYS[state] != NOTHING) | (_SILENT[state] & listed[:, None])
    wanted[:, base_step(chain)] = False
    wanted[~listed, : base_step(chain)] = False
    k, s = np.nonzero(wanted)
    unknown, of = state[k, s] == states.UNKNOWN, cell[k]
    return Evidence(
        account=matches.keys[k, end],
        role=Words(np.zeros(len(k), np.uint8), (chain.key[end],)),
        target=matches.keys[k, 1 - end],
        step=s.astype(np.int16),
        row=matches.rows[k, s].astype(np.int64),
        bits=bits[k, s],
        u=np.where(unknown, np.nan, rates.u[s, of]),
        m=np.where(unknown, np.nan, m[s, of]),
        n=np.rint(rates.at_risk[s, of]).astype(np.int32),
        source=Words(
            state[k, s].astype(np.uint8), [_SOURCE_OF_STATE.get(code, "") for code in range(6)]
        ),
    )


def _caps(
    playbook: Playbook,
    account: Array,
    target: Array,
    keys: Array,
    weight: Array,
    busy: Activity,
) -> Evidence:
    """Limit what targets who know nobody else say together to what the strongest of them says.

    Fifty puppets that approach a journalist, and talk to each other, would otherwise weigh fifty times
    as much as one: who knows only the account and its other targets belongs to one cluster.

    Args:
        playbook: for the name of the judged role.
        account: codes, (k).
        target: codes, (k).
        keys: the keys that speak for recruitment, of accounts that are ranked.
        weight: bits, (k).
        busy: who knows whom.
    """
    crowded = keys[np.bincount(account[keys])[account[keys]] > 1] if len(keys) else keys
    ranked = np.zeros(len(busy.contacts), bool)
    ranked[account[crowded]] = True
    size = len(busy.contacts)
    circle = np.unique((account * size + target)[ranked[account]])
    closed = crowded[busy.known_only(account[crowded], target[crowded], circle)]
    closed = closed[np.lexsort((closed, account[closed]))]
    who, first, many = np.unique(account[closed], return_index=True, return_counts=True)
    excess = np.array(
        [
            weight[mine].sum() - weight[mine].max()
            for mine in np.split(closed, first[1:])
            if len(mine)
        ]
    )
    who, excess, many = who[many > 1], excess[many > 1], many[many > 1]
    role = playbook.key[judged_end(playbook)]
    return rows_of(who, role, NO_ROW, "cap", -excess, n=many)


def bound_to(log: EventLog, matches: Matches, role: str) -> Array:
    """Find who holds a free role in each key: int64, (k), -1 where nobody does."""
    holder = np.full(len(matches), NOBODY)
    for s, step in enumerate(matches.playbook.steps):
        if role not in step.roles:
            continue
        k = np.flatnonzero(matches.rows[:, s] >= 0)
        holder[k] = _holder(log, step, role, matches.rows[k, s], matches.keys[k])
    return holder


def _holder(log: EventLog, step: Step, role: str, rows: Array, keys: Array) -> Array:
    """Find the account at the free role's end of events."""
    actor, target = log.actor[rows].astype(np.int64), log.target[rows].astype(np.int64)
    if step.source == role:
        return actor
    if step.sink == role:
        return target
    of_key = (actor == keys[:, 0]) | (actor == keys[:, 1])
    return np.where(of_key, target, actor)


def _rows_of_free_role(
    log: EventLog,
    matches: Matches,
    role: str,
    holder: Array,
    listed: Array,
    busy: Activity,
    meetings: Meetings,
) -> Evidence:
    """Weigh the holders of a free role: of those they met in its steps, how many came from a funnel.

    Only what the holder did itself counts, or anybody could be made a gatekeeper by mentioning them.
    One row per account met, however many of the role's steps it took: they stand or fall together.
    What is likely of a key account's contacts (`listed_from`) is taken to hold for theirs.
    """
    chain, size = matches.playbook, len(log.accounts) + 1
    steps = role_steps(chain, role)
    met = meetings.account * size + meetings.other
    taken_rows = matches.rows[:, steps]
    own = (taken_rows >= 0) & (log.actor[taken_rows] == holder[:, None])
    k = np.flatnonzero(listed & (holder != NOBODY) & own.any(axis=1))
    cited = np.where(own[k], taken_rows[k], NO_ROW).max(axis=1, initial=NO_ROW)
    of_funnel, first = np.unique(
        holder[k] * size + matches.keys[k, 1 - judged_end(chain)], return_index=True
    )
    place = np.minimum(np.searchsorted(of_funnel, met), max(len(of_funnel) - 1, 0))
    taken = (of_funnel[place] == met) if len(of_funnel) else np.zeros(len(met), bool)
    rates = pair_rates(taken, busy.cell[meetings.account], meetings.others, busy.cells)
    held = np.zeros(size, bool)
    held[holder[k]] = True
    keep = np.flatnonzero(held[meetings.account])
    who, row, taken = meetings.account[keep], meetings.row[keep], taken[keep]
    row[taken] = cited[first][place[keep[taken]]]
    u = rates.u[0][busy.cell[who]]
    m = mixed(likely(chain.steps[chain.step_index(chain.listed_from)]), u)
    return rows_of(
        who,
        role,
        steps[-1],
        Words(taken.astype(np.uint8), ("not taken", "taken")),
        np.where(taken, np.log2(m / u), np.log2((1 - m) / (1 - u))),
        target=meetings.other[keep],
        row=row,
        u=u,
        m=m,
        n=np.rint(rates.at_risk[0][busy.cell[who]]),
    )
