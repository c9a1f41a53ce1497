"""What one desk decided for itself at its first start, kept with its store: language, daily budget, time to undo."""

from __future__ import annotations

from typing import Final

import msgspec

from undertow.cases.ledger import record
from undertow.cases.store import Store, put_setting
from undertow.errors import UndertowError
from undertow.review.settings import LANGUAGES

NAMES: Final = ("language", "daily_reviews", "undo_minutes")


class Desk(msgspec.Struct, frozen=True):
    """The desk's own settings.

    Attributes:
        language: of people who did not choose one and whose browser asks for none.
        daily_reviews: cases a person is offered a day.
        undo_minutes: how long a decision can be taken back before anything leaves the desk.
    """

    language: str = "en"
    daily_reviews: int = 40
    undo_minutes: int = 10


def read(store: Store) -> Desk:
    """Read what the desk decided; what was never set is as it ships."""
    kept = {name: store.setting(name) for name in NAMES}
    given = {name: value for name, value in kept.items() if value is not None}
    return msgspec.convert(given, Desk, strict=False)


def check(desk: Desk) -> None:
    """Hold what the desk decides to what can be.

    Raises:
        UndertowError: `desk-setting`.
    """
    fits = 1 <= desk.daily_reviews <= 1000 and 1 <= desk.undo_minutes <= 1440
    if not fits or desk.language not in LANGUAGES:
        raise UndertowError(
            "a setting of the desk is out of its range",
            code="desk-setting",
            mend="1 to 1000 reviews a day, 1 to 1440 minutes to undo, a language of the list",
        )


def keep(store: Store, desk: Desk, reviewer: str | None, now: int) -> None:
    """Keep what the desk decides, and who decided it, or neither.

    Args:
        store: the store.
        desk: the settings; faults as `check`.
        reviewer: whose decision it is; None at the first start, when there is nobody yet.
        now: microseconds.
    """
    check(desk)
    told = {name: str(getattr(desk, name)) for name in NAMES}
    with store.writing() as connection:
        for name, value in told.items():
            put_setting(connection, name, value)
        record(connection, store, "settings-changed", {**told, "reviewer": reviewer, "at": now})
