"""`undertow explain`: why one account stands where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import Format, say, show


def explain(
    account: Annotated[str, typer.Argument(help="An account as `accounts.parquet` names it.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder that `detect --out` wrote.")],
    playbook: Annotated[
        str | None, typer.Option("--playbook", "-p", help="Only this playbook. [all]")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Only this role. [all]")] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="`json` and `csv` give the raw evidence rows.")
    ] = Format.TEXT,
) -> None:
    """Show an account's evidence: rows in bits that add up, for and against, and what is unknown.

    Accounts that are in the folder only as targets are refused: they are people to help.

    Example: undertow explain forum:1234 --from found
    """
    from undertow.export import explain as explaining

    explanation = explaining.explain(folder, account, playbook=playbook, role=role)
    if output_format is Format.TEXT:
        say(explaining.render_text(explanation))
    else:
        show(explanation.rows, explaining.columns(), output_format)
