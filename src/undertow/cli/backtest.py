"""`undertow backtest`: what a playbook would find in events that are held, before anybody works by it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.cli.options import Ground, Timezone
from undertow.cli.screen import Format, note, progress, say, show
from undertow.errors import shown_name
from undertow.playbooks.grammar import Playbook


def backtest(
    playbook: Annotated[str, typer.Argument(help="A shipped name or a file.")],
    events: Annotated[list[Path], typer.Argument(help="Events files, or folders of them.")],
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", help="Playbooks to compare with, such as those in use."),
    ] = None,
    ground: Ground = None,
    timezone: Timezone = None,
    chance: Annotated[
        bool, typer.Option("--chance", help="Hold accounts against null worlds too; slow.")
    ] = False,
    minutes: Annotated[
        float, typer.Option(help="Minutes that a review takes.", min=0.1, max=600)
    ] = 12.0,
    accounts: Annotated[
        bool,
        typer.Option("--accounts", help="Name the accounts listed, as `detect` does; in JSON."),
    ] = False,
    decisions: Annotated[
        Path | None,
        typer.Option(help="What was decided, as `case decisions` writes it: count it."),
    ] = None,
    fmt: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Try a playbook on events: matches over time, volume, work, slices, overlap with others.

    Opens no case and keeps nothing. Samples stand under codes of this answer alone; accounts are named only
    where --accounts asks for it. With --decisions it says how many of those listed were confirmed and
    rejected.

    Example: undertow backtest mine.yaml events.parquet --beside extremist-recruitment --format json
    """
    import json

    from undertow.evaluate.backtest import Asked
    from undertow.evaluate.backtest import backtest as run

    book = _book(playbook)
    others = tuple(_book(name) for name in dict.fromkeys(beside or ()))
    asked = Asked(
        playbook=book,
        beside=tuple(one for one in others if one.name != book.name),
        events=tuple(events),
        ground=ground,
        timezone=timezone,
        chance=chance,
        minutes=minutes,
        accounts=accounts or decisions is not None,
    )
    verdicts = None if decisions is None else _verdicts(decisions)
    with progress("trying the playbook", None, "events") as advance:
        told = run(asked, advance)
    if verdicts is not None:
        _hold_against(told, verdicts, named=accounts)
    if fmt is Format.JSON:
        say(json.dumps(told, ensure_ascii=False))
        return
    rows: list[dict[str, object]] = [
        {"what": what, "many": told[what]}
        for what in ("events", "accounts", "raised", "alerts", "people", "hours", "exposures")
    ]
    rows += [
        {"what": f"{one['value']} ({what})", "many": one["accounts"]}
        for what, some in told["slices"].items()
        for one in some
    ]
    rows += [
        {"what": f"also listed by {one['playbook']}", "many": one["both"]}
        for one in told["overlap"]
    ]
    rows += _decided(told.get("labelled"))
    show(rows, ["what", "many"], fmt)
    note(
        "raised: above even odds, so in the queue; hours: of reviewing them; exposures: texts they rest on"
    )


def _verdicts(path: Path) -> dict[str, str]:
    """Read what was decided, before anything is tried: a file that is none is refused at once."""
    from undertow.cases.labelled import verdicts_in
    from undertow.learning.decisions import read_decisions

    return verdicts_in(read_decisions(path))


def _hold_against(told: dict[str, Any], verdicts: dict[str, str], *, named: bool) -> None:
    """Count decisions among the accounts that are listed; their names stay only where they were asked for."""
    from dataclasses import asdict

    from undertow.cases.labelled import counted

    listed = told["listed"] if named else told.pop("listed")
    came = counted({str(one["account"]): bool(one["raised"]) for one in listed}, verdicts)
    told["labelled"] = came | {what: asdict(came[what]) for what in ("listed", "raised")}


def _decided(labelled: dict[str, Any] | None) -> list[dict[str, object]]:
    if labelled is None:
        return []
    rows: list[dict[str, object]] = [
        {"what": f"{what}: {verdict}", "many": labelled[what][verdict]}
        for what in ("listed", "raised")
        for verdict in ("confirmed", "rejected", "unclear", "undecided")
    ]
    share = labelled["listed"]["share"]
    if share is not None:
        low, high = labelled["listed"]["low"], labelled["listed"]["high"]
        said = f"{share:.2f} ({low:.2f} to {high:.2f})"
        rows.append({"what": "confirmed of confirmed and rejected", "many": said})
    found = f"{labelled['found']} of {labelled['confirmed']}"
    rows.append({"what": "confirmed accounts that are listed", "many": found})
    return rows


def _book(name: str) -> Playbook:
    """Read a playbook without looking for its examples: a draft may stand apart from them."""
    from undertow.playbooks.parse import find, parse, read_text

    return parse(read_text(name).encode(), file=shown_name(find(name)))
