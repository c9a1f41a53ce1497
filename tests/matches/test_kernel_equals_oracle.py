"""The fast path gives the oracle's answer, key by key and event by event."""

from __future__ import annotations

import random

import pytest

from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.matches.match import Matches, find
from undertow.playbooks.grammar import Playbook
from undertow.testing.oracle import Event
from undertow.testing.oracle import find as ask
from worlds import log_of, random_events, random_playbook, random_sources

CASES = 5_000
BLOCKS = 10

Plain = dict[tuple[str, ...], tuple[str, tuple[tuple[str, str, str | None], ...]]]


def fast(
    events: list[Event], playbook: Playbook, sources: tuple[Source, ...], parts: int = 1
) -> Plain:
    log = log_of(events, parts)
    return plain(log, find(log, playbook, sources, whole=True))


def plain(log: EventLog, matches: Matches) -> Plain:
    accounts, rooms = log.accounts.to_pylist(), log.contexts.to_pylist()
    steps = matches.playbook.steps
    found: Plain = {}
    for k in range(len(matches)):
        a, b, group = matches.keys[k].tolist()
        key = (accounts[a], accounts[b], *([] if group < 0 else [rooms[group]]))
        taken = tuple(
            (
                steps[s].name,
                log.id[row].as_py(),
                accounts[log.target[row]] if log.target[row] >= 0 else None,
            )
            for s, row in enumerate(matches.rows[k].tolist())
            if row >= 0
        )
        found[key] = (steps[matches.furthest[k]].name, taken)
    return found


def slow(events: list[Event], playbook: Playbook, sources: tuple[Source, ...]) -> Plain:
    return {
        key: (match.step, tuple((name, e.id, e.target) for name, e in match.steps))
        for key, match in ask(events, playbook, sources).items()
    }


def case(seed: int) -> tuple[Playbook, list[Event], tuple[Source, ...]]:
    dice = random.Random(seed)
    playbook = random_playbook(dice)
    events = random_events(dice, dice.randint(2, 5), dice.choice([12, 30, 60]))
    return playbook, events, random_sources(dice)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_kernel_equals_the_oracle(block: int) -> None:
    size = CASES // BLOCKS
    reached = 0
    for seed in range(block * size, (block + 1) * size):
        playbook, events, sources = case(seed)
        expected = slow(events, playbook, sources)
        reached += sum(len(steps) > 1 for _, steps in expected.values())
        assert fast(events, playbook, sources) == expected, f"seed {seed}"
    assert reached > size / 5, "the cases must hold chains, or they prove nothing"


def test_the_short_way_names_the_same_keys_and_steps_and_listed_chains_whole() -> None:
    listed = shortened = 0
    for seed in range(50_000, 50_500):
        playbook, events, sources = case(seed)
        expected = slow(events, playbook, sources)
        log = log_of(events)
        found = plain(log, find(log, playbook, sources))
        told = {key: step for key, (step, _) in found.items()}
        assert told == {key: step for key, (step, _) in expected.items()}, f"seed {seed}"
        for key, (step, taken) in found.items():
            assert taken, f"seed {seed}: a match without an event"
            if playbook.step_index(step) >= playbook.step_index(playbook.listed_from):
                listed += 1
                assert taken == expected[key][1], f"seed {seed}"
            shortened += taken != expected[key][1]
    assert listed > 150
    assert shortened > 0


def test_permuted_split_and_doubled_input_changes_nothing() -> None:
    for seed in range(20_000, 20_150):
        playbook, events, sources = case(seed)
        expected = fast(events, playbook, sources)
        dice = random.Random(seed)
        shuffled = events + dice.sample(events, len(events) // 2)
        dice.shuffle(shuffled)
        assert fast(shuffled, playbook, sources, parts=dice.randint(1, 4)) == expected, (
            f"seed {seed}"
        )


def test_accounts_renamed_in_their_order_change_nothing_but_names() -> None:
    def renamed(name: str | None) -> str | None:
        return (
            None
            if name is None
            else name.replace("p:", "zebra:acct-")
            if name < "p:x"
            else name
        )

    for seed in range(30_000, 30_150):
        playbook, events, sources = case(seed)
        expected = {
            tuple(renamed(part) for part in key): (
                step,
                tuple((n, i, renamed(t)) for n, i, t in taken),
            )
            for key, (step, taken) in fast(events, playbook, sources).items()
        }
        moved = [
            Event(e.at, e.id, renamed(e.target), e.type, renamed(e.actor) or "", e.context,
                  e.visibility, e.platform, e.has)
            for e in events
        ]  # fmt: skip
        assert fast(moved, playbook, sources) == expected, f"seed {seed}"


def test_unrelated_events_change_no_match() -> None:
    for seed in range(40_000, 40_100):
        playbook, events, sources = case(seed)
        dice = random.Random(seed)
        strangers = [
            Event(e.at, f"x{e.id}", e.target and f"stranger:{e.target}", e.type, f"stranger:{e.actor}",
                  e.context and f"other:{e.context}", e.visibility, e.platform, e.has)
            for e in random_events(dice, 4, 60)
            # Earlier strangers would move the first moment of a source that declares none.
            if e.at >= min(one.at for one in events)
        ]  # fmt: skip
        mixed = fast(events + strangers, playbook, sources)
        known = {
            key: found for key, found in mixed.items() if not key[0].startswith("stranger:")
        }
        assert known == fast(events, playbook, sources), f"seed {seed}"
