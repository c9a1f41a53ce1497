"""How a function is compiled: marks for functions that Python calls, and for those that compiled code calls."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

from undertow.kept import is_kept
from undertow.late import Direct, Late, Written

Compiled = TypeVar("Compiled", bound=Callable[..., Any])


def outer(function: Compiled) -> Compiled:
    """Compile a function that Python calls; other threads go on while it runs."""
    return _late(function)


def inner(function: Compiled) -> Compiled:
    """Compile a function that only compiled code calls.

    A way in from Python would cost a tenth of a second of compiling each.
    """
    return _late(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def uncounted(function: Compiled) -> Compiled:
    """Compile a function that makes no arrays; where its code is kept, it is called without numba.

    Counting who holds an array is left out: where functions hand many of them to each other it would cost
    more than all the rest. It gives nothing, a whole number or a truth.
    """
    return cast("Compiled", Direct(function))


def uncounted_outer(function: Compiled) -> Compiled:
    """Compile as `uncounted` does, for numba to call: what stands in tuples is found sooner, and may be given back."""
    return _late(function, _nrt=False)


def uncounted_inner(function: Compiled) -> Compiled:
    """Compile as `inner` and `uncounted` do."""
    return _late(function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def inlined(function: Compiled) -> Compiled:
    """Compile as `uncounted_inner` does, into the functions that call it.

    A tuple of arrays is handed over as some ten words for each array, which costs more than a short rule.
    """
    return _late(
        function,
        _nrt=False,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        forceinline=True,
    )


def written(code: Callable[..., Any], *, silent: bool = False) -> Any:  # noqa: ANN401  # what the caller says it is
    """Make a word of compiled code of what writes it.

    Args:
        code: is given `llvmlite.ir`, a builder, and the whole numbers that the word is called with.
        silent: it gives nothing; else a whole number.
    """
    return Written(code, silent=silent)


def _late(function: Compiled, **options: bool) -> Compiled:
    return cast("Compiled", Late(function, options))


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
