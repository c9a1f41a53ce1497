"""Accounts by platform and by the address that names them, and when each met whom: what joins are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.campaigns.served import Contacts, contacts
from undertow.events.log import NOBODY, EventLog
from undertow.matches.program import Array
from undertow.signals.kinds import KINDS

TALK: Final = ("message", "mention", "reply", "follow")


@dataclass(frozen=True)
class Elsewhere:
    """Accounts where they live.

    Attributes:
        platform: int64, (accounts): the platform of each account's first event, -1 for none.
        native: each account's name without its platform, in lower case.
        first, last: int64, µs, (accounts): the span of its events.
        size: int64, (platforms + 1): accounts of each.
        met: first contacts, each for both its ends.
        asked: bool, by place in `met`: whether the other end spoke first.
        begun: int64, (accounts + 1): `order[begun[a] : begun[a + 1]]` are the contacts of account a,
            in the order of time.
        order: int64, places in `met`.
    """

    platform: Array
    native: list[str]
    first: Array
    last: Array
    size: Array
    met: Contacts
    asked: Array
    begun: Array
    order: Array

    def of(self, account: int) -> Array:
        """List an account's contacts: places in `met`, in the order of time."""
        return self.order[self.begun[account] : self.begun[account + 1]]

    def lives_apart(self, one: int, other: int) -> bool:
        """Say whether one account's events end before the other's begin."""
        return bool(self.last[one] < self.first[other] or self.last[other] < self.first[one])

    def apart_by_chance(self, platform: int) -> float:
        """Give the share of pairs of a platform's accounts of which one ends before the other begins."""
        mine = np.flatnonzero(self.platform == platform)
        begins = np.sort(self.first[mine])
        after = len(mine) - np.searchsorted(begins, self.last[mine], "right")
        pairs = max(len(mine) * (len(mine) - 1) / 2, 1)
        return float(min(1.0, (after.sum() + 0.5) / pairs))


def elsewhere(log: EventLog) -> Elsewhere:
    """Look at where accounts live and whom they met."""
    many = len(log.accounts)
    met = contacts(log, TALK, either=True)
    addressed = np.flatnonzero(log.target != NOBODY)
    rows = np.concatenate([np.arange(len(log)), addressed])
    who = np.concatenate([log.actor, log.target[addressed]]).astype(np.int64)
    first, last = np.full(many, len(log)), np.full(many, -1)
    np.minimum.at(first, who, rows)
    np.maximum.at(last, who, rows)
    seen = last >= 0
    at = np.append(log.at, 0)
    platform = np.where(seen, np.append(log.platform, NOBODY)[np.where(seen, first, 0)], NOBODY)
    order = np.lexsort((met.at, met.account))
    return Elsewhere(
        platform=platform.astype(np.int64),
        native=[name.partition(":")[2].casefold() or name for name in log.accounts.to_pylist()],
        first=at[np.where(seen, first, len(log))],
        last=at[np.where(seen, last, len(log))],
        size=np.bincount(platform + 1, minlength=len(log.platforms) + 1)[1:],
        met=met,
        asked=np.asarray(log.actor[met.row] == met.target),
        begun=np.searchsorted(met.account[order], np.arange(many + 1)),
        order=order,
    )


def platforms_of_kinds(log: EventLog) -> dict[str, list[int]]:
    """Say on which platforms of a log the accounts are that an address of each kind may name."""
    names = [str(name).casefold() for name in log.platforms.to_pylist()]
    found: dict[str, list[int]] = {}
    for kind in KINDS:
        words = {kind.name, *kind.names.split("/"), *kind.vague.split("/")}
        found[kind.name] = [n for n, name in enumerate(names) if name in words]
    # A number or a mail address names whoever has it as a native id, wherever that is.
    found["phone"] = found["email"] = list(range(len(names)))
    return found


def accounts_named(
    log: EventLog, where: Elsewhere, hashed: Callable[[str], str]
) -> Callable[[str, str], list[int]]:
    """Give what finds the accounts that an address, by kind and value, names.

    Args:
        log: the events.
        where: where accounts live.
        hashed: the keyed hash under which an importer may have kept an address as a native id.
    """
    on = platforms_of_kinds(log)
    wanted = {platform for some in on.values() for platform in some}
    by: dict[tuple[int, str], list[int]] = {}
    for account in np.flatnonzero(np.isin(where.platform, list(wanted))).tolist():
        key = int(where.platform[account]), _plain(where.native[account])
        by.setdefault(key, []).append(account)

    def named(kind: str, value: str) -> list[int]:
        forms = {_plain(value.casefold()), hashed(value)}
        return sorted(
            {
                account
                for platform in on.get(kind, [])
                for form in forms
                for account in by.get((platform, form), [])
            }
        )

    return named


def _plain(native: str) -> str:
    """Write a name without what services put around it: a leading @, a +, the host behind a number."""
    bare = native.lstrip("@")
    digits = bare.partition("@")[0].lstrip("+").replace(" ", "").replace("-", "")
    return digits if digits.isdigit() and len(digits) >= 7 else bare
