"""`undertow case decisions`: what closed cases came to, for `playbook fit` and `detect --decisions`."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import note, say
from undertow.cli.store_options import Folder, Keys, now, opened
from undertow.errors import UndertowError, shown_name


def decisions(
    place: Annotated[
        str,
        typer.Argument(metavar="CASES", help="A case store: a folder, or a database's URL."),
    ],
    out: Annotated[Path, typer.Option("--out", help="A file that is not there yet.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why accounts must be named; the log keeps it.")
    ],
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Write what closed cases came to, as `playbook fit --decisions` and `detect --decisions` read it.

    The file names accounts as the detector does, so a reason is asked for and each case is a look that the
    audit log holds. Targets, reasons and names of reviewers are not in it.

    Example: undertow case decisions cases --out decided.jsonl --reason "monthly fit of the playbooks"
    """
    from undertow.cases.teaching import decisions as taught

    with closing(opened(place, keys, folder)) as store:
        try:
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UndertowError(
                f"`{shown_name(out)}` is there already",
                code="decisions-there",
                mend="name a file that is not there yet",
            ) from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                made = taught(store, reason, now())
                file.write(made.body)
        except BaseException:
            out.unlink()
            raise
    say(f"{made.cases} decided cases in {shown_name(out)}")
    if made.erased:
        note(f"{made.erased} decided cases are left out: their accounts were erased")
