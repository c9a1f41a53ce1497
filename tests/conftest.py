"""What every test stands on: a key of its own, and a command line that runs in this process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text, update

from undertow.cases import people
from undertow.cases.citing import EventTexts
from undertow.cases.intake import open_cases
from undertow.cases.people import Person, add_person
from undertow.cases.store import Store, make_store, open_store
from undertow.cases.tables import cases
from undertow.cli.main import main
from undertow.cli.screen import Settings, settings
from undertow.export.folder import open_folder

ROOT = Path(__file__).parent.parent

# How long an example takes says how busy the machine is; speed is measured in `bench/`.
hypothesis.settings.register_profile("undertow", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("undertow")


@pytest.fixture(scope="session")
def _key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "pseudonym.key"


@pytest.fixture(autouse=True)
def _own_key(_key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the pseudonym key of whoever runs them."""
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(_key_file))


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """Keep `--quiet` of one test away from the next."""
    yield
    settings.quiet, settings.no_progress = astuple(Settings())


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT


@dataclass(frozen=True)
class Ran:
    """What one command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def undertow(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `undertow ARGS...` in this process."""

    def run(*args: object) -> Ran:
        settings.quiet, settings.no_progress = astuple(Settings())
        capsys.readouterr()
        try:
            code = main([str(arg) for arg in args])
        finally:
            settings.quiet, settings.no_progress = astuple(Settings())
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return run


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a PostgreSQL server in a folder of its own, on a Unix socket only; stop it after."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL binaries under /usr/lib/postgresql")
    as_user: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root and there is no runuser")
        as_user = ["runuser", "-u", "postgres", "--"]
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: socket paths are limited
    binaries = found[-1].parent

    def run(*words: str) -> None:
        done = subprocess.run(
            [*as_user, *words], cwd="/", capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL did not start: {done.stderr[-300:]}")

    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o700)
        data = str(folder / "data")
        run(str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "tester", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        options += " -c synchronous_commit=off -c full_page_writes=off"
        log = str(folder / "log")
        run(str(binaries / "pg_ctl"), "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """Give the URL of an empty schema of the running server; drop it after."""
    name = f"s{uuid.uuid4().hex[:12]}"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    yield f"{postgres_url.replace('+psycopg', '')}&options=-csearch_path%3D{name}"
    with server.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    server.dispose()


PASSWORD = "four plain words here"
NOON = 1_780_315_200_000_000
"""1 June 2026, noon UTC, in microseconds: when the run of the small world was made."""


def _small_world() -> ModuleType:
    """Load the maker of the small world, which stands with the tests of cases; `import small_world` finds it then."""
    name = "small_world"
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests/cases/small_world.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


small_world = _small_world()


@pytest.fixture
def is_simulated() -> bool:
    """Whether the empty stores of these tests hold simulated cases; a folder of tests may say otherwise."""
    return False


@pytest.fixture
def sqlite(tmp_path: Path, is_simulated: bool) -> Iterator[Store]:
    """An empty store in a folder."""
    store = make_store(tmp_path / "cases", simulated=is_simulated)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, is_simulated: bool
) -> Iterator[Store]:
    """An empty store, once in a folder and once in a database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    url = request.getfixturevalue("postgres_schema")
    store = make_store(url, simulated=is_simulated, folder=tmp_path / "cases")
    yield store
    store.close()


@pytest.fixture(scope="session")
def quick_passwords() -> Iterator[None]:
    """Hash passwords of tests quickly, all session long."""
    people.hasher.cache_clear()
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch = pytest.MonkeyPatch()
    patch.setattr(people, "hasher", lambda: quick)
    yield
    patch.undo()


@dataclass(frozen=True)
class Desk:
    """A small store of simulated cases with four people, whose password is `PASSWORD`.

    Attributes:
        ada, ben, cleo, dora: analyst, approver, auditor, admin. eve: a second analyst.
        now: microseconds, just after the cases were opened.
        events: the events behind the cases.
    """

    store: Store
    ada: Person
    ben: Person
    cleo: Person
    dora: Person
    eve: Person
    now: int
    events: Path
    password: str = PASSWORD


STAFF = {
    "ada": "analyst",
    "ben": "approver",
    "cleo": "auditor",
    "dora": "admin",
    "eve": "analyst",
}


@pytest.fixture(scope="session")
def desk_made(
    tmp_path_factory: pytest.TempPathFactory, _key_file: Path, quick_passwords: None
) -> Path:
    """Make the store of `desk` once."""
    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", str(_key_file))
        events = small_world.write_world(folder / "found", small_world.World())
        store = make_store(folder / "cases", simulated=True)
        for name, role in STAFF.items():
            add_person(store, name, role, PASSWORD, now=NOON)
        open_cases(
            store, open_folder(folder / "found"), EventTexts((events,), "a test"), now=NOON
        )
        _choose_blind(store, small_world.World())
        store.close()
    return folder


def _choose_blind(store: Store, world: Any) -> None:
    """Let two cases be blind: which ones are goes by the store's key, and tests want to know."""
    with store.writing() as connection:
        connection.execute(update(cases).values(blind=False))
        chosen = [store.vault.code("a", world.name(n)) for n in (3, 6)]
        mine = cases.c.account.in_(chosen)
        connection.execute(update(cases).where(mine).values(blind=True))


@pytest.fixture
def desk(desk_made: Path, tmp_path: Path) -> Iterator[Desk]:
    """A store of twelve simulated cases of its own for each test."""
    folder = tmp_path / "desk"
    shutil.copytree(desk_made, folder)
    store = open_store(folder / "cases")
    staff = {name: people.person_named(store, name) for name in STAFF}
    yield Desk(store, **staff, now=NOON + 1_000_000, events=folder / "found.parquet")
    store.close()
