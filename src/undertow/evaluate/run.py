"""The grid, cell by cell, in one process or several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from undertow.evaluate import backgrounds
from undertow.evaluate.features import Learned, train
from undertow.evaluate.trial import Cell, Trial, lesson, measure
from undertow.worlds.settings import Settings


@dataclass(frozen=True)
class Job:
    """A cell with where its background lies, and what its rivals learn from (nothing: no learned ones)."""

    cell: Cell
    file: Path
    training: tuple[Settings, ...] = ()


def trials(jobs: list[Job], workers: int) -> Iterator[Trial]:
    """Measure all cells; they come as they are ready.

    Args:
        jobs: what is measured.
        workers: processes; 1 stays in this one.
    """
    if workers == 1 or len(jobs) == 1:
        yield from map(_done, jobs)
        return
    # Threads of Arrow and compiled code do not survive a fork.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh) as pool:
        waiting = [pool.submit(_done, job) for job in jobs]
        for one in as_completed(waiting):
            yield one.result()


def _done(job: Job) -> Trial:
    cell = job.cell
    table = _background(cell.background, job.file, cell.share_of)
    learned = (
        _learned(cell.background, job.file, cell.share_of, job.training)
        if cell.rivals and job.training
        else None
    )
    return measure(cell, table, learned)


@lru_cache(maxsize=2)
def _background(name: str, file: Path, rows: int | None) -> pa.Table:
    table = backgrounds.load(name, file)
    return table if rows is None else backgrounds.smaller(table, rows)


@lru_cache(maxsize=4)
def _learned(
    name: str, file: Path, rows: int | None, training: tuple[Settings, ...]
) -> Learned:
    table = _background(name, file, rows)
    return train([lesson(table, settings) for settings in training])
