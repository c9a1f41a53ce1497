"""How a command finds a case store and who acts at the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.errors import UndertowError

Cases = Annotated[
    str, typer.Argument(metavar="CASES", help="A case store: a folder, or a postgresql:// URL.")
]
Keys = Annotated[
    Path | None, typer.Option("--keys", help="Its key file. [FOLDER.keys beside the folder]")
]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="For PostgreSQL: folder of checkpoints and backups."),
]
As = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who does it: a person of the desk.")
]


def now() -> int:
    """Give the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def opened(place: str, keys: Path | None, folder: Path | None) -> Any:  # noqa: ANN401  # `cases.store.Store`, whose import would slow `--help`
    """Open a case store; faults as `cases.store.open_store`."""
    from undertow.cases.store import open_store

    return open_store(place, keys=keys, folder=folder)


def acting(store: Any, name: str) -> Any:  # noqa: ANN401  # `Store` and `cases.people.Person`
    """Find the person of a name.

    Whoever runs this command can read the store's keys: no password would keep them from anything.

    Raises:
        UndertowError: `person-unknown`.
    """
    from undertow.cases.people import person_named, unknown_person

    found = person_named(store, name)
    if found is None:
        raise unknown_person()
    return found


def onlooker() -> Any:  # noqa: ANN401  # `cases.people.Person`
    """Give somebody who sees cases without texts and identities, for listings."""
    from undertow.cases.people import Person

    return Person("", "", "auditor")


def new_password(asked: str | None) -> str:
    """Take a password from its option, else ask for it twice without showing it; `password-missing`."""
    if asked is not None:
        return asked
    try:
        return str(
            typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
        )
    except typer.Abort:
        raise UndertowError(
            "no password was given",
            code="password-missing",
            mend="type it twice, or use --no-password",
        ) from None
