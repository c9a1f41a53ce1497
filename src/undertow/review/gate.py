"""The gate: a name and a password are tried here, slowly, evenly, and not too often."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Final

from starlette.requests import Request

from undertow.cases.people import Person
from undertow.errors import UndertowError
from undertow.review.asked import now_of
from undertow.review.counts import Counts
from undertow.review.doors import TooOften
from undertow.review.throttle import Throttle
from undertow.units import SECOND

AT_ONCE: Final = 2
"""Argon2id takes 64 MiB and a core's tenth of a second: so many tries at a time, the rest wait their turn."""

Check = Callable[[str, str], Person | None]
"""Tries a name and a password; takes as long for a name that nobody has."""


class Gate:
    """All tries of passwords of one desk."""

    def __init__(self) -> None:
        self.throttle = Throttle()
        self.turn = BoundedSemaphore(AT_ONCE)

    def pass_(self, request: Request, name: str, password: str, check: Check) -> Person:
        """Let a person through who gives their name and their password.

        Raises:
            TooOften: `sign-in-wait`.
            UndertowError: `sign-in-refused`, whether the name or the password was wrong.
        """
        source = request.client.host if request.client else ""
        wait = self.throttle.wait(name, source, now_of(request))
        counts: Counts = request.app.state.counts
        if wait:
            counts.sign_in_refused()
            raise TooOften(
                "too many tries to sign in", code="sign-in-wait", seconds=wait / SECOND
            )
        with self.turn:
            person = check(name, password)
        if person is None:
            self.throttle.failed(name, source, now_of(request))
            counts.sign_in_refused()
            raise UndertowError(
                "name and password do not belong together",
                code="sign-in-refused",
                mend="try again; an administrator can give you a new link",
            )
        self.throttle.passed(name, source)
        return person
