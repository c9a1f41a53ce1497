"""Worlds by a second hand: campaigns that draw people in, as the reports tell of them.

Every habit is drawn per campaign from wide ranges: which public act opens, whether one is followed back,
how long one waits, what share is lost at each step, how the address is written, how much goes dark, who
takes over. Reports behind the order of steps: Paton Walsh 2014; Berger 2015; PreScam 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from stranger_base import CARRIERS, DAY, Address, World, an_address, hours, words

WAYS = ("reply", "mention", "comment", "follow", "like", "direct", "inbound", "room", "invite")
"""Acts by which somebody comes near."""
MEANS = (
    *("telegram", "phone", "whatsapp", "email", "signal", "instagram", "discord"),
    *("snapchat", "kik", "room", "line", "wechat", "viber", "skype"),
)
"""Kinds of address that a campaign may use."""


@dataclass
class Style:
    """How one campaign, or one honest worker, goes about it."""

    opens: dict[str, float]
    answers: float = 0.5
    follows: float = 0.5
    back: float = 0.6
    writes: float = 0.8
    replies: float = 0.6
    gives: float = 0.7
    other_gives: float = 0.1
    sustains: float = 0.6
    hands: float = 0.3
    dark: float = 0.5
    gap: float = 1.0  # days, median
    spread: float = 1.0
    small: float = 6.0  # messages before the address, mean
    volume: float = 40.0
    long: float = 14.0  # days
    script: float = 0.3
    lines: list[str] = field(default_factory=list)
    disguise: float = 0.2
    image: float = 0.0
    inbound: float = 0.0
    kinds: tuple[str, ...] = ("telegram", "phone")
    langs: tuple[str, ...] = ("en",)
    bursty: bool = False
    to_room: float = 0.1


def wait(world: World, s: Style) -> float:
    """A delay in seconds: lognormal in days, or mostly minutes and now and then days."""
    r = world.rng
    if s.bursty:
        return float(
            r.exponential(600)
            if r.random() < 0.7
            else r.lognormal(np.log(s.gap * 2), s.spread) * DAY
        )
    return float(r.lognormal(np.log(s.gap), s.spread) * DAY)


def line(world: World, s: Style) -> str:
    r = world.rng
    if s.lines and r.random() < s.script:
        return str(r.choice(s.lines))
    return words(r, 3, 20)


def opening(world: World, s: Style, t: float, a: int, b: int) -> float:
    """The public act by which `a` comes near `b`; returns the time after it."""
    r = world.rng
    ways = [
        w for w in s.opens if w in world.types or w in ("direct", "room", "inbound", "comment")
    ]
    odds = np.array([s.opens[w] for w in ways])
    way = str(r.choice(ways, p=odds / odds.sum())) if ways else "direct"
    room = f"thread{int(r.integers(9999))}"
    if way in ("reply", "mention", "like", "follow"):
        world.add(
            way,
            t,
            a,
            b,
            room=room if way == "reply" else None,
            text=line(world, s) if way != "like" else None,
        )
    elif way == "comment":
        world.add("post", t - 3600, b, None, room=room, text=world.say())
        world.add(
            "reply" if "reply" in world.types else "mention",
            t,
            a,
            b,
            room=room,
            text=line(world, s),
        )
    elif way == "inbound":
        world.add("post", t - r.exponential(DAY), a, None, text=line(world, s))
        if r.random() < 0.5:
            world.add("reply", t, b, a, text=world.say())
        else:
            t += 60
            world.message(t, b, a)
    elif way in ("room", "invite", "join"):
        mine = f"g{int(r.integers(40))}"
        world.add("join", t - r.exponential(DAY), a, None, room=mine, seen="group")
        world.add("message", t, a, None, room=mine, seen="group", text=line(world, s))
        if way == "invite":
            world.add("invite", t + 60, a, b, room=mine, seen="group")
            world.add("join", t + r.exponential(DAY), b, None, room=mine, seen="group")
    if way in ("reply", "mention", "comment") and r.random() < s.answers:
        t += r.exponential(7200)
        world.add(
            "reply" if "reply" in world.types else "mention",
            t,
            b,
            a,
            room=room,
            text=world.say(),
        )
    return t


def give(world: World, s: Style, t: float, a: int, b: int, own: Address) -> float:
    r = world.rng
    if r.random() < s.image:
        world.message(t, a, b, "[image]")
        world.given.append((a, b, t, 1))
        return t
    form = own.written(r, s.disguise)
    world.given.append((a, b, t, 0))
    frame = (
        str(r.choice(s.lines)) + " {}"
        if s.lines and r.random() < s.script
        else str(r.choice(CARRIERS))
    )
    if r.random() < s.disguise * 0.2 and len(form) > 8:
        world.message(t, a, b, form[: len(form) // 2])
        t += 20
        form, frame = form[len(form) // 2 :], "{}"
    world.message(t, a, b, frame.format(form))
    return t


def chat(world: World, s: Style, t: float, a: int, b: int, n: float, span: float) -> float:
    """Talk of about `n` messages over about `span` days, `a` in script at times."""
    r = world.rng
    last = t
    for _ in range(int(r.geometric(1 / max(n, 1.0)))):
        when = (
            hours(world, t + r.random() * span * DAY)
            if span > 1.5
            else t + r.random() * span * DAY
        )
        if when <= t:
            when = t + r.random() * 3600
        if r.random() < 0.55:
            world.message(when, a, b, line(world, s))
        else:
            world.message(when, b, a)
        last = max(last, when)
    return last


def funnel(
    world: World,
    s: Style,
    t: float,
    a: int,
    b: int,
    own: Address,
    near: int | None = None,
    onward: int | None = None,
) -> float | None:
    """One target from the first approach on; returns when the target was handed on, if it was."""
    r = world.rng
    t = opening(world, s, t, near if near is not None else a, b) + wait(world, s)
    if r.random() < s.follows:
        world.add("follow", t - wait(world, s) / 4, a, b)
        if r.random() < s.back:
            world.add(
                "follow",
                t - r.random() * 3600,
                b,
                near if near is not None and r.random() < 0.5 else a,
            )
    if r.random() > s.writes:
        return None
    world.message(t, a, b, line(world, s))
    early = r.random() < 0.15
    if not early:
        if r.random() > s.replies:
            return None
        t += float(r.exponential(3 * 3600))
        world.message(t, b, a)
        t = chat(world, s, t, a, b, s.small, min(s.gap * 2, 6)) + wait(world, s) / 2
    if r.random() > s.gives:
        return None
    if r.random() < s.other_gives:
        give(world, s, t, b, a, an_address(r, s.kinds, s.langs))
    else:
        t = give(world, s, t, a, b, own)
    if r.random() < s.sustains:
        end = chat(world, s, t + 60, a, b, max(1.0, s.volume * (1 - s.dark)), s.long)
        t = max(end, t + s.long * DAY * 0.5 * float(r.random() + 0.5))
        if own.beyond is not None:
            chat(
                world,
                s,
                t - s.long * DAY * 0.7,
                own.beyond,
                world.twin(b),
                max(1.0, s.volume * s.dark),
                s.long,
            )
    if onward is None or r.random() > s.hands:
        return None
    t += wait(world, s)
    if r.random() < s.to_room:
        world.add("invite", t, a, b, room=f"inner{onward}", seen="group")
        world.add("join", t + 3600, b, None, room=f"inner{onward}", seen="group")
    elif r.random() < s.inbound:
        world.message(t, b, onward)
        world.message(t + 900, onward, b, line(world, s))
    else:
        world.message(t, onward, b, line(world, s))
    chat(world, s, t + 1000, onward, b, 6 * (1 - s.dark) + 1, 4)
    return t


def some_style(world: World, hint: dict) -> Style:
    """A campaign's habits, from wide ranges; `hint` fixes what the place itself fixes."""
    r = world.rng
    opens = hint.get("opens") or {
        str(w): float(r.random() + 0.1)
        for w in r.choice(WAYS, int(r.integers(1, 4)), replace=False)
    }
    kinds = hint.get("kinds") or tuple(
        map(str, r.choice(MEANS, int(r.integers(1, 4)), replace=False))
    )
    return Style(
        opens=opens,
        answers=r.uniform(0.1, 0.8),
        follows=r.uniform(0, 0.9),
        back=r.uniform(0.2, 0.9),
        writes=r.uniform(0.6, 1.0),
        replies=r.uniform(0.4, 0.95),
        gives=r.uniform(0.4, 0.95),
        other_gives=r.choice([0.0, 0.1, 0.4]),
        sustains=r.uniform(0.3, 0.95),
        hands=float(r.choice([0.0, r.uniform(0.2, 0.9)], p=[0.3, 0.7])),
        dark=hint.get("dark", r.uniform(0, 0.95)),
        gap=float(np.exp(r.uniform(np.log(0.05), np.log(4)))),
        spread=r.uniform(0.5, 1.4),
        small=float(np.exp(r.uniform(np.log(1), np.log(20)))),
        volume=float(np.exp(r.uniform(np.log(8), np.log(120)))),
        long=float(np.exp(r.uniform(np.log(3), np.log(35)))),
        script=hint.get("script", float(r.choice([0.0, 0.2, 0.5, 0.9]))),
        lines=[words(r, 6, 18) for _ in range(int(r.integers(2, 8)))],
        disguise=float(r.choice([0.0, 0.2, 0.7])),
        image=float(r.choice([0.0, 0.0, 0.3])),
        inbound=r.uniform(0, 0.6),
        kinds=kinds,
        langs=(str(r.choice(["en", "de", "fr", "es", "ar"])),),
        bursty=bool(r.random() < 0.4),
        to_room=float(r.choice([0.0, 0.3])),
    )


def an_account(world: World, how: str, quiet: np.ndarray, busy: np.ndarray) -> int:
    """An account that works for a campaign: made anew, asleep until now, or with an honest life beside."""
    r = world.rng
    if how == "burner":
        a = world.fresh()
        for _ in range(int(r.integers(0, 6))):
            world.add(
                "post" if "post" in world.types else "like",
                r.random() * world.days * DAY,
                a,
                None,
                text=words(r),
            )
        return a
    return int(r.choice(quiet if how == "sleeper" else busy))


def campaign(world: World, number: int, hint: dict) -> None:
    """One campaign: its accounts, its style, its targets, and the truth about it."""
    r = world.rng
    s = some_style(world, hint)
    degree = world.degree()
    middle = np.quantile(degree[degree > 0], 0.5)
    quiet = np.flatnonzero((degree > 0) & (degree <= middle))
    busy = np.flatnonzero(degree > middle)
    ways = hint.get("accounts") or ["burner", "sleeper", "life"]
    mix = r.dirichlet([1.0] * len(ways))

    def hire() -> int:
        return an_account(world, str(r.choice(ways, p=mix)), quiet, busy)

    staff = list({hire() for _ in range(int(r.integers(1, 6)))})
    near = hire() if r.random() < 0.3 else None
    helpers = [hire() for _ in range(int(r.integers(1, 3)))] if s.hands else []
    shared = an_address(r, s.kinds, s.langs)
    share = r.random() < 0.4
    owns = {a: shared if share else an_address(r, s.kinds, s.langs) for a in staff}
    if hint.get("second"):
        for a, own in owns.items():
            own.beyond = world.twin(a)
            world.native[own.beyond] = own.token
    live = np.flatnonzero(degree > 0)
    crowd = r.choice(live, min(len(live), 200), replace=False)
    met: set[int] = set()
    handed = []
    first, span = r.random() * world.days * 0.4, world.days * r.uniform(0.15, 0.6)
    for a in staff:
        many = int(np.clip(r.lognormal(np.log(9), 0.6), 3, 30))
        pool = crowd[:30] if r.random() < 0.3 else crowd
        for b in map(int, r.choice(pool, min(many, len(pool)), replace=False)):
            if b in staff or b in helpers or b == near:
                continue
            met.add(b)
            use_near = near if near is not None and r.random() < 0.6 else None
            onward = int(r.choice(helpers)) if helpers else None
            at = funnel(
                world,
                s,
                hours(world, (first + r.random() * span) * DAY),
                a,
                b,
                owns[a],
                use_near,
                onward,
            )
            if at is not None:
                handed.append((a, b, at))
    world.truth["campaigns"].append(
        {
            "id": number,
            "recruiters": staff,
            "gatekeepers": [near] if near is not None else [],
            "facilitators": sorted(set(helpers)),
            "targets": sorted(met),
            "handoffs": handed,
        }
    )
