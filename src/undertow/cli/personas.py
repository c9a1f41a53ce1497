"""`undertow personas`: which accounts are held to be one actor, as a file that a person may correct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.detect import load_playbooks
from undertow.cli.options import (
    Ground,
    Playbooks,
    Region,
    Timezone,
    Until,
    checked_moment,
    checked_region,
)
from undertow.cli.screen import complain, note, progress, say, warn
from undertow.errors import PARTLY_REFUSED, shown_name


def personas(
    events: Annotated[list[Path], typer.Argument(help="Events: files or folders of them.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Personas file to write (YAML).")],
    old: Annotated[
        Path | None,
        typer.Option(help="An earlier file: what a person undid or added in it stays."),
    ] = None,
    playbook: Playbooks = None,
    until: Until = None,
    ground: Ground = None,
    timezone: Timezone = None,
    region: Region = None,
) -> None:
    """Find accounts on several platforms that are held to be one actor, with the evidence.

    Looks only at accounts of listed matches: who hands an address over, where it leads, what follows
    there. Targets stand as pseudonyms. To take a tie back, write `held: false` and why; give the file
    as --old to the next run, and it is never joined again.

    Example: undertow personas chat/ telegram/ --out personas.yaml
    """
    from undertow.joining import find_personas
    from undertow.request import Request

    request = Request(
        paths=tuple(events),
        out=out,
        playbooks=load_playbooks(playbook),
        until=checked_moment(until, "--until"),
        ground=ground,
        timezone=timezone,
        region=checked_region(region),
    )
    with progress("reading events", None, "events") as advance:
        found = find_personas(request, old, advance)
    for text in found.files.warnings:
        warn(text)
    for text in found.files.grounds:
        complain(f"direct messages read under: {text}")
    held = sum(tie.held for tie in found.ties)
    undone = len(found.ties) - held
    if found.platforms < 2:
        note("these events are from one platform: a persona joins accounts of several")
    say(f"{held} ties held, {undone} undone: {shown_name(out)}")
    note(f"next: read it, then undertow detect ... --personas {shown_name(out)}")
    refused = found.files.rejects.num_rows
    if refused:
        warn(f"{refused} rows were set aside")
        raise typer.Exit(PARTLY_REFUSED)
