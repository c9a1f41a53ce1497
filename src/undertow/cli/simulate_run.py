"""What `undertow simulate` does once its options are read; apart, so that its help stays quick."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.cli.screen import Format, note, progress, show, warn
from undertow.errors import DONE, PARTLY_REFUSED, UndertowError, shown_name
from undertow.events.read import open_events
from undertow.events.table import NAMES, SCHEMA
from undertow.events.write import write_events
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world


@dataclass(frozen=True)
class Paths:
    """What is read and what is written."""

    background: tuple[Path, ...]
    out: Path
    truth: Path | None


def plant(
    paths: Paths,
    settings: Settings,
    ground: str | None,
    timezone: str | None,
    output_format: Format | None,
) -> int:
    """Make a world and write it, with a summary unless `output_format` is None.

    Returns:
        The exit code.
    """
    background, out, truth = paths.background, paths.out, paths.truth
    _keep_apart(background, out, truth)
    table, rejects = _read(background, ground, timezone)
    world = make_world(table, settings)
    out.parent.mkdir(parents=True, exist_ok=True)
    schema = world.events.schema
    write_events(
        out, [world.events], schema=schema, sources=world.sources, simulated=world.made
    )
    if truth is not None:
        _write(world.truth, truth)
    if output_format is not None:
        _report(world, settings.campaigns, output_format)
    note(f"world: {shown_name(out)}")
    if truth is not None:
        note(f"truth: {shown_name(truth)} (keep it away from the world)")
    if rejects.num_rows:
        beside = out.with_name("rejects.parquet")
        _write(rejects, beside)
        warn(f"{rejects.num_rows:,} rows were set aside; see {shown_name(beside)}")
    return PARTLY_REFUSED if rejects.num_rows else DONE


def _read(
    paths: tuple[Path, ...], ground: str | None, timezone: str | None
) -> tuple[pa.Table, pa.Table]:
    files = open_events(paths, ground=ground, timezone=timezone)
    if files.simulated is not None:
        raise UndertowError(
            "the background is itself a simulated world",
            code="world-background-simulated",
            mend="name the real events file it was made from",
        )
    batches = []
    with progress("reading the background", files.rows, "events") as advance:
        for batch in files.batches():
            batches.append(batch.select(list(NAMES)))
            advance(batch.num_rows)
    for text in files.warnings:
        warn(text)
    tables = [pa.Table.from_batches([batch]) for batch in batches]
    return pa.concat_tables([SCHEMA.empty_table(), *tables]), files.rejects


def _keep_apart(background: tuple[Path, ...], out: Path, truth: Path | None) -> None:
    written = [path.resolve() for path in (out, truth) if path is not None]
    if len(set(written)) < len(written) or set(written) & {
        path.resolve() for path in background
    }:
        raise UndertowError(
            "`--out` and `--truth` name the same file, or one of the background",
            code="world-out-clash",
            mend="choose names that are not taken",
        )


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        pq.write_table(table, part, compression="zstd")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _report(world: World, asked: int | None, output_format: Format) -> None:
    rows, groups = world.rows_by_kind, world.groups_by_kind
    lines: list[dict[str, object]] = [
        {"what": kind, "groups": groups.get(kind), "rows": count}
        for kind, count in rows.items()
    ]
    title = f"{world.events.num_rows:,} rows; positives are simulated"
    show(lines, ["what", "groups", "rows"], output_format, title=title)
    planted = groups.get("campaign", 0)
    if asked is not None and planted < asked:
        warn(f"{planted} of {asked} campaigns planted: more would exceed 1 % of all rows")
