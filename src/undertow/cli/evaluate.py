"""`undertow evaluate`: the detector and its rivals on worlds whose truth is known."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import Format


class Worlds(StrEnum):
    """Kinds of worlds."""

    PLAIN = "plain"
    EVASIONS = "evasions"
    PAIRS = "pairs"
    TWINS = "twins"
    SILENCE = "silence"
    ALL = "all"


def evaluate(
    worlds: Annotated[Worlds, typer.Option(help="Kinds of worlds.")] = Worlds.PLAIN,
    background: Annotated[
        list[str] | None,
        typer.Option(
            "--background", "-b", help="collegemsg, copenhagen or ubuntu-irc. [all here]"
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with a folder per background.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Worlds per kind.")] = 3,
    silent: Annotated[
        int | None, typer.Option(min=1, max=5000, help="Silent worlds. [as --seeds]")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path(
        "evaluation"
    ),
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes.")] = 2,
    small: Annotated[
        bool, typer.Option("--small", help="Cut backgrounds short, for a quick look.")
    ] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Use the seeds that are kept for the end.")
    ] = False,
    first_seed: Annotated[
        int | None,
        typer.Option(min=1, help="First seed. [1, or the first kept for the end]"),
    ] = None,
    rivals: Annotated[bool, typer.Option(help="Rank the baselines too.")] = True,
    learned: Annotated[
        bool, typer.Option(help="Train the learned baselines (extra `evaluate`).")
    ] = True,
    checks: Annotated[
        bool, typer.Option(help="Check explanation and fairness on a plain world.")
    ] = False,
    output_format: Annotated[
        Format, typer.Option("--format", help="Of the table.")
    ] = Format.TEXT,
) -> None:
    """Measure the detector on simulated worlds, beside simple and learned baselines.

    Positives are simulated; no public labelled recruitment data exists. Writes evaluation.html, .parquet
    and .json into the output folder.

    Example: undertow evaluate --worlds plain --seeds 2 --small
    """
    from undertow.cli.evaluate_run import Wanted, measure
    from undertow.evaluate.grid import GROUPS, Asked

    asked = Asked(
        groups=GROUPS if worlds is Worlds.ALL else (worlds.value,),
        backgrounds=tuple(background or ()),
        seeds=seeds,
        final=final,
        small=small,
        rivals=rivals,
        silent=silent,
        first=first_seed,
    )
    measure(asked, Wanted(data, out, jobs, learned, checks, output_format))
