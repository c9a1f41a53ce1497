"""Surrogates: event logs made from the same columns, each keeping some things and breaking one.

No text, no names: integer columns are permuted, and marks travel with what they belong to. Rows keep their
times' order by construction, so nothing is sorted anew. What chance draws does not depend on the names of
accounts: pairs and links are numbered by the row in which they first appear.

| kind | keeps | breaks |
|---|---|---|
| N1 `times` | who writes to whom, how often, of each type | order and bursts |
| N2 `links` | each talk as it went, and who knows whom | which talk went on between whom |
| N3 `recipients` | when and how often each account acts, the block of whom it addresses | who exactly that is |
| N4 `addresses` | how many addresses are handed over each day | by whom, to whom, which |
| N5 `arrow` | everything but the arrow of time | before and after |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.campaigns.group import appearance
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.grouping import Pairs as Numbered
from undertow.matches.grouping import group as grouped
from undertow.matches.grouping import number_pairs
from undertow.matches.program import Array
from undertow.nulls.blocks import blocks
from undertow.nulls.profiles import Profiles, exchanged, profiles_of
from undertow.playbooks.grammar import Playbook
from undertow.scores.rates import Activity
from undertow.units import DAY

KINDS: Final = ("times", "links", "recipients", "addresses", "arrow")
"""N1 to N5, in the order of the science reference (C4)."""
SAME_CONTACTS: Final = ("times", "addresses", "arrow")
"""Kinds in which everybody addresses the same accounts as in the data."""
SHARED: Final[tuple[str, ...]] = ("handed", "script")
"""Marks of numbers: what an account hands over. In a log under way they hold places in profiles."""
FEW_GROUPS: Final = 1000
"""Groups up to which places are permuted group by group, which is faster than all at once."""
ADDRESS_MARKS: Final = ("address", "handed")
"""What a handed-over address leaves in the marks."""
LISTED: Final = "listed"
DERIVED: Final = ("answered", LISTED)
"""Marks that follow from others: they are made anew in each surrogate."""


def chance_for(kind: str, seed: int) -> np.random.Generator:
    """Give the chance from which one null world is drawn."""
    return np.random.default_rng([seed, KINDS.index(kind)])


def same_conduct(kind: str, playbook: Playbook) -> bool:
    """Say whether all surrogates of a kind show a playbook the same conduct: chance moves nothing that it asks for.

    Who shares what is drawn anew in each of them, but no step can ask for that.
    """
    asked = {name for step in playbook.steps for name in step.has}
    return kind == "arrow" or (kind == "addresses" and not asked & set(ADDRESS_MARKS))


@dataclass(frozen=True)
class Original:
    """The log that surrogates are made from, with what all of one kind share.

    Attributes:
        log: the events, without ids; marks of numbers hold places in profiles.
        pairs: accounts that had to do with each other.
        links: who addressed whom.
        block: int64, (accounts): accounts that stand in for each other as recipients.
        busy: activity of the accounts.
        rank: int64, (accounts): of first appearance.
        profiles: what accounts hand over, by mark.
        on_list: bool, by number of `handed`, whether the address stands on a known list; None for no list.
    """

    log: EventLog
    pairs: Pairs
    links: Links
    block: Array
    busy: Activity
    rank: Array
    profiles: dict[str, Profiles]
    on_list: Array | None

    @classmethod
    def of(cls, log: EventLog, busy: Activity) -> Original:
        """Prepare a log, given how busy its accounts are; ids and derived marks are left behind."""
        profiles = {n: profiles_of(log, log.marks[n]) for n in SHARED if n in log.marks}
        marks = {n: column for n, column in log.marks.items() if n not in DERIVED}
        marks |= {name: one.rank for name, one in profiles.items()}
        on_list = None
        if LISTED in log.marks:
            on_list = np.zeros(profiles["handed"].many, bool)
            on_list[log.marks["handed"][log.marks[LISTED]]] = True
        bare = replace(log, id=pa.chunked_array([pa.nulls(len(log), pa.string())]), marks=marks)
        rank = appearance(log)
        return cls(
            log=bare,
            pairs=pairs_of(bare),
            links=links_of(bare),
            block=blocks(busy, rank),
            busy=busy,
            rank=rank,
            profiles=profiles,
            on_list=on_list,
        )

    def surrogate(self, kind: str, seed: int) -> EventLog:
        """Make one surrogate; who shares an address or a script is drawn anew in each of any kind.

        Args:
            kind: one of `KINDS`.
            seed: equal log, kind and seed give equal surrogates.
        """
        rng = chance_for(kind, seed)
        made = MAKERS[kind](self, rng)
        marks = dict(made.marks)
        for name, given in self.profiles.items():
            marks[name] = exchanged(given, made.actor, marks[name], self.busy.decile, rng)
        if self.on_list is not None:
            number = marks["handed"]
            known = np.append(self.on_list, False)
            marks[LISTED] = known[np.where(number < len(self.on_list), number, -1)]
        return replace(made, marks=marks)

    def known(self, known: Array | None, kind: str, seed: int) -> Array | None:
        """Say who stands on a known list in a surrogate: as many of each activity decile, drawn anew."""
        if known is None:
            return None
        rng = np.random.default_rng([seed, KINDS.index(kind), 1])
        order = np.argsort(self.rank)
        out = np.empty_like(known)
        out[order] = known[order[_shuffled_within(self.busy.decile[order], rng)]]
        return out


@dataclass(frozen=True)
class Pairs:
    """Unordered pairs of accounts in the order of their first event, (p).

    Attributes:
        row: int64, (r), rows between two accounts, ascending.
        number: int32, (r), the pair of each.
        forward: bool, (r), whether the one who acted first in the pair acts.
        one, other: int32, (p), who acted first, and the other.
        platform: int32, (p), of the first event.
    """

    row: Array
    number: Array
    forward: Array
    one: Array
    other: Array
    platform: Array


def pairs_of(log: EventLog) -> Pairs:
    """Number the pairs that events join."""
    row = _between_two(log)
    actor, target = log.actor[row], log.target[row]
    low, high = np.minimum(actor, target), np.maximum(actor, target)
    number, first = _by_appearance(number_pairs(low, high, len(log.accounts)))
    one, other = log.actor[row[first]], log.target[row[first]]
    return Pairs(
        row, number, log.actor[row] == one[number], one, other, log.platform[row[first]]
    )


@dataclass(frozen=True)
class Links:
    """Directed links in the order of their first event, (l).

    Attributes:
        row: int64, (r), rows between two accounts, ascending.
        number: int32, (r), the link of each.
        actor, target: int32, (l).
    """

    row: Array
    number: Array
    actor: Array
    target: Array


def links_of(log: EventLog) -> Links:
    """Number who addresses whom."""
    row = _between_two(log)
    actor, target = log.actor[row], log.target[row]
    number, first = _by_appearance(number_pairs(actor, target, len(log.accounts)))
    return Links(row, number, actor[first], target[first])


def _between_two(log: EventLog) -> Array:
    return np.flatnonzero((log.target != NOBODY) & (log.target != log.actor))


def _by_appearance(given: Numbered) -> tuple[Array, Array]:
    """Number pairs 0, 1, ... as they appear: the number of each row, and where each number first stands."""
    order = np.argsort(given.first)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return rank[given.number], given.first[order]


def _shuffled_within(group: Array, rng: np.random.Generator) -> Array:
    """Permute places at random among places of one group: int32, (n), where each place takes from."""
    chance = rng.random(len(group))
    taken = np.empty(len(group), np.int32)
    many = int(group.max(initial=0)) + 1
    if FEW_GROUPS < many <= len(group) and group.min(initial=0) >= 0:
        # Small numbers (days before 1970 are none): put together by counting, in the order of chance, as sorting by both would.
        by_chance = np.argsort(chance, kind="stable")
        taken[grouped(group, many).rows] = by_chance[grouped(group[by_chance], many).rows]
        return taken
    by_group = np.argsort(group, kind="stable").astype(np.int32)
    ends = np.append(np.flatnonzero(np.diff(group[by_group])) + 1, len(group))
    if len(ends) > FEW_GROUPS:
        taken[by_group] = np.lexsort((chance, group))
        return taken
    for mine in np.split(by_group, ends[:-1]):
        taken[mine] = mine[np.argsort(chance[mine])]
    return taken


def shuffled_times(of: Original, rng: np.random.Generator) -> EventLog:
    """N1: what happened moves to the time of another event of its type."""
    log = of.log
    taken = _shuffled_within(log.type, rng)
    return replace(
        log,
        actor=log.actor[taken],
        target=log.target[taken],
        context=log.context[taken],
        visibility=log.visibility[taken],
        platform=log.platform[taken],
        marks={name: column[taken] for name, column in log.marks.items()},
    )


def exchanged_links(of: Original, rng: np.random.Generator) -> EventLog:
    """N2: each pair is given the whole talk of another pair on its platform, who began it in that place."""
    log, pairs = of.log, of.pairs
    one, other = (ends[pairs.number] for ends in drawn_links(of, rng))
    actor, target = log.actor.copy(), log.target.copy()
    actor[pairs.row] = np.where(pairs.forward, one, other)
    target[pairs.row] = np.where(pairs.forward, other, one)
    return replace(log, actor=actor, target=target)


def drawn_links(of: Original, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw for each pair's talk between whom it goes on: who began it, and the other; int32, (pairs) each."""
    taken = _shuffled_within(of.pairs.platform, rng)
    return of.pairs.one[taken], of.pairs.other[taken]


def rewired_recipients(of: Original, rng: np.random.Generator) -> EventLog:
    """N3: each link leads to the recipient of another link of the same block.

    Where that would be the sender itself, the link stays as it is.
    """
    target = of.log.target.copy()
    target[of.links.row] = drawn_recipients(of, rng)[of.links.number]
    return replace(of.log, target=target)


def drawn_recipients(of: Original, rng: np.random.Generator) -> Array:
    """Draw for each link whom it leads to: int32, (links)."""
    links = of.links
    given = links.target[_shuffled_within(of.block[links.target], rng)]
    return np.where(given == links.actor, links.target, given)


def permuted_addresses(of: Original, rng: np.random.Generator) -> EventLog:
    """N4: addresses change places among the messages to somebody of one UTC day and platform."""
    log = of.log
    rows = np.flatnonzero((log.type == type_code("message")) & (log.target != NOBODY))
    day = log.at[rows] // DAY
    taken = rows[_shuffled_within(day * (len(log.platforms) + 1) + log.platform[rows], rng)]
    marks = dict(log.marks)
    for name in ADDRESS_MARKS:
        if name in marks:
            marks[name] = marks[name].copy()
            marks[name][rows] = log.marks[name][taken]
    return replace(log, marks=marks)


def reversed_arrow(of: Original, _: np.random.Generator) -> EventLog:
    """N5: time runs backwards between the first and the last event; there is one such world."""
    log = of.log
    return replace(
        log,
        type=log.type[::-1].copy(),
        at=(log.start + log.end - log.at)[::-1].copy(),
        actor=log.actor[::-1].copy(),
        target=log.target[::-1].copy(),
        context=log.context[::-1].copy(),
        visibility=log.visibility[::-1].copy(),
        platform=log.platform[::-1].copy(),
        marks={name: column[::-1].copy() for name, column in log.marks.items()},
    )


MAKERS: Final[dict[str, Callable[[Original, np.random.Generator], EventLog]]] = {
    "times": shuffled_times,
    "links": exchanged_links,
    "recipients": rewired_recipients,
    "addresses": permuted_addresses,
    "arrow": reversed_arrow,
}
