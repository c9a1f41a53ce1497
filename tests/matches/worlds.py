"""Small random worlds and playbooks for holding the fast path to the oracle."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa

from undertow.events.log import EventLog, collect
from undertow.events.source import Source
from undertow.events.table import SCHEMA
from undertow.playbooks.grammar import Membership, Playbook, Role, Step
from undertow.testing.oracle import Event
from undertow.units import DAY, HOUR, moment

TYPES = ("message", "mention", "follow", "join")
START = 20_000 * DAY


def random_playbook(dice: random.Random, across: float = 0.0) -> Playbook:
    """Draw a playbook of 2 to 5 steps over every key of the grammar.

    `across` is the share of steps between the two key accounts that are across personas.
    """
    grouped = dice.random() < 0.3
    free = dice.choice([[], ["g"], ["g"], ["f"], ["g", "f"]])
    free = free if not grouped or dice.random() < 0.3 else []
    roles = [Role("r"), Role("t")]
    roles += [Role(name, may_be=dice.choice([(), (), ("r",)])) for name in free]
    if grouped:
        roles.append(Role("room", kind="group"))
    count = dice.randint(2, 5)
    steps: list[Step] = []
    blocks = {"g": range(dice.randint(1, 2)), "f": range(count - 1, count)}
    for i in range(count):
        owner = next((name for name in free if i in blocks[name]), None)
        steps.append(_random_step(dice, f"s{i}", i, owner, grouped))
    if not any(not s.optional and set(s.roles) == {"r", "t"} for s in steps):
        steps.append(Step("anchor", ("message",), source="r", sink="t", within=_window(dice)))
    if grouped and not any(s.room or s.member_of for s in steps):
        steps.append(Step("enter", ("join",), source="t", room="room", within=_window(dice)))
    key = ("r", "t", "room") if grouped else ("r", "t")
    if across:
        steps = [
            replace(s, across_personas=set(s.roles) == {"r", "t"} and dice.random() < across)
            for s in steps
        ]
    return Playbook("random", tuple(roles), key, steps[-1].name, tuple(steps))


def _window(dice: random.Random) -> int | None:
    return dice.choice([None, 6 * HOUR, DAY, 2 * DAY, 4 * DAY])


def _random_step(
    dice: random.Random, name: str, i: int, owner: str | None, grouped: bool
) -> Step:
    optional = dice.random() < 0.45
    within = _window(dice)
    least = dice.choice([0, 0, 0, HOUR, 6 * HOUR])
    ends = dice.choice([("r", "t"), ("r", "t"), ("t", "r")])
    if owner is not None:
        ends = dice.choice([(owner, "t"), ("t", owner), (owner, "r")])
    types = tuple(dice.sample(TYPES[:3], dice.choice([1, 1, 2])))
    given = {
        "types": types,
        "within": within,
        "min": least if within is None or least <= within else 0,
        "optional": optional,
        "same": i > 0 and dice.random() < 0.3,
        "has": ("address",) if dice.random() < 0.2 else (),
        "visibility": ("direct",) if dice.random() < 0.1 else (),
        "likely": None,
    }
    if dice.random() < 0.25:
        given["count"] = dice.randint(2, 4)
        given["days"] = dice.randint(1, 2)
    elif dice.random() < 0.2:
        given["first"] = True
    if grouped and dice.random() < 0.4:
        who = dice.choice(["r", "t", owner or "t"])
        which = dice.choice(["member_of", "not_member_of"])
        given[which] = (Membership(who, "room"),)
    if grouped and owner is None and dice.random() < 0.2:
        return Step(name, source="t", room="room", **{**given, "types": ("join",), "has": ()})
    if dice.random() < 0.25:
        return Step(name, between=ends, **given)
    return Step(name, source=ends[0], sink=ends[1], **given)


def random_events(dice: random.Random, people: int, most: int) -> list[Event]:
    """Draw events among a few accounts in a few days, times coarse so that many are equal."""
    names = [f"p:{k}" for k in range(people)]
    events = []
    for k in range(dice.randint(3, most)):
        kind = dice.choices(TYPES, (5, 2, 2, 1.5))[0]
        actor, target = dice.sample(names, 2)
        if dice.random() < 0.03:
            target = actor
        at = START + dice.randint(0, 40) * 4 * HOUR
        if kind == "join":
            word = dice.choice(["join", "join", "leave"])
            room = dice.choice(["p:x", "p:y"])
            events.append(Event(at, f"e{k:02d}", None, word, actor, room, None, "p"))
            continue
        marks = frozenset({"address"} if dice.random() < 0.3 else ())
        seen = dice.choice([None, "direct", "public"])
        platform = dice.choice(["p", "p", "p", "q", None])
        events.append(Event(at, f"e{k:02d}", target, kind, actor, None, seen, platform, marks))
    return events


def random_personas(dice: random.Random, people: int) -> list[list[str]]:
    """Hold some of the accounts of `random_events` to be one: groups of two or three."""
    names = [f"p:{k}" for k in range(people)]
    dice.shuffle(names)
    found = []
    while len(names) > 1 and (not found or dice.random() < 0.6):
        size = min(len(names), dice.choice([2, 2, 3]))
        found.append([names.pop() for _ in range(size)])
    return found


def random_sources(dice: random.Random) -> tuple[Source, ...]:
    """Draw declarations: often none, sometimes blind for a type or a stretch of time."""
    if dice.random() < 0.5:
        return ()
    day = timedelta(days=1)
    listed = []
    for platform in dice.choice([("p",), ("p", "q")]):
        for _ in range(dice.choice([1, 1, 2])):
            types = tuple(dice.sample((*TYPES, "leave"), dice.randint(1, 5)))
            since = dice.choice([None, moment(START) + dice.randint(-1, 3) * day])
            until = dice.choice([None, moment(START) + dice.randint(3, 8) * day])
            listed.append(Source(platform, types, since, until, content=dice.random() < 0.8))
    return tuple(listed)


def log_of(events: list[Event], batches: int = 1) -> EventLog:
    """Turn oracle events into the log that the fast path reads, in some batches."""
    rows = [
        {
            "id": e.id,
            "type": e.type,
            "published": moment(e.at),
            "actor": e.actor,
            "target": e.target,
            "context": e.context,
            "visibility": e.visibility,
            "platform": e.platform,
            "content": "+".join(sorted(e.has)),
        }
        for e in events
    ]
    whole = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    size = -(-len(rows) // batches)
    cut = [whole.slice(k, size) for k in range(0, len(rows), size)]
    return collect(cut, marks=marks_of)


def marks_of(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
    """Read the signals that `log_of` has written into the text."""
    texts = batch.column("content").to_pylist()
    names = ("address", "link", "answered")
    return {n: np.array([n in (text or "") for text in texts], bool) for n in names}
