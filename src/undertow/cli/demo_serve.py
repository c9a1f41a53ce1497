"""`undertow demo --serve`: the demo's cases on a desk, with two people who come in by a link each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from undertow.cases import people
from undertow.cases.citing import EventTexts
from undertow.cases.intake import open_cases
from undertow.cases.people import Person
from undertow.cases.recipe import pinned
from undertow.cases.store import Store, is_store, make_store, open_store
from undertow.cli.screen import note
from undertow.cli.serve import run
from undertow.errors import UndertowError, shown_name
from undertow.export.folder import open_folder
from undertow.request import Request
from undertow.review.settings import Settings

GROUND: Final = "a simulated world"
VISITORS: Final = (
    (
        "Demo approver",
        "approver",
        "a second person, in a private window of the browser: the demo's approver",
    ),
    ("Demo analyst", "analyst", "you, the demo's analyst; each link works once:"),
)
"""Name, role and words of those who come in; the analyst's link is printed last, for a click."""


def serve_demo(request: Request, playbooks: Sequence[str], port: int) -> None:
    """Open cases from the demo's results and serve them on this machine.

    Args:
        request: as `demo` ran; the store goes into `cases` in its output folder.
        playbooks: texts of its playbooks.
        port: of the desk.

    Raises:
        UndertowError: `demo-store-real` if there is a store of real cases already; those of `serve`.
    """
    now = time.time_ns() // 1000
    place = request.out / "cases"
    store = open_store(place) if is_store(place) else make_store(place, simulated=True)
    try:
        if not store.simulated:
            raise UndertowError(
                f"`{shown_name(place)}` holds real cases",
                code="demo-store-real",
                mend="give another folder by --out",
            )
        source = EventTexts(request.paths, GROUND)
        how = pinned(request, playbooks)
        made = open_cases(store, open_folder(request.out), source, now=now, how=how)
        note(f"{made.opened + made.updated} cases in {shown_name(place)}")
        visitors = tuple(
            (_person(store, name, role, now).reviewer, words) for name, role, words in VISITORS
        )
        # Back-tests may use the world that the cases are from.
        run(store, Settings(port=port, events=str(request.paths[0])), visitors)
    finally:
        store.close()


def _person(store: Store, name: str, role: str, now: int) -> Person:
    """Find a person of the demo, or add them; they have no password."""
    return people.person_named(store, name) or people.add_person(store, name, role, now=now)
