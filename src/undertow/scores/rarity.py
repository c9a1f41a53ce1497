"""What one kind of evidence may say at most: no more than its rarity among accounts of this very data supports.

The rows of one step about one account rest on one trait: who hands out addresses at all hands out many. Added up as
if each target were a witness of its own they would measure how busy an account is. So the step is asked once for
the account: how many accounts of the same role have as much of it? At most log2(`GIVEN` / that share) bits, and at
most `STEP_MOST`, count; what exceeds it is taken back in a row of its own (`rarity`), so rows still add up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from undertow.matches.program import Array
from undertow.scores.evidence import joined, rows_of
from undertow.scores.weigh import Weighed

GIVEN: Final = 0.5
"""Share of accounts at work that show as much of a trait; ours, no public rate exists."""
STEP_MOST: Final = 4.0
"""Most bits of one step of one account; ours, chosen on worlds of development seeds 1 to 12."""
PRIOR_SHARE: Final = 0.05
"""Share of accounts that show a trait, before looking: what few ranked accounts are drawn towards; ours."""
PRIOR_ACCOUNTS: Final = 20.0
"""Weight of `PRIOR_SHARE`, in accounts."""


def share_as_strong(strength: Array, many: int) -> Array:
    """Give for each strength the share of accounts that reach it, in (0, 1), drawn towards `PRIOR_SHARE`.

    Args:
        strength: float64, (n), of those accounts that have any.
        many: accounts in all, at least n.
    """
    ordered = np.sort(strength)
    reach = len(ordered) - np.searchsorted(ordered, strength, "left")
    return np.asarray(
        (reach + PRIOR_SHARE * PRIOR_ACCOUNTS) / (many + PRIOR_ACCOUNTS), np.float64
    )


def most_bits(strength: Array, many: int) -> Array:
    """Give the most that a trait of each strength may say, in bits; arguments as for `share_as_strong`."""
    share = share_as_strong(strength, many)
    return np.asarray(np.clip(np.log2(GIVEN / share), 0.0, STEP_MOST), np.float64)


def held_back(one: Weighed) -> Weighed:
    """Add a row `rarity` for each account, role and step whose rows say more than its rarity supports.

    Caps on clusters of targets count against the step at which keys are listed.
    """
    rows = one.evidence
    if not len(rows):
        return one
    book = one.matches.playbook
    roles, role = rows.role.numbered()
    spoken = rows.source.among(("taken", "not taken", "cap", "share"))
    step = np.where(rows.source == "cap", book.step_index(book.listed_from), rows.step)
    who = rows.account * 64 + role
    many = np.bincount(np.unique(who) % 64, minlength=len(roles))
    parts = [rows]
    for s in np.unique(step[spoken]).tolist():
        mine = np.flatnonzero(spoken & (step == s))
        key, of = np.unique(who[mine], return_inverse=True)
        bits = np.bincount(of, weights=rows.bits[mine], minlength=len(key))
        for r in range(len(roles)):
            here = np.flatnonzero((key % 64 == r) & (bits > 0))
            share = share_as_strong(bits[here], int(many[r]))
            most = most_bits(bits[here], int(many[r]))
            above = np.flatnonzero(bits[here] > most)
            if not len(above):
                continue
            parts.append(
                rows_of(
                    key[here[above]] // 64,
                    roles[r],
                    int(s),
                    "rarity",
                    most[above] - bits[here[above]],
                    u=share[above],
                    m=GIVEN,
                    n=int(many[r]),
                )
            )
    return replace(one, evidence=joined(parts))
