"""`undertow playbook fit`: decisions of reviewers move the rates of a playbook, and every version is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.cli.screen import Format, note, say, show
from undertow.errors import UndertowError, shown_name

SHOWN = 10
STEPS = ["step", "taken", "seen", "accounts", "old", "new", "low", "high"]
REJECTED = ["furthest", "confirmed", "rejected", "unclear", "share_rejected", "low", "high"]
MOVES = ["account", "role", "place", "new_place", "weight", "new_weight", "bits"]


def fit(
    playbook: Annotated[
        str, typer.Argument(metavar="PLAYBOOK", help="A shipped name or a file.")
    ],
    keep: Annotated[Path, typer.Option("--keep", help="Folder in which versions are kept.")],
    folders: Annotated[
        list[Path] | None, typer.Option("--from", help="Folders that `detect` wrote.")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="What reviewers decided.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Make all kept versions anew, and compare.")
    ] = False,
    fmt: Annotated[Format, typer.Option("--format", help="Of what is shown.")] = Format.TEXT,
) -> None:
    """Move the rates of a playbook by what reviewers decided, and keep the new version.

    Only confirmed accounts move rates; of rejected ones the share is shown. A target counts once, and no account
    for more than ten. Nothing is put to use: give the new file to `detect --playbook`.

    With `--replay` nothing is learned: every kept version is made anew from its ledger and compared byte for byte.

    Example: undertow playbook fit extremist-recruitment --from found --decisions decided.jsonl --keep fitted
    """
    if replay:
        _replayed(keep, fmt)
        return
    if not folders or decisions is None:
        raise UndertowError(
            "there is nothing to learn from: `--from` or `--decisions` is missing",
            code="fit-inputs",
            mend="give both, or `--replay` alone",
        )
    from undertow.learning.fit import fit as run

    fitted = run(playbook, folders, decisions, keep)
    steps = _steps(fitted.entry)
    if fmt is Format.TEXT:
        _say(fitted, steps)
    else:
        moved = [move.row() for move in fitted.moves]
        rows = [
            *({"about": "step"} | row for row in steps),
            *({"about": "rejected"} | row for row in fitted.rejected()),
            *({"about": "move"} | row for row in moved),
        ]
        show(rows, list(dict.fromkeys(["about", *STEPS, *REJECTED, *MOVES])), fmt)
    if fitted.not_found:
        note(f"{fitted.not_found} decided cases are not ranked here under the judged role")
    told = f"version {fitted.entry.version}: {shown_name(fitted.path)}"
    news = told if fitted.is_new else f"nothing new was decided; {told} stands"
    (say if fmt is Format.TEXT else note)(news)


def _steps(entry: Any) -> list[dict[str, object]]:  # noqa: ANN401 - `versions.Entry`, whose import would slow `--help`
    rows: list[dict[str, object]] = []
    for name, step in entry.steps.items():
        low, high = step.new.range()
        rows.append(
            {
                "step": name,
                "taken": round(step.taken, 2),
                "seen": round(step.seen, 2),
                "accounts": step.accounts,
                "old": round(step.old.mean, 4),
                "new": step.likely,
                "low": round(low, 4),
                "high": round(high, 4),
            }
        )
    return rows


def _say(fitted: Any, steps: list[dict[str, object]]) -> None:  # noqa: ANN401 - as `_steps`
    if fitted.entry.simulated:
        say("SIMULATED: these rates come from planted accounts and say nothing about people.")
    if steps:
        for row in steps:
            row |= {name: f"{row[name]:.3f}" for name in ("old", "new", "low", "high")}
        show(
            steps, STEPS, Format.TEXT, title="rate given recruitment, and where 90 % of it lies"
        )
    else:
        say("no confirmed account says anything of any step: all rates stay as they are")
    rows = [
        row | {name: f"{row[name]:.2f}" for name in ("share_rejected", "low", "high")}
        for row in fitted.rejected()
    ]
    show(
        rows,
        REJECTED,
        Format.TEXT,
        title="decided accounts by furthest step; shown, not learned from",
    )
    moved = [move.row() for move in fitted.moves[:SHOWN]]
    for row in moved:
        row |= {name: f"{row[name]:+.2f}" for name in ("weight", "new_weight", "bits")}
    if moved:
        title = f"first {len(moved)} of {len(fitted.moves)} that move in the newest folder"
        show(moved, MOVES, Format.TEXT, title=title)
    else:
        say("nobody moves in the newest folder's ranking")


def _replayed(keep: Path, fmt: Format) -> None:
    from undertow.learning.versions import LEDGER, name_of, open_kept, replay

    kept = open_kept(keep)
    if kept is None:
        raise UndertowError(
            "the folder keeps no versions",
            code="fit-ledger-missing",
            mend=f"name a folder that holds `{LEDGER}`",
        )
    rows: list[dict[str, object]] = [
        {"version": e.version, "made": e.made, "file": name_of(e.version), "equal": True}
        for e in replay(kept)
    ]
    show(rows, ["version", "made", "file", "equal"], fmt)
