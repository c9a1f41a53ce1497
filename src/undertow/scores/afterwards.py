"""What follows an address: the talk leaves, or it lasts; talk that trickles on does neither.

Who hands over an address to draw somebody in goes on talking: where the address leads, and then hardly a word follows
here, or here, and then much follows. A desk that told its number, and friends who chat as before, exchange a few words.
So one thing is asked of each address: did at most `FEW` events between the two follow within `WITHIN`, or at least
`MANY`? Honest people meet and telephone too; what that is worth is measured in the data, as for a step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from undertow.events.log import EventLog
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.evidence import Evidence, joined, rows_of, step_code
from undertow.scores.talk import Talk, pair_code
from undertow.scores.weigh import Weighed, mixed
from undertow.signals.quiet import FEW, WITHIN

MANY: Final = 20
"""Events from which a talk lasts: the count of `sustained` in the shipped playbook, whose days are not asked here."""
LIKELY: Final = 0.5
"""Share of addresses after which a talk leaves or lasts because of recruitment; ours, a scenario and not a rate."""
STEP: Final = step_code("afterwards")


def address_step(playbook: Playbook) -> int | None:
    """Give the step that lists a match where it hands an address over, else None."""
    step = playbook.step_index(playbook.listed_from)
    return step if "address" in playbook.steps[step].has else None


def with_afterwards(log: EventLog, one: Weighed, talk: Talk) -> Weighed:
    """Add a row `afterwards` for each listed match whose address lies long enough back to tell.

    Where the log ends within `WITHIN` nothing is said: what has lasted by then would be known, and what has not would
    not, so the known ones would be no fair sample.

    Args:
        log: the events.
        one: a playbook as `weigh` left it.
        talk: what was said between the ends of its listed matches.
    """
    step = address_step(one.matches.playbook)
    if step is None:
        return one
    keys, row = one.matches.keys[one.listed], one.matches.rows[one.listed, step]
    size = len(log.accounts)
    pair = keys[:, one.judged].astype(np.int64) * size + keys[:, 1 - one.judged]
    # A pair with several keys (one for each group) counts once, at its first address.
    order = np.lexsort((row, pair))
    order = order[row[order] >= 0]
    first = order[np.unique(pair[order], return_index=True)[1]]
    pair, row = pair[first], row[first]
    told = log.at[row] + WITHIN <= one.end
    pair, row = pair[told], row[told]
    if not len(row):
        return one
    said = talk.of_types(log, one.matches.playbook.steps[step].types)
    of, _ = following(log, row, said)
    many = np.bincount(of, minlength=len(row))
    return replace(one, evidence=joined([one.evidence, _rows(one, pair, size, row, many)]))


def _rows(one: Weighed, pair: Array, size: int, row: Array, many: Array) -> Evidence:
    taken = (many <= FEW) | (many >= MANY)
    u = (taken.sum() + 0.5) / (len(taken) + 1)
    m = float(mixed(LIKELY, u))
    return rows_of(
        pair // size,
        one.matches.playbook.key[one.judged],
        STEP,
        np.where(taken, "taken", "not taken"),
        np.where(taken, np.log2(m / u), np.log2((1 - m) / (1 - u))),
        target=pair % size,
        row=row,
        u=u,
        m=m,
        n=len(taken),
    )


def following(log: EventLog, row: Array, talk: Talk) -> tuple[Array, Array]:
    """List what was said next between the two of some events, within `WITHIN`: the first `MANY` of each at most.

    Args:
        log: the events, or at least those that this function gave for the whole log.
        row: int64, (n).
        talk: what was said between the two of each, at least.

    Returns:
        Which of the n, and the row, of each event that follows.
    """
    pair = pair_code(log.actor[row], log.target[row], len(log.accounts))
    pairs = np.unique(pair)
    kept = np.isin(talk.pair, pairs)
    place, said = np.searchsorted(pairs, talk.pair[kept]), talk.row[kept]
    # (pair, row) as one number, so that all pairs are searched at once.
    whole = len(log) + 1
    key = place * whole + said
    mine = np.searchsorted(pairs, pair) * whole
    last = np.searchsorted(log.at, log.at[row] + WITHIN, "right")
    start = np.searchsorted(key, mine + row, "right")
    count = np.minimum(np.searchsorted(key, mine + last, "left") - start, MANY)
    of = np.repeat(np.arange(len(row)), count)
    return of, said[start[of] + np.arange(len(of)) - (np.cumsum(count) - count)[of]]
