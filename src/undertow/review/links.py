"""One-time links: to make the first people, to choose a password, to look at the demo.

They live in the memory of this process: a link is no password that could be found in a backup.
"""

from __future__ import annotations

import secrets
from threading import Lock
from typing import Final, Literal

import msgspec

from undertow.review.sessions import digest
from undertow.review.settings import MINUTE

LASTS: Final = 24 * 60 * MINUTE

Purpose = Literal["first", "password", "visit"]


class Link(msgspec.Struct, frozen=True):
    """What a link is good for: `first` people, a new `password`, or a `visit` without one in the demo."""

    purpose: Purpose
    reviewer: str | None
    until: int


class Links:
    """Links that were not used yet, by the hash of their token."""

    def __init__(self) -> None:
        self.open: dict[str, Link] = {}
        self.lock = Lock()

    def make(self, purpose: Purpose, now: int, reviewer: str | None = None) -> str:
        """Make a link and give its token; an older link of the same purpose and person ends."""
        token = secrets.token_urlsafe(24)
        with self.lock:
            self.open = {
                key: link
                for key, link in self.open.items()
                if link.until > now and (link.purpose, link.reviewer) != (purpose, reviewer)
            }
            self.open[digest(token)] = Link(purpose, reviewer, now + LASTS)
        return token

    def look(self, token: str, now: int) -> Link | None:
        """Give what a token is good for, without using it up."""
        link = self.open.get(digest(token))
        return link if link is not None and link.until > now else None

    def use(self, token: str, now: int) -> Link | None:
        """Use a token up: of two that come at once, one gets the link."""
        with self.lock:
            link = self.open.pop(digest(token), None)
        return link if link is not None and link.until > now else None

    def forget(self, reviewer: str) -> None:
        """End all links of a person."""
        with self.lock:
            self.open = {
                key: link for key, link in self.open.items() if link.reviewer != reviewer
            }
