"""`undertow doctor`: looks at this machine and its set-up, and says how to mend what is amiss.

It reads versions, rights and free space; it sends nothing and changes nothing.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final

import typer

from undertow.cli.screen import Format, note, show
from undertow.errors import YOUR_FAULT

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

GIB: Final = 2**30
DISK: Final = 2 * GIB
"""Free disk asked for: ours. A million events and what `detect` writes of them take below 0.5 GiB."""
MEMORY: Final = 2 * GIB
"""Free memory asked for: ours, so that a first run on a million events does not swap."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `ok`, `warn` or `fail`, what was found, and its mend."""

    check: str
    state: str
    found: str
    mend: str = ""


def doctor(
    *, fmt: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT
) -> None:
    """Check this machine and its set-up; exit code 2 if something must be mended first."""
    findings = list(examine())
    show([asdict(one) for one in findings], ["check", "state", "found", "mend"], fmt)
    failed = sum(one.state == FAIL for one in findings)
    if failed:
        note(f"{failed} to mend before Undertow can run")
        raise typer.Exit(YOUR_FAULT)


def examine() -> Iterator[Finding]:
    """Run every check, the ones that all others rest on first."""
    yield _python()
    yield from _packages()
    yield _numba()
    yield _disk()
    yield _memory()
    yield _key()
    yield _sqlite()
    yield _terminal()
    yield _completion()


def _python() -> Finding:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        return Finding("python", OK, version)
    return Finding("python", FAIL, version, "use Python 3.11 to 3.14")


def _packages() -> Iterator[Finding]:
    """Compare what is installed with the least version that the project declares."""
    try:
        declared = metadata.requires("undertow") or []
    except metadata.PackageNotFoundError:
        mend = "run `make demo` once in a checkout, or install the project"
        yield Finding("undertow", WARN, "runs from its source, not installed", mend)
        return
    for line in declared:
        parts = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?\s*(?:>=\s*([0-9.]+))?", line)
        if parts is None or "sys_platform" in line:
            continue
        name, least, is_extra = parts[1], parts[2] or "0", "extra ==" in line
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            if is_extra:
                extra = line.rpartition("extra ==")[2].strip().strip("'\"")
                mend = f"only for what `undertow[{extra}]` adds"
                yield Finding(name, WARN, "not installed", mend)
            else:
                yield Finding(name, FAIL, "not installed", f"install {name} {least} or newer")
            continue
        if _numbers(found) < _numbers(least):
            yield Finding(name, FAIL, found, f"install {name} {least} or newer")
        else:
            yield Finding(name, OK, found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _numba() -> Finding:
    """Compile the smallest function; without a compiler the matcher cannot run."""
    try:
        from numba import njit

        works = njit(lambda n: n + 1)(1) == 2
    except Exception as fault:  # noqa: BLE001  # a broken LLVM fails in many ways, all of them count
        return Finding("numba", FAIL, type(fault).__name__, "reinstall numba and llvmlite")
    if not works:
        return Finding("numba", FAIL, "compiles wrongly", "reinstall numba and llvmlite")
    from undertow.kept import kept_in

    kept = kept_in("matches")
    there = next(path for path in (kept, *kept.parents) if path.exists())
    if os.access(there, os.W_OK):
        return Finding("numba", OK, "compiles, and keeps what it compiled")
    mend = "set NUMBA_CACHE_DIR to a writable folder"
    return Finding("numba", WARN, "compiles, but anew at every start", mend)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    shown = f"{free / GIB:.1f} GiB free here"
    if free >= DISK:
        return Finding("disk", OK, shown)
    return Finding("disk", WARN, shown, f"make {DISK // GIB} GiB room for a million events")


def _memory() -> Finding:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return Finding("memory", OK, "this system does not say")
    shown = f"{free / GIB:.1f} GiB free"
    if free >= MEMORY:
        return Finding("memory", OK, shown)
    return Finding("memory", WARN, shown, "close other programs before a large run")


def _key() -> Finding:
    """Look at the key of the pseudonyms, never into it."""
    from undertow.events.pseudonyms import KEY_VARIABLE, key_path

    path = key_path()
    try:
        about = path.stat()
    except FileNotFoundError:
        return Finding("pseudonym key", OK, "none yet: made at the first run that needs it")
    except OSError:
        mend = f"make it readable for you, or name another in {KEY_VARIABLE}"
        return Finding("pseudonym key", FAIL, "cannot be looked at", mend)
    if not stat.S_ISREG(about.st_mode) or about.st_size < 16 or not os.access(path, os.R_OK):
        mend = "restore the key file from its backup, or remove it to begin anew"
        return Finding("pseudonym key", FAIL, "not a readable key", mend)
    mode = stat.S_IMODE(about.st_mode)
    if os.name == "posix" and mode & 0o077:
        mend = "make it yours alone: mode 600"
        return Finding("pseudonym key", WARN, f"present, mode {mode:o}", mend)
    return Finding("pseudonym key", OK, f"present, mode {mode:o}; keep a backup apart")


def _sqlite() -> Finding:
    """Look whether the SQLite of this Python is free of the fault of its write-ahead log."""
    from undertow.cases.sqlite import can_lock, is_sound, version

    found = version()
    shown = ".".join(map(str, found))
    if is_sound(found):
        return Finding("sqlite", OK, shown)
    kept = "one writer at a time works" if can_lock() else "its write-ahead log is left off"
    mend = "slower for many reviewers: use PostgreSQL, or a Python with SQLite 3.51.3 or newer"
    return Finding(
        "sqlite", WARN, f"{shown} can lose commits of several connections, so {kept}", mend
    )


def _terminal() -> Finding:
    encoding = (sys.stdout.encoding or "unknown").lower()
    if encoding.replace("-", "") == "utf8":
        return Finding("terminal", OK, encoding)
    mend = "set PYTHONUTF8=1, else some letters are shown as escapes"
    return Finding("terminal", WARN, encoding, mend)


def _completion() -> Finding:
    return Finding("completion", OK, "for your shell: `undertow --install-completion`")
