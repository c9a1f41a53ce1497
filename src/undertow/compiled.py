"""Compiled functions, and the folder in which what was compiled is kept.

numba keeps the machine code of a function until that function's own file changes. Code of other files that
was compiled into it is not looked at: after an upgrade the old code would go on. So each package's code
stands in a folder named by the sources it was made from.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
from numba.core import config as _config

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

# numba's own hints know neither its settings nor some options of `njit`.
_njit: Final[Any] = numba.njit
_settings: Final[Any] = _config
_plain: Final[Any] = numba.types.unliteral
_HERE: Final = Path(__file__).parent
BUILT_ON: Final = {
    "engines": ("matches", "events"),
    "live": ("events",),
    "matches": ("events",),
    "signals": ("events",),
}
"""Packages whose compiled functions another package's functions call, beside its own."""


def outer(function: Compiled) -> Compiled:
    """Compile a function that Python calls; other threads go on while it runs."""
    return _compiled(function)


def inner(function: Compiled) -> Compiled:
    """Compile a function that only compiled code calls.

    A way in from Python would cost a tenth of a second of compiling each.
    """
    return _once_for_numbers(
        _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    )


def uncounted(function: Compiled) -> Compiled:
    """Compile as `outer` does a function that makes no arrays.

    Counting who holds an array is left out: where functions hand many of them to each other it would cost
    more than all the rest.
    """
    return _compiled(function, _nrt=False)


def uncounted_inner(function: Compiled) -> Compiled:
    """Compile as `inner` and `uncounted` do."""
    return _once_for_numbers(
        _compiled(function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    )


def inlined(function: Compiled) -> Compiled:
    """Compile as `uncounted_inner` does, into the functions that call it.

    A tuple of arrays is handed over as some ten words for each array, which costs more than a short rule.
    """
    return _once_for_numbers(
        _compiled(
            function,
            _nrt=False,
            no_cpython_wrapper=True,
            no_cfunc_wrapper=True,
            forceinline=True,
        )
    )


def _once_for_numbers(made: Compiled) -> Compiled:
    """Let a number that is written out in a call be a number like any other.

    Otherwise numba would compile the function once more for each such number.
    """
    dispatcher: Any = made
    usual = dispatcher.get_call_template

    def get_call_template(given: Sequence[Any], named: Mapping[str, Any]) -> Any:  # noqa: ANN401  # numba's own
        plain = {name: _plain(kind) for name, kind in named.items()}
        return usual(tuple(_plain(kind) for kind in given), plain)

    dispatcher.get_call_template = get_call_template
    return made


def _compiled(function: Compiled, **options: bool) -> Compiled:
    usual = _settings.CACHE_DIR
    _settings.CACHE_DIR = str(kept_in(function.__module__.split(".")[1]))
    try:
        made: Compiled = _njit(function, cache=True, nogil=True, **options)
    finally:
        _settings.CACHE_DIR = usual
    return made


def _waited(process: subprocess.Popen[bytes]) -> None:
    process.wait()


@contextmanager
def meanwhile(
    module: str, function: str, maker: str | None = None
) -> Iterator[Callable[[], None]]:
    """Have another process compile a function while this one goes on, unless its code is kept already.

    Args:
        module: the module that holds the function to be compiled.
        function: `compile_NAME`: it compiles the module's function NAME by calling it on nothing.
        maker: the module that holds `compile_NAME`; the same unless told otherwise.

    Yields:
        What waits until that is done. If it fails, this process compiles for itself.
    """
    if (os.cpu_count() or 1) < 2 or is_kept(module, function.removeprefix("compile_")):
        yield lambda: None
        return
    call = f"from {maker or module} import {function}; {function}()"
    try:
        process = subprocess.Popen(  # noqa: S603  # our own code
            (sys.executable, "-c", call),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        yield lambda: None
        return
    try:
        yield partial(_waited, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def is_kept(module: str, function: str) -> bool:
    """Say whether the machine code of a module's function is kept from an earlier run."""
    kept = kept_in(module.split(".")[1])
    return any(kept.glob(f"**/{module.rsplit('.', 1)[1]}.{function}-*.nbi"))


@cache
def kept_in(package: str) -> Path:
    """Name the folder for the compiled code of one of our packages.

    It lies in `NUMBA_CACHE_DIR` if that is set, else with the user's caches. Where it cannot be written,
    numba looks for another place by itself.
    """
    told = hashlib.sha256()
    for name in (package, *BUILT_ON.get(package, ())):
        for path in sorted((_HERE / name).glob("*.py")):
            told.update(path.read_bytes())
    return root() / f"{package}-{told.hexdigest()[:16]}"


def root() -> Path:
    """Name the folder for all that is made from sources and can be made again."""
    named = _settings.CACHE_DIR
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "undertow" / "compiled"
