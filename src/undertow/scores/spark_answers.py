"""What executors answer of a part: keys matched by the one kernel, counts for the rates, events cited.

Three steps over the same parts. `match_part` matches all keys and counts them. `cite_part` gives back the
keys of accounts with a listed match, whom free roles met, and the events that all this cites. `closed_part`
says which targets met nobody but an account and its other targets. Accounts travel as their number in
the census, rows as their tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.engines.spark_blocks import Array, Block, numbers, pack
from undertow.engines.spark_part import TAG, Deal, Held, parts
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.events.names import Names
from undertow.events.source import Source
from undertow.matches.grouping import number_pairs
from undertow.matches.kernel_states import UNKNOWN
from undertow.matches.match import Matches
from undertow.matches.parts import find_owned
from undertow.playbooks.grammar import Playbook
from undertow.scores.afterwards import address_step, following
from undertow.scores.meetings import Meetings, free_meetings, role_steps
from undertow.scores.rates import Activity, base_step, step_counts
from undertow.scores.talk import talk_between
from undertow.scores.weigh import bound_to, is_listed, judged_end

TALLY: Final = "tally"
KEYS: Final = "keys"
MET: Final = "met"
CITED: Final = "cited"
CLOSED: Final = "closed"
Closed = Callable[[EventLog, Array, Array, Array], Array]
"""Says from a log, accounts, targets and circles which targets met nobody else: bool, (k)."""
MAIN: Final = ("type", "at", "visibility")


@dataclass
class Census:
    """What all parts must know of the whole input.

    Attributes:
        names: accounts in the order of their bytes; the place of each is its number.
        cell: uint16, (accounts), as `Activity.cell`.
        cells: how many there are.
        platforms: in the order of their bytes.
        span: first and last moment.
    """

    names: pa.Array
    cell: Array
    cells: int
    platforms: pa.Array
    span: tuple[int, int]
    _set: Names | None = field(default=None, repr=False)

    def numbers(self, names: pa.Array) -> Array:
        """Number some accounts, all of them known: int64, (n)."""
        if self._set is None:
            self._set = Names()
            for low in range(0, len(self.names), 1 << 20):
                self._set.codes(self.names.slice(low, 1 << 20).cast(pa.string()))
        return self._set.codes(names).astype(np.int64)


@dataclass(frozen=True)
class Asked:
    """What is matched.

    Attributes:
        deal: how accounts were dealt.
        playbooks: checked playbooks.
        ends: for each the key account that a key belongs to: 0 or 1.
        sources: what could be seen.
    """

    deal: Deal
    playbooks: tuple[Playbook, ...]
    ends: tuple[int, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Wanted:
    """What of one playbook's answers shall come back; all int64 and ascending, accounts by number.

    Attributes:
        ranked: accounts with a listed match.
        holders: for each free role those who hold it in one.
        listed: account * accounts + target of listed keys.
    """

    ranked: Array
    holders: dict[str, Array]
    listed: Array


def match_part(
    asked: Asked,
    census: Any,  # noqa: ANN401  # Spark's broadcast
    batches: Iterable[pa.RecordBatch],
) -> Iterator[Block]:
    """Match all keys of a part; give counts and answers, and the part itself."""
    known: Census = census.value
    for held in parts(asked.deal, batches):
        yield from held.blocks
        log = _as_all_see_it(held.log, known.platforms)
        number = known.numbers(log.accounts)
        for place, (playbook, end) in enumerate(zip(asked.playbooks, asked.ends, strict=True)):
            found = find_owned(log, held.mine, playbook, asked.sources, end, known.span, 1)
            met = {
                role: _owned(one, held.mine)
                for role, one in free_meetings(log, playbook, found.selected).items()
            }
            tally = pack(_tally(log, found, number, known))
            yield Block(held.number, TALLY, place, tally)
            yield Block(held.number, KEYS, place, pack(_keys(found, number)))
            yield Block(held.number, MET, place, pack(_met(met, number)))


def _as_all_see_it(log: EventLog, platforms: pa.Array) -> EventLog:
    """Number platforms as the whole input does: what was visible from when on depends on all of them."""
    place = pc.index_in(log.platforms, value_set=platforms).to_numpy(zero_copy_only=False)
    codes = np.append(place, NOBODY).astype(np.int32)[log.platform]
    return replace(log, platform=codes, platforms=platforms)


def _owned(met: Meetings, mine: Array) -> Meetings:
    """Keep the meetings with accounts of a part: each stands in one part then."""
    kept = mine[met.other]
    return Meetings(met.account[kept], met.other[kept], met.row[kept])


def _tally(log: EventLog, found: Matches, number: Array, known: Census) -> dict[str, Any]:
    """Count the keys of a part, and name those of whom more will be asked."""
    judged = judged_end(found.playbook)
    account, target = found.keys[:, judged], found.keys[:, 1 - judged]
    listed = is_listed(found)
    cell = known.cell[number[account]].astype(np.int64)
    counts = step_counts(found, cell, listed, known.cells)
    told: dict[str, Any] = {
        "many": np.array([len(found), found.slow]),
        "reached": counts[0].ravel(),
        "at_risk": counts[1].ravel(),
        "ranked": number[np.unique(account[listed])],
        "listed": np.unique(number[account[listed]] * len(known.cell) + number[target[listed]]),
    }
    for s, unknown in enumerate((found.states == UNKNOWN).T):
        told[f"unknown {s}"] = number[np.unique(target[unknown])]
    for role in found.playbook.free:
        steps = role_steps(found.playbook, role)
        holder = bound_to(log, found, role)
        taken = found.rows[:, steps]
        own = ((taken >= 0) & (log.actor[taken] == holder[:, None])).any(axis=1)
        told[f"holder {role}"] = number[np.unique(holder[listed & (holder != NOBODY) & own])]
    return told


def _keys(found: Matches, number: Array) -> dict[str, Array]:
    return {
        "a": number[found.keys[:, 0]],
        "b": number[found.keys[:, 1]],
        "room": found.keys[:, 2].astype(np.int32),
        "furthest": found.furthest.astype(np.int8),
        "rows": found.rows.astype(np.int32).ravel(),
        "states": found.states.ravel(),
    }


def _met(met: dict[str, Meetings], number: Array) -> dict[str, Array]:
    told = {}
    for role, one in met.items():
        told[f"account {role}"] = number[one.account]
        told[f"other {role}"] = number[one.other]
        told[f"row {role}"] = one.row.astype(np.int32)
    # A stream of Arrow has at least one column.
    return told or {"none": np.empty(0, np.int8)}


def cite_part(
    asked: Asked,
    census: Any,  # noqa: ANN401  # Spark's broadcast
    wanted: Any,  # noqa: ANN401  # likewise
    batches: Iterable[pa.RecordBatch],
) -> Iterator[Block]:
    """Give back what is wanted of a part's answers, and the events that it cites."""
    known: Census = census.value
    for held in parts(asked.deal, batches):
        log = _as_all_see_it(held.log, known.platforms)
        number = known.numbers(log.accounts)
        cited = [np.empty(0, np.int64)]
        for block in held.others:
            if block.kind not in (KEYS, MET):
                continue
            book: Wanted = wanted.value[block.at]
            told = {name: numbers(one) for name, one in block.arrays().items()}
            if block.kind == KEYS:
                playbook = asked.playbooks[block.at]
                answer, rows = _kept(log, told, playbook, book)
                base = len(known.cell)
                cited.append(_blocked(log, held.mine, number, base, book.listed))
                cited.append(_opening(log, held.mine, number, base, (playbook, book.listed)))
                cited.append(_following(log, told, base, (playbook, book.listed)))
                cited.append(_reports(log, held.mine, number, book))
            else:
                answer, rows = _kept_meetings(log, told, book, known)
            cited.append(rows)
            yield Block(held.number, block.kind, block.at, pack(answer))
        rows = np.unique(np.concatenate(cited))
        yield Block(held.number, CITED, 0, pack(_events(log, rows[rows >= 0], number)))


def _tags(log: EventLog, rows: Array) -> Array:
    """Give the tags of rows, -1 for none."""
    tags: Array = np.append(log.marks[TAG], NOBODY)[rows]
    return tags


def _kept(
    log: EventLog, told: dict[str, Array], playbook: Playbook, wanted: Wanted
) -> tuple[dict[str, pa.Array | Array], Array]:
    """Keep the keys of ranked accounts, rows as tags; beside them the rows of the part."""
    steps = len(playbook.steps)
    mine = np.isin(told["ab"[judged_end(playbook)]], wanted.ranked)
    rows = told["rows"].reshape(-1, steps)[mine].astype(np.int64)
    states = told["states"].reshape(-1, steps)[mine]
    rooms = log.contexts.take(pa.array(told["room"][mine], mask=told["room"][mine] < 0))
    kept: dict[str, pa.Array | Array] = {
        "a": told["a"][mine],
        "b": told["b"][mine],
        "room": rooms,
        "furthest": told["furthest"][mine],
        "rows": _tags(log, rows).ravel(),
        "states": states.ravel(),
    }
    return kept, rows.ravel()


def _kept_meetings(
    log: EventLog, told: dict[str, Array], wanted: Wanted, known: Census
) -> tuple[dict[str, Array], Array]:
    """Keep whom the holders of free roles met; all other meetings are counted by cell."""
    kept: dict[str, Array] = {"none": np.empty(0, np.int8)}
    rows = [np.empty(0, np.int64)]
    for role, holders in wanted.holders.items():
        if f"account {role}" not in told:
            continue
        account, row = told[f"account {role}"], told[f"row {role}"].astype(np.int64)
        mine = np.isin(account, holders)
        rows.append(row[mine])
        kept[f"account {role}"] = account[mine]
        kept[f"other {role}"] = told[f"other {role}"][mine]
        kept[f"row {role}"] = _tags(log, row[mine])
        kept[f"others {role}"] = np.bincount(known.cell[account[~mine]], minlength=known.cells)
    return kept, np.concatenate(rows)


def _blocked(log: EventLog, mine: Array, number: Array, base: int, listed: Array) -> Array:
    """Find where own accounts block an account of a listed match with them, and undo it: rows.

    Args:
        log: a part.
        mine: its own accounts.
        number: of all accounts of the part in the census.
        base: number of accounts in the census.
        listed: account * base + target, ascending.
    """
    blocks = log.rows_of("block")
    blocks = blocks[mine[log.actor[blocks]] & (log.target[blocks] != NOBODY)]
    blocks = blocks[
        np.isin(number[log.target[blocks]] * base + number[log.actor[blocks]], listed)
    ]
    undone = log.rows_of("undo")
    undone = undone[mine[log.actor[undone]] & (log.context[undone] != NOBODY)]
    names = pc.is_in(log.contexts, value_set=log.ids(blocks).combine_chunks())
    of_these = names.to_numpy(zero_copy_only=False)[log.context[undone]]
    return np.concatenate([blocks, undone[of_these]])


def _opening(
    log: EventLog, mine: Array, number: Array, base: int, of: tuple[Playbook, Array]
) -> Array:
    """Find who spoke first in listed pairs: the first row of each way that begins at an own account.

    Arguments as for `_blocked`; `of` is a playbook and its listed pairs.
    """
    playbook, listed = of
    named = np.isin(number, np.concatenate([listed // base, listed % base]))
    types = [type_code(word) for word in playbook.steps[base_step(playbook)].types]
    speaks, hears = np.append(named & mine, False), np.append(named, False)
    rows = np.flatnonzero(speaks[log.actor] & hears[log.target] & np.isin(log.type, types))
    one, other = number[log.actor[rows]], number[log.target[rows]]
    rows = rows[np.isin(one * base + other, listed) | np.isin(other * base + one, listed)]
    first: Array = rows[number_pairs(log.actor[rows], log.target[rows], len(number)).first]
    return first


def _following(
    log: EventLog, told: dict[str, Array], base: int, of: tuple[Playbook, Array]
) -> Array:
    """Find what was said next in listed pairs whose match hands an address over: rows, as many as are asked about.

    Arguments as for `_opening`; `told` holds the keys of the part.
    """
    playbook, listed = of
    step, judged = address_step(playbook), judged_end(playbook)
    if step is None:
        return np.empty(0, np.int64)
    row = told["rows"].reshape(-1, len(playbook.steps))[:, step].astype(np.int64)
    pair = told["ab"[judged]].astype(np.int64) * base + told["ab"[1 - judged]]
    row = row[(row >= 0) & np.isin(pair, listed)]
    types = playbook.steps[step].types
    talk = talk_between(log, log.actor[row], log.target[row], types)
    return following(log, row, talk)[1]


def _reports(log: EventLog, mine: Array, number: Array, wanted: Wanted) -> Array:
    """Find where own accounts report an account that is ranked, in any role: rows."""
    flags = log.rows_of("flag")
    flags = flags[mine[log.actor[flags]] & (log.target[flags] != NOBODY)]
    ranked = np.concatenate([wanted.ranked, *wanted.holders.values()])
    told: Array = flags[np.isin(number[log.target[flags]], ranked)]
    return told


def _events(log: EventLog, rows: Array, number: Array) -> dict[str, pa.Array | Array]:
    """Write cited events out, accounts by number."""
    rooms = log.context[rows]
    return {
        "tag": log.marks[TAG][rows],
        "id": log.ids(rows).combine_chunks(),
        **{name: getattr(log, name)[rows] for name in MAIN},
        "actor": number[log.actor[rows]],
        "target": np.append(number, NOBODY)[log.target[rows]],
        "context": log.contexts.take(pa.array(rooms, mask=rooms == NOBODY)),
        "platform": log.platform[rows],
    }


@dataclass(frozen=True)
class Circles:
    """What is asked of whom targets met, accounts by number; as for `Activity.known_only`."""

    account: Array
    target: Array
    circle: Array


def closed_part(
    asked: Asked,
    census: Any,  # noqa: ANN401  # Spark's broadcast
    circles: Any,  # noqa: ANN401  # likewise
    answer: Closed,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[Block]:
    """Say of a part's own targets whether they met nobody but an account and its circle."""
    known: Census = census.value
    for held in parts(asked.deal, batches):
        where, closed = _closed(held, known, circles.value, answer)
        yield Block(held.number, CLOSED, 0, pack({"where": where, "closed": closed}))


def _closed(held: Held, known: Census, asked: Circles, answer: Closed) -> tuple[Array, Array]:
    """Answer for the targets that are a part's own: places among those asked, and answers."""
    size = len(held.log.accounts)
    number, base = known.numbers(held.log.accounts), len(known.cell)

    def here(wanted: Array) -> Array:
        """Give the codes of accounts in this part, -1 for those that are not."""
        place = np.minimum(np.searchsorted(number, wanted), max(0, size - 1))
        return np.where(number[place] == wanted, place, NOBODY)

    target = here(asked.target)
    where = np.flatnonzero(np.append(held.mine, False)[target])
    one, other = here(asked.circle // base), here(asked.circle % base)
    met = (one != NOBODY) & (other != NOBODY)
    circle = np.sort(one[met] * size + other[met])
    return where, answer(held.log, here(asked.account[where]), target[where], circle)


def known_only(log: EventLog, account: Array, target: Array, circle: Array) -> Array:
    """Answer `Activity.known_only` from events."""
    size = len(log.accounts)
    wanted = np.zeros(size + 1, bool)
    wanted[target] = True
    touched = wanted[log.actor] | wanted[log.target]
    rows = np.flatnonzero(touched & (log.target != NOBODY) & (log.target != log.actor))
    pairs = number_pairs(log.actor[rows], log.target[rows], size)
    activity = Activity(np.zeros(size, np.int64), np.empty(0, np.int64), pairs)
    return activity.known_only(account, target, circle)
