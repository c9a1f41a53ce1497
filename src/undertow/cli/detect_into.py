"""`undertow detect --into CASES`: what was found becomes cases of the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from undertow.cli.screen import note
from undertow.cli.store_options import now, opened
from undertow.errors import UndertowError


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
    out: Path,
    events: Sequence[Path],
    ground: str | None,
    timezone: str | None,
    advance: Callable[[int], None],
) -> None:
    """Make cases of an output folder, and say how many, and how many accounts became none and why."""
    from undertow.cases.citing import EventTexts
    from undertow.cases.intake import open_cases
    from undertow.export.folder import open_folder

    store = opened(into.place, into.keys, into.folder)
    try:
        if into.reviews is not None:
            store.set_setting("daily_reviews", str(into.reviews))
        source = EventTexts(tuple(events), ground, timezone, advance)
        done = open_cases(store, open_folder(out), source, now=now())
    except UndertowError:
        store.close()
        raise
    store.close()
    counts = ("opened", "updated", "reopened", "merged")
    note("cases: " + ", ".join(f"{getattr(done, name):,} {name}" for name in counts))
    for reason, many in sorted(done.left.items(), key=lambda one: -one[1]):
        note(f"{many:,} accounts became no case: {reason}")
