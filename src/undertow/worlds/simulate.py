"""Make one world from a background: crowd, campaigns and look-alikes, re-keyed and put in order.

The same background, settings and seed give the same world, to the byte of every column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA, TIME, TYPES
from undertow.units import MINUTE, SECOND
from undertow.worlds.background import Background, read_background
from undertow.worlds.casting import Stage
from undertow.worlds.crowd import crowd
from undertow.worlds.filler import contents, languages, lengths
from undertow.worlds.funnels import Funnels, play
from undertow.worlds.habits import CAMPAIGN, KINDS, LOOKALIKES, Habit
from undertow.worlds.ordering import Order, fields, in_order
from undertow.worlds.rows import ADDRESS, Rows, joined
from undertow.worlds.settings import Settings
from undertow.worlds.talks import Talks
from undertow.worlds.truth import truth_of

PLATFORM: Final = "sim"
TEAMS: Final = (0.45, 0.35, 0.2)
"""Shares of campaigns with one, two and three recruiters; ours."""
GROUND: Final = "simulated world: nobody wrote these messages"


@dataclass(frozen=True)
class World:
    """One simulated world.

    Attributes:
        events: the event table, in total order.
        truth: who plays which part (`truth.SCHEMA`).
        sources: what the world's one platform shows.
        made: how it was made; goes into the file's mark.
        origin: per row of `events` where it comes from (`habits.KINDS`); never written to a file.
        shows_address: per row whether its text was made to hand over an address; never written either.
    """

    events: pa.Table
    truth: pa.Table
    sources: list[Source]
    made: dict[str, object]
    origin: pa.Array
    shows_address: pa.Array

    @property
    def rows_by_kind(self) -> dict[str, int]:
        """Rows of every kind in `habits.KINDS`, in that order."""
        counted = pc.value_counts(self.origin).to_pylist()
        rows = {entry["values"]: entry["counts"] for entry in counted}
        return {kind: rows.get(kind, 0) for kind in KINDS}

    @property
    def groups_by_kind(self) -> dict[str, int]:
        """Campaigns, and look-alikes of every kind."""
        pairs = zip(
            self.truth["kind"].to_pylist(), self.truth["group"].to_pylist(), strict=True
        )
        return dict(Counter(kind for kind, _ in set(pairs)))


def make_world(background: pa.Table, settings: Settings) -> World:
    """Make a world on a background.

    Args:
        background: an event table, (n) rows in any order; its text is dropped, its accounts re-keyed.
        settings: how much is planted, and how visibly.

    Raises:
        UndertowError: `world-background-small` if the background cannot hide a funnel.
    """
    back = read_background(background)
    rng = np.random.default_rng(settings.seed)
    talks = Talks(back)
    everybody, direct = crowd(back, talks, settings, rng)
    stage = Stage(back, everybody.actor, everybody.target, direct, rng)
    played = _plant(stage, back, talks, settings, rng, len(everybody))
    everything = joined([everybody, *(one.rows for one in played)])
    order = in_order(everything, back, rng)
    everything = everything.take(order.row)
    names = pc.binary_join_element_wise(
        PLATFORM, pa.array(rng.permutation(back.accounts)).cast(pa.string()), ":"
    )
    events = _table(everything, order, back, names, settings, rng)
    kinds = pa.array(KINDS).take(pa.array(everything.origin))
    made = _made(back, played, settings, kinds)
    shown = pa.array(everything.text == ADDRESS)
    truth = truth_of(played, names)
    return World(events, truth, [_source(everything, back)], made, kinds, shown)


def _plant(
    stage: Stage,
    back: Background,
    talks: Talks,
    settings: Settings,
    rng: np.random.Generator,
    ordinary: int,
) -> list[Funnels]:
    """Cast and play campaigns, then look-alikes, each kind of volume up to its own limit."""

    def act(habit: Habit, recruiters: int) -> Funnels | None:
        group = stage.cast(habit, recruiters)
        return None if group is None else play(group, back, talks, settings, rng)

    wanted = max(1, round(settings.prevalence * back.accounts))
    if settings.campaigns is not None:
        wanted = settings.campaigns * 3
    campaigns = _fill(
        act,
        (
            (CAMPAIGN, int(rng.choice(3, p=TEAMS)) + 1)
            for _ in range(settings.campaigns or wanted)
        ),
        recruiters=wanted,
        volume=int(settings.volume * ordinary) if wanted else 0,
    )
    recruiters = sum(len(one.group.recruiters) for one in campaigns)
    honest = round(recruiters * settings.lookalikes)
    lookalikes = _fill(
        act,
        _honest(rng),
        recruiters=honest,
        volume=int(settings.lookalike_volume * ordinary),
    )
    return campaigns + lookalikes


def _honest(rng: np.random.Generator) -> Iterator[tuple[Habit, int]]:
    """Give look-alikes without end, every kind equally often, in a drawn order."""
    while True:
        for index in rng.permutation(len(LOOKALIKES)).tolist():
            yield LOOKALIKES[index], 1


def _fill(
    act: Callable[[Habit, int], Funnels | None],
    groups: Iterator[tuple[Habit, int]],
    *,
    recruiters: int,
    volume: int,
) -> list[Funnels]:
    """Play groups until enough recruiters are at work, rows run out, or accounts do."""
    played: list[Funnels] = []
    working = used = empty = 0
    for habit, count in groups:
        if working >= recruiters or empty > 20:
            break
        funnels = act(habit, min(count, recruiters - working))
        if funnels is None:
            empty += 1
            continue
        if used + len(funnels.rows) > volume:
            break
        played.append(funnels)
        used += len(funnels.rows)
        working += len(funnels.group.recruiters)
    return played


def _table(
    everything: Rows,
    order: Order,
    back: Background,
    names: pa.Array,
    settings: Settings,
    rng: np.random.Generator,
) -> pa.Table:
    visibility, context = fields(everything, order, back, rng)
    tongue = languages(back.accounts, rng)
    long = lengths(back.lengths, len(everything), rng)
    content, lang = contents(
        everything.text,
        everything.actor,
        everything.target,
        tongue,
        long,
        seed=settings.seed,
        rng=rng,
    )
    addressed = everything.target >= 0
    columns = {
        "id": order.ids,
        "type": pa.array(TYPES).take(pa.array(everything.type)),
        "published": pa.array(everything.at).cast(TIME),
        "observed": pa.nulls(len(everything), TIME),
        "actor": names.take(pa.array(everything.actor)),
        "target": names.take(pa.array(everything.target, mask=~addressed)),
        "context": context,
        "visibility": visibility,
        "platform": pa.repeat(PLATFORM, len(everything)),
        "content": content,
        "lang": lang,
    }
    return pa.table([columns[name] for name in NAMES], schema=SCHEMA)


def _source(everything: Rows, back: Background) -> Source:
    since, until = (
        datetime.fromtimestamp(int(at) // SECOND, UTC) for at in (back.at[0], back.at[-1])
    )
    precision = {MINUTE: "min", SECOND: "s"}.get(back.resolution, "us")
    types = tuple(TYPES[code] for code in np.unique(everything.type).tolist())
    return Source(
        PLATFORM, types, since, until, content=True, precision=precision, ground=GROUND
    )


def _made(
    back: Background, played: list[Funnels], settings: Settings, origin: pa.Array
) -> dict[str, object]:
    campaigns = [one for one in played if one.group.habit is CAMPAIGN]
    kinds = Counter(one.group.habit.kind for one in played)
    planted = pc.sum(pc.equal(origin, CAMPAIGN.kind)).as_py()
    return {
        "seed": settings.seed,
        "settings": settings.to_dict(),
        "background": {
            "platforms": list(back.platforms),
            "events": len(back.at),
            "accounts": back.accounts,
        },
        "campaigns": len(campaigns),
        "recruiters": sum(len(one.group.recruiters) for one in campaigns),
        "lookalikes": {habit.kind: kinds[habit.kind] for habit in LOOKALIKES},
        "added": planted / len(origin),
    }
