"""Work that is done on slices, several at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

LEAST_PART: Final = 2_000
"""Keys that are worth a thread's while."""


def spread(
    work: Callable[[slice], None],
    size: int,
    threads: int | None = None,
    least: int = LEAST_PART,
) -> None:
    """Do work on slices of `size` things, `least` at a time; compiled code lets go of the lock."""
    many = threads or os.cpu_count() or 1
    step = max(least, -(-size // (8 * many)))
    parts = [slice(low, min(low + step, size)) for low in range(0, size, step)]
    if many == 1 or len(parts) < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(many) as pool:
        for _ in pool.map(work, parts):
            pass
