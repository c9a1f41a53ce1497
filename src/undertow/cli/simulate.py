"""`undertow simulate`: a marked world from real traffic, with funnels and look-alikes in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import Ground, Timezone
from undertow.cli.screen import Format


def simulate(
    background: Annotated[list[Path], typer.Argument(help="Events files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The world, as Parquet.")],
    truth: Annotated[
        Path | None, typer.Option(help="Who plays which part, as Parquet. [not written]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal worlds.")] = 1,
    campaigns: Annotated[
        int | None, typer.Option(help="Campaigns to plant. [by --prevalence]")
    ] = None,
    prevalence: Annotated[float, typer.Option(help="Recruiters per account.")] = 0.004,
    dark: Annotated[
        float, typer.Option(help="Share of talks that go dark after the address.")
    ] = 0.7,
    visible: Annotated[float, typer.Option(help="Chance that a step left a row.")] = 0.88,
    lookalikes: Annotated[float, typer.Option(help="Look-alikes per recruiter.")] = 10.0,
    whole: Annotated[
        float, typer.Option(help="Share of look-alikes that complete the chain.")
    ] = 0.2,
    evasion: Annotated[
        str | None, typer.Option(help="What campaigns do to be missed, joined by ' + '.")
    ] = None,
    twins: Annotated[
        str | None,
        typer.Option(help="none, tie or list: campaigns differ from honest groups by that."),
    ] = None,
    ground: Ground = None,
    timezone: Timezone = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="Of the summary.")
    ] = Format.TEXT,
) -> None:
    """Plant simulated funnels and honest look-alikes in real traffic.

    All accounts are re-keyed, all text is neutral filler, and the file is marked as simulated for
    good. The truth goes into a file of its own.

    Example: undertow simulate events.parquet --out world.parquet --truth truth.parquet
    """
    from undertow.cli.simulate_run import Paths, plant
    from undertow.worlds.settings import Settings

    settings = Settings(
        seed=seed,
        campaigns=campaigns,
        prevalence=prevalence,
        dark=dark,
        visible=visible,
        lookalikes=lookalikes,
        whole=whole,
        evasion=evasion,
        twins=twins,
    )
    paths = Paths(tuple(background), out, truth)
    raise typer.Exit(plant(paths, settings, ground, timezone, output_format))
