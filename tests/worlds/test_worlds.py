from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.events.table import NAMES, SCHEMA
from undertow.units import MINUTE, SECOND
from undertow.worlds.habits import KINDS, LOOKALIKES
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

START = 1_700_000_000_000_000
PUBLIC_START = START // MINUTE * MINUTE


def _table(rows: dict[str, list[object]], count: int) -> pa.Table:
    filled = [
        pa.array(rows[name], SCHEMA.field(name).type)
        if name in rows
        else pa.nulls(count, SCHEMA.field(name).type)
        for name in NAMES
    ]
    return pa.table(filled, schema=SCHEMA)


@pytest.fixture(scope="module")
def public() -> pa.Table:
    """A channel: mentions and words to the room, whole minutes, 150 people over 60 days."""
    rng = np.random.default_rng(5)
    count = 9_000
    minutes = np.sort(rng.integers(0, 60 * 1440, count))
    weight = rng.gamma(0.8, 1, 150)
    actor = rng.choice(150, count, p=weight / weight.sum())
    near = (actor + rng.integers(1, 12, count)) % 150
    spoken = rng.random(count) < 0.6
    rows: dict[str, list[object]] = {
        "id": [f"native-{i:05d}" for i in range(count)],
        "type": ["mention" if one else "message" for one in spoken],
        "published": (PUBLIC_START + minutes * MINUTE).tolist(),
        "actor": [f"irc:nick{i}" for i in actor],
        "target": [
            f"irc:nick{i}" if one else None for i, one in zip(near, spoken, strict=True)
        ],
        "context": ["secretroom"] * count,
        "visibility": ["public"] * count,
        "platform": ["irc"] * count,
        "content": ["nativewords " * 3] * count,
    }
    return _table(rows, count)


@pytest.fixture(scope="module")
def college(request: pytest.FixtureRequest) -> pa.Table:
    return pq.read_table(request.config.rootpath / "examples/collegemsg/collegemsg.parquet")


@pytest.fixture(scope="module")
def world(college: pa.Table) -> World:
    return make_world(college, Settings(seed=3))


@pytest.fixture(scope="module")
def channel(public: pa.Table) -> World:
    return make_world(public, Settings(seed=3, prevalence=0.02, volume=0.05))


def test_the_same_background_settings_and_seed_give_the_same_world(public: pa.Table) -> None:
    one, two = (make_world(public, Settings(seed=8)) for _ in range(2))
    other = make_world(public, Settings(seed=9))
    assert one.events.equals(two.events)
    assert one.truth.equals(two.truth)
    assert not one.events.equals(other.events)


def test_the_order_of_the_background_rows_changes_nothing(public: pa.Table) -> None:
    mixed = public.take(np.random.default_rng(1).permutation(public.num_rows))
    twice = pa.concat_tables([mixed, public.slice(0, 500)])
    assert make_world(public, Settings()).events.equals(make_world(twice, Settings()).events)


def test_no_native_word_survives_in_any_column(channel: World) -> None:
    for table in (channel.events, channel.truth):
        text = str(table.to_pydict())
        assert not re.search("nick|irc:|native|secretroom", text)
    assert all(re.fullmatch(r"sim:\d+", name) for name in channel.events["actor"].to_pylist())
    assert pc.unique(channel.events["platform"]).to_pylist() == ["sim"]


def test_rows_stand_in_total_order_under_new_ids(world: World) -> None:
    ids = world.events["id"].to_pylist()
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    published = world.events["published"].cast(pa.int64()).to_numpy()
    assert np.all(np.diff(published) >= 0)
    assert world.events.schema.equals(SCHEMA)


def test_every_row_of_the_background_is_kept_in_its_order(
    college: pa.Table, world: World
) -> None:
    kept = world.events.filter(pc.equal(world.origin, "background"))
    assert kept["published"].equals(college["published"])
    names = dict(zip(college["actor"].to_pylist(), kept["actor"].to_pylist(), strict=True))
    assert len(set(names.values())) == len(names)
    assert [names[a] for a in college["actor"].to_pylist()] == kept["actor"].to_pylist()


def test_no_account_is_made_anew(college: pa.Table, world: World) -> None:
    before = set(college["actor"].to_pylist()) | set(college["target"].to_pylist())
    after = set(world.events["actor"].to_pylist()) | set(world.events["target"].to_pylist())
    assert len(after) <= len(before)


def test_campaigns_add_at_most_one_row_in_a_hundred(world: World) -> None:
    rows = world.rows_by_kind
    assert 0 < rows["campaign"] <= 0.01 * world.events.num_rows
    assert world.made["campaigns"] == world.groups_by_kind["campaign"]


def test_look_alikes_stand_at_ten_to_one_and_are_of_every_kind(world: World) -> None:
    found = world.made["lookalikes"]
    recruiters = world.made["recruiters"]
    assert isinstance(found, dict)
    assert isinstance(recruiters, int)
    assert set(found) == {habit.kind for habit in LOOKALIKES}
    parts = world.truth.filter(pc.equal(world.truth["role"], "recruiter"))
    honest = parts.filter(pc.is_null(parts["campaign"]))
    assert honest.num_rows == 10 * recruiters
    assert min(found.values()) >= 1


def test_look_alikes_really_complete_the_chain(world: World) -> None:
    truth = world.truth.filter(pc.equal(world.truth["role"], "target"))
    honest = truth.filter(pc.is_null(truth["campaign"]))
    stages = set(honest["stage"].to_pylist())
    assert {"first_message", "address", "sustained", "handoff"} <= stages
    reached = honest.filter(pc.equal(honest["stage"], "handoff"))
    assert all("address" in seen or seen for seen in reached["seen"].to_pylist())


def test_times_keep_the_resolution_of_the_background(world: World, channel: World) -> None:
    for made, unit in ((world, SECOND), (channel, MINUTE)):
        published = made.events["published"].cast(pa.int64()).to_numpy()
        assert not np.any(published % unit)
    assert channel.sources[0].precision == "min"


def test_a_public_background_gets_direct_messages_for_ordinary_accounts(channel: World) -> None:
    ordinary = channel.events.filter(pc.equal(channel.origin, "ordinary"))
    kinds = set(ordinary["type"].to_pylist())
    assert kinds == {"message", "reply", "follow", "like"}
    direct = ordinary.filter(pc.equal(ordinary["type"], "message"))
    assert pc.unique(direct["visibility"]).to_pylist() == ["direct"]
    assert direct["context"].null_count == direct.num_rows


def test_a_silent_world_has_nothing_planted(public: pa.Table) -> None:
    made = make_world(public, Settings(campaigns=0))
    assert made.truth.num_rows == 0
    assert set(made.origin.to_pylist()) <= {"background", "ordinary"}


def test_the_asked_number_of_campaigns_is_planted(public: pa.Table) -> None:
    settings = Settings(campaigns=2, lookalikes=1, volume=0.05)
    assert make_world(public, settings).made["campaigns"] == 2


def test_the_times_of_the_truth_stand_in_the_order_of_the_steps(world: World) -> None:
    for row in world.truth.to_pylist():
        if row["address"] is not None:
            assert row["first_contact"] < row["address"]
        if row["handoff"] is not None:
            assert row["address"] < row["handoff"]


def test_several_rows_of_one_event_keep_one_id(public: pa.Table) -> None:
    rows = public.slice(0, 1).to_pylist()
    copies = [
        {**rows[0], "id": "native-shared", "type": "invite", "target": f"irc:nick{i}"}
        for i in range(4)
    ]
    undo = {**rows[0], "id": "native-undo", "type": "undo", "context": "native-shared"}
    undo["published"] = public["published"][-1].as_py()
    table = pa.concat_tables([public, pa.Table.from_pylist([*copies, undo], schema=SCHEMA)])
    events = make_world(table, Settings()).events
    invites = events.filter(pc.equal(events["type"], "invite"))
    assert invites.num_rows == 4
    assert len(set(invites["id"].to_pylist())) == 1
    undone = events.filter(pc.equal(events["type"], "undo"))["context"].to_pylist()
    assert undone == invites["id"].to_pylist()[:1]


def test_a_tiny_background_is_refused(public: pa.Table) -> None:
    with pytest.raises(UndertowError) as fault:
        make_world(public.slice(0, 20), Settings())
    assert fault.value.code == "world-background-small"


def test_a_background_without_targets_is_refused(public: pa.Table) -> None:
    room = public.filter(pc.is_null(public["target"]))
    with pytest.raises(UndertowError) as fault:
        make_world(room, Settings())
    assert fault.value.code == "world-background-silent"


@pytest.mark.parametrize("fault", [{"dark": 1.5}, {"prevalence": 0.5}, {"campaigns": -1}])
def test_a_setting_out_of_range_is_refused_by_name(fault: dict[str, float]) -> None:
    with pytest.raises(UndertowError, match=next(iter(fault))):
        Settings(**fault)


def test_the_origin_of_rows_has_only_known_names(world: World) -> None:
    assert set(world.origin.to_pylist()) <= set(KINDS)
    assert len(world.origin) == world.events.num_rows
