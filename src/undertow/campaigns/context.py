"""What a reviewer should see beside the weights, and what weighs nothing.

Silence after an address, who is written to next, and a change of role: they are what recruitment looks like and what honest people do: who meets goes quiet, who was helped helps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undertow.campaigns.served import Served, contacts
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, Evidence, joined, rows_of, step_code
from undertow.scores.weigh import Weighed
from undertow.signals.quiet import goes_quiet_after_address


def with_context(log: EventLog, one: Weighed, pairs: Served) -> Weighed:
    """Add rows of no bits: `quiet` and `next target`, one per target, and `once a target`, one per account.

    Args:
        log: the events.
        one: a playbook.
        pairs: who served whom, in all playbooks.
    """
    rows = [one.evidence, _quiet(log, one), _next(log, one), _once(one, pairs)]
    return replace(one, evidence=joined(rows))


def _quiet(log: EventLog, one: Weighed) -> Evidence:
    matches, book = one.matches, one.matches.playbook
    step = book.step_index(book.listed_from)
    row = matches.rows[one.listed, step]
    keys = matches.keys[one.listed]
    talk = (log.type == type_code("message")) & (log.target != NOBODY)
    address = log.marks.get("address", np.zeros(len(log), bool))
    quiet, _ = goes_quiet_after_address(log.at, log.actor, log.target, talk, address, log.end)
    kept = (row >= 0) & quiet[row]
    return _rows(one, keys[kept, one.judged], keys[kept, 1 - one.judged], row[kept], "quiet")


def _next(log: EventLog, one: Weighed) -> Evidence:
    """Find after each address the first account that its giver writes to for the first time."""
    matches, book = one.matches, one.matches.playbook
    row = matches.rows[one.listed, book.step_index(book.listed_from)]
    giver = matches.keys[one.listed, one.judged][row >= 0]
    met, size = contacts(log, ("message",)), len(log) + 1
    order = np.lexsort((met.row, met.account))
    # (account, row) as one number: the place behind an address is the next new account, if it is the giver's.
    begun = np.append(met.account[order] * size + met.row[order], -1)
    address = giver * size + row[row >= 0]
    place = np.searchsorted(begun[:-1], address, "right")
    mine = begun[place] // size == giver
    found = np.unique(order[place[mine]])
    return _rows(one, met.account[found], met.target[found], met.row[found], "next target")


def _once(one: Weighed, pairs: Served) -> Evidence:
    """Find accounts that were served by another before they first served somebody themselves."""
    listed = np.unique(one.matches.keys[one.listed, one.judged])
    began = _first(pairs.account, pairs.first, listed)
    served = _first(pairs.target, pairs.reached, listed)
    who = listed[served < began]
    none = np.full(len(who), NO_ROW)
    return _rows(one, who, np.full(len(who), NOBODY), none, "once a target")


def _first(code: Array, at: Array, wanted: Array) -> Array:
    """Give the earliest moment of each wanted code; the end of time where there is none."""
    least = np.full(len(wanted), np.iinfo(np.int64).max)
    place = np.minimum(np.searchsorted(wanted, code), max(len(wanted) - 1, 0))
    if len(wanted):
        mine = wanted[place] == code
        np.minimum.at(least, place[mine], at[mine])
    return least


def account_rows(one: Weighed, account: Array, name: str, many: Array) -> Evidence:
    """Make one row of no bits for each account in the judged role: `name`, counted `many` times."""
    nobody = np.full(len(account), NOBODY)
    return replace(_rows(one, account, nobody, np.full(len(account), NO_ROW), name), n=many)


def _rows(one: Weighed, account: Array, target: Array, row: Array, name: str) -> Evidence:
    judged = one.matches.playbook.key[one.judged]
    return rows_of(
        account, judged, step_code(name), "context", 0.0, target=target, row=row, n=1
    )
