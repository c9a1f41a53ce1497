"""Weights: what each step of each key says about the account, in bits, for and against.

A step taken says log2(m / u); one that could be seen and was not taken says log2((1 - m) / (1 - u)); an
open window or an unknown step says nothing. Over the n accounts that somebody contacted and the k that
went on, the rows of one step add up to log2 Binomial(k; n, m) / Binomial(k; n, u): an account is judged
by rates, not by volume.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import TYPES
from undertow.matches import kernel
from undertow.matches.kernel_rules import Array
from undertow.matches.match import Matches
from undertow.playbooks.grammar import DEFAULT_LIKELY, Playbook, Step
from undertow.scores.rates import Activity, Rates, pair_rates, step_rates

SOURCES: Final = ("taken", "not taken", "open", "unknown", "block", "unblock", "cap")
NO_ROW: Final = -1
_SOURCE_OF_STATE: Final = {
    kernel.TAKEN: "taken",
    kernel.TAKEN_OPEN: "taken",
    kernel.NOT_TAKEN: "not taken",
    kernel.OPEN: "open",
    kernel.UNKNOWN: "unknown",
}


@dataclass
class Evidence:
    """Rows of evidence as parallel columns, (e); codes are those of the log and the playbook.

    Attributes:
        account, target: account codes; target -1 for a row about several.
        role: role name.
        step: index of the step, -1 for none.
        row: row of the log that is cited, -1 for none.
        bits, u, m: float64; `u` and `m` NaN where none applies.
        n: int64, keys that `u` rests on.
        source: one of `SOURCES`.
    """

    account: Array
    role: Array
    target: Array
    step: Array
    row: Array
    bits: Array
    u: Array
    m: Array
    n: Array
    source: Array

    def __len__(self) -> int:
        return len(self.account)


@dataclass
class Weighed:
    """One playbook's matches with what they weigh.

    Attributes:
        matches: all keys.
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


def judged_end(playbook: Playbook) -> int:
    """Say which key account is weighed: the one that is not the target."""
    return 1 if playbook.key[0] == "target" else 0


def likely(step: Step) -> float:
    """Give the rate of a step given recruitment: the playbook's, else `DEFAULT_LIKELY`."""
    return DEFAULT_LIKELY if step.likely is None else step.likely


def base_step(playbook: Playbook) -> int:
    """Find the step where keys begin to exist: it weighs nothing, as every key has taken it."""
    return next(i for i, step in enumerate(playbook.steps) if not step.optional)


def weigh(log: EventLog, matches: Matches, busy: Activity) -> Weighed:
    """Weigh all keys of one playbook and every account in a role of a listed match.

    Args:
        log: the events.
        matches: the reported match of every key.
        busy: activity of the accounts.
    """
    playbook = matches.playbook
    end = judged_end(playbook)
    account, target = matches.keys[:, end], matches.keys[:, 1 - end]
    rates = step_rates(matches, busy.decile[account])
    bits, u, n = _key_bits(matches, rates, busy.decile[account])
    listed = _listed(matches)
    judged_rows = _rows_of_keys(matches, (account, target), listed, (bits, u, n))
    parts = [judged_rows, _caps(playbook, account, target, bits, listed, busy)]
    parts.append(_blocks(log, playbook, account[listed], target[listed]))
    bound = {role: _bound(log, matches, role) for role in playbook.free}
    parts.extend(
        _rows_of_free_role(log, matches, role, bound[role], listed, busy)
        for role in playbook.free
    )
    return Weighed(matches, listed, bits.sum(axis=1), _joined(parts), rates, end, bound)


def _listed(matches: Matches) -> Array:
    """Mark keys that reached `listed_from`, or where that is unknown the nearest step before it."""
    playbook = matches.playbook
    wanted = np.full(len(matches), playbook.step_index(playbook.listed_from))
    while True:
        blind = matches.states[np.arange(len(matches)), wanted] == kernel.UNKNOWN
        blind &= wanted > 0
        if not blind.any():
            return matches.furthest >= wanted
        wanted = wanted - blind


def _key_bits(matches: Matches, rates: Rates, decile: Array) -> tuple[Array, Array, Array]:
    """Give bits, u and n of every key and step: three arrays (k, s)."""
    m = np.array([likely(step) for step in matches.playbook.steps])
    u = rates.u[:, decile].T
    n = np.rint(rates.at_risk[:, decile].T).astype(np.int64)
    state = matches.states
    taken = (state == kernel.TAKEN) | (state == kernel.TAKEN_OPEN)
    bits = np.where(taken, np.log2(m / u), 0.0)
    bits = np.where(state == kernel.NOT_TAKEN, np.log2((1 - m) / (1 - u)), bits)
    bits[:, base_step(matches.playbook)] = 0.0
    return bits, u, n


def _rows_of_keys(
    matches: Matches,
    accounts: tuple[Array, Array],
    listed: Array,
    weights: tuple[Array, Array, Array],
) -> Evidence:
    account, target = accounts
    bits, u, n = weights
    ranked = np.zeros(int(account.max(initial=0)) + 1, bool)
    ranked[account[listed]] = True
    state = matches.states
    speaks = np.isin(state, (kernel.TAKEN, kernel.TAKEN_OPEN, kernel.NOT_TAKEN))
    silent = np.isin(state, (kernel.OPEN, kernel.UNKNOWN)) & listed[:, None]
    wanted = (speaks | silent) & ranked[account][:, None]
    wanted[:, base_step(matches.playbook)] = False
    k, s = np.nonzero(wanted)
    chain = matches.playbook
    m = np.array([likely(step) for step in chain.steps])
    names = np.array([_SOURCE_OF_STATE.get(code, "") for code in range(6)])
    return Evidence(
        account=account[k],
        role=np.full(len(k), chain.key[judged_end(chain)]),
        target=target[k],
        step=s,
        row=matches.rows[k, s],
        bits=bits[k, s],
        u=np.where(state[k, s] == kernel.UNKNOWN, np.nan, u[k, s]),
        m=m[s],
        n=n[k, s],
        source=names[state[k, s]],
    )


def _caps(
    playbook: Playbook,
    account: Array,
    target: Array,
    bits: Array,
    listed: Array,
    busy: Activity,
) -> Evidence:
    """Limit what targets who know nobody else say together to what the strongest of them says.

    Fifty puppets that approach a journalist would otherwise weigh fifty times as much as one.
    """
    weight = bits.sum(axis=1)
    alone = np.flatnonzero((busy.known[target] == 1) & (weight > 0))
    order = alone[np.lexsort((-weight[alone], account[alone]))]
    who, first, many = np.unique(account[order], return_index=True, return_counts=True)
    total = (
        np.bincount(account[order], weights=weight[order], minlength=1)[who]
        if len(who)
        else who
    )
    excess = total - weight[order][first] if len(who) else np.empty(0)
    ranked = np.isin(who, account[listed]) & (many > 1)
    who, excess, many = who[ranked], excess[ranked], many[ranked]
    nothing = np.full(len(who), np.nan)
    return Evidence(
        account=who,
        role=np.full(len(who), playbook.key[judged_end(playbook)]),
        target=np.full(len(who), NOBODY),
        step=np.full(len(who), NO_ROW),
        row=np.full(len(who), NO_ROW),
        bits=-excess,
        u=nothing,
        m=nothing,
        n=many,
        source=np.full(len(who), "cap"),
    )


def _blocks(log: EventLog, playbook: Playbook, account: Array, target: Array) -> Evidence:
    """Cite blocks of the account by its targets, and their undoing: shown, not weighed.

    No published rate of blocks given recruitment was found, so the rows carry no bits.
    """
    size = len(log.accounts) + 1
    listed = np.unique(target * size + account)
    rows = np.flatnonzero(log.type == TYPES.index("block"))
    key = log.actor[rows].astype(np.int64) * size + log.target[rows]
    blocks = rows[np.isin(key, listed) & (log.target[rows] != NOBODY)]
    undone = np.flatnonzero((log.type == TYPES.index("undo")) & (log.context != NOBODY))
    block_of = {log.id[int(row)].as_py(): int(row) for row in blocks}
    pairs = [
        (int(row), block_of[name])
        for row in undone.tolist()
        if (name := log.contexts[int(log.context[row])].as_py()) in block_of
        and log.actor[row] == log.actor[block_of[name]]
    ]
    row = np.array([*blocks.tolist(), *(undo for undo, _ in pairs)], np.int64)
    of = np.array([*blocks.tolist(), *(block for _, block in pairs)], np.int64)
    nothing = np.full(len(row), np.nan)
    return Evidence(
        account=log.target[of].astype(np.int64),
        role=np.full(len(row), playbook.key[judged_end(playbook)]),
        target=log.actor[of].astype(np.int64),
        step=np.full(len(row), NO_ROW),
        row=row,
        bits=np.zeros(len(row)),
        u=nothing,
        m=nothing,
        n=np.zeros(len(row), np.int64),
        source=np.array(["block"] * len(blocks) + ["unblock"] * len(pairs), dtype="<U9"),
    )


def _bound(log: EventLog, matches: Matches, role: str) -> Array:
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
) -> Evidence:
    """Weigh the holders of a free role: of those it met in this way, how many came from a funnel."""
    chain, selected = matches.playbook, matches.selected
    size = len(log.accounts) + 1
    ranked = np.unique(holder[listed & (holder != NOBODY)])
    parts = []
    for s, step in enumerate(chain.steps):
        if role not in step.roles or step.between is not None:
            continue
        rows = np.flatnonzero((selected.mask >> s) & 1)
        one, other = selected.actor[rows], selected.target[rows]
        who, met = (one, other) if step.source == role else (other, one)
        sound = (who != NOBODY) & (met != NOBODY) & (who != met)
        pair, first = np.unique(who[sound] * size + met[sound], return_index=True)
        event = selected.row[rows[sound]][first]
        k = np.flatnonzero(listed & (matches.rows[:, s] >= 0))
        of_funnel = holder[k] * size + matches.keys[k, 1 - judged_end(chain)]
        taken = np.isin(pair, of_funnel)
        who, met = pair // size, pair % size
        rates = pair_rates(taken, busy.decile[who])
        u = rates.u[0][busy.decile[who]]
        n = rates.at_risk[0][busy.decile[who]].astype(np.int64)
        m = likely(step)
        bits = np.where(taken, np.log2(m / u), np.log2((1 - m) / (1 - u)))
        cited = dict(zip(of_funnel.tolist(), matches.rows[k, s].tolist(), strict=True))
        event = np.array(
            [cited.get(p, e) for p, e in zip(pair.tolist(), event.tolist(), strict=True)]
        )
        keep = np.isin(who, ranked)
        kept = int(keep.sum())
        parts.append(
            Evidence(
                account=who[keep],
                role=np.full(kept, role),
                target=met[keep],
                step=np.full(kept, s),
                row=event[keep] if kept else np.empty(0, np.int64),
                bits=bits[keep],
                u=u[keep],
                m=np.full(kept, m),
                n=n[keep],
                source=np.where(taken[keep], "taken", "not taken"),
            )
        )
    return _joined(parts)


def _joined(parts: list[Evidence]) -> Evidence:
    def column(name: str, kind: str) -> Array:
        return np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])

    return Evidence(
        account=column("account", "i8"),
        role=column("role", "<U64"),
        target=column("target", "i8"),
        step=column("step", "i8"),
        row=column("row", "i8"),
        bits=column("bits", "f8"),
        u=column("u", "f8"),
        m=column("m", "f8"),
        n=column("n", "i8"),
        source=column("source", "<U9"),
    )
