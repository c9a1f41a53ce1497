"""Leaves: what stands in them, in whose transaction, and what becomes of an act that cannot have one."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from undertow.audit import verify as verifier
from undertow.cases import checkpoints, ledger
from undertow.cases.ledger import Hidden
from undertow.cases.store import Store
from undertow.cases.tables import about, leaves
from undertow.errors import UndertowError

SECRET = "she wrote to me about the harbour"


def write(store: Store, count: int = 1, **facts: Any) -> int:
    place = -1
    for _ in range(count):
        with store.writing() as connection:
            place = ledger.record(
                connection, store, "test", {"at": 5, "case": "c-1", "reviewer": "r-9", **facts}
            )
    return place


def bodies(store: Store) -> list[bytes]:
    with store.reading() as connection:
        return list(checkpoints.bodies(connection))


def checked(store: Store, lines: list[bytes] | None = None) -> verifier.Verdict:
    with store.reading() as connection:
        key = ledger.log_key(connection, store)
    held = [body + b"\n" for body in bodies(store)] if lines is None else lines
    return verifier.verify(
        held, *verifier.saved(checkpoints.folder(store)), verifier.Key.read(key.public)
    )


def test_leaves_follow_one_another_and_hold_who_did_what_and_when(store: Store) -> None:
    assert [write(store), write(store)] == [0, 1]
    first, second = (json.loads(body) for body in bodies(store))
    assert first == {
        "after": "",
        "at": 5,
        "facts": {"case": "c-1", "reviewer": "r-9"},
        "kind": "test",
        "place": 0,
    }
    assert second["place"] == 1
    assert len(second["after"]) == 64
    assert checked(store).is_sound


@pytest.mark.parametrize(
    "facts",
    [
        {"reason": "fraud"},
        {"word": SECRET},
        {"word": Hidden("fraud")},
        {"account": "wrx"},
        {"who": "a:zzq"},
        {"whom": ["t:zzq"]},
        {"change": {"name": "fraud", "list": [SECRET]}},
    ],
)
def test_what_is_or_points_at_a_person_is_a_commitment(
    sqlite: Store, facts: dict[str, Any]
) -> None:
    write(sqlite, **facts)
    (body,) = bodies(sqlite)
    for word in (b"fraud", SECRET.encode(), b"wrx", b"zzq"):
        assert word not in body
    assert b"hmac:" in body


def test_two_leaves_about_one_person_cannot_be_told_to_be(sqlite: Store) -> None:
    write(sqlite, 2, account="a:zzq")
    first, second = (json.loads(body)["facts"]["account"] for body in bodies(sqlite))
    assert first != second
    with sqlite.reading() as connection:
        found = ledger.leaves_about(connection, sqlite, "a:zzq", 20)
        assert [leaf["place"] for leaf in found] == [0, 1]
        assert ledger.leaves_about(connection, sqlite, "a:zzr", 20) == []


def test_a_fraction_is_no_fact(sqlite: Store) -> None:
    with pytest.raises(TypeError, match="no leaf holds"):
        write(sqlite, weight=0.5)
    assert bodies(sqlite) == []


def test_a_leaf_and_what_it_records_stand_or_fall_together(store: Store) -> None:
    def act() -> None:
        with store.writing() as connection:
            connection.execute(insert(about).values(name="x", value="y"))
            ledger.record(connection, store, "test", {})
            raise KeyError

    with pytest.raises(KeyError):
        act()
    assert bodies(store) == []
    with store.reading() as connection:
        assert connection.execute(select(about).where(about.c.name == "x")).first() is None


def test_the_database_itself_refuses_to_change_a_leaf(store: Store) -> None:
    write(store, 3)
    before = bodies(store)
    changes = [
        update(leaves).values(body=b"{}"),
        delete(leaves),
        insert(leaves).values(place=7, body=b"{}"),
        insert(leaves).values(place=1, body=b"{}"),
        text("INSERT INTO leaves (place, body) VALUES (-1, 'x')"),
    ]
    if store.engine.dialect.name == "sqlite":
        changes.append(text("INSERT OR REPLACE INTO leaves (place, body) VALUES (1, 'x')"))
        changes.append(text("REPLACE INTO leaves (place, body) VALUES (2, 'x')"))
        changes.append(text("UPDATE OR REPLACE leaves SET place = 0 WHERE place = 1"))
    else:
        changes.append(text("TRUNCATE leaves"))
    for change in changes:
        with pytest.raises(DBAPIError), store.writing() as connection:
            connection.execute(change)
    assert bodies(store) == before


def test_the_key_stands_apart_and_only_its_owner_reads_it(sqlite: Store) -> None:
    write(sqlite)
    path = ledger.key_path(sqlite)
    assert sqlite.folder not in path.parents
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for file in sqlite.folder.rglob("*"):
        if file.is_file():
            assert path.read_bytes().split(b"\n")[1] not in file.read_bytes()


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (Path.unlink, "audit-key-missing"),
        (lambda path: path.write_bytes(b"PRIVATE+KEY+x\n"), "audit-key-invalid"),
        (lambda path: path.write_bytes(b"\xff"), "audit-key-invalid"),
        (
            lambda path: path.write_text(path.read_text().replace("undertow", "overtow")),
            "audit-key-invalid",
        ),
    ],
)
def test_without_its_key_a_log_takes_no_leaf(
    sqlite: Store, harm: Callable[[Path], object], code: str
) -> None:
    write(sqlite)
    harm(ledger.key_path(sqlite))
    with pytest.raises(UndertowError) as caught:
        write(sqlite)
    assert caught.value.code == code
    assert len(bodies(sqlite)) == 1


def test_a_checkpoint_proves_what_it_covers_and_is_copied_out(
    store: Store, tmp_path: Path
) -> None:
    assert checkpoints.make(store) is None
    there = tmp_path / "witness"
    checkpoints.copy_to(store, there, 1)
    write(store, 5)
    made = checkpoints.make(store)
    assert made is not None
    assert (made.size, made.copied) == (6, True)
    write(store, 3)
    assert (checked(store).proven, checked(store).leaves) == (6, 9)
    assert checkpoints.make(store).size == 9
    assert checkpoints.make(store).size == 9
    assert checkpoints.state(store) == checkpoints.State(9, 9, 9)
    assert len(list(there.iterdir())) == len(list(checkpoints.folder(store).iterdir())) == 4
    for path in there.iterdir():
        assert path.read_bytes() == (checkpoints.folder(store) / path.name).read_bytes()
    assert checked(store) == verifier.Verdict(leaves=9, proven=9, checkpoints=2)


def test_a_folder_that_refuses_copies_keeps_nobody_from_signing(
    sqlite: Store, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    checkpoints.copy_to(sqlite, tmp_path / "taken", 1)
    made = checkpoints.make(sqlite)
    assert made is not None
    assert (made.size, made.copied) == (1, False)
    assert checkpoints.state(sqlite).copied is None


def dropped(store: Store, table: str) -> None:
    """Do what an owner of the database can: take the guards away."""
    with store.writing() as connection:
        if store.engine.dialect.name == "sqlite":
            for name in ("keep", "stay", "follow"):
                connection.execute(text(f"DROP TRIGGER {table}_{name}"))
        else:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))


def test_a_rewritten_log_is_not_signed_again(store: Store) -> None:
    write(store, 6)
    checkpoints.make(store)
    dropped(store, "leaves")
    with store.writing() as connection:
        connection.execute(
            update(leaves).where(leaves.c.place == 2).values(body=bodies(store)[1])
        )
    checkpoints._known.clear()  # another process, that has not seen the log before
    with pytest.raises(UndertowError) as caught:
        checkpoints.make(store)
    assert caught.value.code == "audit-rewritten"
    verdict = checked(store)
    assert (verdict.first_bad, verdict.is_sound) == (2, False)


def test_a_rewritten_log_is_not_signed_again_though_its_checkpoints_are_taken_away(
    sqlite: Store, tmp_path: Path
) -> None:
    checkpoints.copy_to(sqlite, tmp_path / "apart", 1)
    write(sqlite, 6)
    checkpoints.make(sqlite)
    dropped(sqlite, "leaves")
    with sqlite.writing() as connection:
        connection.execute(
            update(leaves).where(leaves.c.place == 2).values(body=bodies(sqlite)[1])
        )
    shutil.rmtree(checkpoints.folder(sqlite))
    checkpoints._known.clear()
    with pytest.raises(UndertowError) as caught:
        checkpoints.make(sqlite)
    assert caught.value.code == "audit-rewritten"


def test_a_log_cut_short_is_not_signed_again(sqlite: Store) -> None:
    write(sqlite, 6)
    checkpoints.make(sqlite)
    dropped(sqlite, "leaves")
    with sqlite.writing() as connection:
        connection.execute(delete(leaves).where(leaves.c.place >= 4))
    with pytest.raises(UndertowError) as caught:
        checkpoints.make(sqlite)
    assert caught.value.code == "audit-rewritten"
    assert checked(sqlite).first_bad == 4


def test_a_checkpoint_of_another_key_is_not_built_upon(sqlite: Store, tmp_path: Path) -> None:
    write(sqlite, 2)
    made = checkpoints.make(sqlite)
    assert made is not None
    from undertow.audit.checkpoint import make_key

    made.path.write_bytes(make_key(tmp_path / "other").sign(2, bytes(32)))
    with pytest.raises(UndertowError) as caught:
        checkpoints.make(sqlite)
    assert caught.value.code == "audit-rewritten"
    assert not checked(sqlite).is_sound


def test_an_export_is_checked_by_its_own_verifier_without_undertow(
    sqlite: Store, undertow: Callable[..., Any], tmp_path: Path
) -> None:
    write(sqlite, 5)
    out = tmp_path / "out"
    assert undertow("audit", "export", sqlite.folder, "--out", out).code == 0
    key = (out / "key.txt").read_text().strip()
    asked = [sys.executable, "-I", "verify.py", "log.jsonl", "checkpoints", key]
    lone = subprocess.run(asked, cwd=out, capture_output=True, text=True, check=False)
    assert (lone.returncode, lone.stdout) == (
        0,
        "5 leaves, 5 proven by 1 checkpoints: sound\n",
    )
    assert "undertow" not in Path(out / "verify.py").read_text().split('"""')[2].lower()
    log = out / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"at":5', b'"at":6', 1))
    lone = subprocess.run(asked, cwd=out, capture_output=True, text=True, check=False)
    assert lone.returncode == 1
    assert lone.stdout.startswith("leaf 0: not what was logged\n")
    again = undertow("audit", "export", sqlite.folder, "--out", out)
    assert "audit-export-exists" in again.err


def test_the_command_line_signs_shows_and_verifies(
    sqlite: Store, undertow: Callable[..., Any], tmp_path: Path
) -> None:
    assert undertow("audit", "checkpoint", sqlite.folder).out == "the log has no leaf yet\n"
    write(sqlite, 3, account="a:zzq")
    there = tmp_path / "witness"
    said = undertow("audit", "checkpoint", sqlite.folder, "--to", there)
    assert said.out == "4 leaves signed: 00000000000000000004.checkpoint\n"
    shown = undertow("audit", "show", sqlite.folder, "--last", 2, "--format", "json")
    assert [row["place"] for row in json.loads(shown.out)] == [2, 3]
    shown = undertow("audit", "show", sqlite.folder, "--about", "a:zzq", "--format", "json")
    assert [row["kind"] for row in json.loads(shown.out)] == ["test"] * 3
    key = undertow("audit", "show", sqlite.folder, "--key").out.strip()
    sound = undertow("audit", "verify", sqlite.folder, "--checkpoints", there, "--key", key)
    assert (sound.code, sound.out) == (0, "4 leaves, 4 proven by 1 checkpoints\n")
    write(sqlite)
    late = undertow("audit", "verify", sqlite.folder)
    assert late.code == 0
    assert "1 leaves came after the last checkpoint" in late.err
    dropped(sqlite, "leaves")
    with sqlite.writing() as connection:
        connection.execute(delete(leaves).where(leaves.c.place == 1))
    bad = undertow("audit", "verify", sqlite.folder, "--checkpoints", there, "--key", key)
    assert bad.code == 2
    assert bad.out.startswith("leaf 1: not what was logged\n")
    assert "audit-not-sound" in bad.err


def test_the_command_line_says_what_a_check_needs(
    sqlite: Store, undertow: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"")
    assert "audit-inputs" in undertow("audit", "verify", tmp_path / "log.jsonl").err
    write(sqlite)
    assert (
        "audit-key-unreadable"
        in undertow("audit", "verify", sqlite.folder, "--key", "no+key+here").err
    )
    (tmp_path / "taken").write_text("")
    refused = undertow("audit", "checkpoint", sqlite.folder, "--to", tmp_path / "taken")
    assert "audit-copy-failed" in refused.err
