"""Sessions: kept at the server, known by a random token whose hash alone is stored.

A session ends when it is signed out, idle too long, too old, or when its person is disabled. What a
browser holds is a cookie that no script can read and no other site can make it send.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select, update
from starlette.responses import Response

from undertow.cases.ledger import record
from undertow.cases.people import person_in
from undertow.cases.store import Store
from undertow.cases.tables import reviewers, second_factors, sessions
from undertow.review.asked import Standing
from undertow.review.settings import MINUTE, Settings

SEEN_EVERY: Final = MINUTE
"""`seen_at` is written at most once in this time, so that reading pages writes little."""
_FOUND: Final = (
    select(
        sessions,
        reviewers.c.sealed_name,
        reviewers.c.role,
        reviewers.c.settings,
        exists().where(second_factors.c.reviewer == reviewers.c.reviewer).label("has_factor"),
    )
    .join(reviewers, reviewers.c.reviewer == sessions.c.reviewer)
    .where(sessions.c.token_hash == bindparam("token_hash"), reviewers.c.disabled_at.is_(None))
)


def digest(token: str) -> str:
    """Hash a token: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(
    store: Store,
    reviewer: str,
    now: int,
    *,
    how: str,
    proved_at: int | None = None,
    second: bool = False,
) -> str:
    """Begin a session, write into the log that it began, and give its token.

    Args:
        store: the store.
        reviewer: whose session it is.
        now: microseconds.
        how: `password`, `link`, `visit`, `start` or `oidc`.
        proved_at: when the person proved who they are; None for now.
        second: with a second factor.
    """
    token = secrets.token_urlsafe(32)
    with store.writing() as connection:
        record(connection, store, "signed-in", {"reviewer": reviewer, "how": how, "at": now})
        connection.execute(
            insert(sessions).values(
                token_hash=digest(token),
                reviewer=reviewer,
                made_at=now,
                seen_at=now,
                proved_at=now if proved_at is None else min(proved_at, now),
                second_factor_at=now if second else None,
            )
        )
    return token


def find(store: Store, token: str, now: int, settings: Settings) -> Standing | None:
    """Give the session of a token, or None where it has ended or never was; mark it as seen."""
    hashed = digest(token)
    with store.reading() as connection:
        row = connection.execute(_FOUND, {"token_hash": hashed}).one_or_none()
    if row is None or not _lasts(row.made_at, row.seen_at, now, settings):
        return None
    if now - row.seen_at > SEEN_EVERY:
        with store.writing() as connection:
            connection.execute(
                update(sessions).where(sessions.c.token_hash == hashed).values(seen_at=now)
            )
    who = person_in(store, row)
    needs = row.has_factor or (settings.second_factor and who.works)
    return Standing(
        person=who,
        chosen=row.settings,
        token_hash=hashed,
        made_at=row.made_at,
        seen_at=row.seen_at,
        proved_at=row.proved_at,
        whole=row.second_factor_at is not None or not needs,
        has_factor=row.has_factor,
    )


def _lasts(made_at: int, seen_at: int, now: int, settings: Settings) -> bool:
    idle, longest = settings.idle_minutes * MINUTE, settings.longest_minutes * MINUTE
    return now - seen_at <= idle and now - made_at <= longest


def prove(store: Store, token_hash: str, now: int, *, second: bool = False) -> None:
    """Write that the person of a session has proved who they are once more."""
    values = {"proved_at": now} | ({"second_factor_at": now} if second else {})
    with store.writing() as connection:
        connection.execute(
            update(sessions).where(sessions.c.token_hash == token_hash).values(**values)
        )


def end(store: Store, standing: Standing, now: int, *, every: bool = False) -> None:
    """End a session, or `every` one of its person, and write into the log that it ended."""
    reviewer = standing.person.reviewer
    gone = sessions.c.reviewer == reviewer if every else _is(standing)
    with store.writing() as connection:
        record(connection, store, "signed-out", {"reviewer": reviewer, "at": now})
        connection.execute(delete(sessions).where(gone))


def _is(standing: Standing) -> ColumnElement[bool]:
    return sessions.c.token_hash == standing.token_hash


def sweep(store: Store, now: int, settings: Settings) -> int:
    """Remove sessions that have ended by time; give how many."""
    idle = now - settings.idle_minutes * MINUTE
    longest = now - settings.longest_minutes * MINUTE
    with store.writing() as connection:
        gone = connection.execute(
            delete(sessions).where((sessions.c.seen_at < idle) | (sessions.c.made_at < longest))
        )
    return gone.rowcount


def give(response: Response, token: str, settings: Settings) -> Response:
    """Set the session's cookie: for this browser's life, for this host, for no script."""
    response.set_cookie(
        settings.cookie, token, path="/", secure=settings.tls, httponly=True, samesite="strict"
    )
    return response


def take(response: Response, settings: Settings) -> Response:
    """Remove the session's cookie and whatever else the browser keeps of this site."""
    response.delete_cookie(
        settings.cookie, path="/", secure=settings.tls, httponly=True, samesite="strict"
    )
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response
