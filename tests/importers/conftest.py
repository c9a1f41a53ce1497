"""What importer tests share: the fixtures' folder, one import read back, a PostgreSQL of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from undertow.importers.rows import Reader
from undertow.importers.writing import write_import


@pytest.fixture
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def take(tmp_path: Path) -> Callable[[Reader], SimpleNamespace]:
    """Run a reader; give its outcome and its rows in the order written."""

    def run(reader: Reader) -> SimpleNamespace:
        outcome = write_import(reader, tmp_path / "out.parquet")
        return SimpleNamespace(
            outcome=outcome, rows=pq.read_table(outcome.out).to_pylist() if outcome.out else []
        )

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
        log = str(folder / "log")
        run(str(binaries / "pg_ctl"), "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
