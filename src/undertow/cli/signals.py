"""`undertow signals`: writes what the detector saw per event, and nothing it did not see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import checked_reason, checked_region
from undertow.cli.screen import complain, note, progress, warn
from undertow.errors import PARTLY_REFUSED


def signals(
    events: Annotated[list[Path], typer.Argument(help="Events: files or folders of them.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    region: Annotated[
        str | None, typer.Option("--region", help="Country of national numbers, such as DE.")
    ] = None,
    ground: Annotated[
        str | None, typer.Option("--ground", help="Lawful ground for reading direct messages.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Zone of times that name none.")
    ] = None,
    native_targets: Annotated[
        str | None,
        typer.Option("--native-targets", help="Reason for native target ids; it is recorded."),
    ] = None,
) -> None:
    """Write addresses, first contacts, answers and sessions, one row per event row."""
    from undertow.events.read import open_events
    from undertow.signals.table import write_signals

    region, reason = checked_region(region), checked_reason(native_targets)
    opened = open_events(events, ground=ground, timezone=timezone)
    with progress("signals", opened.rows) as advance:
        rows, addresses = write_signals(
            out, opened, region=region, native_targets=reason, advance=advance
        )
    for text in opened.warnings:
        warn(text)
    for text in opened.grounds:
        complain(f"direct messages read under: {text}")
    note(f"{rows} rows, {addresses} of them with an address")
    refused = opened.rejects.num_rows
    if refused:
        warn(f"{refused} rows were set aside")
        raise typer.Exit(PARTLY_REFUSED)
