"""`undertow replay`: a case made again from its events, and held against what it said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from undertow.cli.screen import Format, note, progress, say, show
from undertow.cli.store_options import Cases, Folder, Keys, opened
from undertow.errors import OUR_FAULT, YOUR_FAULT, UndertowError

_CODES: Final = {"equal": 0, "differs": OUR_FAULT, "missing": YOUR_FAULT}
_SAID: Final = {
    "equal": "equal: the same score on the same evidence",
    "differs": "not equal: see what differs above",
    "missing": "not made again: see what is missing above",
}


def replay(
    place: Cases,
    case: Annotated[str, typer.Argument(metavar="CASE", help="Code of a case.")],
    events: Annotated[
        list[Path],
        typer.Argument(help="Files, or folders, among which its events are; found by hash."),
    ],
    dossier: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="An earlier dossier of the case. [the newest]"),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How the result is written.")
    ] = Format.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as `--format json`.")] = False,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Make a case again from its events with the playbook that is pinned in it, and compare.

    Works on another machine: it needs the case store with its keys, the events, and the key of pseudonyms
    (UNDERTOW_KEY_FILE). Nothing is written into the store. Exit codes: 0 equal, 1 not equal, 2 something is missing.

    Example: undertow replay cases k:9f2c61d0a4b7e835 events/
    """
    from undertow.cases.replaying import replay as run
    from undertow.cli.detect import settle_memory

    settle_memory()
    if dossier is not None and not dossier.strip():
        raise UndertowError(
            "`--dossier` is empty",
            code="replay-dossier",
            mend="give the first letters of its hash",
        )
    with (
        closing(opened(place, keys, folder)) as store,
        progress("reading events", None, "events") as advance,
    ):
        made = run(store, case, events, dossier=dossier, advance=advance, begin=advance.begin)
    _show(made, Format.JSON if json else output_format)
    raise typer.Exit(_CODES[made.verdict])


def _show(made: Any, fmt: Format) -> None:  # noqa: ANN401  # `cases.replaying.Replay`, whose import would slow `--help`
    if fmt is Format.JSON:
        from msgspec import json

        told = {"verdict": made.verdict, **asdict(made)}
        say(json.format(json.encode(told), indent=2).decode())
        return
    rows: list[dict[str, object]] = [
        {
            "part": one.part,
            "result": "same"
            if one.exact
            else "same but for rounding"
            if one.same
            else "differs",
            "what": "; ".join(one.said),
        }
        for one in made.parts
    ]
    rows += [{"part": "", "result": "missing", "what": what} for what in made.missing]
    title = (
        f"{made.case}, dossier {made.dossier[:12]}, on which {len(made.decisions)} acts rest"
    )
    show(rows, ["part", "result", "what"], fmt, title=title)
    for said in made.noted:
        note(said)
    if made.erased:
        note(f"{made.erased} people in it were erased since; codes alone are compared")
    if fmt is Format.TEXT:
        say(_SAID[made.verdict])
        if made.same_hash:
            say("the dossier made again has the same hash")
