"""Nothing that names a person or says what they wrote is readable at rest: a search of every byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small_world
from small_world import World

from undertow.cases import claims
from undertow.cases.allowing import allow
from undertow.cases.backup import write_backup
from undertow.cases.citing import EventTexts
from undertow.cases.decide import approve, help_target, note, propose, settle
from undertow.cases.intake import open_cases
from undertow.cases.keyfile import master_path
from undertow.cases.people import add_person
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal, reveal_identity
from undertow.cases.retention import erase, hold
from undertow.cases.store import make_store
from undertow.export.folder import open_folder
from undertow.units import HOUR

NOW = 1_780_400_000_000_000
MARKS = {
    "message": "canarymessagetext",
    "native": "canarynativeid",
    "person": "canarypersonname",
    "password": "canarypasswordword",
    "subject": "canarysubjectofsso",
    "reason": "canaryreasonsentence",
    "note": "canarynotesentence",
    "why": "canarywhysentence",
    "help": "canaryhelpsentence",
    "hold": "canaryholdsentence",
    "allow": "canaryallowsentence",
    "erase": "canaryerasesentence",
    "handover": "canaryhandoversentence",
}


def bytes_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def found(folder: Path) -> list[str]:
    """Where a mark stands readable, in a name of a file too."""
    return [
        f"{mark} in {name}"
        for name, held in bytes_of(folder)
        for mark, word in MARKS.items()
        if word.encode() in held.lower() or word in name or word.encode("utf-16-le") in held
    ]


@pytest.fixture
def worked(tmp_path: Path, quick_passwords) -> Path:
    """A folder with a store, its keys and a backup, after a day of work with marks in every field."""
    world = World(marks=MARKS["message"], tag=MARKS["native"], simulated=False)
    events = small_world.write_world(tmp_path / "found", world)
    home = tmp_path / "home"
    home.mkdir()
    store = make_store(home / "cases", simulated=False)
    ada = add_person(store, MARKS["person"], "analyst", MARKS["password"], now=NOW)
    ben = add_person(store, "ben", "approver", now=NOW, subject=MARKS["subject"])
    open_cases(store, open_folder(tmp_path / "found"), EventTexts((events,), "a test"), now=NOW)
    shown = [row.code for row in queue(store, ada, View(), NOW).rows if not row.blind]
    case, handed, erased = shown[:3]
    claims.claim(store, ada, case, NOW)
    view = case_view(store, ada, case, NOW)
    text = reveal(store, ada, view.passages[0].code, MARKS["why"], NOW)
    assert MARKS["message"] in text
    native = reveal_identity(store, ada, view.row.account, MARKS["why"], NOW)
    assert MARKS["native"] in native
    help_target(store, ada, case, view.targets[0].code, "offered", MARKS["help"], NOW)
    note(store, ada, case, MARKS["note"], NOW)
    told = view.hash, view.row.revision
    act = propose(store, ada, case, "suspend", MARKS["reason"], "deception", *told, NOW)
    again = case_view(store, ben, case, NOW)
    approve(store, ben, act, again.hash, again.row.revision, NOW + 1, proved_at=NOW)
    settle(store, NOW + HOUR)
    hold(store, ben, case, MARKS["hold"], NOW)
    claims.claim(store, ada, handed, NOW)
    claims.hand_over(store, ada, handed, ben.reviewer, MARKS["handover"], NOW)
    other = case_view(store, ben, erased, NOW).row.account
    allow(store, ben, other, MARKS["allow"], NOW)
    erase(store, ben, case_view(store, ben, handed, NOW).row.account, MARKS["erase"], NOW)
    write_backup(store, home / "kept.backup", NOW)
    # Left open on purpose: the write-ahead log and the shared memory are looked at as well.
    return home


def test_no_file_of_the_store_its_keys_or_its_backup_holds_a_readable_mark(
    worked: Path,
) -> None:
    names = [name for name, _ in bytes_of(worked)]
    assert {"cases/cases.sqlite", "cases/cases.sqlite-wal", "cases.keys", "kept.backup"} <= set(
        names
    )
    assert found(worked) == []
    with zipfile.ZipFile(worked / "kept.backup") as archive:
        unpacked = worked.parent / "unpacked"
        archive.extractall(unpacked)
    assert found(unpacked) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a CANARYMESSAGETEXT here")
    assert found(tmp_path) == ["message in log"]


def test_no_key_stands_in_the_folder_of_the_store_or_in_a_backup(worked: Path) -> None:
    master = master_path(worked / "cases.keys").read_bytes()
    for name, held in bytes_of(worked):
        if name != "cases.keys.master":
            assert master not in held, name


def test_the_events_themselves_hold_the_marks(tmp_path: Path) -> None:
    world = World(marks=MARKS["message"], tag=MARKS["native"])
    events = small_world.write_world(tmp_path / "found", world)
    told = str(pq.read_table(events).slice(0, 1).to_pylist())
    assert MARKS["message"] in told
    assert MARKS["native"] in told


KILLED = """
import sys, time
from pathlib import Path
import os, signal
sys.path.insert(0, {tests!r})
import small_world
from undertow.cases import intake
from undertow.cases.store import open_store
from undertow.cases.citing import EventTexts
from undertow.export.folder import open_folder
plain = intake.record
def stop(*args):
    plain(*args)
    os.kill(os.getpid(), signal.SIGKILL)
intake.record = stop
store = open_store({place!r})
intake.open_cases(store, open_folder(Path({found!r})), EventTexts((Path({events!r}),), "a test"), now=5)
"""


def test_an_intake_that_is_killed_at_its_end_leaves_no_trace_and_can_be_done_again(
    tmp_path: Path,
) -> None:
    world = World(marks=MARKS["message"], tag=MARKS["native"], simulated=False)
    events = small_world.write_world(tmp_path / "found", world)
    home = tmp_path / "home"
    home.mkdir()
    make_store(home / "cases", simulated=False).close()
    words = {
        "tests": str(Path(small_world.__file__).parent),
        "place": str(home / "cases"),
        "found": str(tmp_path / "found"),
        "events": str(events),
    }
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(**words)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-500:]
    assert found(home) == []
    from undertow.cases.store import open_store

    store = open_store(home / "cases")
    ada = add_person(store, "ada", "analyst", now=NOW)
    assert queue(store, ada, View(), NOW).counts["all"] == 0
    source = EventTexts((events,), "a test")
    assert open_cases(store, open_folder(tmp_path / "found"), source, now=NOW).opened == 12
    store.close()
