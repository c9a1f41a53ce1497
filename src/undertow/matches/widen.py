"""The events that steps across personas gain from other accounts of the same two actors.

The kernel knows accounts alone. For every event between two actors and every other pair of their accounts
that met, one more row is put beside the event: it stands between that pair, says where it came from, and may
take only the steps across personas.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from undertow.events.log import EventLog
from undertow.matches.actors import Actors
from undertow.matches.kernel_rules import ELSEWHERE
from undertow.matches.listing import Between
from undertow.matches.program import Array
from undertow.matches.select import Selected

_COLUMNS: Final = ("at", "type", "actor", "target", "context", "visibility", "platform")


def widened(
    log: EventLog, selected: Selected, met: Between, actors: Actors, across: int
) -> tuple[EventLog, Selected]:
    """Put the rows of steps across personas beside the events that they come from.

    Args:
        log: the events.
        selected: those that may take a step.
        met: those of them between two accounts.
        actors: the personas.
        across: steps across personas, as bits.

    Returns:
        A log of the selected events and the added rows, each right behind its event; and what is
        selected of it, which is all. `Selected.event` holds the row of `log` that each stands for. Added
        rows stand on the platform `ELSEWHERE`: what the key's own accounts could show is not theirs to say.
    """
    place, low, high = _more(selected, met, actors, across)
    row = selected.row
    first = log.actor[row[place]]
    forward = actors.of[low] == actors.of[first]
    added = {
        "actor": np.where(forward, low, high),
        "target": np.where(forward, high, low),
        "platform": np.full(len(place), ELSEWHERE),
    }
    order = np.argsort(np.concatenate([np.arange(len(row)), place]), kind="stable")
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        column = getattr(log, name)
        own = column[row]
        more = added.get(name, own[place]).astype(column.dtype)
        columns[name] = np.concatenate([own, more])[order]
    view = replace(log, id=pa.chunked_array([], pa.string()), marks={}, **columns)
    mask = np.concatenate([selected.mask, selected.mask[place] & np.int64(across)])[order]
    warm = np.concatenate([selected.warm, selected.warm[place] & np.int64(across)])[order]
    event = np.concatenate([row, row[place]])[order]
    return view, Selected(np.arange(len(order)), mask, warm, event)


def own_mask(view: EventLog, selected: Selected) -> Array:
    """Give the mask of `widened` rows without those that were added: int64."""
    return np.where(view.platform[selected.row] == ELSEWHERE, 0, selected.mask)


def _more(
    selected: Selected, met: Between, actors: Actors, across: int
) -> tuple[Array, Array, Array]:
    """List the rows to add: positions in `selected`, and the two accounts, the lesser code first."""
    of, size = actors.of, len(actors.of)
    one, other = of[met.low], of[met.high]
    inter = (actors.known[met.low] | actors.known[met.high]) & (one != other)
    code = np.where(inter, np.minimum(one, other) * size + np.maximum(one, other), -1)
    pairs = np.flatnonzero(inter)
    pairs = pairs[np.argsort(code[pairs], kind="stable")]
    position = met.position
    asks = (selected.mask[position] | selected.warm[position]) & np.int64(across)
    chosen = np.flatnonzero((asks != 0) & inter[met.number])
    wanted = code[met.number[chosen]]
    begin = np.searchsorted(code[pairs], wanted, "left")
    many = np.searchsorted(code[pairs], wanted, "right") - begin
    which = np.repeat(np.arange(len(chosen)), many)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
    pair = pairs[np.repeat(begin, many) + offset]
    new = pair != met.number[chosen[which]]
    pair, place = pair[new], position[chosen[which[new]]]
    return place, met.low[pair].astype(np.int64), met.high[pair].astype(np.int64)
