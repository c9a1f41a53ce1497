"""What `undertow evaluate` does once its options are read; apart, so that its help stays quick."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from undertow.cli.screen import Format, note, say, show
from undertow.errors import UndertowError, shown_name
from undertow.evaluate import backgrounds, grid, run, tables
from undertow.evaluate.summary import summarised
from undertow.evaluate.trial import Trial


@dataclass(frozen=True)
class Wanted:
    """Where things lie and how results are shown."""

    data: Path | None
    out: Path
    jobs: int
    learned: bool
    output_format: Format


def measure(asked: grid.Asked, wanted: Wanted) -> None:
    """Run the grid, write its files, and show the table."""
    files = _files(asked, wanted.data)
    asked = replace(asked, backgrounds=tuple(files))
    training = tuple(grid.training(asked)) if wanted.learned and asked.rivals else ()
    work = [
        run.Job(cell, files[cell.background], training if cell.rivals else ())
        for cell in grid.cells(asked)
    ]
    trials = _run(work, wanted.jobs)
    table = summarised(trials)
    tables.write(wanted.out, table, asked)
    note(tables.HONEST)
    _show(table, wanted.output_format)
    say_where = say if wanted.output_format is Format.TEXT else note
    say_where(f"results: {shown_name(wanted.out)}")


def _files(asked: grid.Asked, data: Path | None) -> dict[str, Path]:
    names = asked.backgrounds or tuple(backgrounds.BY_NAME)
    found = {name: backgrounds.find(name, data) for name in dict.fromkeys(names)}
    for name, file in found.items():
        if file is None:
            note(f"skipped: the background `{name}` is not here (--data names its folder)")
    here = {name: file for name, file in found.items() if file is not None}
    if not here:
        raise UndertowError(
            "no background is here to make worlds from",
            code="background-missing",
            mend="run in a checkout, or name a folder with --data",
        )
    return here


def _run(work: list[run.Job], jobs: int) -> list[Trial]:
    began = time.monotonic()
    note(f"{len(work)} worlds to measure")
    done: list[Trial] = []
    for trial in run.trials(work, jobs):
        done.append(trial)
        spent = time.monotonic() - began
        left = spent / len(done) * (len(work) - len(done))
        cell = trial.cell
        note(
            f"{len(done)} of {len(work)}: {cell.background}, {cell.world}, seed {cell.settings.seed}; "
            f"{trial.events:,} events in {trial.detected.seconds:.0f} s; about {_span(left)} left"
        )
    return sorted(done, key=lambda one: [job.cell for job in work].index(one.cell))


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _show(table: pa.Table, output_format: Format) -> None:
    if output_format is not Format.TEXT:
        show(table.to_pylist(), table.column_names, output_format)
        return
    for title, columns, rows in tables.screens(table):
        show(rows, columns, output_format, title=title)
