"""Whatever folders come in, in whichever order: what holds of every store."""

from __future__ import annotations

import small_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import BOOK, World
from sqlalchemy import func, select

from undertow.cases.citing import EventTexts
from undertow.cases.dossier import decode
from undertow.cases.intake import open_cases
from undertow.cases.store import Store, make_store
from undertow.cases.tables import cases, dossiers, passages, runs
from undertow.export.folder import open_folder
from undertow.units import DAY

NOW = 1_780_400_000_000_000


def rows(store: Store, table, *which) -> list:
    with store.reading() as connection:
        return list(connection.execute(select(table).where(*which)).all())


def code(store: Store, n: int) -> str:
    return store.vault.code("a", World().name(n))


def test_campaigns_that_grow_together_are_one_and_keep_the_oldest_code(
    sqlite, take, monkeypatch
) -> None:
    take(sqlite, World(), now=NOW)
    old = {row.account: row.campaign for row in rows(sqlite, cases)}
    assert len(set(old.values())) == 3
    plain = small_world.campaigns

    def joined(world: World) -> list[dict]:
        first, second, *others = plain(world)
        members = first["accounts"] + second["accounts"]
        return [first | {"accounts": members}, *others]

    def account(world: World, n: int, weight: float) -> dict:
        group = 0 if n < 8 else n - n % 4
        return told(world, n, weight) | {"campaign": f"c:{world.name(group)}"}

    told = small_world.account
    with monkeypatch.context() as patch:
        patch.setattr(small_world, "campaigns", joined)
        patch.setattr(small_world, "account", account)
        done = take(sqlite, World(made=3600), now=NOW + DAY)
    new = {row.account: row.campaign for row in rows(sqlite, cases)}
    assert done.merged == 4
    assert len(set(new.values())) == 2
    assert {new[code(sqlite, n)] for n in range(8)} <= set(old.values())
    # An older folder in which they stand apart takes nothing back.
    done = take(sqlite, World(made=60), now=NOW + 2 * DAY)
    assert (done.updated, done.merged) == (0, 0)
    assert {row.account: row.campaign for row in rows(sqlite, cases)} == new


def test_an_older_folder_joins_no_campaigns(sqlite, take, monkeypatch) -> None:
    take(sqlite, World(made=3600), now=NOW)
    before = {row.account: row.campaign for row in rows(sqlite, cases)}
    plain = small_world.campaigns

    def joined(world: World) -> list[dict]:
        first, second, *others = plain(world)
        return [first | {"accounts": first["accounts"] + second["accounts"]}, *others]

    monkeypatch.setattr(small_world, "campaigns", joined)
    assert take(sqlite, World(), now=NOW + DAY).merged == 0
    assert {row.account: row.campaign for row in rows(sqlite, cases)} == before


WORLDS = st.builds(
    World,
    accounts=st.integers(5, 9),
    targets=st.integers(1, 4),
    more=st.sampled_from([0.0, 0.5, 4.0]),
    q=st.sampled_from([0.05, 1.0]),
    made=st.integers(0, 3).map(lambda n: 3600 * n),
    roles=st.dictionaries(st.integers(0, 3), st.just("facilitator"), max_size=2),
)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(worlds=st.lists(WORLDS, min_size=1, max_size=4))
def test_whatever_comes_in_which_order_the_store_stays_sound(
    worlds: list[World], tmp_path_factory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    store = make_store(folder / "cases", simulated=True)
    for n, world in enumerate([*worlds, worlds[0]]):
        events = small_world.write_world(folder / f"found{n}", world)
        source = EventTexts((events,), "a test")
        open_cases(store, open_folder(folder / f"found{n}"), source, now=NOW + n)
        held = rows(store, cases)
        unmerged = [
            row.account for row in held if row.merged_into is None and row.state != "closed"
        ]
        assert len(unmerged) == len(set(unmerged))
        for row in held:
            dossier = decode(rows(store, dossiers, dossiers.c.hash == row.dossier)[0].body)
            assert (dossier.weight, len(dossier.targets)) == (row.weight, row.targets)
            assert (dossier.account, dossier.role, dossier.playbook.name) == (
                row.account,
                row.role,
                BOOK,
            )
            cited = {s.passage for f in dossier.funnels for s in f.steps if s.passage}
            kept = {one.passage for one in rows(store, passages, passages.c.case == row.case)}
            assert cited <= kept
    with store.reading() as connection:
        faults = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        many = connection.execute(select(func.count()).select_from(runs)).scalar_one()
    assert faults == []
    assert many == len({repr(world) for world in worlds})
    store.close()
