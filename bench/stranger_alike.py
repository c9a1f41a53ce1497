"""Worlds by a second hand: honest people whose work or life has steps of the same shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from stranger_base import DAY, World, an_address, hours, words
from stranger_people import Style, funnel

PLAIN = Style(opens={"reply": 1.0}, disguise=0.05, hands=0.0, other_gives=0.0)
KINDS: dict[str, tuple[Style, tuple[int, int], float]] = {
    # kind: (style, targets, share that has a colleague who takes over)
    "organiser": (
        replace(
            PLAIN,
            opens={"reply": 1, "mention": 1, "room": 1},
            replies=0.8,
            gives=0.6,
            sustains=0.5,
            volume=8,
            long=10,
            dark=0.1,
            script=0.4,
            hands=0.4,
            kinds=("phone", "room", "email", "whatsapp"),
            gap=0.7,
        ),
        (6, 40),
        0.5,
    ),
    "seller": (
        replace(
            PLAIN,
            opens={"inbound": 1},
            replies=0.9,
            gives=0.7,
            other_gives=0.2,
            sustains=0.4,
            volume=6,
            long=3,
            dark=0.3,
            script=0.3,
            hands=0.15,
            kinds=("phone", "whatsapp"),
            gap=0.2,
        ),
        (4, 40),
        0.4,
    ),
    "desk": (
        replace(
            PLAIN,
            opens={"inbound": 2, "mention": 1},
            replies=0.9,
            gives=0.4,
            sustains=0.5,
            volume=5,
            long=4,
            dark=0.0,
            script=0.8,
            hands=0.35,
            kinds=("email", "phone"),
            gap=0.2,
        ),
        (10, 80),
        0.8,
    ),
    "teacher": (
        replace(
            PLAIN,
            opens={"direct": 1, "follow": 1},
            replies=0.95,
            gives=0.5,
            sustains=0.9,
            volume=25,
            long=60,
            dark=0.0,
            script=0.3,
            hands=0.1,
            kinds=("email",),
            gap=1.0,
        ),
        (8, 30),
        0.3,
    ),
    "greeter": (
        replace(
            PLAIN,
            opens={"reply": 2, "mention": 1, "direct": 1},
            writes=0.5,
            replies=0.4,
            gives=0.3,
            sustains=0.1,
            volume=4,
            dark=0.0,
            script=0.9,
            hands=0.1,
            kinds=("room",),
            gap=0.3,
        ),
        (20, 120),
        0.3,
    ),
    "journalist": (
        replace(
            PLAIN,
            opens={"reply": 1, "mention": 1, "direct": 1},
            writes=0.9,
            replies=0.4,
            gives=0.8,
            sustains=0.5,
            volume=20,
            long=14,
            dark=0.6,
            script=0.5,
            hands=0.1,
            kinds=("signal", "phone", "email"),
        ),
        (5, 25),
        0.2,
    ),
    "streamer": (
        replace(
            PLAIN,
            opens={"inbound": 3, "like": 1},
            follows=0.2,
            writes=0.25,
            gives=0.4,
            sustains=0.1,
            volume=5,
            dark=0.2,
            script=0.3,
            kinds=("room", "discord", "instagram"),
        ),
        (30, 150),
        0.1,
    ),
    "dating": (
        replace(
            PLAIN,
            opens={"like": 2, "direct": 1, "follow": 1},
            writes=0.8,
            replies=0.4,
            gives=0.6,
            other_gives=0.3,
            sustains=0.6,
            volume=30,
            long=12,
            dark=0.8,
            script=0.2,
            kinds=("phone", "instagram", "snapchat", "whatsapp"),
            gap=0.5,
        ),
        (5, 25),
        0.0,
    ),
    "clan": (
        replace(
            PLAIN,
            opens={"direct": 2, "room": 1, "mention": 1},
            replies=0.5,
            gives=0.8,
            sustains=0.6,
            volume=20,
            long=20,
            dark=0.4,
            script=0.6,
            hands=0.5,
            to_room=0.5,
            kinds=("discord", "room", "skype"),
        ),
        (6, 30),
        0.6,
    ),
    "support": (
        replace(
            PLAIN,
            opens={"reply": 2, "inbound": 1},
            replies=0.8,
            gives=0.4,
            other_gives=0.3,
            sustains=0.9,
            volume=40,
            long=40,
            dark=0.2,
            script=0.0,
            hands=0.1,
            kinds=("phone", "room", "email"),
        ),
        (4, 15),
        0.2,
    ),
    "agency": (
        replace(
            PLAIN,
            opens={"direct": 1, "mention": 1, "inbound": 1},
            replies=0.6,
            gives=0.8,
            sustains=0.4,
            volume=10,
            long=14,
            dark=0.5,
            script=0.7,
            hands=0.4,
            kinds=("email", "phone", "whatsapp"),
        ),
        (6, 40),
        0.6,
    ),
}


def alike(world: World, kind: str) -> None:
    """One honest worker of a kind, over most of the world's time."""
    r = world.rng
    base, (low, high), pair = KINDS[kind]

    def jitter(share: float) -> float:
        return float(np.clip(share * r.lognormal(0, 0.25), 0, 1))

    s = replace(
        base,
        replies=jitter(base.replies),
        gives=jitter(base.gives),
        dark=jitter(base.dark),
        hands=jitter(base.hands),
        gap=base.gap * float(r.lognormal(0, 0.6)),
        volume=base.volume * float(r.lognormal(0, 0.4)),
        script=jitter(base.script),
        lines=[words(r, 6, 18) for _ in range(4)],
        langs=(str(r.choice(["en", "de", "fr", "es", "ar"])),),
        bursty=bool(r.random() < 0.3),
    )
    degree = world.degree()
    live = np.flatnonzero(degree > 0)
    a = (
        int(r.choice(live[degree[live] >= np.median(degree[live])]))
        if r.random() < 0.8
        else world.fresh()
    )
    mate = int(r.choice(live)) if r.random() < pair else None
    own = an_address(r, s.kinds, s.langs)
    if 1 in world.platform.values() and r.random() < 0.3:
        own.beyond = world.twin(a)
        world.native[own.beyond] = own.token
    many = int(r.integers(low, high + 1) * min(1.0, world.n / 2500))
    for b in map(int, r.choice(live, min(max(many, 3), len(live)), replace=False)):
        if b not in (a, mate):
            funnel(
                world,
                s,
                hours(world, r.random() * world.days * 0.9 * DAY),
                a,
                b,
                own,
                None,
                mate,
            )
    world.truth["alike"].append((a, kind))
    if mate is not None:
        world.truth["alike"].append((mate, kind + "-mate"))
