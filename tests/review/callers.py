"""A desk under test: its application, its clock, its log, and callers who are signed in."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.testclient import TestClient

from undertow.cases import people
from undertow.cases.store import Store
from undertow.review import sessions
from undertow.review.settings import Settings

PASSWORD = "four words that differ"
START = 1_780_000_000_000_000
"""Microseconds at which the clocks of these tests begin."""
ROLES = {"ada": "analyst", "ben": "approver", "cleo": "auditor", "dora": "admin"}


@dataclass
class Time:
    """A clock that tests turn."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def pass_(self, *, minutes: float = 0, seconds: float = 0) -> None:
        self.now += int((minutes * 60 + seconds) * 1_000_000)


@dataclass
class Served:
    """A desk over one store, with its clock and its log."""

    app: FastAPI
    store: Store
    time: Time
    log: io.StringIO
    people: dict[str, people.Person] = field(default_factory=dict)

    def caller(self, name: str | None = None, **headers: str) -> TestClient:
        """Give a caller who sends our own origin; signed in where a name is given."""
        settings: Settings = self.app.state.settings
        client = TestClient(
            self.app,
            base_url=settings.origin,
            follow_redirects=False,
            headers={"Origin": settings.origin, **headers},
            client=("127.0.0.1", 50_000),
        )
        if name is not None:
            token = sessions.begin(
                self.store, self.people[name].reviewer, self.time.now, how="password"
            )
            client.cookies.set(settings.cookie, token)
        return client
