"""`undertow backup`: all records of a case store in one file, and its keys in another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import note, say
from undertow.cli.store_options import Cases, Folder, Keys, now, opened
from undertow.errors import shown_name


def backup(
    place: Cases,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    keys_out: Annotated[
        Path | None,
        typer.Option("--keys-out", help="Copy the wrapped keys there; keep it apart."),
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Write all records of a case store into one file while others go on working.

    Texts and identities in it stay sealed. Without the key file and its master key nothing of them can
    be read: copy both, and the key of the audit log, to another place than this.

    Example: undertow backup cases --out monday.backup --keys-out /mnt/safe/cases.keys
    """
    from undertow.cases.backup import write_backup, write_keys

    store = opened(place, keys, folder)
    made = write_backup(store, out, now())
    say(f"{shown_name(made.path)}: {made.rows:,} rows, digest {made.digest}")
    if keys_out is not None:
        write_keys(store, keys_out)
        say(f"{shown_name(keys_out)}: wrapped keys; the master key is not among them")
    else:
        note("the keys are not in it: copy them apart, with --keys-out")
    store.close()
