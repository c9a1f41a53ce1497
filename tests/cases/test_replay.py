"""A case made again from its events: here, elsewhere, and where something is missing or another one."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from small_world import World
from sqlalchemy import select, update

from undertow.cases import recipe as recipes
from undertow.cases.comparing import compared
from undertow.cases.dossier import decode
from undertow.cases.recipe import Input, Recipe
from undertow.cases.replaying import _as_then, look_for
from undertow.cases.store import Store, open_store
from undertow.cases.tables import dossiers, playbook_texts, runs
from undertow.errors import UndertowError
from undertow.request import NO_TIES

NOW = 1_780_400_000_000_000


@dataclass
class Taken:
    """A store of real events in `place`, with the code of its first case."""

    place: Path
    case: str
    events: Path


@pytest.fixture
def taken(real, undertow, tmp_path) -> Taken:
    place = tmp_path / "cases"
    words = ("detect", real, "--out", tmp_path / "found", "--into", place, "--no-nulls")
    ran = undertow(*words, "--prior", "0.5")
    assert ran.code == 0, ran.err
    ran = undertow("case", "list", place, "--format", "json")
    return Taken(place, json.loads(ran.out)[0]["code"], real)


def rewrite(store: Store, **values: object) -> None:
    """Change what a recipe says."""
    with store.writing() as connection:
        body = connection.execute(select(runs.c.recipe)).scalar_one()
        recipe = msgspec.structs.replace(msgspec.json.decode(body, type=Recipe), **values)
        connection.execute(update(runs).values(recipe=msgspec.json.encode(recipe)))


def told(undertow, taken: Taken, *words: object) -> dict:
    ran = undertow("replay", taken.place, taken.case, *words, "--json")
    found = json.loads(ran.out)
    assert ran.code == {"equal": 0, "differs": 1, "missing": 2}[found["verdict"]]
    assert "x:" not in ran.out + ran.err
    return found


def test_a_case_is_made_again_on_another_machine(
    taken, undertow, tmp_path, monkeypatch
) -> None:
    """Store, keys, events under another name and the key of pseudonyms are carried elsewhere; all else is gone."""
    there = tmp_path / "there"
    (there / "data" / "deep").mkdir(parents=True)
    shutil.copytree(taken.place, there / "cases")
    for one in taken.place.parent.glob("cases.*"):
        shutil.copy(one, there / one.name)
    shutil.move(taken.events, there / "data" / "deep" / "night.parquet")
    (there / "data" / "other.parquet").write_bytes(b"something else")
    shutil.copy(Path(recipes.Pseudonyms.default.__globals__["key_path"]()), there / "names.key")
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(there / "names.key"))
    moved = Taken(there / "cases", taken.case, there / "data")
    found = told(undertow, moved, moved.events)
    assert (found["verdict"], found["same_hash"], found["missing"]) == ("equal", True, [])
    assert {"score", "evidence", "cited events"} <= {one["part"] for one in found["parts"]}
    assert all(one["exact"] for one in found["parts"])
    text = undertow("replay", moved.place, moved.case, moved.events)
    assert (text.code, "the same score on the same evidence" in text.out) == (0, True)


@pytest.mark.postgres
def test_a_case_in_postgresql_is_made_again(real, undertow, tmp_path, postgres_schema) -> None:
    where = ("--folder", tmp_path / "beside")
    words = ("detect", real, "--out", tmp_path / "found", "--no-nulls", "--prior", "0.5")
    assert undertow(*words, "--into", postgres_schema, *where).code == 0
    ran = undertow("case", "list", postgres_schema, *where, "--format", "json")
    case = json.loads(ran.out)[0]["code"]
    ran = undertow("replay", postgres_schema, case, real, *where)
    assert (ran.code, "the dossier made again has the same hash" in ran.out) == (0, True)


def test_with_null_worlds_the_chance_is_the_same(real, undertow, tmp_path) -> None:
    words = ("detect", real, "--out", tmp_path / "found", "--into", tmp_path / "cases")
    assert undertow(*words, "--prior", "0.5").code == 0
    ran = undertow("case", "list", tmp_path / "cases", "--format", "json")
    found = told(
        undertow, Taken(tmp_path / "cases", json.loads(ran.out)[0]["code"], real), real
    )
    assert (found["verdict"], found["same_hash"]) == ("equal", True)


def test_what_is_missing_is_said_and_nothing_is_run(
    taken, undertow, tmp_path, monkeypatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr("undertow.cases.replaying.detect", None)  # would fail if it were called
    found = told(undertow, taken, empty)
    assert "it may have been erased or changed" in found["missing"][0]
    changed = bytearray(taken.events.read_bytes())
    changed[-9] ^= 1
    (empty / "events.parquet").write_bytes(changed)
    assert len(told(undertow, taken, empty)["missing"]) == 1
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(tmp_path / "another.key"))
    assert "the key of pseudonyms" in told(undertow, taken, taken.events)["missing"][0]


def test_a_lost_text_and_another_grammar_are_said(taken, undertow) -> None:
    store = open_store(taken.place)
    with store.writing() as connection:
        other = playbook_texts.c.body.is_not(None)
        connection.execute(update(playbook_texts).where(other).values(body=b"grammar: 99\n"))
    assert (
        "a program that reads the playbook" in told(undertow, taken, taken.events)["missing"][0]
    )
    with store.writing() as connection:
        connection.execute(playbook_texts.delete())
    assert "the store does not hold it" in told(undertow, taken, taken.events)["missing"][0]
    rewrite(store, carried=True)
    assert "events of earlier runs" in told(undertow, taken, taken.events)["missing"][0]
    store.close()


def test_a_folder_that_came_without_a_recipe_is_said(sqlite, take, undertow) -> None:
    take(sqlite, World(), now=NOW)
    with sqlite.reading() as connection:
        case = connection.execute(select(dossiers.c.case)).scalars().first()
    found = told(undertow, Taken(sqlite.folder, case, sqlite.folder), sqlite.folder)
    assert "taken in without that" in found["missing"][0]


def test_what_differs_is_named(taken, undertow) -> None:
    store = open_store(taken.place)
    rewrite(store, prior=0.25)
    found = told(undertow, taken, taken.events)
    assert found["verdict"] == "differs"
    wrong = {one["part"]: one["said"] for one in found["parts"] if not one["same"]}
    assert any("then 0.5, now 0.25" in said for said in wrong["what was read"])
    rewrite(store, prior=0.5, until="2026-05-01T09:00:00+00:00")
    found = told(undertow, taken, taken.events)
    assert [one["said"] for one in found["parts"]] == [
        ["the account is not ranked in this role under this playbook any more"]
    ]
    store.close()


def test_another_program_is_noted_and_may_still_agree(taken, undertow, monkeypatch) -> None:
    monkeypatch.setattr(recipes, "code_hash", lambda: "0" * 64)
    monkeypatch.setattr(recipes, "_version", lambda name: "0.0")
    found = told(undertow, taken, taken.events)
    assert found["verdict"] == "equal"
    assert "the program is another one" in found["noted"][0]
    assert "numpy" in found["noted"][1]


def test_an_earlier_dossier_is_named_by_its_hash(taken, undertow) -> None:
    store = open_store(taken.place)
    with store.reading() as connection:
        mine = dossiers.c.case == taken.case
        marked = connection.execute(select(dossiers.c.hash).where(mine)).scalar_one()
    store.close()
    assert told(undertow, taken, taken.events, "--dossier", marked[:8])["dossier"] == marked
    for wrong in ("zz", " "):
        ran = undertow("replay", taken.place, taken.case, taken.events, "--dossier", wrong)
        assert (ran.code, "[replay-dossier]" in ran.err) == (2, True)
    ran = undertow("replay", taken.place, "k:none", taken.events)
    assert (ran.code, "[case-unknown]" in ran.err) == (2, True)
    ran = undertow("replay", taken.place, taken.case, taken.place / "none")
    assert (ran.code, "[file-missing]" in ran.err) == (2, True)


def test_files_are_found_with_what_is_declared_beside_them(tmp_path) -> None:
    events, lists = tmp_path / "a.csv", tmp_path / "known.txt"
    events.write_text("id\n1\n")
    lists.write_text("x\n")
    beside = tmp_path / "a.csv.source.yaml"
    beside.write_text("[]\n")
    base = recipes.program()
    made = Recipe(
        **msgspec.structs.asdict(base),
        playbooks=(),
        inputs=(recipes.input_of(events),),
        pseudonyms="",
        known=recipes.hash_of(lists),
        personas="0" * 64,
    )
    found = look_for(made, [tmp_path])
    assert (found.events, found.known, found.personas) == ([events], lists, None)
    assert "`--personas`" in found.missing[0]
    beside.write_text("[ ]\n")
    assert "the declaration of sources beside" in look_for(made, [tmp_path]).missing[0]
    assert made.inputs[0] == Input(recipes.hash_of(events), 5, made.inputs[0].beside)


def test_a_playbook_that_changed_meanwhile_is_refused(real, tmp_path) -> None:
    from undertow.playbooks.parse import load
    from undertow.request import Request

    request = Request((real,), tmp_path, (load("extremist-recruitment"),))
    with pytest.raises(UndertowError, match="is another one by now"):
        recipes.pinned(request, [])


def test_rounding_is_no_difference_and_is_not_called_the_same_bits(taken) -> None:
    store = open_store(taken.place)
    with store.reading() as connection:
        was = decode(connection.execute(select(dossiers.c.body)).scalars().first())
    store.close()
    near = compared(was, msgspec.structs.replace(was, weight=was.weight * (1 + 1e-12)))[0]
    assert (near.same, near.exact) == (True, False)
    far = compared(was, msgspec.structs.replace(was, weight=was.weight + 1e-6))[0]
    assert (far.same, "`weight`: then" in far.said[0]) == (False, True)
    none = compared(was, msgspec.structs.replace(was, funnels=()))
    assert [one.part for one in none if not one.same] == ["cited events", "funnels"]
    assert any("was there and is not" in said for said in none[3].said)


def test_what_was_said_of_ties_that_nobody_looked_for_is_no_difference(taken) -> None:
    store = open_store(taken.place)
    with store.reading() as connection:
        plain = decode(connection.execute(select(dossiers.c.body)).scalars().first())
        recipe = recipes.recipe_of(connection, connection.execute(select(runs.c.run)).scalar())
    store.close()
    assert recipe is not None
    lacking = msgspec.structs.replace(recipe, campaigns=True, tied=False)

    def covered(*lines: str):
        return msgspec.structs.replace(
            plain, run=msgspec.structs.replace(plain.run, coverage=lines)
        )

    was = covered("one", NO_TIES, "two")
    assert _as_then(lacking, was, covered("one", "two")) == was
    # All else that is said of the data counts.
    assert _as_then(lacking, was, covered("one", "two", "three")) != was
    assert _as_then(recipe, was, covered("one", "two")) != was
