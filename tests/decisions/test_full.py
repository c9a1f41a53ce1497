"""A full disk, a log that cannot be written, a database that is read-only: the act fails, and nothing has happened."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made import Desk, every_act, state
from sqlalchemy import event, text
from test_standing import lift, reopened

from undertow.audit import verify as verifier
from undertow.cases import checkpoints, decide, ledger
from undertow.cases.store import Store, make_store
from undertow.errors import UndertowError

REFUSED = {"audit-unwritable", "cases-unwritable"}


def is_refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except UndertowError as fault:
        if fault.code not in REFUSED:
            raise
        return True
    return False


def fill(desk: Desk) -> None:
    """Write until not even the shortest leaf finds room, and so no act's."""

    def note() -> object:
        words = "long words " * 300
        return decide.note(desk.store, desk.people["ann"], desk.case, words, desk.now)

    def leaf() -> object:
        with desk.store.writing() as connection:
            return ledger.record(connection, desk.store, "t", {"at": 0})

    for act in (note, leaf):
        for _ in range(5000):
            if is_refused(act):
                break
        else:
            pytest.fail("the disk never filled")


def hold_that_nothing_happens(desk: Desk, room: Callable[[], object]) -> None:
    """Every act is refused and changes nothing; what was read is still read; with room all goes on."""
    before = state(desk)
    for act in every_act(desk):
        assert is_refused(act)
        assert state(desk) == before
    room()
    proposal = next(act.act for act in before.acts if act.kind == "propose")
    desk.approve(proposal)
    checkpoints.make(desk.store)
    assert is_sound(desk.store)


def is_sound(store: Store) -> bool:
    with store.reading() as connection:
        key = ledger.log_key(connection, store).verifier
        lines = [body + b"\n" for body in checkpoints.bodies(connection)]
    verdict = verifier.verify(lines, *verifier.saved(checkpoints.folder(store)), key)
    return verdict.is_sound and verdict.proven == len(lines)


def limited(store: Store, pages: list[int]) -> None:
    """Let no connection grow the database beyond so many pages; the list may be changed later."""

    def limit(raw: Any, record: object, proxy: object) -> None:
        raw.execute(f"PRAGMA max_page_count={pages[0]}")

    event.listen(store.engine, "checkout", limit)


def test_a_database_that_may_not_grow_takes_no_act(sqlite: Store) -> None:
    desk = Desk(sqlite)
    desk.claim()
    desk.propose()
    with sqlite.reading() as connection:
        now = connection.execute(text("PRAGMA page_count")).scalar_one()
    pages = [now + 8]
    limited(sqlite, pages)
    fill(desk)
    pages[0] = now
    hold_that_nothing_happens(desk, lambda: pages.__setitem__(0, 1 << 30))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    asked = [str(mount), "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if not mount or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_takes_no_act(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ledger.KEY_FILE, str(tmp_path / "log.key"))
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    store = make_store(disk / "cases", simulated=False, keys=tmp_path / "keys")
    desk = Desk(store)
    desk.claim()
    desk.propose()
    fill(desk)
    hold_that_nothing_happens(desk, ballast.unlink)
    store.close()


def test_a_log_that_refuses_leaves_takes_no_act(desk: Desk) -> None:
    desk.claim()
    desk.propose()
    shut, opened = refusals(desk.store.engine.dialect.name)
    run(desk.store, shut)
    hold_that_nothing_happens(desk, lambda: run(desk.store, opened))


def test_a_log_that_refuses_leaves_keeps_a_measure_in_force(lone: Desk) -> None:
    measure = reopened(lone)
    shut, opened = refusals(lone.store.engine.dialect.name)
    run(lone.store, shut)
    before = state(lone)
    assert is_refused(lambda: lift(lone, measure))
    assert state(lone) == before
    run(lone.store, opened)
    lift(lone, measure)
    checkpoints.make(lone.store)
    assert is_sound(lone.store)


def run(store: Store, lines: list[str]) -> None:
    with store.writing() as connection:
        for line in lines:
            connection.execute(text(line))


def refusals(dialect: str) -> tuple[list[str], list[str]]:
    """Statements that shut the log, and those that open it again."""
    if dialect == "sqlite":
        shut = (
            "CREATE TRIGGER shut BEFORE INSERT ON leaves BEGIN SELECT RAISE(ABORT, 'shut'); END"
        )
        return [shut], ["DROP TRIGGER shut"]
    function = (
        "CREATE FUNCTION shut() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'shut'; END $$"
    )
    trigger = "CREATE TRIGGER shut BEFORE INSERT ON leaves FOR EACH ROW EXECUTE FUNCTION shut()"
    return [function, trigger], ["DROP TRIGGER shut ON leaves", "DROP FUNCTION shut()"]


def test_a_database_that_is_read_only_takes_no_act(desk: Desk) -> None:
    desk.claim()
    desk.propose()
    is_shut = [True]
    words = {
        "sqlite": "PRAGMA query_only={}",
        "postgresql": "SET default_transaction_read_only={}",
    }[desk.store.engine.dialect.name]

    def shut(raw: Any, record: object, proxy: object) -> None:
        cursor = raw.cursor()
        cursor.execute(words.format("on" if is_shut[0] else "off"))
        if desk.store.engine.dialect.name == "postgresql":
            raw.commit()
        cursor.close()

    event.listen(desk.store.engine, "checkout", shut)
    hold_that_nothing_happens(desk, lambda: is_shut.__setitem__(0, False))
