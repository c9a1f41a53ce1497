"""What ties add to the weight of an account: by how rare such company is among accounts of the same role.

A kind of tie is asked of an account as a step is: does it have one, and how many ranked accounts have one as strong?
It says log2(m / u) bits, where u is that share and m, the share of accounts at work that have it, at most `GIVEN`; and
never more than the tie itself says against chance; to belong to a group says no more than one's own strongest tie,
and nothing where the group is two accounts: that is the tie once more.
Hand-overs and gatekeepers count for the whole group: what one
member alone has too few targets to show, the group shows.

Only accounts with a listed match of their own are ranked at all, and company raises none whose own conduct speaks
against it. All ties together stay below the prior of 2e-5 (15.6 bits): they can move an account to the front of a
queue, never decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undertow.campaigns.group import ROLES, Groups
from undertow.campaigns.table import KINDS, Ties
from undertow.events.log import NOBODY, EventLog
from undertow.matches.actors import Actors
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, Evidence, joined, rows_of, step_code
from undertow.scores.rarity import GIVEN, share_as_strong
from undertow.scores.weigh import Weighed

OF_GROUP: Final = ("handoff", "gatekeeper")
"""Kinds that count for all members of a group."""
OF_ACCOUNT: Final = ("address", "script", "targets")
"""Kinds that count for the two accounts alone. `sync` groups accounts and weighs nothing: towns share hours."""
LEAST: Final = 1.0
"""Bits below which a tie says nothing here: many accounts have some tie that weak by chance; ours."""
PAIR: Final = 2.0
"""Members up to which a group is nothing but the tie that makes it, which is weighed already."""
TIES_MOST: Final = 15.0
"""Most bits of all ties of an account together; ours: below the prior of 2e-5."""
AGAINST: Final = 3.0
"""Bits by which an account's own conduct may speak against it and ties still count: who hides among many ordinary
contacts looks harmless by rates. Ours."""
DECAY: Final = 0.5
"""Share of a list hit that a tie passes on at most; ours."""


@dataclass(frozen=True)
class _Company:
    """How strong each kind of tie of each account is.

    Attributes:
        strength: by kind, float64, (accounts), bits; 0 for none.
        row: by kind, int64, (accounts), a row of the log by the account that shows it, -1 for none.
        members: int64, (accounts), actors in its group, 0 for none.
        role: int64, (accounts), index into `group.ROLES` of what it does in its group, -1 outside groups.
        own: float64, (accounts), bits of its own strongest tie of any kind that weighs, 0 where all are weak.
    """

    strength: dict[str, Array]
    row: dict[str, Array]
    members: Array
    role: Array
    own: Array


def company(log: EventLog, ties: Ties, found: Groups, actors: Actors | None = None) -> _Company:
    """Look up each account's strongest tie of every kind, and the size of its group.

    Args:
        log: for the actors of rows that are cited.
        ties: all ties.
        found: groups.
        actors: the personas looked at; accounts of one actor count as one member. None where none are known.
    """
    size = len(log.accounts)
    of = np.full(size, -1, np.int64)
    of[found.account] = found.group
    strength, row, strongest = {}, {}, np.zeros(size)
    for kind in (*OF_ACCOUNT, *OF_GROUP):
        mine = ties.take(np.flatnonzero(ties.kind == KINDS.index(kind)))
        account = np.concatenate([mine.a, mine.b])
        bits, shown = np.tile(mine.bits, 2), np.concatenate([mine.row_a, mine.row_b])
        order = np.lexsort((shown, bits, account))
        best = np.zeros(size)
        best[account[order]] = bits[order]
        strongest = np.maximum(strongest, np.where(best > LEAST, best, 0.0))
        cited = np.full(size, NO_ROW, np.int64)
        cited[account[order]] = shown[order]
        if kind in OF_GROUP and len(found):
            most = np.zeros(len(found))
            np.maximum.at(most, found.group, best[found.account])
            best = np.where(of >= 0, np.maximum(best, most[of]), best)
        # An account is shown what it did itself: what was done to it would name the other end.
        own = (cited != NO_ROW) & (log.actor[cited] == np.arange(size))
        strength[kind], row[kind] = best, np.where(own, cited, NO_ROW)
    actor = found.account if actors is None else actors.of[found.account]
    distinct = np.unique(found.group * size + actor) // size
    many = np.bincount(distinct, minlength=1)
    plays = np.full(size, -1, np.int64)
    plays[found.account] = found.role
    return _Company(strength, row, np.where(of >= 0, many[of], 0), plays, strongest)


def raised(log: EventLog, one: Weighed, together: _Company, own: Array) -> Weighed:
    """Add a row for each kind of tie of each account, in each of its roles.

    Args:
        log: the events.
        one: a playbook, its conduct already held back by rarity.
        together: as `company`.
        own: float64, (accounts), what conduct alone says: who is below -`AGAINST` is not raised.
    """
    rows = one.evidence
    roles, role = np.unique(rows.role, return_inverse=True)
    parts = [rows]
    held = np.zeros((len(ROLES), len(own)), bool)
    for r, name in enumerate(roles.tolist()):
        held[_place(name), rows.account[role == r]] = True
    for r, name in enumerate(roles.tolist()):
        ranked = np.unique(rows.account[role == r])
        said = [
            _of_kind(f"tie:{kind}", values[ranked], together.row[kind][ranked], LEAST)
            for kind, values in together.strength.items()
        ]
        members = together.members[ranked].astype(float)
        step, bits, share, row = _of_kind(
            "tie:group", members, np.full(len(ranked), NO_ROW), PAIR
        )
        # A group says no more of an account than the tie that makes it a member.
        said.append((step, np.minimum(bits, together.own[ranked]), share, row))
        total = np.sum([bits for _, bits, _, _ in said], axis=0)
        part = np.minimum(1.0, TIES_MOST / np.maximum(total, 1e-12)) * (own[ranked] > -AGAINST)
        # Company counts in the role that an account plays in its group, not in every role it ever held.
        plays = together.role[ranked]
        part = part * ((plays < 0) | (plays == _place(name)) | ~held[plays, ranked])
        parts += [
            _rows(log, ranked, name, step, bits * part, share, row)
            for step, bits, share, row in said
            if bits.any()
        ]
    return replace(one, evidence=joined(parts))


def _place(role: str) -> int:
    """Give the place of a role among those of groups; a playbook's other roles work as recruiters do."""
    return ROLES.index(role) if role in ROLES else 0


def _of_kind(
    step: str, strength: Array, row: Array, least: float
) -> tuple[str, Array, Array, Array]:
    """Weigh one kind over the ranked accounts of a role: step, bits, share as strong, rows; (n) each."""
    has = np.flatnonzero(strength > least)
    share = np.ones(len(strength))
    share[has] = share_as_strong(strength[has], len(strength))
    bits = np.zeros(len(strength))
    bits[has] = np.maximum(np.log2(GIVEN / share[has]), 0.0)
    if step != "tie:group":
        bits = np.minimum(bits, strength)
    return step, bits, share, row


def _rows(
    log: EventLog, account: Array, role: str, step: str, bits: Array, share: Array, row: Array
) -> Evidence:
    kept = np.flatnonzero(bits > 0)
    row = row[kept]
    return rows_of(
        account[kept],
        role,
        step_code(step),
        "tie",
        bits[kept],
        target=np.where(row == NO_ROW, NOBODY, log.target[row]),
        row=row,
        u=share[kept],
        m=share[kept] * 2 ** bits[kept],
        n=len(account),
    )


def near_hits(one: Weighed, ties: Ties, hits: Array, own: Array) -> Weighed:
    """Pass hits of known lists on along ties: `DECAY` of the lesser of tie and hit, at most own conduct in all.

    What is passed on does not travel further, so an account is never raised by list neighbourhood alone.

    Args:
        one: a playbook.
        ties: all ties.
        hits: float64, (accounts), bits of each account's own hit, 0 for none.
        own: float64, (accounts), what conduct alone says.
    """
    if not hits.any():
        return one
    size = len(own)
    account, other = np.concatenate([ties.a, ties.b]), np.concatenate([ties.b, ties.a])
    bits = np.tile(ties.bits, 2)
    pair, of = np.unique(account * size + other, return_inverse=True)
    whole = np.bincount(of, weights=bits, minlength=len(pair))
    worth = DECAY * np.minimum(whole, hits[pair % size])
    lent = np.bincount(pair // size, weights=worth, minlength=size)
    lent = np.minimum(lent, np.maximum(own, 0.0))
    rows = one.evidence
    parts = [rows]
    for name in np.unique(rows.role).tolist():
        ranked = np.unique(rows.account[rows.role == name])
        ranked = ranked[lent[ranked] > 0]
        parts.append(rows_of(ranked, name, step_code("tie:known"), "tie", lent[ranked], n=1))
    return replace(one, evidence=joined(parts))
