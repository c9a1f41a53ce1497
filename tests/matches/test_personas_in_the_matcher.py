"""Steps across personas: the definition in the oracle, and the fast path held to it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from test_kernel_equals_oracle import Plain, plain

from undertow.events.source import Source
from undertow.matches.actors import Actors, actors_of
from undertow.matches.match import find
from undertow.playbooks.grammar import Playbook, Role, Step
from undertow.testing.oracle import Event
from undertow.testing.oracle import find as ask
from undertow.units import DAY, HOUR
from worlds import (
    START,
    log_of,
    random_events,
    random_personas,
    random_playbook,
    random_sources,
)

CASES = 2_000
BLOCKS = 6
BOOK = Playbook(
    "two steps",
    (Role("r"), Role("t")),
    ("r", "t"),
    "address",
    (
        Step("address", ("message",), source="r", sink="t", has=("address",)),
        Step(
            "talk",
            ("message",),
            between=("r", "t"),
            across_personas=True,
            count=2,
            within=2 * DAY,
            optional=True,
        ),
    ),
)
BOB, ANN = ["chat:bob", "telegram:bobby"], ["chat:ann", "telegram:annie"]


def told(n: int, actor: str, target: str, *has: str, hours: int = 0) -> Event:
    at = START + (hours or n) * HOUR
    platform = actor.partition(":")[0]
    return Event(
        at, f"e{n:02d}", target, "message", actor, None, None, platform, frozenset(has)
    )


TALK = [
    told(1, "chat:bob", "chat:ann", "address"),
    told(2, "telegram:bobby", "telegram:annie"),
    told(3, "telegram:annie", "telegram:bobby"),
]


def fast(
    events: list[Event],
    playbook: Playbook,
    personas: list[list[str]],
    sources: tuple[Source, ...] = (),
) -> Plain:
    log = log_of(events)
    return plain(log, find(log, playbook, sources, whole=True, actors=coded(log, personas)))


def coded(log, personas: list[list[str]]) -> Actors:
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    here = [[code[name] for name in one if name in code] for one in personas]
    return actors_of(here, len(code))


def slow(
    events: list[Event],
    playbook: Playbook,
    personas: list[list[str]],
    sources: tuple[Source, ...] = (),
) -> Plain:
    return {
        key: (match.step, tuple((name, e.id, e.target) for name, e in match.steps))
        for key, match in ask(events, playbook, sources, personas).items()
    }


BOTH = pytest.mark.parametrize("matched", [slow, fast], ids=["oracle", "fast"])


@BOTH
def test_talk_of_other_accounts_counts_only_where_both_ends_are_held_to_be_one(matched) -> None:
    key = ("chat:bob", "chat:ann")
    assert matched(TALK, BOOK, [])[key][0] == "address"
    assert matched(TALK, BOOK, [BOB])[key][0] == "address"
    assert matched(TALK, BOOK, [ANN])[key][0] == "address"
    step, taken = matched(TALK, BOOK, [BOB, ANN])[key]
    assert step == "talk"
    assert taken[-1] == ("talk", "e03", "telegram:bobby"), "the event that happened is named"


@BOTH
def test_other_steps_stay_with_the_accounts_of_the_key(matched) -> None:
    found = matched(TALK, BOOK, [BOB, ANN])
    assert ("telegram:bobby", "telegram:annie") not in found, "no address was handed over there"


@BOTH
def test_two_accounts_of_one_actor_make_no_key(matched) -> None:
    note = told(4, "chat:bob", "telegram:bobby", "address")
    assert ("chat:bob", "telegram:bobby") in matched([*TALK, note], BOOK, [ANN])
    assert ("chat:bob", "telegram:bobby") not in matched([*TALK, note], BOOK, [BOB, ANN])


@BOTH
def test_one_event_counts_once_however_many_pairs_it_stands_for(matched) -> None:
    twice = [
        told(1, "chat:bob", "chat:ann", "address"),
        told(2, "chat:bob2", "chat:ann"),
    ]
    found = matched(twice, BOOK, [["chat:bob", "chat:bob2"]])
    assert found["chat:bob", "chat:ann"][0] == "address"


@BOTH
def test_the_window_holds_on_the_other_platform_too(matched) -> None:
    late = [
        TALK[0],
        told(2, "telegram:bobby", "telegram:annie", hours=80),
        told(3, "telegram:annie", "telegram:bobby", hours=81),
    ]
    assert matched(late, BOOK, [BOB, ANN])["chat:bob", "chat:ann"][0] == "address"


def case(seed: int) -> tuple[Playbook, list[Event], list[list[str]], tuple[Source, ...]]:
    dice = random.Random(seed)
    playbook = random_playbook(dice, across=0.6)
    people = dice.randint(3, 6)
    events = random_events(dice, people, dice.choice([12, 30, 60]))
    return playbook, events, random_personas(dice, people), random_sources(dice)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_fast_path_equals_the_oracle_with_personas(block: int) -> None:
    size = CASES // BLOCKS
    gained = 0
    for seed in range(70_000 + block * size, 70_000 + (block + 1) * size):
        playbook, events, personas, sources = case(seed)
        expected = slow(events, playbook, personas, sources)
        if gained <= size / 10:
            gained += expected != slow(events, playbook, [], sources)
        assert fast(events, playbook, personas, sources) == expected, f"seed {seed}"
    assert gained > size / 10, "personas must change answers, or the cases prove nothing"


def test_the_short_way_lists_the_same_chains_with_personas() -> None:
    for seed in range(90_000, 90_200):
        playbook, events, personas, sources = case(seed)
        expected = slow(events, playbook, personas, sources)
        log = log_of(events)
        found = plain(log, find(log, playbook, sources, actors=coded(log, personas)))
        assert {k: step for k, (step, _) in found.items()} == {
            k: step for k, (step, _) in expected.items()
        }, f"seed {seed}"
        listed = playbook.step_index(playbook.listed_from)
        for key, (step, taken) in found.items():
            if playbook.step_index(step) >= listed:
                assert taken == expected[key][1], f"seed {seed}"


def test_personas_of_nobody_change_nothing() -> None:
    for seed in range(95_000, 95_200):
        playbook, events, _, sources = case(seed)
        log = log_of(events)
        without = plain(log, find(log, playbook, sources, whole=True))
        assert fast(events, playbook, [], sources) == without, f"seed {seed}"


def test_what_the_key_s_own_platform_could_show_is_judged_by_its_own_events() -> None:
    """Talk elsewhere does not make the steps of the key's own accounts visible there."""
    follow = Step("follow", ("follow",), source="t", sink="r", within=DAY, optional=True)
    book = Playbook("three", BOOK.roles, BOOK.key, "address", (follow, *BOOK.steps))
    day = timedelta(days=1)
    from undertow.units import moment

    sources = (
        Source("chat", ("message",), moment(START) - day, moment(START) + 9 * day),
        Source("telegram", ("message", "follow"), moment(START) - day, moment(START) + 9 * day),
    )
    log = log_of(TALK)
    found = find(log, book, sources, actors=coded(log, [BOB, ANN]))
    from undertow.matches import kernel_states

    assert found.states[0, 0] == kernel_states.UNKNOWN
