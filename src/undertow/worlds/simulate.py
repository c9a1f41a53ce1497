"""Make one world from a background: crowd, campaigns and look-alikes, re-keyed and put in order.

The same background, settings and seed give the same world, to the byte of every column.
"""

from __future__ import annotations

from collections import Counter
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
from undertow.worlds.drawn import Drawn, Speech
from undertow.worlds.filler import languages
from undertow.worlds.funnels import Funnels
from undertow.worlds.habits import KINDS
from undertow.worlds.ordering import fields, in_order
from undertow.worlds.planting import Planter
from undertow.worlds.rows import ADDRESS, DISGUISED, SCRIPT, Rows, joined
from undertow.worlds.settings import Settings
from undertow.worlds.talks import Talks
from undertow.worlds.truth import truth_of

PLATFORM: Final = "sim"
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
        words: per row whose address it holds, or the number of its script, null for neither.
        known: accounts that a list names, where the settings ask for one.
    """

    events: pa.Table
    truth: pa.Table
    sources: list[Source]
    made: dict[str, object]
    origin: pa.Array
    shows_address: pa.Array
    words: pa.Array
    known: tuple[str, ...] = ()

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
    everybody, direct, beside = crowd(back, talks, settings, rng)
    stage = Stage(back, everybody.actor, everybody.target, direct, rng)
    planter = Planter(stage, back, talks, settings, len(everybody), rng)
    played = planter.plant()
    everything = joined([everybody, *(one.rows for one in played)])
    lots = rng.random(len(everything))
    order = in_order(everything, back, lots)
    said = np.random.default_rng([settings.seed, 0])
    number = said.permutation(back.accounts)
    if settings.voice:
        number = np.random.default_rng([settings.seed, settings.voice]).permutation(number)
    names = pc.binary_join_element_wise(PLATFORM, pa.array(number).cast(pa.string()), ":")
    tongue = languages(back.accounts, said)
    speech = Speech(back.lengths, tongue, settings.seed, settings.voice)
    words = speech.of(everything.take(order.row), said)
    evaded = planter.evade(played)
    if evaded:
        guilty = [False, *(one.group.guilty for one in played)]
        gone = np.repeat(guilty, [len(everybody), *(len(one.rows) for one in played)])
        added = [*(one.rows for one in evaded), *planter.camouflage, beside]
        plain = Drawn(everything, lots, words.take(pa.array(np.argsort(order.row))))
        drawn = plain.instead(gone, joined(added), speech)
        everything, order = drawn.rows, in_order(drawn.rows, back, drawn.lots)
        words = drawn.words.take(pa.array(order.row))
        played = evaded + [one for one in played if not one.group.guilty]
    everything = everything.take(order.row)
    visibility, context = fields(everything, order, back, rng)
    events = _table(everything, (order.ids, visibility, context), words, names)
    kinds = pa.array(KINDS).take(pa.array(everything.origin))
    made = _made(back, played, settings, len(everything))
    shown = pa.array(np.isin(everything.text, (ADDRESS, DISGUISED)))
    truth = truth_of(played, names)
    known = _known(played, names) if settings.twins == "list" else ()
    return World(
        events,
        truth,
        [_source(everything, back)],
        made,
        kinds,
        shown,
        _words(everything),
        known,
    )


def _words(everything: Rows) -> pa.Array:
    own = np.isin(everything.text, (ADDRESS, DISGUISED))
    said = np.where(own & (everything.word < 0), everything.actor, everything.word)
    return pa.array(said, mask=~(own | (everything.text == SCRIPT)))


def _known(played: list[Funnels], names: pa.Array) -> tuple[str, ...]:
    """Name one account of each campaign, as a list would: a helper where there is one."""
    chosen = [one.group.accounts[-1] for one in played if one.group.guilty]
    return tuple(names[code].as_py() for code in chosen)


def _table(
    everything: Rows,
    given: tuple[pa.Array, pa.Array, pa.Array],
    words: pa.Table,
    names: pa.Array,
) -> pa.Table:
    ids, visibility, context = given
    addressed = everything.target >= 0
    columns = {
        "id": ids,
        "type": pa.array(TYPES).take(pa.array(everything.type)),
        "published": pa.array(everything.at).cast(TIME),
        "observed": pa.nulls(len(everything), TIME),
        "actor": names.take(pa.array(everything.actor)),
        "target": names.take(pa.array(everything.target, mask=~addressed)),
        "context": context,
        "visibility": visibility,
        "platform": pa.repeat(PLATFORM, len(everything)),
        "content": words["content"],
        "lang": words["lang"],
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
    back: Background, played: list[Funnels], settings: Settings, rows: int
) -> dict[str, object]:
    campaigns = [one for one in played if one.group.guilty]
    kinds = Counter(one.group.habit.kind for one in played if not one.group.guilty)
    planted = sum(len(one.rows) for one in campaigns)
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
        "lookalikes": dict(sorted(kinds.items())),
        "added": planted / rows,
    }
