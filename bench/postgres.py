"""A PostgreSQL server of one's own from Debian's package, on a Unix socket only, for measurements on a real one.

    with started() as url: ...

Its data goes to a folder that is gone afterwards. `fsync` is on, as an operator has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path("/usr/lib/postgresql")


@contextmanager
def started() -> Iterator[str]:
    """Start a server, give its URL, and stop it; SystemExit where the package is not there or does not start."""
    found = sorted(PACKAGE.glob("*/bin/initdb"))
    if not found:
        raise SystemExit("no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: socket paths are limited
    binaries, data = found[-1].parent, str(folder / "data")

    def run(*words: str) -> None:
        done = subprocess.run(
            [*as_user, *words],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"PostgreSQL did not start: {done.stderr[-300:]}")

    control = str(binaries / "pg_ctl")
    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o700)
        run(str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "tester")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        run(control, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            run(control, "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
