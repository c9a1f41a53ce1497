"""Who speaks first: of the targets of its listed matches, to how many the account wrote before they ever wrote to it.

Somebody who is written to for help answers; somebody who draws people in goes up to them. It is one trait among
others, and an account that lets itself be written to escapes it, so it says little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, STRETCH, EventLog, type_code
from undertow.events.table import TYPES
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, joined, rows_of, step_code
from undertow.scores.rates import base_step
from undertow.scores.weigh import Weighed, mixed

LIKELY: Final = 0.4
"""Share of targets to whom a recruiter writes first because it recruits; ours, a scenario and not a rate."""
STEP: Final = step_code("opens")
LATEST: Final = np.iinfo(np.int64).max


def with_opening(log: EventLog, one: Weighed) -> Weighed:
    """Add a row `opens` for each listed match, taken where the weighed account spoke first.

    Left out for playbooks whose first required step does not go from the weighed account to the other.

    Args:
        log: the events.
        one: a playbook as `weigh` left it.
    """
    book = one.matches.playbook
    base = book.steps[base_step(book)]
    judged, other = book.key[one.judged], book.key[1 - one.judged]
    if (base.source, base.sink) != (judged, other) or not one.listed.any():
        return one
    size = len(log.accounts)
    keys = one.matches.keys[one.listed]
    pair = np.unique(keys[:, one.judged] * size + keys[:, 1 - one.judged])
    account, target = pair // size, pair % size
    types = np.zeros(len(TYPES), bool)
    types[[type_code(word) for word in base.types]] = True
    own, answer = (
        _first_rows(log, types, pair),
        _first_rows(log, types, target * size + account),
    )
    first = np.minimum(own, answer)
    opened = own < answer
    u = (opened.sum() + 0.5) / (len(pair) + 1)
    m = float(mixed(LIKELY, u))
    added = rows_of(
        account,
        judged,
        STEP,
        np.where(opened, "taken", "not taken"),
        np.where(opened, np.log2(m / u), np.log2((1 - m) / (1 - u))),
        target=target,
        row=np.where(first == LATEST, NO_ROW, first),
        u=u,
        m=m,
        n=len(pair),
    )
    return replace(one, evidence=joined([one.evidence, added]))


def _first_rows(log: EventLog, types: Array, pair: Array) -> Array:
    """Find the first row of some types of each (actor, target): int64, `LATEST` where there is none.

    Args:
        log: the events.
        types: bool, (types): which they are.
        pair: actor * accounts + target, distinct, in any order.
    """
    size = len(log.accounts)
    order = np.argsort(pair)
    ordered = pair[order]
    speaks, hears = np.zeros(size + 1, bool), np.zeros(size + 1, bool)
    speaks[pair // size] = True
    hears[pair % size] = True
    hears[NOBODY] = False
    found = np.full(len(pair), LATEST)
    for low in range(0, len(log), STRETCH):
        part = slice(low, min(low + STRETCH, len(log)))
        actor, target = log.actor[part], log.target[part]
        rows = np.flatnonzero(speaks[actor] & hears[target] & types[log.type[part]])
        code = actor[rows].astype(np.int64) * size + target[rows]
        place = np.minimum(np.searchsorted(ordered, code), len(pair) - 1)
        hit = ordered[place] == code
        np.minimum.at(found, order[place[hit]], rows[hit] + low)
        log.rest()
    return found
