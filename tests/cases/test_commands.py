"""The commands of the case store, as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import small_world
from small_world import World

from undertow.cases.decide import settle
from undertow.cases.keyfile import master_path
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal
from undertow.cases.store import is_store, make_store, open_store
from undertow.units import DAY

LONG = "because the order of the court asks for it"


@pytest.fixture
def place(desk) -> Path:
    return desk.store.folder


def listed(undertow, *args: object) -> list[dict]:
    ran = undertow(*args, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_cases_are_listed_and_shown_without_texts_and_identities(desk, place, undertow) -> None:
    rows = listed(undertow, "case", "list", place)
    assert len(rows) == 12
    assert "sim:" not in json.dumps(rows)
    code = rows[0]["code"]
    text = undertow("case", "show", place, code)
    assert text.code == 0
    assert "tie:address" in text.out
    ran = undertow("case", "show", place, code, "--format", "json")
    shown = json.loads(ran.out)
    assert shown["row"]["code"] == code
    assert "sim:" not in ran.out
    assert undertow("case", "list", place, "--format", "csv").out.startswith("code,playbook,")
    assert undertow("case", "show", place, "k:none").code == 2


def test_people_are_added_listed_and_disabled(desk, place, undertow, tmp_path) -> None:
    (tmp_path / "password").write_text("four plain words\nignored\n")
    rows = listed(
        undertow,
        *("case", "people", place, "--add", "flo", "--role", "approver"),
        *("--password-file", tmp_path / "password"),
    )
    assert [(row["name"], row["role"]) for row in rows][-1] == ("flo", "approver")
    from undertow.cases.people import sign_in

    assert sign_in(desk.store, "flo", "four plain words") is not None
    rows = listed(undertow, "case", "people", place, "--disable", "flo")
    assert rows[-1]["disabled"] is True
    ran = undertow("case", "people", place, "--disable", "nobody")
    assert (ran.code, "[person-unknown]" in ran.err) == (2, True)


def test_a_case_is_held_and_let_go(desk, place, undertow) -> None:
    code = listed(undertow, "case", "list", place)[0]["code"]
    words = ("case", "hold", place, code, "--as", "ben")
    assert undertow(*words, "--reason", LONG).code == 0
    assert case_view(desk.store, desk.ben, code, desk.now).hold_reason == LONG
    assert undertow(*words).code == 0
    assert case_view(desk.store, desk.ben, code, desk.now).hold_reason is None
    ran = undertow("case", "hold", place, code, "--as", "ada", "--reason", LONG)
    assert "[role-refused]" in ran.err


def test_a_case_s_clock_is_set_and_stopped(desk, place, undertow) -> None:
    code = listed(undertow, "case", "list", place)[0]["code"]
    words = ("case", "clock", place, code, "--as", "ada", "--reason", LONG)
    assert undertow(*words, "--minutes", "60").out == "due in 60 minutes\n"
    assert [
        row["code"] for row in listed(undertow, "case", "list", place, "--view", "clocks")
    ] == [code]
    assert undertow(*words).out == "the clock has stopped\n"
    assert listed(undertow, "case", "list", place, "--view", "clocks") == []


def test_somebody_who_asks_for_it_is_erased_by_their_native_id(desk, place, undertow) -> None:
    words = ("case", "erase", place, "--as", "dora", "--reason", "asked on 3 May")
    ran = undertow(*words, "--account", World().name(0))
    assert ran.code == 0, ran.err
    assert "1 cases closed" in ran.out
    rows = queue(desk.store, desk.ada, View(which="closed"), desk.now).rows
    assert [row.erased for row in rows] == [True]
    target = undertow(*words, "--account", World().target(3, 0))
    assert target.code == 0, target.err
    assert "[subject-unknown]" in undertow(*words, "--account", "sim:nobody").err
    assert "[erase-whom]" in undertow(*words).err
    assert World().name(0) not in ran.out + ran.err


def test_the_master_key_is_changed_by_an_admin_while_the_desk_is_open(
    desk, place, undertow
) -> None:
    master = master_path(place.with_name("cases.keys"))
    before = master.read_bytes()
    assert "[role-refused]" in undertow("case", "rotate", place, "--as", "ben").err
    assert master.read_bytes() == before
    ran = undertow("case", "rotate", place, "--as", "dora")
    assert ran.code == 0, ran.err
    assert master.read_bytes() != before
    case = queue(desk.store, desk.ada, View(), desk.now).rows[0].code
    passage = case_view(desk.store, desk.ada, case, desk.now).passages[0].code
    assert reveal(desk.store, desk.ada, passage, "to decide", desk.now)


def test_the_allow_list_is_kept(desk, place, undertow) -> None:
    account = queue(desk.store, desk.ben, View(), desk.now).rows[0].account
    words = ("case", "allow", place, "--as", "ben")
    rows = listed(undertow, *words, "--account", account, "--reason", "a helpline, called back")
    assert [(row["account"], row["days_left"]) for row in rows] == [(account, 89)]
    assert listed(undertow, *words, "--account", account) == []


def test_a_month_is_reported(desk, place, undertow) -> None:
    (row,) = listed(undertow, "report", place, "--month", "2026-06")
    assert row["opened"] == 12
    text = undertow("report", place, "--month", "2026-06")
    assert "confirmed" in text.out
    assert undertow("report", place, "--month", "soon").code == 2


def test_a_store_is_backed_up_and_restored(desk, place, undertow, tmp_path) -> None:
    words = ("backup", place, "--out", tmp_path / "kept", "--keys-out", tmp_path / "again.keys")
    ran = undertow(*words)
    assert ran.code == 0, ran.err
    digest = ran.out.split("digest ")[1].split()[0]
    assert "[backup-there]" in undertow(*words).err
    ran = undertow("restore", tmp_path / "kept", tmp_path / "again")
    assert "[vault-keys-missing]" in ran.err
    shutil.copy(master_path(place.with_name("cases.keys")), tmp_path / "again.keys.master")
    shutil.copy(place.with_name("cases.log.key"), tmp_path / "again.log.key")
    ran = undertow("restore", tmp_path / "kept", tmp_path / "again")
    assert ran.code == 0, ran.err
    assert digest in ran.out
    back = open_store(tmp_path / "again")
    case = queue(back, desk.ada, View(), desk.now).rows[0].code
    passage = case_view(back, desk.ada, case, desk.now).passages[0].code
    assert reveal(back, desk.ada, passage, "to decide", desk.now)
    assert settle(back, desk.now + DAY).closed == 0
    back.close()


def test_detect_makes_a_store_and_opens_cases_once(real, undertow, tmp_path) -> None:
    place = tmp_path / "cases"
    words = ("detect", real, "--out", tmp_path / "found", "--into", place, "--no-nulls")
    first = undertow(*words, "--format", "json", "--prior", "0.5", "--daily-reviews", "7")
    assert first.code == 0, first.err
    assert json.loads(first.out)
    assert "a new case store was made" in first.err
    assert is_store(place)
    store = open_store(place)
    assert (store.simulated, store.setting("daily_reviews")) == (False, "7")
    from undertow.cases.people import Person

    page = queue(store, Person("", "", "auditor"), View(), 5)
    assert f"cases: {page.counts['all']} opened" in first.err
    assert 0 < page.counts["all"] <= 7
    view = case_view(store, Person("", "", "auditor"), page.rows[0].code, 5)
    assert view.passages
    again = undertow(*words, "--prior", "0.5", "--daily-reviews", "7")
    assert "0 updated" in again.err
    # The setting is in the log once: it was changed once.
    ran = undertow("audit", "show", place, "--format", "json")
    told = [one for one in json.loads(ran.out) if one["kind"] == "settings-changed"]
    assert [one["facts"]["daily_reviews"] for one in told] == ["7"]
    store.close()


@pytest.mark.postgres
def test_cases_go_into_postgresql_as_well(real, undertow, tmp_path, postgres_schema) -> None:
    where = ("--folder", tmp_path / "beside")
    words = ("detect", real, "--out", tmp_path / "found", "--no-nulls", "--prior", "0.5")
    ran = undertow(*words, "--into", postgres_schema, *where)
    assert ran.code == 0, ran.err
    rows = listed(undertow, "case", "list", postgres_schema, *where)
    assert f"cases: {len(rows)} opened" in ran.err
    assert rows
    assert "[cases-folder-missing]" in undertow("case", "list", postgres_schema).err
    assert (tmp_path / "beside.keys").is_file()


def test_a_simulated_world_is_refused_before_anything_is_done(undertow, tmp_path) -> None:
    events = small_world.write_world(tmp_path / "unused", World())
    words = ("detect", events, "--out", tmp_path / "found", "--into", tmp_path / "cases")
    ran = undertow(*words)
    assert (ran.code, "[cases-simulated]" in ran.err) == (2, True)
    assert not (tmp_path / "found").exists()
    assert not (tmp_path / "cases").exists()
    make_store(tmp_path / "demo", simulated=True).close()
    real = small_world.write_world(tmp_path / "other", World(simulated=False))
    ran = undertow("detect", real, "--out", tmp_path / "found", "--into", tmp_path / "demo")
    assert (ran.code, "[cases-real]" in ran.err) == (2, True)


def test_a_wrong_place_or_key_file_is_one_clear_error(desk, place, undertow, tmp_path) -> None:
    ran = undertow("case", "list", tmp_path / "nowhere")
    assert (ran.code, "[cases-missing]" in ran.err) == (2, True)
    make_store(tmp_path / "other", simulated=False).close()
    ran = undertow("case", "list", place, "--keys", tmp_path / "other.keys")
    assert (ran.code, "[vault-keys-wrong]" in ran.err) == (2, True)
    assert str(tmp_path) not in ran.err


def test_the_doctor_looks_at_sqlite(undertow, monkeypatch) -> None:
    from undertow.cases import sqlite

    for version, state in (((3, 40, 1), "warn"), ((3, 51, 3), "ok")):
        monkeypatch.setattr(sqlite, "version", lambda version=version: version)
        rows = {row["check"]: row["state"] for row in listed(undertow, "doctor")}
        assert rows["sqlite"] == state
