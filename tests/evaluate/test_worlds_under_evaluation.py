from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from undertow.errors import UndertowError
from undertow.evaluate import backgrounds, baselines, tells
from undertow.evaluate.cast import cast_of
from undertow.worlds.evasions import EVASIONS, PAIRS
from undertow.worlds.habits import KINDS, TWINS
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

SMALL = Settings(seed=2, prevalence=0.01, volume=0.03, lookalike_volume=0.3, lookalikes=3)


@pytest.fixture(scope="module")
def college() -> pa.Table:
    file = backgrounds.find("collegemsg", None)
    assert file is not None
    return backgrounds.load("collegemsg", file)


@pytest.fixture(scope="module")
def short(college: pa.Table) -> pa.Table:
    return backgrounds.smaller(college, 15_000)


@pytest.fixture(scope="module")
def plain(short: pa.Table) -> World:
    return make_world(short, SMALL)


def _planted(world: World) -> pa.Table:
    return world.events.filter(pc.equal(world.origin, "campaign"))


@pytest.mark.parametrize("evasion", [*EVASIONS, *PAIRS])
def test_every_evasion_makes_a_world_with_campaigns(short: pa.Table, evasion: str) -> None:
    world = make_world(short, replace(SMALL, evasion=evasion))
    assert world.groups_by_kind["campaign"] >= 1
    assert set(world.origin.to_pylist()) <= set(KINDS)


def _with(short: pa.Table, evasion: str) -> World:
    return make_world(short, replace(SMALL, evasion=evasion))


def test_an_unknown_evasion_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(UndertowError) as fault:
        Settings(evasion="slow x3 + flying")
    assert fault.value.code == "world-evasion-unknown"


def test_an_address_as_picture_shows_none_in_campaign_rows(
    short: pa.Table, plain: World
) -> None:
    hidden = _with(short, "address as picture")
    mine = [pc.and_(w.shows_address, pc.equal(w.origin, "campaign")) for w in (plain, hidden)]
    assert pc.sum(mine[0]).as_py() > pc.sum(mine[1]).as_py()
    # what is left are addresses that targets give of their own accord
    events = hidden.events.filter(mine[1])
    truth = hidden.truth.filter(pc.is_valid(hidden.truth["campaign"]))
    targets = truth.filter(pc.equal(truth["role"], "target"))["account"]
    assert pc.all(pc.is_in(events["actor"], targets.combine_chunks())).as_py() in (True, None)


def test_slow_campaigns_take_longer_from_first_contact_to_address(
    short: pa.Table, plain: World
) -> None:
    def wait(world: World) -> float:
        truth = world.truth.filter(pc.is_valid(world.truth["address"]))
        mine = truth.filter(pc.is_valid(truth["campaign"]))
        gap = pc.subtract(
            mine["address"].cast(pa.int64()), mine["first_contact"].cast(pa.int64())
        )
        return float(np.mean(gap.to_numpy()))

    worlds = [_with(short, "slow x3")]
    assert wait(worlds[0]) > 1.5 * wait(plain)


def test_a_hand_off_to_a_group_is_an_invitation_and_a_join_of_one_room(short: pa.Table) -> None:
    world = _with(short, "hand-off to a group")
    mine = _planted(world)
    invited = mine.filter(pc.equal(mine["type"], "invite"))
    joined = mine.filter(pc.equal(mine["type"], "join"))
    assert invited.num_rows
    assert set(joined["context"].to_pylist()) <= set(invited["context"].to_pylist())
    ordinary = world.events.filter(pc.equal(world.origin, "ordinary"))
    assert pc.sum(pc.equal(ordinary["type"], "join")).as_py() > joined.num_rows


def test_an_unblock_names_the_block_that_it_undoes(short: pa.Table) -> None:
    events = _with(short, "block and unblock").events
    undone = events.filter(pc.equal(events["type"], "undo"))
    blocks = events.filter(pc.equal(events["type"], "block"))
    assert undone.num_rows
    known = dict(zip(blocks["id"].to_pylist(), blocks["actor"].to_pylist(), strict=True))
    for context, actor in zip(
        undone["context"].to_pylist(), undone["actor"].to_pylist(), strict=True
    ):
        assert known[context] == actor


def test_who_asks_for_an_address_gives_none(short: pa.Table) -> None:
    world = _with(short, "asks for the address")
    recruiters = world.truth.filter(
        pc.and_(
            pc.equal(world.truth["role"], "recruiter"), pc.is_valid(world.truth["campaign"])
        )
    )["account"].combine_chunks()
    shown = world.events.filter(
        pc.and_(world.shows_address, pc.equal(world.origin, "campaign"))
    )
    assert shown.num_rows
    assert not pc.any(pc.is_in(shown["actor"], recruiters)).as_py()


def test_twins_come_in_pairs_and_no_habit_tells_the_guilty_half(college: pa.Table) -> None:
    world = make_world(college, Settings(seed=3, twins="none"))
    groups = dict(
        zip(world.truth["group"].to_pylist(), world.truth["campaign"].to_pylist(), strict=True)
    )
    guilty = sum(campaign is not None for campaign in groups.values())
    assert 0.3 < guilty / len(groups) < 0.7
    assert set(world.truth["kind"].to_pylist()) <= {habit.kind for habit in TWINS}


def test_only_a_listed_world_names_accounts_and_only_guilty_ones(college: pa.Table) -> None:
    assert make_world(college, Settings(seed=3, twins="none")).known == ()
    world = make_world(college, Settings(seed=3, twins="list"))
    guilty = world.truth.filter(pc.is_valid(world.truth["campaign"]))["account"].to_pylist()
    assert world.known
    assert set(world.known) <= set(guilty)


def test_another_voice_changes_names_and_words_and_nothing_else(short: pa.Table) -> None:
    one, other = (make_world(short, replace(SMALL, voice=voice)) for voice in (0, 1))
    for column in ("id", "type", "published", "visibility", "context"):
        assert one.events[column].equals(other.events[column])
    pairs = set(
        zip(one.events["actor"].to_pylist(), other.events["actor"].to_pylist(), strict=True)
    )
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert not one.events["content"].equals(other.events["content"])
    assert one.shows_address.equals(other.shows_address)


def test_another_voice_exchanges_languages_and_words_one_for_one(short: pa.Table) -> None:
    one, other = (make_world(short, replace(SMALL, voice=voice)) for voice in (0, 1))
    spoken = {
        pair
        for pair in zip(
            one.events["lang"].to_pylist(), other.events["lang"].to_pylist(), strict=True
        )
        if pair[0] is not None
    }
    assert len({a for a, _ in spoken}) == len({b for _, b in spoken}) == len(spoken)
    assert any(a != b for a, b in spoken)
    worded = pc.equal(pc.fill_null(one.shows_address, False), False).to_pylist()
    own = pc.is_valid(one.words).to_pylist()
    texts = zip(
        one.events["lang"].to_pylist(),
        one.events["content"].to_pylist(),
        other.events["content"].to_pylist(),
        strict=True,
    )
    said = [
        text for text, plain, script in zip(texts, worded, own, strict=True) if plain and script
    ]
    # Who says the same as before says the same as whom it did before, in as many words.
    assert len({(a, b) for a, b, _ in said}) == len(set(said)) == len({c for *_, c in said})
    assert all(len(b.split()) == len(c.split()) for _, b, c in said)
    words = {
        (a, _bare(word), _bare(theirs))
        for a, b, c in said
        for word, theirs in zip(b.split(), c.split(), strict=True)
    }
    # Typing errors too: a word slipped in one way is another word, slipped in one way.
    assert (
        len({(a, b) for a, b, _ in words}) == len(words) == len({(a, c) for a, _, c in words})
    )


def _bare(word: str) -> str:
    return "".join(sign for sign in word if sign.isalnum()).lower()


def test_no_short_query_finds_the_recruiters(college: pa.Table) -> None:
    worlds = [make_world(college, Settings(seed=seed)) for seed in (1, 2, 3)]
    found = [tells.probed(world) for world in worlds]
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    assert max(means.values()) <= tells.HIGHEST, means


def test_the_search_for_tells_finds_a_planted_one(plain: World) -> None:
    accounts = baselines.everybody(plain)
    names = accounts.filter(pa.array(cast_of(plain.truth, accounts).recruiters))
    first = pc.is_in(plain.events["actor"], names)
    text = pc.if_else(first, pc.binary_repeat("word ", 60), plain.events["content"])
    place = plain.events.schema.get_field_index("content")
    marked = replace(plain, events=plain.events.set_column(place, "content", text))
    assert tells.probed(marked)["length of first messages"] > tells.HIGHEST


def test_simple_baselines_beat_guessing(plain: World) -> None:
    base = baselines.open_world(plain)
    scores = baselines.scores(base)
    base.close()
    assert set(scores) == set(baselines.QUERIES)
    assert all(scores[name] for name in ("out-degree", "address count", "join of the steps"))


def test_an_unknown_background_is_refused() -> None:
    with pytest.raises(UndertowError) as fault:
        backgrounds.find("elsewhere", None)
    assert fault.value.code == "background-unknown"
