"""What counts as a match, said case by case; both the oracle and the kernel must agree."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from test_kernel_equals_oracle import fast, slow

from undertow.events.source import Source
from undertow.playbooks.grammar import Membership, Playbook, Role, Step
from undertow.testing.oracle import Chains, Event, Oracle
from undertow.units import DAY, HOUR, moment
from worlds import START, random_events, random_playbook

WRITE = Step("write", ("message",), source="r", sink="t")
GIVE = Step("give", ("message",), source="r", sink="t", has=("address",), within=2 * DAY)
ADDRESS = frozenset({"address"})


def book(
    *steps: Step, roles: tuple[Role, ...] = (), key: tuple[str, ...] = ("r", "t")
) -> Playbook:
    return Playbook("case", (Role("r"), Role("t"), *roles), key, steps[-1].name, steps)


def say(
    hours: float, name: str, actor: str = "a", target: str | None = "b", **given: object
) -> Event:
    return Event(START + int(hours * HOUR), name, target, actor=actor, platform="p", **given)  # type: ignore[arg-type]  # keywords of one dataclass


def found(
    events: list[Event],
    playbook: Playbook,
    sources: tuple[Source, ...] = (),
    key: tuple[str, ...] = ("a", "b"),
) -> dict[str, str]:
    """Match both ways, hold them equal, and give one key's steps as name -> event id."""
    expected = slow(events, playbook, sources)
    assert fast(events, playbook, sources) == expected
    return {name: event for name, event, _ in expected[key][1]} if key in expected else {}


@pytest.mark.parametrize(("gap", "steps"), [(48, ["write", "give"]), (48.01, ["write"])])
def test_a_gap_as_long_as_the_window_fits_and_a_longer_one_does_not(
    gap: float, steps: list[str]
) -> None:
    events = [say(0, "1"), say(gap, "2", has=ADDRESS)]
    # The second message is itself a `write`, so the chain may also begin there.
    apart = book(replace(WRITE, has=("link",)), GIVE)
    first = replace(events[0], has=frozenset({"link"}))
    assert list(found([first, events[1]], apart)) == steps


def test_a_gap_shorter_than_the_least_does_not_fit() -> None:
    later = replace(GIVE, min=3 * HOUR)
    linked = replace(WRITE, has=("link",))
    link = say(0, "1", has=frozenset({"link"}))
    assert list(found([link, say(3, "2", has=ADDRESS)], book(linked, later))) == [
        "write",
        "give",
    ]
    assert list(found([link, say(2.9, "2", has=ADDRESS)], book(linked, later))) == ["write"]


def test_events_of_one_moment_are_ordered_by_id() -> None:
    give_then = [say(0, "1", has=ADDRESS), say(0, "2")]
    write_then = [say(0, "1"), say(0, "2", has=ADDRESS)]
    assert found(give_then, book(WRITE, GIVE)) == {"write": "1"}
    assert found(write_then, book(WRITE, GIVE)) == {"write": "1", "give": "2"}


def test_a_step_may_use_the_event_before_only_where_it_says_same() -> None:
    alone = [say(0, "1", has=ADDRESS)]
    assert found(alone, book(WRITE, replace(GIVE, same=True))) == {"write": "1", "give": "1"}
    assert found(alone, book(WRITE, GIVE)) == {"write": "1"}


def test_a_newer_start_never_destroys_an_older_one() -> None:
    answer = Step("answer", ("message",), source="t", sink="r", within=2 * DAY)
    late = Step(
        "late", ("message",), source="r", sink="t", has=("address",), within=3 * DAY, min=DAY
    )
    events = [
        say(0, "1"),
        say(1, "2", "b", "a"),
        say(30, "3"),
        say(31, "4", "b", "a"),
        say(40, "5", has=ADDRESS),
    ]
    assert found(events, book(WRITE, answer, late)) == {
        "write": "1",
        "answer": "2",
        "late": "5",
    }


def test_an_optional_step_may_be_skipped_and_the_window_counts_from_the_last_one_taken() -> (
    None
):
    answer = Step("answer", ("message",), source="t", sink="r", within=DAY, optional=True)
    linked = replace(WRITE, has=("link",))
    link = say(0, "1", has=frozenset({"link"}))
    give = say(60, "3", has=ADDRESS)
    assert found([link, say(20, "2", "b", "a"), give], book(linked, answer, GIVE)) == {
        "write": "1", "answer": "2", "give": "3"
    }  # fmt: skip
    assert found([link, give], book(linked, answer, GIVE)) == {"write": "1"}


def test_a_counted_step_is_taken_by_the_event_that_makes_it_enough() -> None:
    talk = Step("talk", ("message",), between=("r", "t"), count=3, days=2, within=5 * DAY)
    linked = replace(WRITE, has=("link",))
    link = say(0, "1", has=frozenset({"link"}))
    lines = [say(1, "2", "b", "a"), say(2, "3"), say(3, "4"), say(25, "5"), say(26, "6")]
    assert found([link, *lines], book(linked, talk)) == {"write": "1", "talk": "5"}
    assert found([link, *lines[:3]], book(linked, talk)) == {"write": "1"}


def test_a_step_that_the_source_could_not_show_is_skipped_and_lends_its_window() -> None:
    follow = Step("follow", ("follow",), source="r", sink="t", within=2 * DAY)
    linked = replace(WRITE, has=("link",))
    events = [say(0, "1", has=frozenset({"link"})), say(90, "2", has=ADDRESS)]
    blind = (Source("p", ("message",)),)
    assert found(events, book(linked, follow, GIVE)) == {"write": "1"}
    assert found(events, book(linked, follow, GIVE), blind) == {"write": "1", "give": "2"}
    beyond = [events[0], say(96.5, "2", has=ADDRESS)]
    assert found(beyond, book(linked, follow, GIVE), blind) == {"write": "1"}


def test_a_step_is_unknown_only_in_the_stretch_where_its_type_was_not_visible() -> None:
    follow = Step("follow", ("follow",), source="r", sink="t", within=DAY)
    linked = replace(WRITE, has=("link",))
    events = [say(0, "1", has=frozenset({"link"})), say(40, "2", has=ADDRESS)]
    hours = timedelta(hours=1)
    blind_then = (
        Source("p", ("message",)),
        Source("p", ("follow",), since=moment(START) + 25 * hours),
    )
    seen_then = (blind_then[0], Source("p", ("follow",), since=moment(START) + 24 * hours))
    assert found(events, book(linked, follow, GIVE), blind_then) == {"write": "1", "give": "2"}
    assert found(events, book(linked, follow, GIVE), seen_then) == {"write": "1"}


def test_without_text_an_address_is_unknown() -> None:
    silent = (Source("p", ("message",), content=False),)
    after = Step("after", ("follow",), source="r", sink="t", within=DAY)
    events = [say(0, "1"), say(20, "2", type="follow")]
    seen = (replace(silent[0], types=("message", "follow")),)
    assert found(events, book(WRITE, GIVE, after), seen) == {"write": "1", "after": "2"}


def test_first_is_unknown_for_pairs_active_at_the_start_of_the_source() -> None:
    hand = Step(
        "hand", ("message",), source="f", sink="t", first=True, within=DAY, optional=True
    )
    roles = (Role("f"),)
    early = [say(0, "0", "c"), say(30, "1"), say(31, "2", "c")]
    later = [say(0, "0", "d", "e"), say(30, "1"), say(31, "2", "c")]
    assert found(early, book(WRITE, hand, roles=roles)) == {"write": "1"}
    assert found(later, book(WRITE, hand, roles=roles)) == {"write": "1", "hand": "2"}


def test_a_free_role_is_one_account_over_its_steps() -> None:
    roles = (Role("g"),)
    ask_g = Step("ask", ("mention",), source="t", sink="g", optional=True)
    back = Step("back", ("follow",), source="g", sink="t", within=DAY, optional=True)
    by_two = [
        say(0, "1", "b", "g1", type="mention"),
        say(1, "2", "g2", "b", type="follow"),
        say(2, "3"),
    ]
    by_one = [by_two[0], replace(by_two[1], actor="g1"), by_two[2]]
    assert found(by_one, book(ask_g, back, WRITE, roles=roles)) == {
        "ask": "1",
        "back": "2",
        "write": "3",
    }
    assert found(by_two, book(ask_g, back, WRITE, roles=roles)) == {"back": "2", "write": "3"}


def test_accounts_in_different_roles_differ_unless_they_may_be_the_same() -> None:
    ask_g = Step("ask", ("mention",), source="t", sink="g", optional=True)
    events = [say(0, "1", "b", "a", type="mention"), say(2, "2")]
    assert found(events, book(ask_g, WRITE, roles=(Role("g"),))) == {"write": "2"}
    assert found(events, book(ask_g, WRITE, roles=(Role("g", may_be=("r",)),))) == {
        "ask": "1",
        "write": "2",
    }


def test_two_free_roles_never_meet_in_one_account() -> None:
    ask_g = Step("ask", ("mention",), source="t", sink="g", optional=True)
    hand = Step("hand", ("follow",), source="f", sink="t", optional=True)
    events = [
        say(0, "1", "b", "c", type="mention"),
        say(1, "2"),
        say(2, "3", "c", type="follow"),
    ]
    playbook = book(ask_g, WRITE, hand, roles=(Role("g"), Role("f")))
    assert found(events, playbook) == {"write": "2", "hand": "3"}
    other = [*events, say(0.5, "1b", "b", "d", type="mention")]
    assert found(other, playbook) == {"ask": "1b", "write": "2", "hand": "3"}


def test_membership_follows_the_last_earlier_join_or_leave_and_leave_comes_first() -> None:
    room = (Role("room", kind="group"),)
    key = ("r", "t", "room")
    write = replace(
        WRITE, member_of=(Membership("r", "room"),), not_member_of=(Membership("t", "room"),)
    )
    join = Step("join", ("join",), source="t", room="room", optional=True)
    playbook = book(write, join, roles=room, key=key)

    def move(hours: float, name: str, word: str, who: str, where: str = "x") -> Event:
        return say(hours, name, who, None, type=word, context=where)

    into = [move(0, "1", "join", "a"), say(2, "2"), move(5, "3", "join", "b")]
    assert found(into, playbook, key=("a", "b", "x")) == {"write": "2", "join": "3"}
    left = [*into, move(1, "1b", "leave", "a")]
    assert found(left, playbook, key=("a", "b", "x")) == {}
    changed = [move(0, "9", "leave", "a"), *into]
    assert found(changed, playbook, key=("a", "b", "x")) == {"write": "2", "join": "3"}
    already = [*into, move(1, "0", "join", "b")]
    assert found(already, playbook, key=("a", "b", "x")) == {}
    elsewhere = [*into[:2], move(5, "3", "join", "b", "y")]
    assert found(elsewhere, playbook, key=("a", "b", "x")) == {"write": "2"}


def test_a_block_by_the_target_does_not_wipe_the_match() -> None:
    events = [say(0, "1"), say(1, "2", "b", "a", type="block"), say(20, "3", has=ADDRESS)]
    assert found(events, book(WRITE, GIVE)) == {"write": "1", "give": "3"}


def test_the_furthest_step_counts_more_than_the_number_of_steps() -> None:
    extra = Step("extra", ("follow",), source="r", sink="t", within=HOUR, optional=True)
    last = Step("last", ("mention",), source="r", sink="t", within=2 * HOUR, optional=True)
    events = [
        say(0, "1"),
        say(1, "2", type="follow"),
        say(10, "3"),
        say(11, "4", type="mention"),
    ]
    assert found(events, book(WRITE, extra, last)) == {"write": "3", "last": "4"}


def test_the_oracle_chooses_as_listing_every_chain_would() -> None:
    """Lists all chains of tiny cases outright, without any of the oracle's recursion."""
    compared = 0
    for seed in range(400):
        dice = random.Random(seed)
        playbook = random_playbook(dice)
        if playbook.groups:
            continue
        oracle = Oracle(random_events(dice, 3, 9), playbook, ())
        for key in list(oracle.keys()):
            for binding in oracle.bindings(key):
                chains = Chains(oracle, key, binding)
                best = chains.best()
                listed = list(every_chain(chains))
                compared += 1
                if best is None:
                    assert not listed
                    continue
                assert best[0] == max(rank_of(chains, chain) for chain in listed), (
                    f"seed {seed}"
                )
    assert compared > 500


def every_chain(chains: Chains) -> list[tuple[tuple[int, int], ...]]:
    """List the chains as (event, step) pairs, first to last, by trying every set of steps."""
    steps = range(len(chains.steps))
    sound = []
    for size in range(1, len(chains.steps) + 1):
        for chosen in itertools.combinations(steps, size):
            for events in itertools.product(*(chains.chosen[j] for j in chosen)):
                chain = tuple(zip(events, chosen, strict=True))
                links = itertools.pairwise(chain)
                starts = chains.may_start(chain[0][1], chain[0][0])
                # A first step gathers from the beginning; a later one only after its predecessor.
                if all(one in chains.before(two[1], two[0]) for one, two in links) and starts:
                    sound.append(chain)
    return sound


def rank_of(chains: Chains, chain: tuple[tuple[int, int], ...]) -> tuple[object, ...]:
    optional = sum(chains.steps[j].optional for _, j in chain)
    return chain[-1][1], optional, -chain[-1][0], tuple(reversed(chain))
