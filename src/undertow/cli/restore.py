"""`undertow restore`: a case store made of a backup, where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import note, say
from undertow.cli.store_options import Cases, Folder, Keys


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `backup` wrote.")],
    place: Cases,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Make a case store of a backup. Its key file and master key must be there, and the key of the audit log.

    Whoever was erased since the backup was made is erased again.

    Example: undertow restore monday.backup cases
    """
    from undertow.cases.backup import digest_of
    from undertow.cases.backup import restore as bring_back

    store = bring_back(backup, place, keys=keys, folder=folder)
    say(f"restored, digest {digest_of(store)}")
    erased = len(store.vault.keys.tombstones())
    if erased:
        note(f"{erased} codes stand as erased in the key file, and are so here")
    store.close()
