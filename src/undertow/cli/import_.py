"""`undertow import`: what you hold, turned into events, with what it can and cannot show."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import Format, note, show, warn
from undertow.errors import UndertowError, shown_name

app = typer.Typer(help="Turn what you hold into events.", no_args_is_help=True)

Out = Annotated[
    Path | None, typer.Option("--out", help="Events file (Parquet).  [NAME.events.parquet]")
]
Ground = Annotated[
    str | None,
    typer.Option("--ground", help="Lawful ground under which direct messages are read."),
]
Zone = Annotated[
    str | None,
    typer.Option("--timezone", help="Zone of times that have none, such as Europe/Berlin."),
]
As = Annotated[Format, typer.Option("--format", help="How results are written.")]
MapFile = Annotated[Path | None, typer.Option("--map", help="Map of columns (YAML).")]
Guess = Annotated[
    bool, typer.Option("--guess", help="Propose the map, show 20 rows, import nothing.")
]
SAMPLE = 1_000
CELL = 40


@app.callback(invoke_without_command=True)
def import_(
    context: typer.Context,
    list_: Annotated[
        bool, typer.Option("--list", help="Say what each format can and cannot show.")
    ] = False,
    fmt: As = Format.TEXT,
) -> None:
    """Turn what you hold into events. Nothing is fetched: files and databases that you name."""
    if list_:
        from undertow.importers.registry import FORMATS

        rows: list[dict[str, object]] = [
            {
                "format": entry.name,
                "reads": entry.title,
                "shows": "what the map names"
                if entry.name in ("csv", "sql")
                else " ".join(entry.types),
                "cannot show": entry.cannot,
                "ids": entry.ids,
                "times": entry.times,
                "text": entry.text,
                "tested on": entry.tested,
            }
            for entry in FORMATS
        ]
        show(rows, list(rows[0]), fmt, title="undertow import FORMAT")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise UndertowError(
            "no format is named",
            code="import-format",
            mend="`undertow import --list` names them",
        )


@app.command("csv")
def csv_(
    file: Annotated[Path, typer.Argument(help="Text with a header: , ; tab or |")],
    map_file: MapFile = None,
    guess: Guess = False,
    out: Out = None,
    ground: Ground = None,
    timezone: Zone = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", help="One character, or `tab`.  [found]")
    ] = None,
    fmt: As = Format.TEXT,
) -> None:
    """Import a CSV file with any columns, by a map.

    Start with: undertow import csv FILE --guess
    """
    from itertools import islice

    from undertow.cli.import_run import map_for, propose, run
    from undertow.importers.delimited import CsvReader, open_table
    from undertow.importers.rows import Tally

    _check_zone(timezone)
    table = open_table(file, "\t" if delimiter in ("tab", "\\t") else delimiter)
    if guess:
        sample = [values for _, values in islice(table.records(Tally()), SAMPLE)]
        made = map_file or Path(f"{file.stem}.map.yaml")
        propose(table.columns, sample, made, file.stem, timezone, fmt)
        _note_next(f"csv {shown_name(file)}", made)
        return
    event_map = map_for(map_file, table.columns)
    reader = CsvReader(table, event_map, ground=ground, timezone=timezone)
    unused = [name for name in table.columns if name and name not in event_map.used()]
    if unused:
        note("left out: " + ", ".join(f"`{name[:CELL]}`" for name in unused))
    run(reader, out or Path(f"{file.stem}.events.parquet"), fmt)


@app.command("sql")
def sql(
    url: Annotated[
        str,
        typer.Option(
            "--url",
            envvar="UNDERTOW_SQL_URL",
            show_envvar=True,
            help="Database, as SQLAlchemy.",
        ),
    ],
    query_file: Annotated[Path, typer.Option("--query", help="File with one SELECT.")],
    map_file: MapFile = None,
    guess: Guess = False,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Only what is new; the query uses :since.")
    ] = False,
    out: Out = None,
    ground: Ground = None,
    timezone: Zone = None,
    fmt: As = Format.TEXT,
) -> None:
    """Import the rows of a query, read-only, by a map. With --since-last --out is a folder."""
    from undertow.cli.import_run import map_for, propose, run, run_since
    from undertow.importers.since import read_mark, state_path
    from undertow.importers.sql import Database, SqlReader, asks_since, look, read_query

    _check_zone(timezone)
    query = read_query(query_file)
    if since_last:
        out = _folder(out or Path(f"{query_file.stem}.events"))
    asks = asks_since(query)
    if asks and not (since_last or guess):
        raise UndertowError(
            "the query uses `:since`, which only `--since-last` fills",
            code="sql-since-missing",
            mend="add --since-last, or take `:since` out",
        )
    if since_last and not asks:
        raise UndertowError(
            "with `--since-last` the query must use `:since`",
            code="sql-since-missing",
            mend="write `WHERE time >= :since`",
        )
    database = Database(url)
    with closing(database):
        if not database.read_only:
            warn(
                f"read-only cannot be enforced on {database.backend}: use an account that may only read"
            )
        columns, sample = look(database, query, most=SAMPLE if guess else 0)
        if guess:
            stem = query_file.stem
            made = map_file or Path(f"{stem}.map.yaml")
            propose(columns, sample, made, stem, timezone, fmt)
            _note_next(f"sql --url URL --query {shown_name(query_file)}", made)
            return
        event_map = map_for(map_file, columns)
        mark = read_mark(state_path(out), event_map) if since_last and out else None
        reader = SqlReader(
            database,
            query,
            event_map,
            columns=columns,
            name=shown_name(query_file),
            ground=ground,
            timezone=timezone,
            mark=mark,
        )
        if mark is not None and out is not None:
            run_since(reader, out, mark, fmt)
        else:
            run(reader, out or Path(f"{query_file.stem}.events.parquet"), fmt)


def _note_next(command: str, made: Path) -> None:
    """Say how to import by the map just proposed."""
    ground = '--ground "why you may read these messages"'
    note(f"next: undertow import {command} --map {shown_name(made)} {ground}")


@app.command("telegram")
def telegram(
    file: Annotated[Path, typer.Argument(help="result.json of Telegram Desktop")],
    out: Out = None,
    ground: Ground = None,
    timezone: Zone = None,
    fmt: As = Format.TEXT,
) -> None:
    """Import a Telegram Desktop export (JSON): one chat, or a whole account."""
    from undertow.cli.import_run import run
    from undertow.importers.telegram import TelegramReader

    reader = TelegramReader(file, ground=ground, timezone=timezone)
    note(
        "an export shows one person's chats: for reports and research; `detect` refuses to rank it"
    )
    run(reader, out or Path(f"{file.stem}.events.parquet"), fmt)


@app.command("jetstream")
def jetstream(
    file: Annotated[Path, typer.Argument(help="JSON Lines, also .gz or .zst")],
    out: Out = None,
    ground: Ground = None,
    fmt: As = Format.TEXT,
) -> None:
    """Import Bluesky Jetstream v1 events: public posts, likes, follows. No direct messages."""
    from undertow.cli.import_run import run
    from undertow.importers.jetstream import JetstreamReader

    stem = file.name.split(".jsonl")[0].split(".json")[0]
    run(JetstreamReader(file, ground=ground), out or Path(f"{stem}.events.parquet"), fmt)


def _check_zone(timezone: str | None) -> None:
    if timezone is not None:
        from undertow.importers.times import zone_named

        zone_named(timezone)


def _folder(out: Path) -> Path:
    if out.suffix == ".parquet" or out.is_file():
        raise UndertowError(
            "with `--since-last` each run adds a file, so `--out` must be a folder",
            code="sql-since-folder",
            mend="write `--out FOLDER`",
        )
    return out
