"""What each claim rests on: its independent sources, of an account in a role and of a campaign.

A source is a word; the number of words is the number of sources:

- `conduct:PLATFORM`, the account's own events there, however many targets they are about; of a campaign, its
  members' events, since ties say that they may be one hand.
- `targets`: what people whom it contacted did towards it, if one of them knows anybody but the account and its
  other targets, and did not also report it. However many, they are one: the account chose them.
- `others`: what accounts did that are tied to it. They are one hand perhaps, so all of them are one. What somebody
  else did in a target's life who is not tied to the account is no source: most people are written to by others.
- `report`, once per independent reporter, up to `REPORTS`.
- `known`: a list.

Where a claim has one source, nothing independent agrees with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.campaigns.group import Groups
from undertow.campaigns.served import spread
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.program import Array
from undertow.scores.circles import Circles
from undertow.scores.evidence import NO_ROW, Evidence
from undertow.scores.weigh import Weighed

Knows = Callable[[Array, Array, Array], Array]
"""`knows_only` of some log."""
Told = dict[tuple[str, str, int], list[str]]
"""Sources by playbook, role and code of the account."""
CONDUCT: Final = "conduct:"
OWN: Final = ("targets", "others", "known")
BITE: Final = 1 << 21
"""Rows looked through at a time."""
REPORTS: Final = 4
"""Reporters that are told apart; more add nothing to the weight either."""
FIRST_WORDS: Final = (CONDUCT, "targets", "others", "report", "known")
"""The order in which sources are told."""


def sources_of(
    log: EventLog,
    weighed: Sequence[Weighed],
    groups: Groups | None = None,
    knows: Knows | None = None,
) -> Told:
    """Find the sources of each account in each role of each playbook, where there are any.

    Args:
        log: the events.
        weighed: playbooks, with all rows.
        groups: who works together; None where that was not looked for.
        knows: answers `knows_only` where `log` holds only what is cited.
    """
    knows = knows or partial(knows_only, log)
    of = _group_of(groups, len(log.accounts))
    found: Told = {}
    for one in weighed:
        book = one.matches.playbook.name
        for role, account, word in _words(log, one, of, knows, whole=False):
            found.setdefault((book, role, account), []).append(word)
    return found


def with_sources(ranked: pa.Table, log: EventLog, found: Told) -> pa.Table:
    """Add the column `sources` to a ranking: list<string>, empty where nothing speaks for the account.

    Args:
        ranked: `accounts.parquet`.
        log: for the names.
        found: the sources.
    """
    codes = codes_of(ranked["account"].combine_chunks(), log.accounts).tolist()
    keys = zip(ranked["playbook"].to_pylist(), ranked["role"].to_pylist(), codes, strict=True)
    # Few lists differ, so each is put in order once.
    number: dict[tuple[str, ...], int] = {}
    of = [number.setdefault(tuple(found.get(key, ())), len(number)) for key in keys]
    lists = pa.array([in_order(words) for words in number], pa.list_(pa.string()))
    return ranked.append_column("sources", lists.take(pa.array(of, pa.int64())))


def codes_of(names: pa.Array, accounts: pa.Array) -> Array:
    """Give the codes of names: int64, (n), `NOBODY` for one that is no account.

    Of both only the names are put into a table: accounts may be many more.

    Args:
        names: `string`, (n).
        accounts: distinct, in the order of their codes.
    """
    coded = names.dictionary_encode()
    place = pc.index_in(accounts, value_set=coded.dictionary).fill_null(NOBODY).to_numpy()
    there = np.flatnonzero(place != NOBODY)
    codes = np.full(len(coded.dictionary), NOBODY, np.int64)
    codes[place[there]] = there
    found: Array = codes[coded.indices.to_numpy()]
    return found


def campaign_sources(
    log: EventLog, weighed: Sequence[Weighed], groups: Groups
) -> list[list[str]]:
    """List the sources of each group: its members' are one, and so are people who know only them."""
    many = len(groups)
    of = _group_of(groups, len(log.accounts))
    found: list[set[str]] = [set() for _ in range(many)]
    for one in weighed:
        for _, account, word in _words(log, one, of, partial(knows_only, log), whole=True):
            if word != "report":
                found[of[account]].add(word)
    reporters = _reporters(log, groups, of, many)
    return [
        in_order([*words, *["report"] * min(count, REPORTS)])
        for words, count in zip(found, reporters.tolist(), strict=True)
    ]


def _group_of(groups: Groups | None, size: int) -> Array:
    """Give each account's group, -1 for none: int64, (accounts + 1)."""
    of = np.full(size + 1, NOBODY)
    if groups is not None:
        of[groups.account] = groups.group
    return of


def in_order(words: Iterable[str]) -> list[str]:
    """Put sources into the order in which they are told."""
    return sorted(words, key=lambda word: (_place(word), word))


def _place(word: str) -> int:
    return next(n for n, first in enumerate(FIRST_WORDS) if word.startswith(first))


def _words(
    log: EventLog, one: Weighed, of: Array, knows: Knows, *, whole: bool
) -> Iterable[tuple[str, int, str]]:
    """Give role, account and source, each once, of all rows that speak for recruitment.

    Args:
        log: the events.
        one: one playbook with all rows; accounts held to be one actor act as one.
        of: int64, (accounts + 1), group of each account, -1 for none.
        knows: answers `knows_only`.
        whole: take groups as one account: what another member did is no source of its own, ties are none, and
            accounts in no group are left out.
    """
    rows, actors = one.evidence, one.matches.actors
    size, platforms = len(log.accounts), len(log.platforms)
    as_one = np.append(np.arange(size) if actors is None else actors.of, NOBODY)
    kind = np.full(len(rows), NOBODY)
    speaks = rows.bits > 0
    if whole:
        speaks &= of[rows.account] != NOBODY
    cited = speaks & (rows.row != NO_ROW)
    actor = np.where(cited, log.actor[rows.row], NOBODY)
    platform = np.where(cited, log.platform[rows.row], NOBODY)
    inside = as_one[actor] == as_one[rows.account]
    towards = np.where(cited, log.target[rows.row], NOBODY)
    to_it = as_one[towards] == as_one[rows.account]
    if whole:
        inside |= of[actor] == of[rows.account]
        to_it |= of[towards] == of[rows.account]
    by_target = cited & ~inside & to_it & (rows.source == "taken")
    by_target &= as_one[actor] == as_one[rows.target]
    chosen = np.flatnonzero(by_target)
    by_target[by_target] = _stands_alone(log, rows, chosen, of, knows, whole=whole)
    # Told by the account's own events: all that is neither others' nor about others.
    told_by_others = rows.source.among(("tie", "known", "report"))
    own = speaks & ~told_by_others & (inside | ~cited)
    kind[own] = np.where(platform[own] == NOBODY, platforms, platform[own])
    kind[by_target] = platforms + 1
    if not whole:
        kind[speaks & (rows.source == "tie")] = platforms + 2
    kind[speaks & (rows.source == "known")] = platforms + 3
    names = [f"{CONDUCT}{name}" for name in log.platforms.to_pylist()] + [CONDUCT, *OWN]
    roles, role = rows.role.numbered()
    yield from _each(rows.account, role, roles, kind, names)
    for row in np.flatnonzero(speaks & (rows.source == "report")).tolist():
        for _ in range(min(int(rows.n[row]), REPORTS)):
            yield str(rows.role[row]), int(rows.account[row]), "report"


def _each(
    account: Array, role: Array, roles: list[str], kind: Array, names: list[str]
) -> Iterable[tuple[str, int, str]]:
    told = kind != NOBODY
    key = (account[told] * max(len(roles), 1) + role[told]) * len(names) + kind[told]
    found = np.unique(key)
    where = found // len(names)
    # Rows without a platform are told only where no platform is known.
    nameless = names.index(CONDUCT)
    placed = set(where[found % len(names) < nameless].tolist())
    for at, what in zip(where.tolist(), (found % len(names)).tolist(), strict=True):
        if what == nameless and at in placed:
            continue
        yield roles[at % len(roles)], at // len(roles), names[what]


def _stands_alone(
    log: EventLog, rows: Evidence, chosen: Array, of: Array, knows: Knows, *, whole: bool
) -> Array:
    """Say of rows that a target took whether the target knows anybody else, and did not report: bool.

    Anybody else: who is no other target of the account, and does not work with it.
    """
    size = len(log.accounts)
    account, target = rows.account[chosen], rows.target[chosen]
    group, member = of[:-1], np.flatnonzero(of[:-1] != NOBODY)
    holder = of[account] if whole else account
    of_row = of[rows.account] if whole else rows.account
    named = (rows.target != NOBODY) & np.isin(of_row, holder)
    order = member[np.argsort(group[member], kind="stable")]
    who = np.unique(account)
    place, at = spread(
        np.searchsorted(group[order], of[who], "left"),
        np.where(of[who] == NOBODY, 0, np.searchsorted(group[order], of[who], "right")),
    )
    owner = of[who] if whole else who
    circle = np.concatenate(
        [
            of_row[named] * size + rows.target[named],
            owner * size + who,
            owner[place] * size + order[at],
        ]
    )
    flags = log.rows_of("flag")
    told = log.target[flags].astype(np.int64) * size + log.actor[flags]
    return np.asarray(
        ~knows(holder, target, np.unique(circle)) & ~np.isin(account * size + target, told)
    )


def knows_only(log: EventLog, holder: Array, person: Array, circle: Array) -> Array:
    """Say whether each person met nobody outside a circle: bool, (k).

    Args:
        log: the events.
        holder: int64, (k), whose circle.
        person: int64, (k), account codes.
        circle: int64, ascending, holder * accounts + account.
    """
    flag = type_code("flag")
    met = Circles(len(log.accounts), holder, person, circle, np.full(len(person), NOBODY))
    for low in range(0, len(log), BITE):
        part = slice(low, min(low + BITE, len(log)))
        met.ask(log.actor[part], log.target[part], log.type[part] == flag)
        log.rest()
    return met.closed


def _reporters(log: EventLog, groups: Groups, of: Array, many: int) -> Array:
    """Count the independent reporters of each group: int64, (groups).

    Who reports two members is one reporter; who knows nobody but members and other reporters is, with all
    others of that kind, one.
    """
    size = len(log.accounts)
    flags = log.rows_of("flag")
    told = of[log.target[flags]]
    outside = (told != NOBODY) & (of[log.actor[flags]] != told)
    flags, told = flags[outside], told[outside]
    wrote = log.rows_of("message")
    wrote = wrote[(of[log.actor[wrote]] != NOBODY) & (log.target[wrote] != NOBODY)]
    pair = np.unique(told * size + log.actor[flags])
    pair = pair[np.isin(pair, of[log.actor[wrote]] * size + log.target[wrote])]
    group, reporter = pair // size, pair % size
    circle = np.unique(np.concatenate([pair, groups.group * size + groups.account]))
    closed = knows_only(log, group, reporter, circle)
    alone = np.bincount(group[closed], minlength=many)
    return np.asarray(np.bincount(group[~closed], minlength=many) + np.minimum(alone, 1))
