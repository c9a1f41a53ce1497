"""Counts that may leave the desk: by month, playbook, outcome and platform, never of fewer than k accounts.

Not a table with holes, for holes can be filled by subtraction. The decided cases are cut once into *blocks*,
each of at least k distinct accounts, none overlapping; only sums of whole blocks are ever given. So the
difference of any two answers is a sum of blocks as well, and no group below k can be singled out.

A value too rare for a block of its own is counted with others, as `other`. Where those others are still
too few, the smallest block joins them: what could be worked out by subtraction is held back with it. Months that
are over are cut once: a month with too few accounts waits for the next ones and is given together with them,
and what was given is kept and never cut anew (cases are purged after a while, and counting them again would
tell which), so that two releases cannot be subtracted either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from undertow.outward.record import MARK
from undertow.outward.tabular import Cell, table

K: Final = 5
"""Fewest accounts of a block: T8 and T19 of the requirements ask for five."""
OTHER: Final = "other"
ANY: Final = "all"
DIMENSIONS: Final = ("playbook", "outcome", "platform")


class Decided(NamedTuple):
    """One case that was decided: the month of its first decision as `2026-03`, and what it was."""

    account: str
    month: str
    playbook: str
    outcome: str
    platform: str


@dataclass(frozen=True)
class Block:
    """Cases that are counted together.

    Attributes:
        since, until: first and last month.
        playbook, outcome, platform: the one value of all its cases; `other` or `all` where they differ.
        cases: how many, at least as many as `accounts`, which are at least k.
    """

    since: str
    until: str
    playbook: str
    outcome: str
    platform: str
    cases: int
    accounts: int


def blocks(
    cases: Iterable[Decided], this_month: str, k: int = K, given: Sequence[Block] = ()
) -> list[Block]:
    """Cut decided cases into blocks.

    Args:
        cases: every decided case.
        this_month: such as `2026-03`; it and later months are not over and are left out.
        k: fewest distinct accounts of a block, at least 2.
        given: blocks that were given before: they stay as they are, and their months are over for good.

    Returns:
        Blocks in order of time; equal input gives equal blocks, and later months change no earlier block.
    """
    if k < 2:
        raise ValueError("`k` is at least 2")
    last = max((one.until for one in given), default="")
    by_month: dict[str, list[Decided]] = {}
    for one in sorted(cases):
        if last < one.month < this_month:
            by_month.setdefault(one.month, []).append(one)
    made: list[Block] = list(given)
    waiting: list[Decided] = []
    since = ""
    for month in sorted(by_month):
        since = since if waiting else month
        waiting += by_month[month]
        if _accounts(waiting) >= k:
            made += _cut(waiting, DIMENSIONS, {}, (since, month), k)
            waiting = []
    return made


def _cut(
    cases: Sequence[Decided],
    dimensions: Sequence[str],
    fixed: Mapping[str, str],
    months: tuple[str, str],
    k: int,
) -> list[Block]:
    if not dimensions:
        playbook, outcome, platform = (fixed[name] for name in DIMENSIONS)
        since, until = months
        block = Block(since, until, playbook, outcome, platform, len(cases), _accounts(cases))
        return [block]
    first, rest = dimensions[0], dimensions[1:]
    made: list[Block] = []
    for value, some in _groups(cases, first, k):
        made += _cut(some, rest, {**fixed, first: value}, months, k)
    return made


def _groups(
    cases: Sequence[Decided], dimension: str, k: int
) -> list[tuple[str, list[Decided]]]:
    """Split by one dimension so that every part has k accounts; what is too small joins until it has."""
    parts: dict[str, list[Decided]] = {}
    for one in cases:
        parts.setdefault(getattr(one, dimension), []).append(one)
    large = {value: some for value, some in parts.items() if _accounts(some) >= k}
    small = [one for value, some in parts.items() if value not in large for one in some]
    by_size = sorted(large, key=lambda value: (len(large[value]), value))
    while small and _accounts(small) < k and by_size:
        small += large.pop(by_size.pop(0))
    groups = sorted(large.items())
    if small:
        groups.append((OTHER if groups else ANY, small))
    return groups


def _accounts(cases: Iterable[Decided]) -> int:
    return len({one.account for one in cases})


def as_csv(made: Sequence[Block], *, is_simulated: bool = False, k: int = K) -> bytes:
    """Write all blocks as one table."""
    columns = ["since", "until", *DIMENSIONS, "cases", "at_least_accounts"]
    rows: list[list[Cell]] = [
        [one.since, one.until, one.playbook, one.outcome, one.platform, one.cases, k]
        for one in made
    ]
    return table(columns, rows, is_simulated=is_simulated)


def as_values(
    made: Sequence[Block], *, is_simulated: bool = False, k: int = K
) -> dict[str, object]:
    """Give all blocks as values that JSON can hold."""
    return {
        "form": 1,
        "data": MARK if is_simulated else "counts of decided cases",
        "says": f"Each row counts at least {k} accounts; rarer values stand as `{OTHER}` or `{ANY}`, and months "
        "with too few accounts wait for the next ones.",
        "blocks": [
            {
                "since": one.since,
                "until": one.until,
                "playbook": one.playbook,
                "outcome": one.outcome,
                "platform": one.platform,
                "cases": one.cases,
            }
            for one in made
        ],
    }
