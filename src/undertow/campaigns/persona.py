"""Personas: accounts on several platforms held to be one actor, because one hands the other's address over.

Two steps, each weighed in bits. An account that hands addresses over is joined with the account elsewhere to
which they lead: named by the address, or unnamed and met in step with many of them; and what follows there must
fit. Then each of its targets is joined with the one who begins there after it was given the address. Nobody
else is looked at: only the accounts of listed matches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undertow.campaigns.elsewhere import (
    Elsewhere,
    accounts_named,
    elsewhere,
    platforms_of_kinds,
)
from undertow.campaigns.follow import MOST, SLOW, SOON, follow_bits, pull, share_that_followed
from undertow.campaigns.handing import Handings, among, handings
from undertow.campaigns.persona_file import Reason
from undertow.events.log import EventLog
from undertow.matches.program import Array

OWN: Final = 0.5
"""Chance that the address which an account hands over is its own, not that of somebody else whom it names; ours."""
HELD: Final = 0.5
"""Chance that the account to which an address leads is in the data at all; ours."""
HANDLE: Final = 0.2
"""Chance that somebody has one user name on two platforms; ours."""
SUCCEEDS: Final = 0.3
"""Chance that a second account of one actor begins after the first has ended; ours."""
LEAST: Final = 2.5
"""Bits from which accounts are joined: odds of six to one under what is assumed here. Chosen on worlds of seeds 1
to 5 (`bench/persona_joins.py`)."""
ASKS: Final = 0.9
"""Chance that who follows an address speaks first where it leads: it was given to be written to; ours."""
STEPS: Final = 3
"""Addresses to different accounts, each followed, from which an account that none of them names is looked for."""
ENOUGH: Final = 200
"""Targets of one giver that are looked at, the first ones: more add nothing but work."""
CROWD: Final = 30
"""Givers of one address above which it is a public one; as for ties of campaigns."""
NAMES: Final = 8.0
"""Most bits of a name: beyond that the counts are too few to tell."""


@dataclass(frozen=True)
class Found:
    """A tie.

    Attributes:
        a, b: codes; `b` is where the address leads, or who began there.
        reasons: evidence; the cited events are `rows`.
        rows: one row of the log for each reason, -1 for none.
        target: whose name is hidden in the cited ids.
        sealed: whether both are targets, whose names are hidden.
    """

    a: int
    b: int
    reasons: tuple[Reason, ...]
    rows: tuple[int, ...]
    target: int
    sealed: bool = False

    @property
    def bits(self) -> float:
        """Sum of the evidence."""
        return sum(reason.bits for reason in self.reasons)


class Finder:
    """Looks for ties in one log.

    Args:
        log: the events, with the mark `handed`.
        pairs: int64, (p, 2): weighed account and target of listed matches.
        addresses: kind and value by the numbers of `handed`.
        hashed: keyed hash under which an importer may have kept an address as a native id.
    """

    def __init__(
        self,
        log: EventLog,
        pairs: Array,
        addresses: Sequence[tuple[str, str]],
        hashed: Callable[[str], str],
    ) -> None:
        self.log, self.addresses = log, addresses
        self.where: Elsewhere = elsewhere(log)
        self.kinds = platforms_of_kinds(log)
        size = len(log.accounts)
        self.every = handings(log)
        listed = among(pairs, self.every.giver, self.every.target, size)
        self.given = self.every.take(np.flatnonzero(listed))
        back = among(pairs, self.every.target, self.every.giver, size)
        named = accounts_named(log, self.where, hashed)
        # Which accounts each address names, asked once.
        used = np.unique(self.every.value).tolist()
        self.named = {value: named(*addresses[value]) for value in used}
        self._apart: dict[int, float] = {}
        self._order = np.argsort(self.where.met.at, kind="stable")
        self._times = self.where.met.at[self._order]
        self.back: dict[tuple[int, int], set[int]] = {}
        answers = self.every.take(np.flatnonzero(back))
        for t, g, v in zip(answers.giver, answers.target, answers.value, strict=True):
            self.back.setdefault((int(t), int(g)), set()).update(self.named[int(v)])

    def ties(self) -> list[Found]:
        """Find all ties of at least `LEAST` bits, those of the givers before those of their targets."""
        found: list[Found] = []
        for giver in np.unique(self.given.giver).tolist():
            found += self._of_giver(giver)
        leads = self._undisputed(found)
        return leads + self._of_targets(leads)

    def _of_giver(self, giver: int) -> list[Found]:
        given = self.given.of(giver)
        home = self.where.platform[giver]
        found = []
        for platform in range(len(self.log.platforms)):
            if platform == home:
                continue
            leads = [
                (other, given.take(np.flatnonzero(self._names(given, other))))
                for other in sorted(
                    {n for v in given.value.tolist() for n in self.named[v]} - {giver}
                )
                if self.where.platform[other] == platform
            ]
            one = [self._by_name(giver, other, some) for other, some in leads]
            if not leads:
                one = self._in_step(giver, given, platform)
            found += [tie for tie in one if tie is not None and tie.bits >= LEAST]
        return found

    def _names(self, given: Handings, other: int) -> Array:
        return np.array([other in self.named[v] for v in given.value.tolist()], bool)

    def _by_name(self, giver: int, other: int, given: Handings) -> Found | None:
        """Weigh an account that the address names, or give None where several hand it over at once."""
        givers = self._givers(given.value, giver, other)
        if not self._one_after_another([giver, *givers]):
            return None
        platform = self.where.platform[other]
        alike = [
            sum(self.where.platform[n] == platform for n in self.named[v])
            for v in given.value.tolist()
        ]
        shared = float(np.log2(OWN / ((len(givers) + 1) * max(alike))))
        given = _first_of_each(given)
        bits, seen, row = self._follows(other, given)
        reasons = (
            Reason("address", shared, of=len(givers) + 1),
            Reason("follows", min(bits, MOST - shared), seen, len(given)),
        )
        return Found(giver, other, reasons, (int(given.row[0]), row), int(given.target[0]))

    def _givers(self, values: Array, giver: int, other: int) -> list[int]:
        """List who else hands these addresses to at least two, beside the account that they name.

        Once is a quotation.
        """
        mine = np.isin(self.every.value, values)
        who, many = np.unique(self.every.giver[mine], return_counts=True)
        return [g for g in who[many > 1].tolist() if g not in (giver, other)]

    def _one_after_another(self, accounts: list[int]) -> bool:
        """Say whether the accounts of each platform follow each other in time, none beside another."""
        where = self.where
        return len(accounts) <= CROWD and all(
            one == other
            or where.platform[one] != where.platform[other]
            or (where.lives_apart(one, other) and self.succession(one).bits > 0)
            for n, one in enumerate(accounts)
            for other in accounts[n + 1 :]
        )

    def succession(self, one: int) -> Reason:
        """Weigh that an account begins where another of its platform ends, against how often that is so."""
        platform = int(self.where.platform[one])
        if platform not in self._apart:
            self._apart[platform] = self.where.apart_by_chance(platform)
        chance = self._apart[platform]
        return Reason("succession", float(np.log2(SUCCEEDS / chance)))

    def _follows(self, other: int, given: Handings) -> tuple[float, int, int]:
        """Weigh the new contacts of an account: bits, how many addresses were followed, the first's row."""
        places = self.where.of(other)
        begun, whom = self.where.met.at[places], self.where.met.target[places]
        rate = self._rates(places, given.at)
        for n, who in enumerate(whom.tolist()):
            if any(
                who in self.back.get((t, int(g)), ())
                for t, g in zip(given.target.tolist(), given.giver, strict=True)
            ):
                # It is the very account that one of them gave in return: few contacts are.
                rate[n] *= (len(self.where.of(who)) + 0.5) / max(len(self.where.met) / 2, 1)
        bits = follow_bits(given.at, begun, rate, self.log.end)
        gap = np.subtract.outer(begun, given.at)
        near = (gap > 0) & (gap <= SOON)
        after = places[near.any(axis=1)]
        row = int(self.where.met.row[after[0]]) if len(after) else -1
        return bits, min(int(near.any(axis=0).sum()), len(after)), row

    def _rates(self, places: Array, handed: Array) -> Array:
        """Give an account's rate of new contacts at each of them: float64, per µs, (c).

        Whoever follows mostly speaks first. So contacts that the others began are held against how many those are
        by chance, in units of how many they should be; likewise the few that the account began itself.
        """
        begun, asked = self.where.met.at[places], self.where.asked[places]
        gap = np.subtract.outer(begun, handed)
        away = ~((gap > 0) & (gap <= SLOW)).any(axis=1)
        share = float((asked[away].sum() + 1) / (away.sum() + 2))
        speaks = np.where(asked, share / ASKS, (1 - share) / (1 - ASKS))
        return np.asarray(self._rate(begun, handed) * speaks)

    def _rate(self, begun: Array, handed: Array) -> float:
        """Give an account's rate of new contacts, per µs, away from the addresses."""
        span = max(self.log.end - self.log.start, 1)
        near = (np.subtract.outer(begun, handed) > 0) & (
            np.subtract.outer(begun, handed) <= SLOW
        )
        ends = np.minimum(np.append(handed[1:], self.log.end), handed + SLOW)
        covered = int(np.maximum(ends - handed, 0).sum())
        if covered > 0.75 * span:
            return float((len(begun) + 1) / span)
        return float((np.sum(~near.any(axis=1)) + 1) / (span - covered))

    def _in_step(self, giver: int, given: Handings, platform: int) -> list[Found | None]:
        """Look for an account that no address names and that meets somebody new after many of them."""
        leads = [
            platform in self.kinds.get(self.addresses[v][0], ()) for v in given.value.tolist()
        ]
        given = _first_of_each(given.take(np.flatnonzero(leads)))
        if len(given) < STEPS:
            return []
        met, where = self.where.met, self.where
        soon = [self._begun(platform, int(at)) for at in given.at]
        account, times = np.unique(
            np.concatenate([np.unique(met.account[s]) for s in soon]), return_counts=True
        )
        number = float(np.log2(HELD * OWN / max(int(where.size[platform]), 1)))
        found: list[Found | None] = []
        for other in account[times >= STEPS].tolist():
            bits, seen, row = self._follows(other, given)
            reasons = (
                Reason("search", number, of=int(where.size[platform])),
                Reason("follows", min(bits, MOST - number), seen, len(given)),
            )
            rows = (int(given.row[0]), row)
            found.append(Found(giver, other, reasons, rows, int(given.target[0])))
        # Of several that keep step the one that keeps it best, if it is alone.
        found.sort(key=lambda tie: -tie.bits if tie else 0.0)
        if len(found) > 1 and found[0] and found[1] and found[0].bits < found[1].bits + 1:
            return []
        return found[:1]

    def _begun(self, platform: int, at: int) -> Array:
        """List the contacts that begin on a platform within `SLOW` of a moment: places in `met`."""
        low, high = np.searchsorted(self._times, [at + 1, at + SLOW + 1])
        places = self._order[low:high]
        there: Array = places[self.where.platform[self.where.met.account[places]] == platform]
        return there

    def _undisputed(self, found: list[Found]) -> list[Found]:
        """Leave out accounts to which several lead at one time: a desk, not a persona."""
        kept = []
        by: dict[int, list[int]] = {}
        for tie in found:
            by.setdefault(tie.b, []).append(tie.a)
        for tie in found:
            givers = by[tie.b]
            if not self._one_after_another(givers):
                continue
            same = self.where.platform[givers] == self.where.platform[tie.a]
            if len(givers) > 1 and same.sum() > 1:
                reason = self.succession(tie.a)
                tie = replace(tie, reasons=(*tie.reasons, reason), rows=(*tie.rows, -1))  # noqa: PLW2901 - the same tie with one more reason
            kept.append(tie)
        return kept

    def _of_targets(self, leads: list[Found]) -> list[Found]:
        """Join each target with who began where the address leads, where both point at each other alone."""
        found = [tie for lead in leads for tie in self._of_lead(lead)]
        taken = {account for lead in leads for account in (lead.a, lead.b)}
        best: dict[tuple[str, int, int], Found] = {}
        for tie in found:
            there = int(self.where.platform[tie.b])
            for key in (("from", tie.a, there), ("to", tie.b, 0)):
                if key not in best or tie.bits > best[key].bits:
                    best[key] = tie
        return [
            tie
            for tie in found
            if tie.bits >= LEAST
            and not {tie.a, tie.b} & taken
            and best["from", tie.a, int(self.where.platform[tie.b])] is tie
            and best["to", tie.b, 0] is tie
        ]

    def _of_lead(self, lead: Found) -> list[Found]:
        given, where = self.given.of(lead.a), self.where
        if lead.reasons[0].kind == "address":
            given = given.take(np.flatnonzero(self._names(given, lead.b)))
        given = _first_of_each(given)
        places = where.of(lead.b)
        begun, whom = where.met.at[places], where.met.target[places]
        rate = self._rates(places, given.at)[:, None]
        drawn = pull(begun, given.at, share_that_followed(begun, given.at, rate))
        rest = rate + drawn.sum(axis=1, keepdims=True) - drawn
        size = max(int(where.size[where.platform[lead.b]]), 1)
        found = []
        for c, h in zip(*np.nonzero(drawn), strict=True):
            target, other = int(given.target[h]), int(whom[c])
            if where.platform[other] == where.platform[target]:
                continue
            reasons = [
                Reason("begins", float(np.log2(drawn[c, h] / rest[c, h])), of=len(given))
            ]
            if other in self.back.get((target, lead.a), ()):
                reasons.append(Reason("answer", min(float(np.log2(OWN * size)), NAMES)))
            if where.native[target] == where.native[other]:
                reasons.append(Reason("handle", min(float(np.log2(HANDLE * size)), NAMES)))
            rows = (int(where.met.row[places[c]]), *[-1] * (len(reasons) - 1))
            found.append(Found(target, other, tuple(reasons), rows, other, sealed=True))
        return found


def _first_of_each(given: Handings) -> Handings:
    """Keep the first address that each target was given, of at most `ENOUGH` targets."""
    _, first = np.unique(given.target, return_index=True)
    return given.take(np.sort(first)[:ENOUGH])
