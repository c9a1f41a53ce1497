"""Two dossiers of one case held against each other, part by part, in plain words and without a name of anybody.

Numbers that differ by less than a thousand-millionth part are the same: sums of another machine may be rounded in
another order. Whether they are the same to the last bit is said as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from undertow.cases.dossier import Dossier

NEAR: Final = 1e-9
"""Relative and absolute difference up to which two numbers are the same."""
SHOWN: Final = 5
"""Differences of one part that are told; the others are counted."""


@dataclass(frozen=True)
class Compared:
    """One part of a dossier.

    Attributes:
        part: its name.
        same: whether it says the same.
        exact: whether it is the same to the last bit.
        said: what agrees, or what differs and how, in one line each.
    """

    part: str
    same: bool
    exact: bool
    said: tuple[str, ...]


def compared(was: Dossier, now: Dossier | None) -> tuple[Compared, ...]:
    """Compare what a dossier said with what it says made again; None where the account is not ranked any more."""
    if now is None:
        lost = "the account is not ranked in this role under this playbook any more"
        return (Compared("score", same=False, exact=False, said=(lost,)),)
    return tuple(part(was, now) for part in _PARTS)


def _score(was: Dossier, now: Dossier) -> Compared:
    return _part(
        "score",
        {"weight": was.weight, "probability": was.probability, "targets": was.contacted},
        {"weight": now.weight, "probability": now.probability, "targets": now.contacted},
        f"{was.weight:+.4f} bits over {was.contacted} targets",
    )


def _chance(was: Dossier, now: Dossier) -> Compared:
    said = (
        "none was stated"
        if was.chance is None
        else f"p {was.chance.p:.3g}, q {was.chance.q:.3g}"
    )
    return _part("chance", _fields(was.chance), _fields(now.chance), said)


def _lines(was: Dossier, now: Dossier) -> Compared:
    rows = [
        {f"{one.step} ({one.source})": _fields(one) for one in (*told.lines, *told.silent)}
        for told in (was, now)
    ]
    return _part("evidence", rows[0], rows[1], f"{len(rows[0])} rows")


def _events(was: Dossier, now: Dossier) -> Compared:
    rows = [
        {
            f"{funnel.target} {n} {step.step}": (step.event, step.at, step.actor)
            for funnel in told.funnels
            for n, step in enumerate(funnel.steps)
        }
        for told in (was, now)
    ]
    return _part("cited events", rows[0], rows[1], f"{len(rows[0])} events")


def _funnels(was: Dossier, now: Dossier) -> Compared:
    rows = [
        {one.target: (one.step, one.weight, one.roles) for one in told.funnels}
        for told in (was, now)
    ]
    return _part("funnels", rows[0], rows[1], f"{len(rows[0])} funnels")


def _campaign(was: Dossier, now: Dossier) -> Compared:
    count = 0 if was.campaign is None else len(was.campaign.members)
    said = f"{count} accounts" if count else "none"
    return _part("campaign", _fields(was.campaign), _fields(now.campaign), said)


def _rests(was: Dossier, now: Dossier) -> Compared:
    rows = [
        {"rests": told.rests, "sources": told.sources, "dark": told.dark} for told in (was, now)
    ]
    return _part(
        "what it rests on", rows[0], rows[1], ", ".join(was.sources) or "nothing named"
    )


def _playbook(was: Dossier, now: Dossier) -> Compared:
    said = f"{was.playbook.name}, version {was.playbook.version[:12]}"
    return _part("playbook and its counts", _fields(was.playbook), _fields(now.playbook), said)


def _run(was: Dossier, now: Dossier) -> Compared:
    said = f"{was.run.events:,} events"
    return _part("what was read", _fields(was.run), _fields(now.run), said)


_PARTS: Final[tuple[Callable[[Dossier, Dossier], Compared], ...]] = (
    _score,
    _chance,
    _lines,
    _events,
    _funnels,
    _campaign,
    _rests,
    _playbook,
    _run,
)


def _fields(one: msgspec.Struct | None) -> dict[str, Any]:
    return {} if one is None else msgspec.to_builtins(one)


def _part(part: str, was: Mapping[str, Any], now: Mapping[str, Any], agreed: str) -> Compared:
    found = list(_differences(was, now))
    exact = was == now
    if not found:
        return Compared(part, same=True, exact=exact, said=(agreed,))
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return Compared(part, same=False, exact=False, said=(*found[:SHOWN], *more))


def _differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    for name in dict.fromkeys((*was, *now)):
        if name not in now:
            yield f"`{name}` was there and is not"
        elif name not in was:
            yield f"`{name}` is there and was not"
        elif not _same(was[name], now[name]):
            yield f"`{name}`: then {_told(was[name])}, now {_told(now[name])}"


def _same(was: object, now: object) -> bool:
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_same(was[name], now[name]) for name in was)
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        return len(was) == len(now) and all(map(_same, was, now))
    if isinstance(was, float) and isinstance(now, float):
        return math.isclose(was, now, rel_tol=NEAR, abs_tol=NEAR)
    return was == now


def _told(value: object) -> str:
    """Write a value short: numbers in full, rows by their bits, else what it is."""
    if isinstance(value, dict) and "bits" in value:
        return f"{value['bits']:+.4f} bits ({value['count']} of {value['of']})"
    if value is None or isinstance(value, float | int):
        return str(value)
    if isinstance(value, str):
        return f"`{value}`"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."
