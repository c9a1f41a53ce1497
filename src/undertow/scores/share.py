"""The share of an account's contacts that reach the listing step is its own, and is not known beforehand.

`likely` of that step is a rate over all contacts of a recruiter, its friends among them, and no two recruiters have
equally many friends. With one fixed rate, whoever has many ordinary contacts looks harmless, and whoever has few looks
guiltier than k targets of n support. So the step is weighed once for each account, over all rates that it may have:
the excess over chance follows a Beta law with the mean `likely`, worth `WORTH` contacts. The rows of the step stand as
they are; the difference is a row of its own, `share`, so rows still add up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from undertow.matches.program import Array
from undertow.scores.evidence import joined, rows_of
from undertow.scores.weigh import Weighed, likely

WORTH: Final = 2.0
"""Contacts that the stated rate is worth; ours: as little as a rate without a source can be worth. From 0.5 to 8 nothing
changes in a ranking that seeds would not change as well."""
NODES: Final = 64
"""Rates at which the mixture is summed."""
BITE: Final = 1 << 16
"""Accounts summed at once: bounds the memory."""


def share_bits(taken: Array, contacts: Array, u: Array, rate: float) -> Array:
    """Weigh `taken` of `contacts` over all rates that an account may have: float64, (n), bits.

    log2 of the mean, over excesses e of Beta(`rate` `WORTH`, (1 - `rate`) `WORTH`), of
    Binomial(taken; contacts, e + (1 - e) u) / Binomial(taken; contacts, u).

    Args:
        taken: (n), contacts that took the step.
        contacts: (n), contacts that could be seen to take it.
        u: float64, (n), rate by chance.
        rate: mean excess over chance, in (0, 1).
    """
    first, second = rate * WORTH, (1 - rate) * WORTH
    # With e = t ** (1 / first) the pole of the law at 0 is gone.
    excess = ((np.arange(NODES) + 0.5) / NODES) ** (1 / first)
    law = (1 - excess) ** (second - 1)
    law /= law.sum()
    rest = np.log2(1 - excess)
    out = np.empty(len(u))
    for low in range(0, len(u), BITE):
        part = slice(low, low + BITE)
        gain = np.log2(excess / u[part, None] + (1 - excess))
        left = (contacts - taken)[part, None]
        bits = taken[part, None] * gain + left * rest
        most = bits.max(axis=1)
        out[part] = most + np.log2(np.exp2(bits - most[:, None]) @ law)
    return out


def with_share(one: Weighed) -> Weighed:
    """Add a row `share` for each account that is weighed in the judged role.

    Targets that a cap counts as one (`weigh`, rows `cap`) count as one here too.
    """
    rows, book = one.evidence, one.matches.playbook
    step, role = book.step_index(book.listed_from), book.key[one.judged]
    judged = rows.role == role
    mine = np.flatnonzero(
        judged & (rows.step == step) & rows.source.among(("taken", "not taken"))
    )
    if not len(mine):
        return one
    account, of = np.unique(rows.account[mine], return_inverse=True)
    held = np.flatnonzero(judged & (rows.source == "cap"))
    u, bits, taken, contacts = sums(
        of, rows.u[mine], rows.bits[mine], rows.source[mine] == "taken"
    )
    again = np.zeros(len(account))
    place = np.minimum(np.searchsorted(account, rows.account[held]), len(account) - 1)
    same = account[place] == rows.account[held]
    np.add.at(again, place[same], rows.n[held[same]] - 1)
    bits = difference((taken, contacts, again), u, bits, likely(book.steps[step]))
    added = rows_of(account, role, step, "share", bits, u=u, n=contacts)
    return replace(one, evidence=joined([rows, added]))


def sums(of: Array, u: Array, bits: Array, taken: Array) -> tuple[Array, Array, Array, Array]:
    """Add up the rows of one step by account: u, bits, taken, contacts; (accounts) each.

    Args:
        of: account of each row, from 0, (r).
        u: float64, (r), the same for all rows of an account.
        bits: float64, (r).
        taken: bool, (r).
    """
    contacts = np.bincount(of)
    return (
        np.bincount(of, weights=u) / contacts,
        np.bincount(of, weights=bits),
        np.bincount(of, weights=taken),
        contacts,
    )


def difference(counts: tuple[Array, Array, Array], u: Array, bits: Array, rate: float) -> Array:
    """Give the bits of the row `share`: float64, (n).

    Args:
        counts: targets that took the step, contacts, and targets that a cap takes back; (n) each.
        u: float64, (n), rate by chance.
        bits: float64, (n), sum of the step's rows.
        rate: `likely` of the step.
    """
    taken, contacts, again = counts
    again = np.minimum(again, np.maximum(taken - 1, 0))
    each = np.log2((rate + (1 - rate) * u) / u)
    whole = share_bits(taken - again, contacts - again, u, rate)
    return np.asarray(whole - (bits - again * each), np.float64)
