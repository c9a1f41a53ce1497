"""The folders in which what was made from our sources is kept, such as machine code.

numba keeps the machine code of a function until that function's own file changes. Code of other files that
was compiled into it is not looked at: after an upgrade the old code would go on. So each package's code
stands in a folder named by the sources it was made from.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
BUILT_ON: Final = {
    "engines": ("matches", "events"),
    "live": ("events",),
    "matches": ("events",),
    "signals": ("events",),
}
"""Packages whose compiled functions another package's functions call, beside its own."""

_HOW: Final = ("compiled.py", "late.py")
"""Modules that say how functions are compiled, and how what is kept is written and called."""


@cache
def kept_in(package: str) -> Path:
    """Name the folder for the compiled code of one of our packages.

    It lies in `NUMBA_CACHE_DIR` if that is set, else with the user's caches. Where it cannot be written,
    numba looks for another place by itself.
    """
    told = hashlib.sha256()
    for name in _HOW:
        told.update((_HERE / name).read_bytes())
    for name in (package, *BUILT_ON.get(package, ())):
        for path in sorted((_HERE / name).glob("*.py")):
            told.update(path.read_bytes())
    return root() / f"{package}-{told.hexdigest()[:16]}"


def root() -> Path:
    """Name the folder for all that is made from sources and can be made again."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "undertow" / "compiled"


def is_kept(module: str, function: str) -> bool:
    """Say whether the machine code of a module's function is kept from an earlier run."""
    kept = kept_in(module.split(".")[1])
    return any(kept.glob(f"**/{module.rsplit('.', 1)[1]}.{function}-*.nbi"))
