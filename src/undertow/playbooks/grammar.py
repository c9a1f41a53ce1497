"""Grammar 1 as frozen dataclasses: what a checked playbook is.

`parse` builds these from YAML; everything after it may rely on them being consistent.
Durations are microseconds. What a match is stands in `docs/reference/playbooks.md`.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Final

GRAMMAR: Final = 1
STATUSES: Final = ("experimental", "test", "stable", "deprecated", "research")
SIGNALS: Final = ("address", "link", "answered")
"""What `has` may ask for: signals that ship."""
DEFAULT_LIKELY: Final = 0.5
"""Rate given recruitment where a playbook states none: even odds, so that a step that all take
weighs little and a rare one weighs by its rarity alone. Ours; a stated `likely` is better."""


@dataclass(frozen=True)
class Role:
    """A place in the pattern: an account, or a room where `kind` is `group`."""

    name: str
    kind: str = "account"
    may_be: tuple[str, ...] = ()
    """Other roles that the same account may hold."""


@dataclass(frozen=True)
class Membership:
    """A condition on who is in which group at the time of the event.

    `who` is a role; without one in the playbook it is the step's `from` for `member_of` and the
    step's `to` for `not_member_of`.
    """

    who: str
    group: str


@dataclass(frozen=True)
class Step:
    """One step of the chain: which events may take it, and when.

    Attributes:
        types: event types, any of them.
        source: role of the actor (`from`), None where `between` is given.
        sink: role of the addressed account (`to`); None: not looked at.
        between: two roles, either direction; None where `from` is given.
        room: group role bound to `context` (`in`), None if not looked at.
        visibility: allowed values; empty: any.
        has: signals that the event must carry, all of them.
        first: only the earliest event of these types in this direction in the input.
        count: events needed, at least 1.
        days: UTC dates they must touch, at least 1.
        member_of: accounts that must be members at the time.
        not_member_of: accounts that must not be.
        across_personas: accounts of one persona count as one.
        within: longest gap from the last step taken, microseconds, None: order only.
        min: shortest gap, microseconds.
        optional: may be skipped.
        same: may use the event of the step before.
        likely: rate given recruitment, in (0, 1), None where the playbook states none.
        likely_source: where `likely` comes from.
    """

    name: str
    types: tuple[str, ...]
    source: str | None = None
    sink: str | None = None
    between: tuple[str, str] | None = None
    room: str | None = None
    visibility: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    first: bool = False
    count: int = 1
    days: int = 1
    member_of: tuple[Membership, ...] = ()
    not_member_of: tuple[Membership, ...] = ()
    across_personas: bool = False
    within: int | None = None
    min: int = 0
    optional: bool = False
    same: bool = False
    likely: float | None = None
    likely_source: str | None = None

    @property
    def counted(self) -> bool:
        """Whether the step gathers several events."""
        return self.count > 1 or self.days > 1

    @property
    def roles(self) -> tuple[str, ...]:
        """Account roles that the step's events bind, without the group."""
        named = self.between or (self.source, self.sink)
        return tuple(role for role in named if role is not None)


@dataclass(frozen=True)
class Examples:
    """File names, beside the playbook, of events it must find and of look-alikes it must spare."""

    finds: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playbook:
    """A checked playbook.

    Attributes:
        key: the roles that a match is about: account roles first come, group roles may follow.
        listed_from: name of the step from which matches are written out.
        folder: where the examples stand; None for a playbook made in memory.
    """

    name: str
    roles: tuple[Role, ...]
    key: tuple[str, ...]
    listed_from: str
    steps: tuple[Step, ...]
    status: str = "experimental"
    title: str = ""
    origin: str = ""
    """The published source of the pattern (`source` in YAML)."""
    falsepositives: tuple[str, ...] = ()
    examples: Examples = Examples()
    reason: str = ""
    folder: str | None = None

    def role(self, name: str) -> Role:
        """Look a role up by its name."""
        return next(role for role in self.roles if role.name == name)

    def step_index(self, name: str) -> int:
        """Find the place of a step in the chain, from 0."""
        return next(i for i, step in enumerate(self.steps) if step.name == name)

    @property
    def version(self) -> str:
        """SHA-256 of the checked content, hex: the same whatever the file's layout, folder and examples."""
        told = asdict(self)
        for name in ("folder", "examples"):
            told.pop(name)
        return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the group roles."""
        return tuple(role.name for role in self.roles if role.kind == "group")

    @property
    def free(self) -> tuple[str, ...]:
        """Account roles that are not in the key: chosen inside a match."""
        return tuple(
            r.name for r in self.roles if r.kind == "account" and r.name not in self.key
        )
