"""The whole of this room: log and weights in, ties, groups and raised weights out.

A tie lends an account part of what the other one's own conduct says: `DECAY` times the lesser of the tie's bits
and the other's weight. What is lent is never more than what the account's own conduct says, so nobody is
raised by company alone, and it does not travel on: only own weight is lent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undertow.campaigns.context import with_context
from undertow.campaigns.find import find_ties, with_pooled
from undertow.campaigns.group import Groups, groups
from undertow.campaigns.reports import with_hits, with_reports
from undertow.campaigns.served import Served, contacts, served
from undertow.campaigns.table import Ties
from undertow.events.log import NOBODY, EventLog
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, TIE_STEPS, Evidence, joined
from undertow.scores.weigh import Weighed

DECAY: Final = 0.5
"""Share of a neighbour's weight that a tie lends at most; ours."""
OTHERS_SAY: Final = ("known", "report")
"""Sources of rows that are no conduct of the account."""
PUBLIC: Final = ("mention", "reply", "follow")
MESSAGE: Final = ("message",)


@dataclass(frozen=True)
class Tied:
    """What ties add.

    Attributes:
        weighed: as given, with a row of evidence for each tie that lends.
        ties: all ties with bits above 0.
        groups: accounts that work together.
        weight: float64, (groups): what the members' own conduct says, in bits.
        pairs: who served whom.
    """

    weighed: list[Weighed]
    ties: Ties
    groups: Groups
    weight: Array
    pairs: Served


def tied(
    log: EventLog,
    weighed: Sequence[Weighed],
    *,
    known: Array | None = None,
    context: bool = True,
) -> Tied:
    """Find ties and groups, add hits of lists and reports, and lend weight along ties.

    Args:
        log: the events. With the marks `handed` and `script` (integers, -1 for none) shared addresses and
            scripts are seen; without them these kinds are left out. With the mark `listed` (boolean: the
            address handed over stands on a known list) and `log` accounts in `known`, hits are added.
        weighed: playbooks as `weigh` left them.
        known: bool, (accounts): accounts that stand on a known list; None for no list.
        context: add what is shown and weighs nothing.
    """
    size = len(log.accounts)
    pairs = served(log, weighed)
    only_target = np.zeros(size, bool)
    only_target[pairs.target] = True
    only_target[pairs.account] = False
    for one in weighed:
        # Ranked by its own name in another role, so it is not seen as a target alone.
        only_target[one.evidence.account] = False
    messages = contacts(log, MESSAGE)
    public = contacts(log, PUBLIC, either=True)
    ties = find_ties(log, pairs, messages, public, only_target)
    ties = with_pooled(ties, pairs, groups(ties, pairs, size), (messages, public), only_target)
    own = own_weight(weighed, size)
    found = groups(ties, pairs, size)
    told = [with_reports(log, with_hits(log, one, known)) for one in weighed]
    # What is lent counts hits of lists; what limits the borrower is its own conduct alone.
    lends = own_weight(told, size)
    raised = [_raised(log, one, ties, lends, own) for one in told]
    if context:
        raised = [with_context(log, one, pairs) for one in raised]
    weight = np.bincount(
        found.group, weights=np.maximum(own[found.account], 0.0), minlength=len(found)
    )
    return Tied(raised, ties, found, weight, pairs)


def own_weight(weighed: Sequence[Weighed], size: int) -> Array:
    """Give each account's heaviest weight in any role of any playbook: float64, (accounts), 0 for none."""
    best = np.full(size, -np.inf)
    for one in weighed:
        role = np.unique(one.evidence.role, return_inverse=True)[1]
        key, of = np.unique(one.evidence.account * 64 + role, return_inverse=True)
        bits = np.bincount(of, weights=one.evidence.bits, minlength=len(key))
        np.maximum.at(best, key // 64, bits)
    return np.where(np.isfinite(best), best, 0.0)


def _raised(log: EventLog, one: Weighed, ties: Ties, lends: Array, own: Array) -> Weighed:
    """Add rows for what ties lend to each account in each of its roles.

    Args:
        log: the events.
        one: a playbook.
        ties: all ties.
        lends: float64, (accounts): what each has to lend.
        own: float64, (accounts): conduct alone, which bounds what an account can borrow.
    """
    rows = one.evidence
    roles, role = np.unique(rows.role, return_inverse=True)
    key, of = np.unique(rows.account * 64 + role, return_inverse=True)
    conduct = np.isin(rows.source, OTHERS_SAY, invert=True)
    bits = np.bincount(of, weights=rows.bits * conduct, minlength=len(key))
    bits = np.minimum(bits, own[key // 64])
    lent = _lent(ties, lends)
    # One line per (tie, role of the account that is lent to).
    first = np.searchsorted(key, lent.account * 64, "left")
    last = np.searchsorted(key, (lent.account + 1) * 64, "left")
    many = last - first
    line = np.repeat(np.arange(len(lent.account)), many)
    place = np.arange(len(line)) - np.repeat(np.cumsum(many) - many, many) + first[line]
    given = lent.bits[line]
    total = np.bincount(place, weights=given, minlength=len(key))
    share = np.minimum(1.0, np.maximum(bits, 0.0) / np.maximum(total, 1e-12))
    given = given * share[place]
    kept = given > 0
    line, place, given = line[kept], place[kept], given[kept]
    row, account = lent.row[line], lent.account[line]
    # An account is shown what it did itself: what was done to it would name the other end.
    row = np.where((row != NO_ROW) & (log.actor[row] == account), row, NO_ROW)
    nothing = np.full(len(line), np.nan)
    added = Evidence(
        account=account,
        role=roles[key[place] % 64] if len(line) else np.empty(0, "<U1"),
        target=np.where(row == NO_ROW, NOBODY, log.target[row]).astype(np.int64),
        step=TIE_STEPS[0] - lent.kind[line].astype(np.int64),
        row=row,
        bits=given,
        u=nothing,
        m=nothing,
        n=lent.times[line],
        source=np.full(len(line), "tie"),
    )
    return replace(one, evidence=joined([rows, added]))


@dataclass(frozen=True)
class _Lent:
    account: Array
    kind: Array
    bits: Array
    times: Array
    row: Array


def _lent(ties: Ties, own: Array) -> _Lent:
    """Say what each tie lends to each of its ends; all ties of a pair together lend once."""
    account = np.concatenate([ties.a, ties.b])
    other = np.concatenate([ties.b, ties.a])
    bits = np.tile(ties.bits, 2)
    row = np.concatenate([ties.row_a, ties.row_b])
    pair = np.unique(account * len(own) + other, return_inverse=True)[1]
    whole = np.bincount(pair, weights=bits, minlength=1)[pair]
    worth = DECAY * np.minimum(whole, np.maximum(own[other], 0.0))
    return _Lent(
        account, np.tile(ties.kind, 2), worth * bits / whole, np.tile(ties.times, 2), row
    )
