"""What `undertow evaluate` does once its options are read; apart, so that its help stays quick."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from undertow.cli.screen import Format, note, say, show
from undertow.errors import UndertowError, shown_name
from undertow.evaluate import backgrounds, grid, joins, page, run, tables
from undertow.evaluate.checks import check
from undertow.evaluate.summary import summarised
from undertow.evaluate.trial import Trial


@dataclass(frozen=True)
class Wanted:
    """Where things lie and how results are shown."""

    data: Path | None
    out: Path
    jobs: int
    learned: bool
    checks: bool
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
    real = _joins(wanted)
    checks = _checks(work, files) if wanted.checks else []
    tables.write(wanted.out, table, asked)
    report = page.write(wanted.out, table, trials, asked, real, checks)
    _show(table, wanted.output_format)
    if wanted.output_format is Format.TEXT:
        _show_beside(real, checks)
    note(tables.HONEST)
    say_where = say if wanted.output_format is Format.TEXT else note
    say_where(f"report: {shown_name(report)}")


def _joins(wanted: Wanted) -> joins.Joins | None:
    file = joins.find(wanted.data)
    if file is None:
        note("skipped: the game's joins are not here (--data names their folder)")
        return None
    note("measuring who joins a group next")
    return joins.measure(file, learned=wanted.learned)


def _checks(work: list[run.Job], files: dict[str, Path]) -> list[dict[str, object]]:
    """Check explanation and fairness on the first plain world of each background."""
    lines: list[dict[str, object]] = []
    for name, file in files.items():
        cell = next(
            (
                job.cell
                for job in work
                if job.cell.background == name and job.cell.world == grid.PLAIN
            ),
            None,
        )
        if cell is None:
            continue
        note(f"checking explanation and fairness on {name}")
        table = backgrounds.load(name, file)
        if cell.share_of is not None:
            table = backgrounds.smaller(table, cell.share_of)
        lines += tables.checked(name, check(table, cell.settings))
    return lines


def _files(asked: grid.Asked, data: Path | None) -> dict[str, Path]:
    names = asked.backgrounds or tuple(backgrounds.BY_NAME)
    found = {name: backgrounds.find(name, data) for name in dict.fromkeys(names)}
    for name, file in found.items():
        if file is None:
            note(f"skipped: the background `{name}` is not here (--data names its folder)")
    here = {name: file for name, file in found.items() if file is not None}
    if not here:
        raise UndertowError(
            f"none of these backgrounds is here: {', '.join(found)}",
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
    losses = tables.evasions(table)
    if losses:
        show(losses, tables.EVASIONS, output_format, title="evasions: for this machine only")


def _show_beside(real: joins.Joins | None, checks: list[dict[str, object]]) -> None:
    if real is not None:
        rows: list[dict[str, object]] = [
            {
                "method": line.method,
                "AP": f"{line.value:.3f}",
                "95 %": f"{line.low:.3f} to {line.high:.3f}",
            }
            for line in real.lines
        ]
        title = f"real joins: {real.candidates:,} candidates, {real.joined} joined"
        show(rows, ["method", "AP", "95 %"], Format.TEXT, title=title)
    if checks:
        show(checks, page.CHECKS, Format.TEXT, title="explanation and fairness")
