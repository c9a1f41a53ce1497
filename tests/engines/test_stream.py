"""The live engine says after every event what the definition says of the events so far."""

from __future__ import annotations

import random

import pytest
from streamed import SMALL, Plain, batch, expected, floors, new, note

from undertow.engines.stream import Stream
from undertow.events.source import Source
from undertow.playbooks.grammar import Playbook, Role, Step
from undertow.testing.oracle import Event
from undertow.units import DAY, HOUR
from worlds import START, log_of, random_events, random_playbook, random_sources


def case(seed: int) -> tuple[Playbook, list[Event], tuple[Source, ...]]:
    dice = random.Random(seed)
    playbook = random_playbook(dice)
    events = random_events(dice, dice.randint(2, 5), dice.choice([12, 30, 60]))
    return playbook, events, random_sources(dice)


@pytest.mark.parametrize("block", range(4))
def test_the_stream_equals_the_definition_after_all_events_and_on_the_way(block: int) -> None:
    reached = 0
    for seed in range(block * 100, block * 100 + 100):
        playbook, events, sources = case(seed)
        dice = random.Random(seed)
        log = log_of(events)
        forget = not sources
        stream = new([playbook], sources, log, forget)
        told: dict[int, Plain] = {0: {}}
        cuts = sorted({dice.randint(1, len(log)), dice.randint(1, len(log)), len(log)})
        low = 0
        for high in cuts:
            note(told, stream.feed(batch(log, low, high)), [playbook])
            low = high
            known = {log.id[k].as_py() for k in range(high)}
            some = [e for e in events if e.id in known]
            wanted = expected(log, some, playbook, sources, floors(stream)[0])
            reached += len(wanted)
            assert told[0] == wanted, f"seed {seed}, after {high} of {len(log)}"
    assert reached > 100


def crowded_chain(dice: random.Random) -> tuple[Playbook, list[Event]]:
    """Draw a chain whose first step any of many events may be, and events that repeat it all along."""
    word = dice.choice(["mention", "follow"])
    steps = (
        Step("public", ("mention",), between=("r", "t")),
        Step("more", (word,), source="r", sink="t", within=dice.choice([DAY, 2 * DAY])),
        Step("letter", ("message",), source="r", sink="t", within=2 * DAY),
        Step("talk", ("message",), between=("r", "t"), count=3, days=2, within=4 * DAY),
    )
    playbook = Playbook("crowded", (Role("r"), Role("t")), ("r", "t"), "talk", steps)
    kinds = dice.choices(("mention", "follow", "message"), (5, 1, 3), k=80)
    events = []
    for k, kind in enumerate(kinds):
        actor, target = dice.sample(("p:0", "p:1", "p:2"), 2)
        at = START + dice.randint(0, 60) * 3 * HOUR
        events.append(Event(at, f"e{k:02d}", target, kind, actor, None, None, "p"))
    return playbook, events


def test_a_chain_survives_later_beginnings_that_come_in_between() -> None:
    reached = 0
    for seed in range(150):
        playbook, events = crowded_chain(random.Random(seed))
        log = log_of(events)
        stream = new([playbook], (), log, True)
        told: dict[int, Plain] = {0: {}}
        note(told, stream.feed(batch(log, 0, len(log))), [playbook])
        wanted = expected(log, events, playbook, (), floors(stream)[0])
        reached += len(wanted)
        assert told[0] == wanted, f"seed {seed}"
    assert reached > 100


def test_the_event_that_begins_a_chain_may_take_the_next_step_as_well() -> None:
    steps = (
        Step("letter", ("message",), source="r", sink="t"),
        Step(
            "address",
            ("message",),
            source="r",
            sink="t",
            has=("address",),
            within=DAY,
            same=True,
        ),
        Step("answer", ("message",), source="t", sink="r", within=DAY),
    )
    playbook = Playbook("at-once", (Role("r"), Role("t")), ("r", "t"), "answer", steps)
    reached = 0
    for seed in range(50):
        dice = random.Random(seed)
        events = []
        for k in range(30):
            actor, target = dice.sample(("p:0", "p:1", "p:2", "p:3"), 2)
            at = START + dice.randint(0, 60) * 3 * HOUR
            has = frozenset(["address"] if dice.random() < 0.2 else [])
            event = Event(at, f"e{k:02d}", target, "message", actor, None, None, "p", has)
            events.append(event)
        log = log_of(events)
        stream = new([playbook], (), log, True)
        told: dict[int, Plain] = {0: {}}
        note(told, stream.feed(batch(log, 0, len(log))), [playbook])
        wanted = expected(log, events, playbook, (), floors(stream)[0])
        reached += len(wanted)
        assert told[0] == wanted, f"seed {seed}"
    assert reached > 50


def test_pairs_dealt_to_parts_give_together_what_one_stream_gives() -> None:
    reached = 0
    for seed in range(40):
        dice = random.Random(seed)
        playbook, events = crowded_chain(dice)
        log = log_of(events)
        told: list[Plain] = []
        for many in (1, 2, 4):
            answers: dict[int, Plain] = {0: {}}
            for part in range(many):
                one = Stream([playbook], start=log.start, memory=SMALL, part=(part, many))
                before = len(answers[0])
                changes = one.feed(batch(log, 0, len(log)))
                note(answers, changes, [playbook])
                assert len(answers[0]) == before + len(changes), "no pair is in two parts"
            told.append(answers[0])
        assert told[0] == told[1] == told[2]
        reached += len(told[0])
    assert reached > 30
