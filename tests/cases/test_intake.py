"""What becomes of an output folder: which accounts become cases, and what a later folder changes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
import small_world
from small_world import World
from sqlalchemy import select, update

from undertow.cases import rule
from undertow.cases.citing import EventTexts
from undertow.cases.dossier import decode, encode, fingerprint
from undertow.cases.intake import open_cases
from undertow.cases.store import Store, make_store
from undertow.cases.tables import (
    acts,
    case_targets,
    cases,
    dossiers,
    leaves,
    metadata,
    passages,
    runs,
    subjects,
)
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.events.pseudonyms import Pseudonyms
from undertow.export.folder import open_folder
from undertow.units import DAY

NOW = 1_780_400_000_000_000


def rows(store: Store, table, *which) -> list:
    with store.reading() as connection:
        return list(connection.execute(select(table).where(*which)).all())


def code(store: Store, n: int, world: World | None = None) -> str:
    return store.vault.code("a", (world or World()).name(n))


def case_of(store: Store, n: int):
    (row,) = rows(store, cases, cases.c.account == code(store, n))
    return row


def close(store: Store, n: int, weight: float | None = None) -> None:
    """Close a case as a decision does."""
    row = case_of(store, n)
    with store.writing() as connection:
        mine = cases.c.case == row.case
        values = {"state": "closed", "closed_weight": row.weight if weight is None else weight}
        connection.execute(update(cases).where(mine).values(**values))
        targets = case_targets.c.case == row.case
        connection.execute(update(case_targets).where(targets).values(decided=True))


def everything(store: Store) -> dict[str, list]:
    with store.reading() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table)).all()))
            for name, table in metadata.tables.items()
        }


def shape(store: Store) -> dict:
    """What the cases say now, without what is drawn at random or goes by the clock."""
    campaigns: dict[str, set] = {}
    found = {}
    for row in rows(store, cases):
        campaigns.setdefault(row.campaign, set()).add(row.account)
        found[row.account, row.role] = (row.state, row.weight, row.targets, row.stage, row.lang)
    groups = sorted(map(sorted, campaigns.values()))
    helped = sorted((row.target, row.step) for row in rows(store, case_targets))
    return {"cases": found, "campaigns": groups, "targets": helped}


def test_alerts_become_cases_and_the_others_are_counted(store: Store, take) -> None:
    done = take(store, World(), now=NOW)
    assert (done.opened, done.updated, done.reopened, done.merged) == (12, 0, 0, 0)
    assert done.left == {"below even odds": 2}
    assert {row.state for row in rows(store, cases)} == {"new"}
    first = case_of(store, 0)
    assert (first.weight, first.stage, first.targets, first.lang) == (10.25, "address", 3, "en")
    assert first.keep_until == NOW + 90 * DAY


def test_a_dossier_names_nobody_and_its_hash_is_that_of_its_bytes(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    for row in rows(sqlite, dossiers):
        assert fingerprint(row.body) == row.hash
        assert encode(decode(row.body)) == row.body
        assert b"sim:" not in row.body
        assert b"ev0" not in row.body
    dossier = decode(rows(sqlite, dossiers, dossiers.c.case == case_of(sqlite, 1).case)[0].body)
    assert dossier.account == code(sqlite, 1)
    assert sum(line.bits for line in dossier.lines) == pytest.approx(dossier.weight)
    assert [len(one.steps) for one in dossier.funnels] == [3, 3, 3]
    assert all(step.passage for one in dossier.funnels for step in one.steps)
    assert dossier.campaign is not None
    assert len(dossier.campaign.members) == 4


def test_lines_without_which_a_case_would_not_stand_are_marked(sqlite, take) -> None:
    take(sqlite, World(more=10.0, chance=False), now=NOW)
    dossier = decode(rows(sqlite, dossiers, dossiers.c.case == case_of(sqlite, 1).case)[0].body)
    line = rule.even(dossier.run.prior)
    for one in dossier.lines:
        assert one.necessary == (one.bits > 0 and dossier.weight - one.bits < line)
    assert {one.necessary for one in dossier.lines} == {True, False}


def test_without_null_worlds_the_best_above_even_odds_become_cases_up_to_the_day_s_reviews(
    sqlite, take
) -> None:
    sqlite.set_setting("daily_reviews", "5")
    done = take(sqlite, World(more=6.5, chance=False), now=NOW)
    assert done.opened == 5
    assert done.left == {"over the day's reviews": 2, "below even odds": 7}
    best = sorted((row.weight for row in rows(sqlite, cases)), reverse=True)
    assert min(best) > rule.even(2e-5)
    again = take(sqlite, World(more=6.5, chance=False, made=60), now=NOW + DAY)
    assert (again.opened, again.updated) == (2, 0)


def test_reading_a_folder_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    events = small_world.write_world(tmp_path / "found", World())
    results, source = open_folder(tmp_path / "found"), EventTexts((events,), "a test")
    first = open_cases(store, results, source, now=NOW)
    before = everything(store)
    second = open_cases(store, results, source, now=NOW + DAY)
    assert (second.opened, second.updated, second.reopened, second.merged) == (0, 0, 0, 0)
    assert second.run == first.run
    assert everything(store) == before


def test_a_run_that_says_nothing_new_makes_no_dossier(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    before = rows(sqlite, dossiers)
    done = take(sqlite, World(more=0.05, made=3600), now=NOW + DAY)
    assert done.updated == 0
    assert rows(sqlite, dossiers) == before
    assert len(rows(sqlite, runs)) == 2


def test_news_make_a_dossier_and_a_revision_and_keep_the_case_in_hand(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    done = take(sqlite, World(targets=4, made=3600), now=NOW + DAY)
    assert (done.opened, done.updated) == (0, 12)
    row = case_of(sqlite, 0)
    assert (row.revision, row.targets, row.state) == (2, 4, "new")
    assert row.keep_until == NOW + 91 * DAY
    assert len(rows(sqlite, dossiers, dossiers.c.case == row.case)) == 2
    kinds = [one.kind for one in rows(sqlite, acts, acts.c.case == row.case)]
    assert kinds == ["opened", "updated"]


def test_a_folder_older_than_the_case_is_not_taken_for_it(sqlite, take) -> None:
    take(sqlite, World(targets=4, made=3600), now=NOW)
    done = take(sqlite, World(), now=NOW + DAY)
    assert done.updated == 0
    assert case_of(sqlite, 0).targets == 4


def test_the_order_of_two_folders_makes_no_difference(tmp_path: Path, take) -> None:
    older, newer = World(accounts=9), World(targets=4, made=3600, more=0.5)
    shapes = []
    for name, order in (("a", (older, newer)), ("b", (newer, older))):
        store = make_store(tmp_path / name, simulated=True)
        for n, world in enumerate(order):
            take(store, world, now=NOW + n)
        found = shape(store)
        # Codes are the store's own: compare by the names behind them.
        names = {code(store, n): n for n in range(14)}
        shapes.append(
            (
                {
                    (names[account], role): told
                    for (account, role), told in found["cases"].items()
                },
                sorted(sorted(names[one] for one in group) for group in found["campaigns"]),
                sorted(step for _, step in found["targets"]),
            )
        )
        store.close()
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("later", "opens"),
    [
        (World(made=3600), False),
        (World(made=3600, more=2.9), False),
        (World(made=3600, more=3.0), True),
        (World(made=3600, targets=4), True),
    ],
)
def test_a_closed_case_is_opened_again_by_a_new_target_or_three_bits_alone(
    store: Store, take, later: World, opens: bool
) -> None:
    take(store, World(), now=NOW)
    close(store, 0)
    done = take(store, later, now=NOW + DAY)
    assert case_of(store, 0).state == ("reopened" if opens else "closed")
    assert done.reopened == int(opens)


def test_a_closed_case_that_grows_a_little_each_day_is_opened_once_it_has_grown_enough(
    sqlite, take
) -> None:
    take(sqlite, World(), now=NOW)
    close(sqlite, 0)
    for n in range(1, 4):
        take(sqlite, World(made=3600 * n, more=float(n)), now=NOW + n * DAY)
        assert case_of(sqlite, 0).state == ("reopened" if n == 3 else "closed")


def test_an_account_has_one_case_though_it_has_two_roles(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    done = take(sqlite, World(roles={0: "facilitator"}, made=3600), now=NOW + DAY)
    old, new = sorted(
        rows(sqlite, cases, cases.c.account == code(sqlite, 0)), key=lambda row: row.state
    )
    assert (old.state, old.merged_into, new.state, new.role) == (
        "closed",
        new.case,
        "new",
        "facilitator",
    )
    assert (done.opened, done.merged) == (1, 1)


def test_a_case_in_somebody_s_hands_is_not_merged_away(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    with sqlite.writing() as connection:
        mine = cases.c.account == code(sqlite, 0)
        connection.execute(update(cases).where(mine).values(state="proposed"))
    done = take(sqlite, World(roles={0: "facilitator"}, made=3600), now=NOW + DAY)
    assert done.opened == 0
    assert done.left["in hand in another role"] == 1


def test_a_decided_account_gets_no_second_case_for_the_same_conduct(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    close(sqlite, 0)
    done = take(sqlite, World(roles={0: "facilitator"}, made=3600), now=NOW + DAY)
    assert done.left["decided in another role"] == 1
    done = take(
        sqlite, World(roles={0: "facilitator"}, made=7200, targets=4), now=NOW + 2 * DAY
    )
    assert done.opened == 1


def test_playbooks_for_research_open_no_case(sqlite, take) -> None:
    done = take(sqlite, World(status="research"), now=NOW)
    assert done.opened == 0
    assert done.left == {"research playbook": 14}


@pytest.mark.parametrize(
    ("store_simulated", "world_simulated", "fault"),
    [(False, True, "cases-simulated"), (True, False, "cases-real")],
)
def test_simulated_worlds_and_real_cases_do_not_mix(
    tmp_path, take, store_simulated, world_simulated, fault
) -> None:
    store = make_store(tmp_path / "cases", simulated=store_simulated)
    with pytest.raises(UndertowError) as met:
        take(store, World(simulated=world_simulated, prefix="x"), now=NOW)
    assert met.value.code == fault
    assert rows(store, runs) == []
    store.close()


def test_native_ids_of_accounts_are_sealed_and_those_of_targets_where_events_tell_them(
    sqlite, take
) -> None:
    world = World()
    take(sqlite, world, now=NOW, texts=False)
    found = {row.code: row for row in rows(sqlite, subjects)}
    account = found[code(sqlite, 0)]
    place = context("subjects", account.code, "sealed_id")
    assert sqlite.vault.open(account.code, place, account.sealed_id) == world.name(0)
    assert all(row.sealed_id is None for row in found.values() if row.code.startswith("t:"))
    assert rows(sqlite, passages) == []
    # The same run once more with its events at hand: passages are news.
    done = take(sqlite, World(made=60), now=NOW + DAY)
    assert done.updated == 12
    target = next(r for r in rows(sqlite, subjects) if r.code.startswith("t:"))
    place = context("subjects", target.code, "sealed_id")
    named = {world.target(n, t) for n in range(14) for t in range(3)}
    assert sqlite.vault.open(target.code, place, target.sealed_id) in named


def test_near_duplicates_are_grouped_so_that_none_need_be_read_twice(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    found = rows(sqlite, passages)
    alone = {row.passage for row in found if row.same_as is None}
    assert {row.same_as for row in found if row.same_as} <= alone
    # Three languages, one script each; short first messages are not compared.
    scripts = {row.same_as for row in found if row.same_as}
    assert len(scripts) == 3


def test_what_is_kept_of_a_run_holds_no_name_of_a_file_or_an_account(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    (run,) = rows(sqlite, runs)
    told = msgspec.json.decode(run.summary)
    assert told["left"] == {"below even odds": 2}
    assert told["cases"]["opened"] == 12
    assert b"sim:" not in run.summary
    assert b"parquet" not in run.summary


def test_every_case_that_is_opened_is_in_the_audit_log(sqlite, take) -> None:
    take(sqlite, World(), now=NOW)
    kinds = [msgspec.json.decode(row.body)["kind"] for row in rows(sqlite, leaves)]
    assert kinds.count("case-opened") == 12
    assert kinds[-1] == "intake"


def test_a_folder_with_native_ids_of_targets_is_about_the_same_people(sqlite, take) -> None:
    world = World()
    take(sqlite, world, now=NOW)
    before = {row.target for row in rows(sqlite, case_targets)}
    done = take(sqlite, World(native=True, made=60, more=1.0), now=NOW + DAY, texts=False)
    assert done.updated == 12
    assert {row.target for row in rows(sqlite, case_targets)} == before
    for row in rows(sqlite, dossiers):
        assert b"sim:" not in row.body
    fresh = take(
        sqlite, World(native=True, made=90, accounts=5, prefix="y"), now=NOW, texts=False
    )
    assert fresh.opened == 5
    (target,) = rows(sqlite, subjects, subjects.c.code == new_target(sqlite, "y:t00a"))
    place = context("subjects", target.code, "sealed_id")
    assert sqlite.vault.open(target.code, place, target.sealed_id) == "y:t00a"


def new_target(store: Store, native: str) -> str:
    return store.vault.code("t", Pseudonyms.default().of(native))


def test_what_is_no_language_tag_and_no_platform_is_not_kept(sqlite, take, monkeypatch) -> None:
    monkeypatch.setattr(small_world, "lang_of", lambda n: "en")
    plain = small_world.events

    def odd(world: World):
        table = plain(world)
        column = pa.array(["somebody wrote this here"] * table.num_rows)
        return table.set_column(table.schema.get_field_index("lang"), "lang", column)

    monkeypatch.setattr(small_world, "events", odd)
    take(sqlite, World(prefix="a b\u0000c"), now=NOW)
    assert {(row.lang, row.platform) for row in rows(sqlite, cases)} == {(None, "")}
