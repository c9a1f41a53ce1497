"""What every `undertow import` command does alike: propose a map, run a reader, report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from undertow.cli.screen import Format, note, progress, say, show, warn
from undertow.errors import UndertowError, shown_name
from undertow.importers.guess import guess_map
from undertow.importers.mapping import EventMap, read_map
from undertow.importers.preview import preview
from undertow.importers.rows import Reader
from undertow.importers.since import Mark, part_path, state_path, write_mark
from undertow.importers.writing import Outcome, write_import

SHOWN = 20
CELL = 40


def map_for(map_file: Path | None, columns: Sequence[str]) -> EventMap:
    """Read and check the map that the user names; without one say how to get it."""
    if map_file is None:
        raise UndertowError(
            "no map says what the columns mean",
            code="map-missing",
            mend="`--guess` writes one; then add `--map FILE`",
        )
    return read_map(map_file, columns)


def propose(
    columns: Sequence[str],
    sample: Sequence[Sequence[object]],
    map_file: Path,
    platform: str,
    timezone: str | None,
    fmt: Format,
) -> None:
    """Show a proposed map and what it makes of the first rows; write it where nothing stands."""
    guess = guess_map(columns, sample, platform)
    (say if fmt is Format.TEXT else note)(guess.text)
    rows, reasons = preview(guess.text, columns, sample[:SHOWN], timezone)
    shown: list[dict[str, object]] = [
        {
            name: value[:CELL] + "…" if isinstance(value, str) and len(value) > CELL else value
            for name, value in row.items()
        }
        for row in rows
    ]
    used = [
        name
        for name in (shown[0] if shown else {})
        if any(row[name] is not None for row in shown)
    ]
    show(shown, used, fmt, title=f"the first {len(shown)} rows by this map")
    for line in [*guess.unsure, *(f"would be set aside: {reason}" for reason in reasons)]:
        warn(line)
    if map_file.exists():
        note(f"`{shown_name(map_file)}` stands already and was left as it is")
    else:
        map_file.write_text(guess.text, encoding="utf-8")
        note(f"wrote {shown_name(map_file)}: check it")


def run(reader: Reader, out: Path, fmt: Format) -> None:
    """Read everything into one events file, report, and leave with the exit code."""
    with progress(f"import {reader.about.name}", None) as advance:
        outcome = write_import(reader, out, advance=advance)
    _report(outcome, fmt)


def run_since(reader: Reader, folder: Path, mark: Mark, fmt: Format) -> None:
    """Add one part to a folder; the state moves on only when the part stands in its place."""
    part = part_path(folder, datetime.now(UTC))
    rejects = folder.with_name(f"{folder.name}.rejects") / part.name
    with progress(f"import {reader.about.name}", None) as advance:
        outcome = write_import(
            reader, part, rejects=rejects, may_be_empty=True, advance=advance
        )
    if mark.moved:
        write_mark(state_path(folder), mark)
    _report(outcome, fmt)


def _report(outcome: Outcome, fmt: Format) -> None:
    """Show what was read, and leave with 3 if some of it was set aside."""
    rows: list[dict[str, object]] = [
        {"what": "events", "name": "", "count": outcome.events},
        *({"what": "type", "name": k, "count": n} for k, n in outcome.types.items()),
        *({"what": "platform", "name": k, "count": n} for k, n in outcome.platforms.items()),
        *({"what": "set aside", "name": k, "count": n} for k, n in outcome.rejected.items()),
        *({"what": "not shown", "name": k, "count": n} for k, n in outcome.gaps.items()),
        *({"what": "no event", "name": k, "count": n} for k, n in outcome.other.items()),
    ]
    show(rows, ["what", "name", "count"], fmt)
    if outcome.since is not None and outcome.until is not None:
        note(
            f"period: {outcome.since:%Y-%m-%d %H:%M:%S} to {outcome.until:%Y-%m-%d %H:%M:%S} UTC"
        )
    for source in outcome.sources:
        note(f"ground for {source.platform}: {source.ground or 'none declared'}")
    if outcome.out is not None:
        note(f"wrote {shown_name(outcome.out)}")
        if not any(source.extra.get("pocket") for source in outcome.sources):
            note(f"next: undertow detect {shown_name(outcome.out)} --out found")
    else:
        note("nothing new")
    if outcome.rejects is not None:
        note(f"set aside: {shown_name(outcome.rejects)}")
    raise typer.Exit(outcome.exit_code)
