"""The live engine says after every event what the definition says of the events so far."""

from __future__ import annotations

import random

import pytest
from streamed import Plain, batch, expected, floors, new, note

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
