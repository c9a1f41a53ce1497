"""Codes and sealed texts: what opens, what never opens again, and what a wrong key file does."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import select, update

from undertow.cases.keyfile import KeyFile, master_path
from undertow.cases.reading import reveal
from undertow.cases.store import make_store, open_store
from undertow.cases.tables import passages
from undertow.cases.vault import Vault, context
from undertow.errors import UndertowError

PLACE = context("acts", "d:1", "sealed_reason")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(KeyFile.make(tmp_path / "cases.keys"))


def fault_of(call) -> str:
    with pytest.raises(UndertowError) as fault:
        call()
    return fault.value.code


def test_a_code_is_the_same_in_one_store_and_another_in_the_next(
    vault: Vault, tmp_path: Path
) -> None:
    other = Vault(KeyFile.make(tmp_path / "other.keys"))
    again = Vault.open_file(tmp_path / "cases.keys")
    assert vault.code("a", "x:1") == again.code("a", "x:1")
    assert vault.code("a", "x:1") != other.code("a", "x:1")
    assert vault.code("a", "x:1")[2:] != vault.code("t", "x:1")[2:]


@pytest.mark.parametrize("text", ["", "the harbour", "نص محايد", "\x00" * 3])
def test_what_is_sealed_opens_in_its_place(vault: Vault, text: str) -> None:
    sealed = vault.seal("a:1", PLACE, text)
    assert vault.open("a:1", PLACE, sealed) == text
    assert vault.seal("a:1", PLACE, text) != sealed


def test_a_sealed_text_opens_nowhere_else(vault: Vault) -> None:
    sealed = vault.seal("a:1", PLACE, "the harbour")
    vault.seal("a:2", PLACE, "another")
    moved = context("acts", "d:2", "sealed_reason")
    assert fault_of(lambda: vault.open("a:1", moved, sealed)) == "vault-damaged"
    assert fault_of(lambda: vault.open("a:2", PLACE, sealed)) == "vault-damaged"
    for place in (0, len(sealed) // 2, len(sealed) - 1):
        bent = bytearray(sealed)
        bent[place] ^= 1
        assert (
            fault_of(lambda bent=bent: vault.open("a:1", PLACE, bytes(bent))) == "vault-damaged"
        )


def test_passages_that_change_places_in_the_database_do_not_open(desk) -> None:
    with desk.store.writing() as connection:
        rows = connection.execute(select(passages).limit(2)).all()
        for one, other in (rows, rows[::-1]):
            mine = passages.c.passage == one.passage
            connection.execute(
                update(passages).where(mine).values(sealed_text=other.sealed_text)
            )
    code = fault_of(
        lambda: reveal(desk.store, desk.ada, rows[0].passage, "to decide", desk.now)
    )
    assert code == "vault-damaged"


@pytest.mark.parametrize("gone", ["a:1", "t:1"])
def test_a_text_about_two_is_gone_with_either(vault: Vault, gone: str) -> None:
    sealed = vault.seal(("a:1", "t:1"), PLACE, "the harbour")
    assert vault.open(("t:1", "a:1"), PLACE, sealed) == "the harbour"
    vault.erase(gone, 5)
    assert fault_of(lambda: vault.open(("a:1", "t:1"), PLACE, sealed)) == "vault-erased"


def test_nothing_new_is_kept_about_who_was_erased(vault: Vault) -> None:
    vault.seal("a:1", PLACE, "the harbour")
    vault.erase("a:1", 5)
    assert fault_of(lambda: vault.seal("a:1", PLACE, "again")) == "vault-erased"
    assert vault.keys.tombstones() == {"a:1": 5}


def test_who_was_only_forgotten_gets_another_key(vault: Vault) -> None:
    sealed = vault.seal("a:1", PLACE, "the harbour")
    vault.forget("a:1")
    assert fault_of(lambda: vault.open("a:1", PLACE, sealed)) == "vault-erased"
    vault.seal("a:1", PLACE, "again")
    assert fault_of(lambda: vault.open("a:1", PLACE, sealed)) == "vault-damaged"


def test_a_destroyed_key_is_gone_from_the_bytes_of_its_file(vault: Vault) -> None:
    vault.seal("a:1", PLACE, "the harbour")
    file = vault.keys.path
    (wrapped,) = sqlite3.connect(file).execute("SELECT wrapped FROM subjects").fetchone()
    assert wrapped in file.read_bytes()
    vault.erase("a:1", 5)
    for path in file.parent.iterdir():
        assert wrapped not in path.read_bytes()


def test_after_a_change_of_the_master_key_all_opens_and_the_old_one_nothing(
    vault: Vault, tmp_path: Path
) -> None:
    sealed = [vault.seal(f"a:{n}", PLACE, f"text {n}") for n in range(20)]
    master = master_path(vault.keys.path)
    old = master.read_bytes()
    vault.rotate()
    assert master.read_bytes() != old
    again = Vault.open_file(vault.keys.path)
    for one in (vault, again):
        assert [one.open(f"a:{n}", PLACE, sealed[n]) for n in range(20)] == [
            f"text {n}" for n in range(20)
        ]
    master.write_bytes(old)
    assert fault_of(lambda: Vault.open_file(vault.keys.path)) == "vault-keys-wrong"


def test_the_master_key_changes_while_others_read_and_seal(vault: Vault) -> None:
    sealed = vault.seal("a:0", PLACE, "text")
    ended, faults, count = Event(), [], []

    def work(number: int) -> None:
        mine = Vault.open_file(vault.keys.path)
        try:
            while not ended.is_set():
                assert mine.open("a:0", PLACE, sealed) == "text"
                code = f"a:{number}:{len(count)}"
                assert mine.open(code, PLACE, mine.seal(code, PLACE, "new")) == "new"
                count.append(1)
        except BaseException as fault:  # noqa: BLE001  # the thread must tell the test
            faults.append(fault)

    threads = [Thread(target=work, args=(number,)) for number in range(1, 4)]
    for one in threads:
        one.start()
    for _ in range(10):
        vault.rotate()
    ended.set()
    for one in threads:
        one.join()
    assert not faults
    assert count


def test_a_change_that_was_cut_off_is_finished_at_the_next_opening(vault: Vault) -> None:
    sealed = vault.seal("a:1", PLACE, "text")
    master = master_path(vault.keys.path)
    old = master.read_bytes()
    vault.rotate()
    new = master.read_bytes()
    # As if the machine had stopped between the rewrapped file and the new name of the key.
    master.with_name(f"{master.name}.new").write_bytes(new)
    master.write_bytes(old)
    assert Vault.open_file(vault.keys.path).open("a:1", PLACE, sealed) == "text"
    assert master.read_bytes() == new


def test_the_key_files_are_their_owner_s_alone(vault: Vault) -> None:
    for path in (vault.keys.path, master_path(vault.keys.path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_without_its_key_file_or_with_another_s_does_not_open(tmp_path: Path) -> None:
    make_store(tmp_path / "one", simulated=False).close()
    make_store(tmp_path / "two", simulated=False).close()
    keys = tmp_path / "two.keys"
    assert fault_of(lambda: open_store(tmp_path / "one", keys=keys)) == "vault-keys-wrong"
    assert (
        fault_of(lambda: open_store(tmp_path / "one", keys=tmp_path / "none"))
        == "vault-keys-missing"
    )
    (tmp_path / "one.keys").write_bytes(b"no database at all" * 100)
    assert fault_of(lambda: open_store(tmp_path / "one")) == "vault-keys-unreadable"
    assert fault_of(lambda: make_store(tmp_path / "three", simulated=False, keys=keys)) == (
        "vault-keys-there"
    )
