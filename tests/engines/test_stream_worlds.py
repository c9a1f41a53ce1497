"""Over the whole grammar the live engine gives the definition's answers: any batches, any checkpoints."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from streamed import PLATFORMS, SMALL, Plain, batch, expected, floors, new, note

from undertow.engines.stream import Stream
from undertow.engines.stream_columns import columns
from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.events.table import TYPES as WORDS
from undertow.matches.plan import compile_plan
from undertow.playbooks.grammar import Playbook, Role, Step
from undertow.testing.oracle import Event
from undertow.units import DAY, HOUR
from worlds import START, TYPES, log_of, random_events, random_playbook, random_sources


def rich_playbook(dice: random.Random) -> Playbook:
    """Draw from the whole grammar, with what `random_playbook` leaves out: every signal, steps to nobody in
    particular, posts, two visibilities, more days, a listing from any step."""
    while True:
        book = random_playbook(dice)
        steps = tuple(richer(dice, step) for step in book.steps)
        book = replace(book, steps=steps, listed_from=dice.choice(book.steps).name)
        anchored = any(not s.optional and set(s.roles) == {"r", "t"} for s in steps)
        if anchored and compile_plan(book).fast:
            return book


def richer(dice: random.Random, step: Step) -> Step:
    """Ask more of a step, or something else."""
    chance = dice.random()
    if chance < 0.15:
        return replace(step, has=tuple(dice.sample(("address", "link", "answered"), 2)))
    if chance < 0.25:
        return replace(step, has=(dice.choice(("link", "answered")),))
    if chance < 0.35:
        return replace(step, visibility=("direct", "public"))
    if chance < 0.5 and step.source in ("r", "t") and step.room is None:
        types = (*step.types, "post") if dice.random() < 0.5 else ("post",)
        bare = replace(step, sink=None, types=types, first=False)
        # Who must be a member must still take part in the step.
        named = {one.who for one in (*step.member_of, *step.not_member_of)}
        return bare if named <= {"r", "t", step.source} else step
    if chance < 0.6 and step.counted:
        days = dice.randint(2, 3)
        return replace(step, count=days + dice.randint(0, 1), days=days)
    return step


def rich_events(dice: random.Random, stretch: int) -> list[Event]:
    """Draw events of all marks, some of them posts, over a time that is stretched so that windows close."""
    made = []
    for drawn in random_events(dice, dice.randint(2, 5), dice.choice([20, 50])):
        marks = [name for name in ("address", "link", "answered") if dice.random() < 0.35]
        at = START + (drawn.at - START) * stretch + dice.choice([0, 0, HOUR])
        event = replace(drawn, at=at, has=frozenset(marks))
        posted = event.type in TYPES[:3] and dice.random() < 0.12
        made.append(replace(event, type="post", target=None) if posted else event)
    return made


def case(seed: int) -> tuple[list[Playbook], list[Event], tuple[Source, ...]]:
    dice = random.Random(seed)
    books = [
        replace(rich_playbook(dice), name=f"book-{k}") for k in range(dice.choice([1, 1, 2, 4]))
    ]
    events = rich_events(dice, dice.choice([1, 1, 3, 10]))
    sources = random_sources(dice)
    return books, at_home(events) if sources else events, sources


def at_home(events: list[Event]) -> list[Event]:
    """Let two accounts meet on one platform only, as accounts do.

    That they met on another with other sources is forgotten when no window reaches back to it.
    """

    def where(event: Event) -> str:
        return "pq"[len({event.actor, event.target} & {"p:0", "p:2"}) % 2]

    return [replace(event, platform=where(event)) for event in events]


def reopened(
    stream: Stream, books: list[Playbook], sources: tuple[Source, ...], forget: bool
) -> Stream:
    """Go on from a checkpoint, as after a kill."""
    kept = {name: array.copy() for name, array in stream.state().items()}
    return Stream.restore(
        books, sources, kept, platforms=PLATFORMS, memory=SMALL, forget=forget
    )


def told_of(
    log: EventLog,
    books: list[Playbook],
    events: list[Event],
    sources: tuple[Source, ...],
    dice: random.Random,
) -> int:
    """Hold a stream to the definition, at random cuts and over random checkpoints; gives its answers."""
    forget = dice.random() < 0.7
    stream = new(books, sources, log, forget)
    told: dict[int, Plain] = {k: {} for k in range(len(books))}
    many = dice.choice([1, 2, 5, len(log)])
    cuts = sorted({*(dice.randint(1, len(log)) for _ in range(many)), len(log)})
    looked = {*dice.sample(cuts, min(2, len(cuts))), len(log)}
    low = reached = 0
    for high in cuts:
        note(told, stream.feed(batch(log, low, high)), books)
        low = high
        if dice.random() < 0.4:
            stream = reopened(stream, books, sources, forget)
        if high not in looked:
            continue
        known = set(log.id.slice(0, high).to_pylist())
        some = [event for event in events if event.id in known]
        for k, book in enumerate(books):
            wanted = expected(log, some, book, sources, floors(stream)[k])
            reached += len(wanted)
            assert told[k] == wanted, f"{book.name} after {high} of {len(log)}"
    return reached


@pytest.mark.parametrize("block", range(3))
def test_every_feature_is_answered_as_defined_over_any_batches_and_checkpoints(
    block: int,
) -> None:
    reached = 0
    for seed in range(10_000 + block * 100, 10_100 + block * 100):
        books, events, sources = case(seed)
        dice = random.Random(seed)
        try:
            reached += told_of(log_of(events), books, events, sources, dice)
        except AssertionError as fault:
            raise AssertionError(f"seed {seed}") from fault
    assert reached > 100


def test_more_playbooks_than_one_pass_holds_are_answered_alike() -> None:
    dice = random.Random(3)
    books = [replace(rich_playbook(dice), name=f"book-{k}") for k in range(24)]
    events = rich_events(dice, 1)
    log = log_of(events)
    stream = new(books, (), log, True)
    assert len(stream.passes) > 1
    told: dict[int, Plain] = {k: {} for k in range(len(books))}
    half = len(log) // 2
    note(told, stream.feed(batch(log, 0, half)), books)
    stream = reopened(stream, books, (), True)
    note(told, stream.feed(batch(log, half, len(log))), books)
    lowest = floors(stream)
    for k, book in enumerate(books):
        assert told[k] == expected(log, events, book, (), lowest[k]), book.name


def test_what_can_no_longer_matter_is_let_go_of() -> None:
    steps = (
        Step("letter", ("message",), source="r", sink="t"),
        Step("reply", ("message",), source="t", sink="r", within=DAY),
    )
    book = Playbook("short", (Role("r"), Role("t")), ("r", "t"), "reply", steps)
    letters = 40_000
    rows = np.arange(letters)
    stream = Stream([book], start=0)
    for low in range(0, letters, 1_000):
        part = rows[low : low + 1_000]
        kind = np.full(len(part), WORDS.index("message"))
        stream.feed(columns(part * HOUR, kind, 2 * part, 2 * part + 1))
    # No letter is answered within its day: of forty thousand pairs a few segments of the table remain.
    assert stream.counts()["pairs"] < letters / 20
    assert stream.live_pairs <= 25
