"""`undertow detect`: events in, ranked and explained accounts out."""

from __future__ import annotations

import gc
import math
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from undertow.cli.detect_into import Into, hold_into, take_in
from undertow.cli.options import (
    Ground,
    Playbooks,
    Region,
    Timezone,
    Until,
    checked_moment,
    checked_reason,
    checked_region,
    checked_settings,
    checked_size,
)
from undertow.cli.screen import Format, complain, note, progress, say, show, warn
from undertow.errors import DONE, PARTLY_REFUSED, UndertowError, shown_name
from undertow.playbooks.grammar import Playbook

SHOWN = 10
KEPT = 10_000
"""Milliseconds for which memory that was let go of is kept; measured: 1,300 fewer of 9,300 of processor time."""
COLUMNS = ["account", "role", "playbook", "weight", "targets"]


class Engine(StrEnum):
    """Who carries the events to the kernel."""

    LOCAL = "local"
    SPARK = "spark"


class Ranking(Protocol):
    """What is shown of a run: `undertow.pipeline.Result`, whose import would slow `--help`."""

    @property
    def accounts(self) -> Any:  # noqa: ANN401  # an Arrow table
        """The ranked accounts."""

    @property
    def summary(self) -> dict[str, Any]:
        """What `run.json` holds."""

    @property
    def report(self) -> Path:
        """The page."""


def detect(
    events: Annotated[list[Path], typer.Argument(help="Events files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    playbook: Playbooks = None,
    until: Until = None,
    ground: Ground = None,
    timezone: Timezone = None,
    region: Region = None,
    prior: Annotated[
        float, typer.Option(help="Share of active accounts that recruit.", min=1e-9, max=0.5)
    ] = 2e-5,
    native_targets: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Write native ids of targets; the reason goes into every file.",
        ),
    ] = None,
    personas: Annotated[
        Path | None,
        typer.Option(help="Accounts held to be one actor: a file of `undertow personas`."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(help="Known accounts, addresses and domains: lines, MISP or STIX."),
    ] = None,
    from_reports: Annotated[
        bool,
        typer.Option("--from-reports", help="Look only at accounts that a person reported."),
    ] = False,
    decisions: Annotated[
        Path | None,
        typer.Option(
            help="What reviewers decided so far; counted on the page, weighs nothing."
        ),
    ] = None,
    campaigns: Annotated[
        bool,
        typer.Option(
            "--campaigns/--no-campaigns", help="Look for ties between accounts, lists, reports."
        ),
    ] = True,
    nulls: Annotated[
        bool, typer.Option("--nulls/--no-nulls", help="Say what chance alone would give.")
    ] = True,
    first_alert: Annotated[
        bool,
        typer.Option(
            "--first-alert/--no-first-alert",
            help="Find the first midnight that raises each account; takes long.",
        ),
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder that carries the events of earlier runs into this one."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Memory to use, such as 4GiB. [60 % of the machine's]"
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Who carries the events: this process, or Spark.")
    ] = Engine.LOCAL,
    master: Annotated[
        str, typer.Option(metavar="URL", help="Where Spark runs, such as spark://HOST:7077.")
    ] = "local[*]",
    spark_conf: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A setting of Spark; may be given many times."),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="CASES", help="Case store: a folder, or a postgresql:// URL."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Key file of the case store. [CASES.keys]")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of a case store in PostgreSQL.")
    ] = None,
    daily_reviews: Annotated[
        int | None, typer.Option(help="Cases that the desk reviews in a day. [40]", min=1)
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="Of the ranking.")
    ] = Format.TEXT,
) -> None:
    """Find who draws people in, and say why in bits of evidence.

    Writes accounts, funnels, evidence (Parquet), run.json and report.html into the output folder.
    Targets appear under pseudonyms. Nothing is decided here: a person reads the report.

    Example: undertow detect events/ --out found --playbook extremist-recruitment
    """
    if engine is Engine.LOCAL:
        leave_pandas()
    from undertow.events.parquet import Ahead

    choose_pool()
    desk = None if into is None else Into(into, keys, folder, daily_reviews)
    # Importing what a run needs takes a core a second; another one decodes meanwhile.
    with Ahead(() if memory or engine is Engine.SPARK else events) as ahead:
        from undertow.learning.decisions import read_decisions, settled
        from undertow.pipeline import detect as run
        from undertow.request import Request

        gc.freeze()
        if desk is not None:
            hold_into(desk, events, ground, timezone)
        if (known or from_reports) and (state or not campaigns):
            raise UndertowError(
                "`--known` and `--from-reports` do not go together with `--state` or `--no-campaigns`",
                code="state-campaigns",
                mend="leave one of them out",
            )
        request = Request(
            paths=tuple(events),
            out=out,
            playbooks=load_playbooks(playbook),
            until=checked_moment(until, "--until"),
            ground=ground,
            timezone=timezone,
            region=checked_region(region),
            prior=prior,
            native_targets=checked_reason(native_targets),
            personas=personas,
            known=known,
            from_reports=from_reports,
            campaigns=campaigns,
            nulls=nulls,
            first_alert=first_alert,
            verdicts=None if decisions is None else settled(read_decisions(decisions)),
            state=state,
            memory=checked_size(memory, "--memory"),
            spark=master if engine is Engine.SPARK else None,
            settings=checked_settings(spark_conf),
            days=into is not None,
            ahead=ahead,
        )
        with progress("reading events", None, "events") as advance:
            result = run(request, advance, advance.begin)
    show_run(result, output_format)
    if desk is not None:
        with progress("reading cited events", None, "events") as advance:
            take_in(desk, request, playbook_texts(playbook), advance)
    raise typer.Exit(show_end(result, out, output_format))


def show_run(result: Ranking, fmt: Format) -> None:
    """Print warnings, the ranking, and what was read."""
    for text in result.summary["warnings"]:
        warn(text)
    if fmt is Format.TEXT:
        show_ranking(result)
    else:
        show(result.accounts.to_pylist(), result.accounts.column_names, fmt)
    note_read(result)


def show_end(result: Ranking, out: Path, fmt: Format) -> int:
    """Say what was set aside and what to do next; returns the exit code."""
    rejected = result.summary["rejected"]
    if rejected:
        rows = "1 row was" if rejected == 1 else f"{rejected:,} rows were"
        warn(f"{rows} set aside; see {shown_name(out / 'rejects.parquet')}")
    note_next(result, out)
    (say if fmt is Format.TEXT else note)(f"report: {shown_name(result.report)}")
    return PARTLY_REFUSED if rejected else DONE


def note_read(result: Ranking) -> None:
    """Say what was read, under which ground, and what was left aside on purpose."""
    note(f"{result.summary['events']:,} events read")
    for book in result.summary["playbooks"]:
        blind = any(s["unknown_for"] for s in book["steps"] if s["name"] == book["listed_from"])
        pairs = f"{book['name']}: {book['listed']:,} of {book['keys']:,} pairs"
        note(
            f"{pairs} listed; `{book['listed_from']}` could not be seen for all, so the step before counts"
            if blind
            else f"{pairs} reached `{book['listed_from']}`"
        )
    if result.summary["from_reports"]:
        # As with the ground: it says what this output is not.
        complain(result.summary["coverage"][0])
    if result.summary["ground"]:
        # Not a note: the ground stands on every output, `--quiet` or not.
        complain("direct messages read under: " + "; ".join(result.summary["ground"]))


class _WithoutPandas:
    """Finds modules as if pandas were not installed."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse pandas, and leave all others to those who find them."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def leave_pandas() -> None:
    """Keep Arrow from importing pandas where that is installed: columns here are Arrow, and it takes a quarter of a second.

    Arrow's two halves look for it once each, before they first make an array of anything.
    """
    if "pandas" in sys.modules:
        return
    import numpy as np
    import pyarrow as pa

    sys.meta_path.insert(0, _WithoutPandas)
    try:
        pa.array(np.zeros(1))
        pa.scalar(0)
    finally:
        sys.meta_path.remove(_WithoutPandas)


def settle_memory() -> None:
    """Choose how this process keeps memory: what is imported stays, and is not looked through again."""
    choose_pool()
    gc.freeze()


def choose_pool() -> None:
    """Choose how Arrow keeps memory.

    Of Arrow's allocators jemalloc asks the system least often for memory; it saves a tenth of reading. Told to keep
    what was let go of for a while, it saves another tenth: batch after batch needs as much again.
    """
    import pyarrow as pa

    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(KEPT)


def show_ranking(result: Ranking) -> None:
    """Print the first accounts of a ranking, and what their weights mean."""
    from undertow.scores.table import best_rows

    places = best_rows(result.accounts)
    rows = [result.accounts.slice(n, 1).to_pylist()[0] for n in places[:SHOWN]]
    for row in rows:
        row["weight"] = f"{row['weight'] + 0.0:+.1f}".replace("-0.0", "+0.0")
    if not rows:
        say("nobody is ranked: no pair went as far as a playbook lists")
        return
    title = f"first {len(rows)} of {len(places)} accounts"
    show(rows, COLUMNS, Format.TEXT, title=title)
    prior = math.log2(result.summary["prior"] / (1 - result.summary["prior"]))
    heavy = sum(weight + prior > 0 for weight in result.accounts["weight"].to_pylist())
    outweigh = {0: "none of them outweighs it", 1: "1 of them outweighs it"}
    note(
        f"weight in bits; before looking an account stands at {prior:.1f}, and "
        + outweigh.get(heavy, f"{heavy} of them outweigh it")
    )
    chance = result.summary.get("chance")
    if chance is not None:
        # Not a note: how wrong it may be stands on every output.
        complain(chance["sentence"])


def note_next(result: Ranking, out: Path) -> None:
    """Say how to look at the first account of a ranking, if there is one."""
    if result.accounts.num_rows:
        first = result.accounts["account"][0].as_py()
        note(f"next: undertow explain {shlex.quote(first)} --from {shown_name(out)}")


def load_playbooks(names: list[str] | None) -> tuple[Playbook, ...]:
    """Load the named playbooks; without names all that ship and are not for research only."""
    from undertow.playbooks import catalog, parse

    if names:
        loaded = tuple(parse.load(name) for name in dict.fromkeys(names))
        if len({playbook.name for playbook in loaded}) < len(loaded):
            raise UndertowError(
                "two playbooks have one name",
                code="playbook-name-twice",
                mend="rename one of them: results are kept apart by the name",
            )
        return loaded
    shipped = [parse.load(name) for name in catalog.names()]
    return tuple(playbook for playbook in shipped if playbook.status != "research")


def playbook_texts(names: list[str] | None) -> list[str]:
    """Read the texts of the playbooks that `load_playbooks` loads; may give more than it."""
    from undertow.playbooks import catalog, parse

    return [parse.read_text(name) for name in dict.fromkeys(names or catalog.names())]
