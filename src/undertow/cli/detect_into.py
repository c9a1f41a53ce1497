"""`undertow detect --into CASES`: what was found becomes cases of the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undertow.cli.screen import note
from undertow.cli.store_options import now, opened


@dataclass(frozen=True)
class Into:
    """Where cases go.

    Attributes:
        place: a folder or a `postgresql://` URL.
        keys, folder: as `cases.store.open_store`.
        reviews: reviews of a day; None for what the store has set.
    """

    place: str
    keys: Path | None = None
    folder: Path | None = None
    reviews: int | None = None


def hold_into(
    into: Into, events: Sequence[Path], ground: str | None, timezone: str | None
) -> None:
    """Refuse before the work what would be refused after it; a store is made where there is none.

    Raises:
        UndertowError: `cases-simulated`, `cases-real`, faults of the events files and of the store.
    """
    from undertow.cases.intake import mixed
    from undertow.cases.store import is_store, make_store
    from undertow.events.read import open_events

    files = open_events(events, ground=ground, timezone=timezone)
    simulated = any(one.simulated is not None for one in files.files)
    if is_store(into.place):
        store = opened(into.place, into.keys, into.folder)
        store_simulated = store.simulated
        store.close()
    else:
        store_simulated = False
    fault = mixed(store_simulated, simulated)
    if fault is not None:
        raise fault
    if not is_store(into.place):
        make_store(into.place, simulated=False, keys=into.keys, folder=into.folder).close()
        note("a new case store was made; keep its key files apart from it, and back them up")


def take_in(
    into: Into,
    request: Any,  # noqa: ANN401  # `request.Request`, whose import would slow `--help`
    playbooks: Sequence[str],
    advance: Callable[[int], None],
) -> None:
    """Make cases of the output folder of a run, and say how many, and how many accounts became none and why.

    Args:
        into: where they go.
        request: as the run was asked for.
        playbooks: texts of its playbooks, kept with the cases so that the run can be made again.
        advance: called with the rows of each batch read.
    """
    from undertow.cases.citing import EventTexts
    from undertow.cases.intake import open_cases
    from undertow.cases.recipe import pinned
    from undertow.export.folder import open_folder

    at = now()
    with closing(opened(into.place, into.keys, into.folder)) as store:
        if into.reviews is not None:
            _set_reviews(store, into.reviews, at)
        source = EventTexts(request.paths, request.ground, request.timezone, advance)
        how = pinned(request, playbooks)
        done = open_cases(store, open_folder(request.out), source, now=at, how=how)
    counts = ("opened", "updated", "reopened", "merged")
    note("cases: " + ", ".join(f"{getattr(done, name):,} {name}" for name in counts))
    for reason, many in sorted(done.left.items(), key=lambda one: -one[1]):
        note(f"{many:,} accounts became no case: {reason}")


def _set_reviews(store: Any, reviews: int, at: int) -> None:  # noqa: ANN401  # `cases.store.Store`, whose import would slow `--help`
    """Set the reviews of a day, with a leaf of the audit log; what is set already is not set again."""
    from undertow.cases.ledger import record
    from undertow.cases.store import put_setting

    if store.setting("daily_reviews") == str(reviews):
        return
    with store.writing() as connection:
        put_setting(connection, "daily_reviews", str(reviews))
        facts = {"daily_reviews": str(reviews), "reviewer": None, "at": at}
        record(connection, store, "settings-changed", facts)
