"""`undertow detect`: events in, ranked and explained accounts out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import Format, note, progress, show, warn
from undertow.errors import DONE, PARTLY_REFUSED, UndertowError, shown_name
from undertow.playbooks.grammar import Playbook

SHOWN = 10


def detect(
    events: Annotated[list[Path], typer.Argument(help="Events files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    playbook: Annotated[
        list[str] | None,
        typer.Option("--playbook", "-p", help="A shipped name or a file. [all but research]"),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="Leave out events at and after this time (ISO 8601, with zone)."),
    ] = None,
    ground: Annotated[
        str | None, typer.Option(help="Lawful ground for reading direct messages.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of times that carry none.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Country of national phone numbers, such as DE.")
    ] = None,
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
    output_format: Annotated[
        Format, typer.Option("--format", help="Of the ranking.")
    ] = Format.TEXT,
) -> None:
    """Find who draws people in, and say why in bits of evidence.

    Writes accounts, funnels, evidence (Parquet), run.json and report.html into the output folder.
    Targets appear under pseudonyms. Nothing is decided here: a person reads the report.

    Example: undertow detect events/ --out found --playbook extremist-recruitment
    """
    from undertow.pipeline import Request
    from undertow.pipeline import detect as run

    request = Request(
        paths=tuple(events),
        out=out,
        playbooks=load_playbooks(playbook),
        until=_moment(until),
        ground=ground,
        timezone=timezone,
        region=_region(region),
        prior=prior,
        native_targets=_reason(native_targets),
    )
    with progress("reading events", None, "events") as advance:
        result = run(request, advance)
    for text in result.warnings:
        warn(text)
    ranking = result.accounts.slice(
        0, SHOWN if output_format is Format.TEXT else None
    ).to_pylist()
    columns = ["account", "role", "playbook", "weight", "targets"]
    if output_format is Format.TEXT:
        ranking = [{**row, "weight": f"{row['weight']:+.1f}"} for row in ranking]
        title = f"{len(ranking)} of {result.accounts.num_rows} ranked accounts, weight in bits"
    else:
        title = None
    show(ranking, columns, output_format, title=title)
    listed = ", ".join(
        f"{p['name']}: {p['listed']} of {p['keys']}" for p in result.summary["playbooks"]
    )
    note(f"{result.summary['events']:,} events read; funnels listed ({listed})")
    if result.summary["ground"]:
        note("direct messages read under: " + "; ".join(result.summary["ground"]))
    if result.rejected:
        warn(
            f"{result.rejected:,} rows were set aside; see {shown_name(out / 'rejects.parquet')}"
        )
    note(f"report: {shown_name(result.report)}")
    raise typer.Exit(PARTLY_REFUSED if result.rejected else DONE)


def load_playbooks(names: list[str] | None) -> tuple[Playbook, ...]:
    """Load the named playbooks; without names all that ship and are not for research only."""
    from undertow.playbooks import catalog, parse

    if names:
        return tuple(parse.load(name) for name in dict.fromkeys(names))
    shipped = [parse.load(name) for name in catalog.names()]
    return tuple(playbook for playbook in shipped if playbook.status != "research")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    mend = "write it as ISO 8601 with a zone, such as 2026-01-31T00:00:00Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UndertowError("`--until` is not a time", code="option-until", mend=mend) from None
    if moment.tzinfo is None:
        raise UndertowError("`--until` has no time zone", code="option-until", mend=mend)
    return moment.astimezone(UTC)


def _region(text: str | None) -> str | None:
    if text is None:
        return None
    import phonenumbers

    region = text.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UndertowError(
            "`--region` is not a country",
            code="option-region",
            mend="give two letters of ISO 3166, such as DE or GB",
        )
    return region


def _reason(text: str | None) -> str | None:
    if text is not None and len(text.strip()) < 10:
        raise UndertowError(
            "`--native-targets` needs a reason",
            code="option-native-targets",
            mend="say in a sentence why targets must be named; it is written into every file",
        )
    return text
