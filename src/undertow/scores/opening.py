"""Who speaks first: of the targets of its listed matches, to how many the account wrote before they ever wrote to it.

Somebody who is written to for help answers; somebody who draws people in goes up to them. It is one trait among
others, and an account that lets itself be written to escapes it, so it says little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from undertow.events.log import EventLog
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, joined, rows_of, step_code
from undertow.scores.rates import base_step
from undertow.scores.talk import Talk, pair_code
from undertow.scores.weigh import Weighed, mixed

LIKELY: Final = 0.4
"""Share of targets to whom a recruiter writes first because it recruits; ours, a scenario and not a rate."""
STEP: Final = step_code("opens")
LATEST: Final = np.iinfo(np.int64).max


def with_opening(log: EventLog, one: Weighed, talk: Talk) -> Weighed:
    """Add a row `opens` for each listed match, taken where the weighed account spoke first.

    Left out for playbooks whose first required step does not go from the weighed account to the other.

    Args:
        log: the events.
        one: a playbook as `weigh` left it.
        talk: what was said between the ends of its listed matches.
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
    said = talk.of_types(log, base.types)
    own, answer = (
        _first_rows(log, said, account, target),
        _first_rows(log, said, target, account),
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


def _first_rows(log: EventLog, talk: Talk, speaker: Array, hearer: Array) -> Array:
    """Find the first row from each speaker to each hearer: int64, (n), `LATEST` where there is none."""
    size = len(log.accounts)
    ways = talk.pair * 2 + (log.actor[talk.row] == talk.pair // size)
    way, first = np.unique(ways, return_index=True)
    wanted = pair_code(speaker, hearer, size) * 2 + (speaker < hearer)
    place = np.minimum(np.searchsorted(way, wanted), max(len(way) - 1, 0))
    found = np.full(len(wanted), LATEST)
    if len(way):
        hit = way[place] == wanted
        found[hit] = talk.row[first[place[hit]]]
    return found
