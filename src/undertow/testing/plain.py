"""What the oracle is asked about and what it answers: plain events and plain matches."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Event:
    """One row of the event table; the order of its first three fields is the total order."""

    at: int
    id: str
    target: str | None = field(default=None)
    type: str = "message"
    actor: str = ""
    context: str | None = None
    visibility: str | None = None
    platform: str | None = None
    has: frozenset[str] = frozenset()


def total_order(event: Event) -> tuple[int, bytes, bytes]:
    """Sort key of events: time, id, target, text as UTF-8 bytes, null first."""
    return event.at, event.id.encode(), b"" if event.target is None else event.target.encode()


@dataclass(frozen=True)
class Match:
    """What is reported of one key: the steps taken with their events, the last one furthest."""

    key: tuple[str, ...]
    step: str
    steps: tuple[tuple[str, Event], ...]
    bound: tuple[tuple[str, str], ...] = ()
    """Free roles that steps taken have bound, with the accounts."""
