"""Worlds by a second hand: the kinds of places, and one world of a kind and a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from stranger_alike import KINDS as HONEST
from stranger_alike import alike
from stranger_base import DAY, World
from stranger_people import campaign
from stranger_places import college, honest_addresses, irc, synth

PUBLIC = {"post", "reply", "mention", "like", "follow", "message", "join", "invite"}
ALL = tuple(HONEST)
PLACES: dict[str, dict] = {
    "letters": {
        "back": "college",
        "days": 193,
        "types": {"message"},
        "hint": {"opens": {"direct": 1.0}},
        "share": 0.03,
    },
    "forum": {
        "n": 4000,
        "events": 60_000,
        "days": 120,
        "types": {"post", "reply", "like", "message"},
        "share": 0.02,
    },
    "microblog": {
        "n": 5000,
        "events": 70_000,
        "days": 100,
        "types": PUBLIC - {"join", "invite"},
        "share": 0.015,
    },
    "server": {
        "n": 3000,
        "events": 60_000,
        "days": 90,
        "types": {"message", "join", "invite", "reply"},
        "share": 0.03,
        "hint": {"opens": {"room": 2.0, "invite": 1.0, "reply": 0.5}},
    },
    "channel": {
        "back": "irc",
        "days": 70,
        "types": {"post", "mention", "message"},
        "share": 0.02,
        "precision": "min",
    },
    "dating": {
        "n": 3000,
        "events": 50_000,
        "days": 80,
        "types": {"like", "accept", "message"},
        "share": 0.15,
        "dm": 0.75,
        "honest": {"dating": 8.0},
        "hint": {"opens": {"like": 1.0, "direct": 1.0}},
    },
    "market": {
        "n": 3500,
        "events": 45_000,
        "days": 90,
        "types": {"post", "reply", "message"},
        "share": 0.06,
        "dm": 0.5,
        "honest": {"seller": 10.0, "desk": 2.0},
        "hint": {"opens": {"inbound": 2.0, "direct": 1.0}},
    },
    "phones": {
        "back": "copenhagen",
        "days": 28,
        "types": {"message"},
        "share": 0.02,
        "few": True,
        "hint": {"opens": {"direct": 1.0}},
    },
    "two-places": {
        "n": 3500,
        "events": 50_000,
        "days": 100,
        "types": PUBLIC,
        "share": 0.02,
        "second": True,
    },
    "burners": {
        "n": 4000,
        "events": 50_000,
        "days": 110,
        "types": PUBLIC,
        "share": 0.02,
        "declared": False,
        "hint": {"accounts": ["burner"], "dark": 0.9},
    },
    "game": {
        "n": 2500,
        "events": 60_000,
        "days": 60,
        "types": {"message", "join", "invite", "leave"},
        "share": 0.03,
        "dm": 0.6,
        "honest": {"clan": 8.0},
        "hint": {"opens": {"direct": 1.0, "invite": 1.0}},
    },
    "no-dark": {
        "n": 4000,
        "events": 60_000,
        "days": 100,
        "types": PUBLIC,
        "share": 0.02,
        "declared": False,
        "hint": {"dark": 0.0, "script": 0.0, "accounts": ["life"]},
    },
}


def background(world: World, place: dict, data: Path | None) -> None:
    r = world.rng
    back = place.get("back")
    if back == "college":
        college(world, data / "collegemsg" / "collegemsg.parquet")
    elif back == "copenhagen":
        ham = pq.read_table(data / "sms-spam" / "sms_spam.parquet").to_pylist()
        world.texts = [x["text"] for x in ham if x["label"] == "ham"]
        college(world, data / "copenhagen" / "sms.parquet")
    elif back == "irc":
        irc(world, data / "ubuntu-irc" / "irc_events.parquet", int(place["days"]))
    else:
        synth(world, place["n"], place["events"], dm=place.get("dm", 0.3))
    if place.get("second"):
        for a in r.choice(world.n, 600, replace=False):
            world.twin(int(a))
        people = list(world.twins.values())
        for _ in range(2500):
            a, b = map(int, r.choice(people, 2, replace=False))
            for k in range(1 + int(r.pareto(1.2))):
                world.message(r.random() * world.days * DAY + k * 300, a, b)
    kinds = (
        "telegram",
        "phone",
        "whatsapp",
        "email",
        "instagram",
        "discord",
        "snapchat",
        "room",
    )
    honest_addresses(
        world,
        place["share"] * float(r.lognormal(0, 0.4)),
        kinds,
        ("en", "de", "fr", "es", "ar"),
    )


def build(kind: str, seed: int, data: Path | None = None, *, planted: bool = True) -> World:
    """One world; the same seed without campaigns is its empty twin."""
    place = PLACES[kind]
    r = np.random.default_rng([seed, sorted(PLACES).index(kind)])
    world = World(
        r,
        f"{kind}-{seed}",
        float(place["days"]),
        set(place["types"]),
        precision=place.get("precision", "s"),
        declared=place.get("declared", True),
    )
    background(world, place, data)
    many = int(r.integers(1, 13))
    scale = min(1.0, world.n / 3000)
    weight = np.array([place.get("honest", {}).get(k, 1.0) for k in ALL])
    for k in r.choice(ALL, int(r.integers(25, 60) * max(scale, 0.35)), p=weight / weight.sum()):
        alike(world, str(k))
    if planted:
        for number in range(max(1, round(many * (scale if place.get("few") else 1)))):
            hint = dict(place.get("hint", {}))
            if place.get("second"):
                hint |= {"second": r.random() < 0.7}
            campaign(world, number, hint)
    return world
