"""Finding ties: shared addresses, shared scripts, hand-offs, gatekeepers, shared targets, common hours.

Each kind takes columns and returns `Ties`, in bits against what chance would give. Where many accounts were
tried as partner of one, the number tried is paid for (`log2` of it), as with any search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undertow.campaigns.chance import poisson_bits, rarity_bits
from undertow.campaigns.group import Groups
from undertow.campaigns.served import Contacts, Served, spread
from undertow.campaigns.table import Ties, joined, ties_of
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.actors import Actors
from undertow.matches.program import Array
from undertow.units import DAY, HOUR

SHARED: Final = 0.5
"""Chance that two accounts of one hand give one address or script; ours, no public rate exists."""
SHARE_OF_TARGETS: Final = 0.3
"""Share of an account's targets that one hand would pass to, or take from, another; ours."""
CROWD: Final = 30
"""Accounts with one address or script above which it says nothing about two of them: a public number.
Ours; also bounds the pairs."""
TO_MANY: Final = 2
"""Accounts to which each side must have sent a script: once is a quotation."""
MOST: Final = 12.0
"""Most bits of one shared address or script: beyond that the counts are too few to tell."""
TEAMS: Final = 0.05
"""Share of accounts that work with others at all, before looking; ours."""
PERSONA: Final = 6.0
"""Bits by which accounts that a personas file holds to be one actor stay in one group; ours. It weighs nothing."""
HANDOFF_WITHIN: Final = 42 * DAY
"""As the shipped playbook."""
GATE_WITHIN: Final = 28 * DAY
SYNC_MOST: Final = 3.0
"""Most bits of common hours: the rhythm of a town is shared by people who never met; ours."""


def by_address(log: EventLog, members: Array) -> Ties:
    """Tie accounts that handed one address to others.

    Args:
        log: the events, with the mark `handed`.
        members: bool, (accounts): who may be tied. How rare an address is counts over all accounts.
    """
    held = holdings(log, log.marks["handed"])
    return _by_value(held, members, "address")


def by_script(log: EventLog, members: Array) -> Ties:
    """Tie accounts that sent one script to at least `TO_MANY` others each; only the rarest counts.

    An account has as many chances to meet another's words as it has scripts of its own, so that many are paid for:
    of the two, by the one that has fewer.
    """
    held = holdings(log, log.marks["script"])
    found = _by_value(held, members, "script", least=TO_MANY)
    own = np.bincount(held.account[held.reach >= TO_MANY], minlength=len(members))
    tried = np.minimum(own[found.a], own[found.b])
    return replace(found, bits=found.bits - np.log2(np.maximum(tried, 1)))


@dataclass(frozen=True)
class Holdings:
    """Which account sent which value more than once or like others, (h), in the order of (`value`, `account`).

    Values that were sent once, as most texts are, stand in no row here.

    Attributes:
        value, account: int64.
        reach: int64, accounts it was sent to.
        row: int64, the first row of the log.
        accounts: accounts that sent any value.
        holders: int64, (h), accounts that sent this one.
    """

    value: Array
    account: Array
    reach: Array
    row: Array
    accounts: int
    holders: Array


def holdings(log: EventLog, value: Array) -> Holdings:
    """List who sent which value, -1 being none, to how many."""
    rows = np.flatnonzero((value >= 0) & (log.target != NOBODY))
    size = len(log.accounts)
    sends = np.zeros(size, bool)
    sends[log.actor[rows]] = True
    every = len(rows)
    by_value = rows[np.argsort(value[rows])]
    equal = np.diff(value[by_value]) == 0
    rows = by_value[np.append(equal, False)[:every] | np.append(False, equal)[:every]]
    order = np.lexsort((log.target[rows], log.actor[rows], value[rows]))
    rows = rows[order]
    key = value[rows].astype(np.int64) * size + log.actor[rows]
    new = np.append(True, np.diff(key) != 0)[: len(rows)]
    met = new | np.append(True, np.diff(log.target[rows]) != 0)[: len(rows)]
    of = np.cumsum(new) - 1
    first = np.full(int(new.sum()), len(log), np.int64)
    np.minimum.at(first, of, rows)
    held = key[new]
    reach = np.bincount(of, weights=met).astype(np.int64)
    # Numbers of values may be large, so places are counted, not numbers.
    place = np.cumsum(np.diff(held // size, prepend=-1) != 0) - 1
    many = np.bincount(place)[place]
    return Holdings(
        value=held // size,
        account=held % size,
        reach=reach,
        row=first,
        accounts=int(sends.sum()),
        holders=many,
    )


def _by_value(held: Holdings, members: Array, kind: str, *, least: int = 1) -> Ties:
    mine = np.flatnonzero(
        members[held.account]
        & (held.holders > 1)
        & (held.holders <= CROWD)
        & (held.reach >= least)
    )
    value, account, row = held.value[mine], held.account[mine], held.row[mine]
    one, other = spread(np.arange(len(mine)) + 1, np.searchsorted(value, value, "right"))
    # Within a value accounts ascend, so the first of each pair has the lesser code.
    holders = held.holders[mine][one]
    bits = rarity_bits(holders - 1.5, held.accounts, SHARED) - np.log2(holders - 1)
    pair = account[one] * len(members) + account[other]
    order = np.lexsort((-bits, pair))
    _, best, times = np.unique(pair[order], return_index=True, return_counts=True)
    chosen = order[best]
    return ties_of(
        kind,
        {
            "a": account[one][chosen],
            "b": account[other][chosen],
            "bits": np.minimum(bits[chosen], MOST),
            "times": times,
            "row_a": row[one][chosen],
            "row_b": row[other][chosen],
        },
    )


def by_handoff(pairs: Served, messages: Contacts, fit: Array) -> Ties:
    """Tie an account to those who first wrote to its targets after it had handed over an address.

    Args:
        pairs: who served whom.
        messages: first messages.
        fit: bool, (accounts): who may be the partner.
    """
    window = (pairs.reached + 1, pairs.reached + HANDOFF_WITHIN)
    return _coinciding("handoff", pairs, messages, window, fit)


def by_gatekeeper(pairs: Served, public: Contacts, fit: Array) -> Ties:
    """Tie an account to those who had public contact with its targets just before it wrote to them."""
    window = (pairs.first - GATE_WITHIN, pairs.first - 1)
    return _coinciding("gatekeeper", pairs, public, window, fit)


def _coinciding(
    kind: str,
    pairs: Served,
    met: Contacts,
    window: tuple[Array, Array],
    fit: Array,
) -> Ties:
    low = np.searchsorted(met.target, pairs.target, "left")
    high = np.searchsorted(met.target, pairs.target, "right")
    place, c = spread(low, high)
    begin, end = window
    inside = (met.at[c] >= begin[place]) & (met.at[c] <= end[place])
    inside &= fit[met.account[c]] & (met.account[c] != pairs.account[place])
    place, c = place[inside], c[inside]
    size = len(met.made)
    key = pairs.account[place] * size + met.account[c]
    found, first, seen = np.unique(key, return_index=True, return_counts=True)
    a, b = found // size, found % size
    tried = np.bincount(a, minlength=size)[a]
    # Chance: contacts that fall into the windows of a's targets, shared out by b's other contacts.
    falls = np.bincount(pairs.account[place], minlength=size)[a]
    share = (met.made[b] - seen + 0.5) / max(len(met), 1)
    expected = falls * share
    targets = np.bincount(pairs.account, minlength=size)[a]
    bits = poisson_bits(seen, expected, SHARE_OF_TARGETS * targets) - np.log2(tried / TEAMS)
    kept = (bits > 0) & (seen > 1)
    return ties_of(
        kind,
        {
            "a": a[kept],
            "b": b[kept],
            "bits": bits[kept],
            "times": seen[kept],
            "row_a": pairs.row[place[first[kept]]],
            "row_b": met.row[c[first[kept]]],
        },
    )


def by_targets(pairs: Served, size: int) -> Ties:
    """Tie accounts that served the same targets, against how many each served."""
    order = np.argsort(pairs.target, kind="stable")
    target, account, row = pairs.target[order], pairs.account[order], pairs.row[order]
    one, other = spread(np.arange(len(target)) + 1, np.searchsorted(target, target, "right"))
    swapped = account[one] > account[other]
    low, high = np.where(swapped, other, one), np.where(swapped, one, other)
    key = account[low] * size + account[high]
    found, first, seen = np.unique(key, return_index=True, return_counts=True)
    a, b = found // size, found % size
    served = np.bincount(account, minlength=size)
    by = np.bincount(target, minlength=size)
    mean = (by * (by - 1)).sum() / max(len(target), 1) ** 2
    tried = np.bincount(np.concatenate([a, b]), minlength=size)
    searched = np.log2(np.maximum(tried[a], tried[b]))
    expected = np.maximum(served[a] * served[b] * mean - seen, 0.02 * seen)
    added = SHARE_OF_TARGETS * np.minimum(served[a], served[b])
    bits = poisson_bits(seen, expected, added) - searched + np.log2(TEAMS)
    kept = (bits > 0) & (seen > 1)
    return ties_of(
        "targets",
        {
            "a": a[kept],
            "b": b[kept],
            "bits": bits[kept],
            "times": seen[kept],
            "row_a": row[low[first[kept]]],
            "row_b": row[high[first[kept]]],
        },
    )


def by_hours(log: EventLog, ties: Ties) -> Ties:
    """Add common hours between accounts that something else ties already: loosely synchronised.

    Hours in which each opened talks, against the hours in which everybody does. At most `SYNC_MOST`.
    """
    size = len(log.accounts)
    pair = np.unique(np.minimum(ties.a, ties.b) * size + np.maximum(ties.a, ties.b))
    rows = np.flatnonzero(
        (log.type == type_code("message")) & (log.target != NOBODY) & (log.target != log.actor)
    )
    hour = (log.at[rows] - log.start) // HOUR
    share = np.bincount(hour).astype(float)
    share /= max(share.sum(), 1.0)
    chosen = np.isin(log.actor[rows], np.concatenate([pair // size, pair % size]))
    keys = np.unique(log.actor[rows][chosen].astype(np.int64) * (len(share) + 1) + hour[chosen])
    who, when = keys // (len(share) + 1), keys % (len(share) + 1)
    start = np.searchsorted(who, np.arange(size + 1))
    a, b = pair // size, pair % size
    seen = np.array(
        [
            len(np.intersect1d(when[start[x] : start[x + 1]], when[start[y] : start[y + 1]]))
            for x, y in zip(a.tolist(), b.tolist(), strict=True)
        ],
        np.int64,
    ).reshape(len(pair))
    active = np.diff(start)
    expected = active[a] * active[b] * float((share**2).sum())
    added = SHARE_OF_TARGETS * np.minimum(active[a], active[b])
    bits = np.clip(poisson_bits(seen, expected, added), -SYNC_MOST, SYNC_MOST)
    kept = (bits > 0) & (seen > 2)
    return ties_of(
        "sync", {"a": a[kept], "b": b[kept], "bits": bits[kept], "times": seen[kept]}
    )


def find_ties(
    log: EventLog, pairs: Served, messages: Contacts, public: Contacts, targets: Array
) -> Ties:
    """Find all ties.

    Args:
        log: the events; the kinds whose marks it lacks are left out.
        pairs: who served whom.
        messages: first direct messages.
        public: first public contacts.
        targets: bool, (accounts): accounts that are targets and serve nobody; never tied.
    """
    size = len(log.accounts)
    serves = np.zeros(size, bool)
    serves[pairs.account] = True

    fit = ~targets
    parts = [by_handoff(pairs, messages, fit), by_gatekeeper(pairs, public, fit)]
    parts.append(by_targets(pairs, size))
    if "handed" in log.marks:
        parts.append(by_address(log, serves))
    if "script" in log.marks:
        parts.append(by_script(log, serves))
    found = joined(parts)
    ends = np.isin(
        np.stack([found.a * size + found.b, found.b * size + found.a]),
        pairs.account * size + pairs.target,
    ).any(axis=0)
    found = found.take(np.flatnonzero(~ends & (found.bits > 0)))
    return joined([found, by_hours(log, found)])


def with_pooled(
    ties: Ties,
    pairs: Served,
    found: Groups,
    met: tuple[Contacts, Contacts],
    targets: Array,
) -> Ties:
    """Ask for hand-offs and gatekeepers of whole groups: what each member alone has too few targets to show.

    The members' targets are pooled under the one that serves most; a tie found so stands between it and the
    other account, and counts in place of a weaker one of the same kind.

    Args:
        ties: as found for accounts.
        pairs: who served whom.
        found: groups by these ties.
        met: first direct messages, first public contacts.
        targets: bool, (accounts), never tied.
    """
    messages, public = met
    size = len(targets)
    served = np.bincount(pairs.account, minlength=size)
    earliest = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(earliest, pairs.account, pairs.row)
    order = np.lexsort((earliest[found.account], -served[found.account], found.group))
    first = np.flatnonzero(np.diff(found.group[order], prepend=-1))
    head = np.arange(size)
    head[found.account] = found.account[order][first][found.group]
    account = head[pairs.account]
    inside = np.zeros(size, bool)
    inside[found.account] = True
    order = np.lexsort((pairs.reached, pairs.target, account))
    order = order[inside[account[order]]]
    new = np.append(True, (np.diff(account[order]) != 0) | (np.diff(pairs.target[order]) != 0))[
        : len(order)
    ]
    order = order[new]
    pooled = Served(
        account[order],
        pairs.target[order],
        pairs.first[order],
        pairs.reached[order],
        pairs.row[order],
    )

    fit = ~targets
    more = joined([by_handoff(pooled, messages, fit), by_gatekeeper(pooled, public, fit)])
    # Members pass targets to each other as well; that is no tie of the group to somebody else.
    more = more.take(np.flatnonzero((head[more.a] != head[more.b]) | (served[more.b] == 0)))
    every = joined([ties, more])
    order = np.lexsort((-every.bits, every.b, every.a, every.kind))
    key = np.stack([every.kind[order], every.a[order], every.b[order]])
    new = np.append(True, (np.diff(key, axis=1) != 0).any(axis=0))[: len(order)]
    return every.take(order[new])


def with_personas(ties: Ties, actors: Actors | None, ranked: Array) -> Ties:
    """Put one tie `persona` in place of all ties between ranked accounts that are held to be one actor.

    One actor is no company: what its accounts share says nothing about working together.

    Args:
        ties: as found for accounts.
        actors: the personas looked at; None where none are known.
        ranked: bool, (accounts).
    """
    if actors is None:
        return ties
    apart = ties.take(np.flatnonzero(actors.differ(ties.a, ties.b)))
    codes = np.flatnonzero(actors.known & ranked)
    codes = codes[np.argsort(actors.of[codes], kind="stable")]
    of = actors.of[codes]
    one, other = spread(np.arange(len(codes)) + 1, np.searchsorted(of, of, "right"))
    many = len(one)
    return joined(
        [
            apart,
            ties_of(
                "persona",
                {
                    "a": codes[one],
                    "b": codes[other],
                    "bits": np.full(many, PERSONA),
                    "times": np.ones(many, np.int64),
                },
            ),
        ]
    )
