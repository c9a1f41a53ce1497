"""Order and the small print of a world's rows: new ids, rooms, visibility.

Planted rows fall at random places among rows of the same moment; rows of the background keep their
order. Ids are ranks, so they say nothing but the order that everybody can see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.table import VISIBILITIES
from undertow.worlds.background import Background
from undertow.worlds.rows import BLOCK, MESSAGE, UNDO, Bools, Floats, Ints, Rows


@dataclass(frozen=True)
class Order:
    """The order of a world: `row` sorts its rows, `ids` are the new ids in that order.

    `rank` is the number behind each id, `known` the events of the background by their new rank.
    """

    row: Ints
    rank: Ints
    ids: pa.Array
    known: Ints


def in_order(everything: Rows, back: Background, lots: Floats) -> Order:
    """Sort rows by time, break ties by lot, and number the events.

    Args:
        everything: all rows, those of the background first and in their total order.
        back: the background.
        lots: of each row, 0 to 1.
    """
    count, own = len(everything), len(back.at)
    lot = lots.copy()
    drawn = np.lexsort((lot[:own], back.at))
    lot[:own] = lot[drawn]
    lot[:own] = lot[_first_of_event(back)]
    event = np.concatenate([back.event, np.arange(count - own) + back.event.max() + 1])
    row = np.lexsort((everything.target, event, lot, everything.at))
    moment, number = everything.at[row], event[row]
    new = np.ones(count, dtype=bool)
    new[1:] = (moment[1:] != moment[:-1]) | (number[1:] != number[:-1])
    rank = np.cumsum(new)
    width = len(str(int(rank[-1])))
    ids = pc.utf8_lpad(pa.array(rank).cast(pa.string()), width=width, padding="0")
    known = np.zeros(int(event.max()) + 1, dtype=np.int64)
    known[number[::-1]] = rank[::-1]
    return Order(row, rank, ids, known)


def _first_of_event(back: Background) -> Ints:
    """Give for each row of the background the first row of its event at that moment."""
    index = np.arange(len(back.at))
    new = np.ones(len(index), dtype=bool)
    same = (back.at[1:] == back.at[:-1]) & (back.event[1:] == back.event[:-1])
    new[1:] = ~same
    return np.maximum.accumulate(np.where(new, index, 0))


def fields(
    everything: Rows, order: Order, back: Background, rng: np.random.Generator
) -> tuple[pa.Array, pa.Array]:
    """Fill `visibility` and `context` of all rows, sorted already.

    Generated rows take both from a row of the background of the same type where it has any: so
    they look like the rows beside them. Rooms are re-keyed; direct messages name none.
    """
    own = len(back.at)
    source = np.where(order.row < own, order.row, -1)
    made = source < 0
    direct = np.zeros(len(source), dtype=bool)
    direct[made] = everything.type[made] == MESSAGE
    direct[~made] = back.direct[source[~made]]
    model = source.copy()
    for kind in np.unique(everything.type[made]).tolist():
        here = np.flatnonzero(made & (everything.type == kind))
        like = np.flatnonzero((back.type == kind) & (back.direct == (kind == MESSAGE)))
        if len(like):
            model[here] = _beside(like, everything.at[here], back, rng)
    has = model >= 0
    seen = np.where(direct, VISIBILITIES.index("direct"), VISIBILITIES.index("public"))
    seen[has] = back.visibility[model[has]]
    visibility = pa.array(VISIBILITIES).take(pa.array(seen, mask=seen < 0))
    found = _contexts(model, has & ~direct, source, order, back, rng)
    return visibility, _own_rooms(found, everything, order, made, back, rng)


def _own_rooms(
    context: pa.Array,
    everything: Rows,
    order: Order,
    made: Bools,
    back: Background,
    rng: np.random.Generator,
) -> pa.Array:
    """Name rooms of the world's own, and for a planted undo the event that it undoes."""
    rooms = everything.room >= 0
    undone = made & (everything.type == UNDO)
    if not np.any(rooms | undone):
        return context
    filled = np.array(context.to_pylist(), dtype=object)
    known, place = np.unique(everything.room[rooms], return_inverse=True)
    numbers = rng.permutation(len(known)) + back.contexts
    filled[rooms] = [f"room:{numbers[one]}" for one in place.tolist()]
    ids = order.ids.to_pylist()
    latest: dict[tuple[int, int], str] = {}
    for row in np.flatnonzero(np.isin(everything.type, (BLOCK, UNDO)) & made).tolist():
        pair = (int(everything.actor[row]), int(everything.target[row]))
        if everything.type[row] == BLOCK:
            latest[pair] = ids[row]
        else:
            filled[row] = latest.get(pair)
    return pa.array(filled, pa.string())


def _beside(like: Ints, at: Ints, back: Background, rng: np.random.Generator) -> Ints:
    place = np.searchsorted(back.at[like], at) + rng.integers(-3, 4, len(at))
    found: Ints = like[np.clip(place, 0, len(like) - 1)]
    return found


def _contexts(
    model: Ints,
    named: Bools,
    source: Ints,
    order: Order,
    back: Background,
    rng: np.random.Generator,
) -> pa.Array:
    room = np.full(len(model), -1)
    room[named] = back.context[model[named]]
    numbers = rng.permutation(max(back.contexts, 1))
    rooms = pc.binary_join_element_wise("room", pa.array(numbers).cast(pa.string()), ":")
    found = rooms.take(pa.array(room, mask=room < 0))
    undone = np.full(len(model), -1)
    own = source >= 0
    undone[own] = back.undoes[source[own]]
    if not np.any(undone >= 0):
        return found
    target = np.where(undone >= 0, order.known[undone], 0)
    width = len(str(int(order.rank[-1])))
    ids = pc.utf8_lpad(pa.array(target).cast(pa.string()), width=width, padding="0")
    return pc.if_else(pa.array(undone >= 0), ids, found)
