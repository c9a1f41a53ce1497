"""Back-tests held against what people decided: confirmed of decided, among the accounts that a playbook lists.

The accounts come from a back-test by name, are turned into codes with the store's key, and looked up among
closed cases; nothing sealed is opened, so nobody is named by it. What comes out are counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from undertow.cases.month import wilson
from undertow.cases.store import Store
from undertow.cases.tables import cases
from undertow.cases.teaching import verdicts_on
from undertow.learning.decisions import Decision, settled

FEWEST: Final = 20
"""Accounts confirmed or rejected below which a share says too little to be told: its interval would be wider than
0.4 at an even share (Wilson, 95 %)."""


@dataclass(frozen=True)
class Labelled:
    """What was decided about some accounts.

    Attributes:
        of: the accounts; `undecided` of them nobody decided on.
        confirmed, rejected, unclear: what the last decision on each of the others came to.
        share, low, high: confirmed of confirmed and rejected, with the interval of 95 %; None below `FEWEST`.
    """

    of: int
    undecided: int
    confirmed: int
    rejected: int
    unclear: int
    share: float | None
    low: float | None
    high: float | None


def labelled(accounts: Iterable[str], verdicts: dict[str, str]) -> Labelled:
    """Count decisions about accounts.

    Args:
        accounts: codes, each once.
        verdicts: `confirmed`, `rejected` or `unclear` by code.
    """
    told = list(accounts)
    counted = Counter(verdicts.get(one, "undecided") for one in told)
    confirmed, rejected = counted["confirmed"], counted["rejected"]
    sure = confirmed + rejected
    low, high = wilson(confirmed, sure) if sure >= FEWEST else (None, None)
    return Labelled(
        of=len(told),
        undecided=counted["undecided"],
        confirmed=confirmed,
        rejected=rejected,
        unclear=counted["unclear"],
        share=confirmed / sure if sure >= FEWEST else None,
        low=low,
        high=high,
    )


def verdicts_of(store: Store) -> dict[str, str]:
    """Give what closed cases came to, by the code of their account; the decision made last counts."""
    found: dict[str, tuple[str, str]] = {}
    with store.reading() as connection:
        closed = select(cases).where(cases.c.state == "closed", cases.c.merged_into.is_(None))
        for case in connection.execute(closed.order_by(cases.c.case)).all():
            for verdict in verdicts_on(connection, case):
                known = found.get(case.account, ("", ""))
                found[case.account] = max(known, (verdict["at"], verdict["decision"]))
    return {account: verdict for account, (_, verdict) in found.items()}


def held_against(store: Store, listed: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Hold the accounts of a back-test against the decisions in a store.

    Args:
        store: the store.
        listed: `account` as the events name it, and `raised`: above even odds.

    Returns:
        `listed` and `raised`, each `Labelled`; `confirmed`: accounts that the store holds for confirmed, and `found`: how
        many of these are listed; `fewest`: `FEWEST`.
    """
    rows = {store.vault.code("a", str(one["account"])): bool(one["raised"]) for one in listed}
    return counted(rows, verdicts_of(store))


def verdicts_in(decisions: Iterable[Decision]) -> dict[str, str]:
    """Give what a file of decisions says of each account; of several cases of one, that which was decided on last."""
    told = list(decisions)
    came = settled(told)
    last: dict[str, Decision] = {}
    for one in sorted(told, key=lambda one: (one.at, one.case)):
        last[one.account] = one
    return {account: came[one.case] for account, one in last.items()}


def counted(rows: Mapping[str, bool], verdicts: dict[str, str]) -> dict[str, Any]:
    """Count what was decided about the accounts of a back-test.

    Args:
        rows: whether it is above even odds, by account.
        verdicts: by the same names of accounts.

    Returns:
        As `held_against`.
    """
    confirmed = {code for code, verdict in verdicts.items() if verdict == "confirmed"}
    return {
        "listed": labelled(rows, verdicts),
        "raised": labelled((code for code, raised in rows.items() if raised), verdicts),
        "confirmed": len(confirmed),
        "found": len(confirmed & rows.keys()),
        "fewest": FEWEST,
    }
