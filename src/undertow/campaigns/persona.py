"""Personas: accounts on several platforms held to be one actor, because one hands the other's address over.

Found from the events alone: the address is the name of an account on another platform, and what follows there fits.
Only accounts that serve targets are joined; a target's other accounts are nobody's business here. An address that
several accounts hand over is a tie, not a persona. The file is JSON Lines; `"undone": true` takes a persona back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from undertow.campaigns.served import Served, contacts
from undertow.errors import Place, UndertowError, shown_name
from undertow.events.log import EventLog
from undertow.matches.program import Array
from undertow.scores.shown import Shown
from undertow.units import DAY

OWN: Final = 0.5
"""Chance that the address which an account hands over is its own; ours."""
FOLLOWS: Final = 0.3
"""Chance that somebody who was given it is seen there within `SOON`, beyond what chance gives; ours."""
SOON: Final = 14 * DAY
_ANY: Final = {
    "phone": ("whatsapp", "signal", "telegram", "sms", "phone", "viber", "imessage"),
    "email": ("email", "mail", "mbox", "smtp"),
}
"""Platforms whose accounts are named by an address of a kind."""
TALK: Final = ("message", "mention", "reply", "follow")


class Reason(msgspec.Struct, frozen=True):
    """Why accounts are held to be one: `address` or `follows`, the event that shows it, and bits."""

    kind: str
    bits: float
    event: str | None = None


class Persona(msgspec.Struct, frozen=True):
    """One line of the personas file.

    Attributes:
        persona: its name.
        accounts: at least two accounts.
        bits: evidence that they are one actor; reasons add up to it.
        evidence: the reasons; empty where a person says so.
        undone: taken back: the accounts count apart.
    """

    persona: str
    accounts: tuple[str, ...]
    bits: float | None = None
    evidence: tuple[Reason, ...] = ()
    undone: bool = False


def find_personas(
    log: EventLog, pairs: Served, addresses: Sequence[tuple[str, str]], shown: Shown
) -> list[Persona]:
    """Join accounts that hand an address over with the account that it names.

    Args:
        log: the events, with the mark `handed`.
        pairs: who served whom.
        addresses: kind and value by the numbers of `handed`.
        shown: seals targets inside event ids.
    """
    if "handed" not in log.marks:
        return []
    names = {name.casefold(): code for code, name in enumerate(log.accounts.to_pylist())}
    on = _platform_sizes(log.accounts)
    met = contacts(log, TALK, either=True)
    rows = np.flatnonzero(log.marks["handed"] >= 0)
    rows = rows[np.isin(log.actor[rows], pairs.account)]
    keys = np.unique(np.stack([log.marks["handed"][rows], log.actor[rows]]), axis=1)
    givers = np.bincount(keys[0], minlength=len(addresses))
    found = []
    for value, giver in keys.T.tolist():
        if givers[value] > 1:
            continue
        for name in _called(*addresses[value]):
            other = names.get(name)
            if other is None or _platform(name) == _platform(log.accounts[giver].as_py()):
                continue
            mine = rows[(log.marks["handed"][rows] == value) & (log.actor[rows] == giver)]
            address = float(np.log2(OWN * max(on[_platform(name)], 2)))
            follows = _follows(log, mine, met.at[met.account == other])
            if address + follows > 0:
                cited = shown.events(mine[:1], log.target[mine[:1]].astype(np.int64))[0].as_py()
                accounts = (log.accounts[giver].as_py(), log.accounts[other].as_py())
                reasons = (Reason("address", address, cited), Reason("follows", follows))
                found.append(
                    Persona(f"persona:{accounts[0]}", accounts, address + follows, reasons)
                )
    return _by_name(found)


def _follows(log: EventLog, handed: Array, new: Array) -> float:
    """Weigh how often somebody new turns up there soon after, against how often anyway."""
    at = log.at[handed]
    at = at[at + SOON <= log.end]
    if not len(at):
        return 0.0
    ordered = np.sort(new)
    seen = np.searchsorted(ordered, at + SOON) > np.searchsorted(ordered, at)
    rate = len(new) * SOON / max(log.end - log.start, SOON)
    chance = float(np.clip(1 - np.exp(-rate), 0.01, 0.99))
    likely = FOLLOWS + (1 - FOLLOWS) * chance
    # Those who are given one address come to it or not for one reason: they count once.
    if seen.any():
        return float(np.log2(likely / chance))
    return float(np.log2((1 - likely) / (1 - chance)))


def _called(kind: str, value: str) -> list[str]:
    plain = value.casefold().lstrip("@")
    return [f"{platform}:{plain}" for platform in _ANY.get(kind, (kind,))]


def _platform(name: str) -> str:
    return name.partition(":")[0].casefold()


def _platform_sizes(accounts: pa.Array) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name in accounts.to_pylist():
        sizes[_platform(name)] = sizes.get(_platform(name), 0) + 1
    return sizes


def _by_name(found: list[Persona]) -> list[Persona]:
    """Join the personas of one giver: one who hands two of its addresses over is one actor still."""
    by: dict[str, Persona] = {}
    for one in found:
        had = by.get(one.persona)
        by[one.persona] = (
            one
            if had is None
            else Persona(
                one.persona,
                tuple(dict.fromkeys((*had.accounts, *one.accounts))),
                (had.bits or 0.0) + (one.bits or 0.0),
                (*had.evidence, *one.evidence),
            )
        )
    return [by[name] for name in sorted(by)]


def write_personas(path: Path, personas: Sequence[Persona]) -> None:
    """Write the personas file: one JSON object per line."""
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in personas))


def read_personas(path: Path) -> list[Persona]:
    """Read a personas file; of several lines with one name the last counts.

    Returns:
        The personas that are not undone.

    Raises:
        UndertowError: `personas-missing`, `personas-invalid` with the line, `personas-overlap` where one
            account stands in two.
    """
    place = Place(shown_name(path))
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        raise UndertowError(
            "the personas file cannot be read",
            code="personas-missing",
            mend="check the path",
            place=place,
        ) from None
    last: dict[str, Persona] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=Persona)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            one = None
        if one is None or len(set(one.accounts)) < 2:
            raise UndertowError(
                "a line of the personas file is no persona",
                code="personas-invalid",
                mend='give lines such as {"persona": "p1", "accounts": ["a:1", "b:2"]}',
                place=Place(shown_name(path), number),
            )
        last[one.persona] = one
    kept = [one for one in last.values() if not one.undone]
    every = [account for one in kept for account in one.accounts]
    if len(set(every)) < len(every):
        raise UndertowError(
            "an account stands in two personas",
            code="personas-overlap",
            mend="join the two, or undo one of them",
            place=place,
        )
    return kept


def as_one(log: EventLog, personas: Sequence[Persona]) -> EventLog:
    """Let the accounts of each persona act as its first account that is in the events."""
    code = {name: place for place, name in enumerate(log.accounts.to_pylist())}
    actor_of = np.arange(len(code) + 1)
    actor_of[-1] = -1
    for one in personas:
        here = [code[name] for name in one.accounts if name in code]
        actor_of[here] = here[:1] or 0
    kind = log.actor.dtype
    return replace(
        log,
        actor=actor_of[log.actor].astype(kind),
        target=actor_of[log.target].astype(kind),
    )
