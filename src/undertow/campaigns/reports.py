"""What others say of an account: hits of known lists and reports by people, both bounded.

Neither is conduct. A report counts only from somebody whom the account had written to, reporters who know nobody
but it and each other count as one, and all of them together weigh at most `REPORTS_MOST` bits: no crowd makes an
alert. An account without a listed match is never ranked, whatever stands on a list about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undertow.errors import UndertowError
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, Evidence, joined, rows_of, step_code
from undertow.scores.rates import activity
from undertow.scores.weigh import Weighed

FROM_REPORTS: Final = (
    "only accounts that a person reported, and their conversations, were looked at: whoever nobody reported "
    "is not here"
)
"""Said on the page and on the screen of a run with `--from-reports`."""
HIT: Final = 0.3
"""Share of accounts at work that stand on somebody's list; ours, no rate is published."""
HIT_MOST: Final = 8.0
"""Most bits of a hit: lists are wrong, and nobody knows how often; ours."""
REPORT_BITS: Final = 1.5
"""Bits of one independent report; each doubling of their number adds as much. Ours."""
REPORTS_MOST: Final = 4.0
"""Most bits of all reports together: a quarter of the way from the prior of 2e-5 to even odds. Ours."""


@dataclass(frozen=True)
class Hits:
    """Who stands on a known list, or hands over an address that does, ranked or not.

    Attributes:
        account: int64, (h), ascending.
        bits: of each hit, 0 where so many are hit that it says nothing.
        row: int64, (accounts), the first row that hands over a listed address, `NO_ROW` for none.
    """

    account: Array
    bits: float
    row: Array

    def by_account(self) -> Array:
        """Give the bits of each account's own hit: float64, (accounts), 0 for none."""
        out = np.zeros(len(self.row))
        out[self.account] = self.bits
        return out


def list_hits(log: EventLog, known: Array | None) -> Hits:
    """Find the hits of known lists; the fewer there are, the more each says.

    Args:
        log: the events; with the mark `listed`, addresses count.
        known: bool, (accounts), None for no list.
    """
    rows = np.full(len(log.accounts), NO_ROW)
    if known is None:
        return Hits(np.empty(0, np.int64), 0.0, rows)
    hit = known.copy()
    if "listed" in log.marks:
        handed = np.flatnonzero(log.marks["listed"])[::-1]
        rows[log.actor[handed]] = handed
        hit |= rows != NO_ROW
    active = max(len(np.unique(log.actor)), 1)
    share = (int(hit.sum()) + 0.5) / (active + 1)
    bits = float(np.clip(np.log2(HIT / share), 0.0, HIT_MOST))
    return Hits(np.flatnonzero(hit), bits, rows)


def with_hits(log: EventLog, one: Weighed, hits: Hits) -> Weighed:
    """Add a row for each ranked account that is hit; `hits` are the same for every playbook."""
    if not len(hits.account):
        return one
    bits = np.full(len(hits.account), hits.bits)
    return _added(log, one, hits.account, bits, hits.row, "known")


def with_reports(log: EventLog, one: Weighed, reports: tuple[Array, Array]) -> Weighed:
    """Add a row for each ranked account that people reported whom it had written to.

    Args:
        log: the events.
        one: a playbook.
        reports: as `independent_reports`: the same for every playbook.
    """
    account, many = reports
    bits = np.minimum(REPORT_BITS * (1 + np.log2(np.maximum(many, 1))), REPORTS_MOST)
    return _added(log, one, account, bits, np.full(len(log.accounts), NO_ROW), "report", many)


def independent_reports(log: EventLog) -> tuple[Array, Array]:
    """Count reports: accounts, and how many independent reporters each has, at least one.

    Reporters who know nobody but the account and its other reporters are one.
    """
    size = len(log.accounts)
    flags = _flags(log)
    if not len(flags):
        # Most logs hold none, and looking through all messages is dear.
        return np.empty(0, np.int64), np.empty(0, np.int64)
    wrote = np.flatnonzero((log.type == type_code("message")) & (log.target != NOBODY))
    met = np.unique(log.actor[wrote].astype(np.int64) * size + log.target[wrote])
    pair = np.unique(log.target[flags].astype(np.int64) * size + log.actor[flags])
    pair = pair[np.isin(pair, met)]
    account, reporter = pair // size, pair % size
    found, many = np.unique(account, return_counts=True)
    if not len(found):
        return found, many
    closed = activity(log).known_only(account, reporter, pair)
    alone = np.bincount(account[closed], minlength=size)[found]
    many = many - np.maximum(alone - 1, 0)
    return found, many


def reported(log: EventLog) -> Array:
    """Mark the accounts that a person reported: bool, (accounts)."""
    marked = np.zeros(len(log.accounts), bool)
    marked[log.target[_flags(log)]] = True
    return marked


def only_reported(log: EventLog, weighed: list[Weighed]) -> list[Weighed]:
    """Leave out every match and every row about accounts that nobody reported.

    Background rates still rest on all events: they are counts of all, and name nobody.

    Raises:
        UndertowError: `reports-none` if the events hold no report.
    """
    marked = reported(log)
    if not marked.any():
        raise UndertowError(
            "the events hold no report by a person",
            code="reports-none",
            mend="import reports as events of the type `flag`, or leave `--from-reports` out",
        )
    out = []
    for one in weighed:
        listed = one.listed & marked[one.matches.keys[:, one.judged]]
        rows = one.evidence
        kept = marked[rows.account]
        bound = {
            role: np.where((holder != NOBODY) & marked[holder], holder, NOBODY)
            for role, holder in one.bound.items()
        }
        evidence = Evidence(*(getattr(rows, name)[kept] for name in rows.__dataclass_fields__))
        out.append(replace(one, listed=listed, evidence=evidence, bound=bound))
    return out


def _flags(log: EventLog) -> Array:
    flags = (log.type == type_code("flag")) & (log.target != NOBODY)
    return np.flatnonzero(flags & (log.target != log.actor))


def _added(
    log: EventLog,
    one: Weighed,
    account: Array,
    bits: Array,
    row_of: Array,
    source: str,
    many: Array | None = None,
) -> Weighed:
    """Add one row to each role in which an account is ranked, of those named."""
    rows = one.evidence
    roles, role = np.unique(rows.role, return_inverse=True)
    key = np.unique(rows.account * 64 + role)
    order = np.argsort(account, kind="stable")
    account, bits = account[order], bits[order]
    place = np.minimum(np.searchsorted(account, key // 64), max(len(account) - 1, 0))
    hit = (account[place] == key // 64) if len(account) else np.zeros(len(key), bool)
    key, place = key[hit], place[hit]
    who, row = key // 64, row_of[key // 64]
    name = {"known": "known", "report": "reports"}[source]
    added = rows_of(
        who,
        roles[key % 64] if len(key) else "",
        step_code(name),
        source,
        bits[place] if len(key) else 0.0,
        target=np.where(row == NO_ROW, NOBODY, log.target[row]),
        row=row,
        n=1 if many is None else many[order][place],
    )
    return replace(one, evidence=joined([rows, added]))
