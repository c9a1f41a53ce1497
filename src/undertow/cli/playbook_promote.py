"""`undertow playbook promote`: a playbook of the desk goes one state up; going live takes two approvers."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer

from undertow.cli.screen import say
from undertow.cli.store_options import Cases, Folder, Keys, now, opened
from undertow.errors import UndertowError


def promote(
    place: Cases,
    playbook: Annotated[
        str, typer.Argument(metavar="FILE_OR_NAME", help="A file, or a shipped name.")
    ],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who does it: an approver of the desk.")
    ],
    retire: Annotated[
        bool, typer.Option("--retire", help="Retire this version instead.")
    ] = False,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Take a playbook one state up at the desk: draft, shadow, live. Asks for the person's password.

    What the desk does not keep yet becomes a draft first. From shadow to live two approvers are needed: the first
    call asks for it, the second one, by somebody else within three days, does it. The version that was live retires.

    Example: undertow playbook promote cases mine.yaml --as ben
    """
    from undertow.cases import playbook_states as states
    from undertow.playbooks.parse import load, read_text

    book, at = load(playbook), now()
    with closing(opened(place, keys, folder)) as store:
        who = _signed_in(store, name)
        if retire:
            made = states.retire(store, who, book.name, book.version, at)
        else:
            states.draft(store, who, read_text(playbook), at)
            made = states.promote(store, who, book.name, book.version, at)
    waits = made.state == "shadow" and made.proposed_by is not None
    then = "; a second approver lets it go live" if waits else ""
    say(f"{made.playbook} {made.version[:12]} is {made.state}{then}")


def _signed_in(store: Any, name: str) -> Any:  # noqa: ANN401  # `Store` and `Person`, whose import would slow `--help`
    """Ask for the password of a person: two calls with two names must not be one person's."""
    from undertow.cases.people import sign_in

    try:
        password = typer.prompt("password", hide_input=True, err=True)
    except typer.Abort:
        password = ""
    found = sign_in(store, name, password)
    if found is None:
        raise UndertowError(
            "name and password do not belong together",
            code="person-refused",
            mend="check both; an admin can set a new password",
        )
    return found
