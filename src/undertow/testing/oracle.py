"""The oracle: what a match is, in plain Python, slow and meant to be read.

It knows the whole grammar and nothing of columns, kernels or indexes. For each key it tries every
binding of the free roles, and under each binding every chain, by asking of a step at an event whether
a chain can end there. Every fast path is held to it by property tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache

from undertow.events.source import Source
from undertow.playbooks.grammar import Membership, Playbook, Step
from undertow.testing.plain import Event, Match, total_order
from undertow.units import DAY, microseconds

__all__ = ["Chains", "Event", "Match", "Oracle", "find", "total_order"]
INFINITE = 1 << 62


Binding = dict[str, str]
Rank = tuple[int, int, int, tuple[tuple[int, int], ...]]


def find(
    events: Iterable[Event],
    playbook: Playbook,
    sources: Sequence[Source] = (),
    personas: Iterable[Collection[str]] = (),
) -> dict[tuple[str, ...], Match]:
    """Find the reported match of every key that takes at least one step.

    Args:
        events: in any order; repeats of (`id`, `target`) count once.
        playbook: a checked playbook.
        sources: what could be seen; without any for a platform everything of it counts as visible.
        personas: accounts held to be one actor; no account stands in two.

    Returns:
        Matches by key, in the order of `playbook.key`.
    """
    return Oracle(events, playbook, sources, personas=personas).all()


class Oracle:
    """One input and one playbook, ready to be asked about keys."""

    def __init__(
        self,
        events: Iterable[Event],
        playbook: Playbook,
        sources: Sequence[Source],
        start: int | None = None,
        personas: Iterable[Collection[str]] = (),
    ) -> None:
        ordered = sorted(events, key=total_order)
        self.events = list({(e.id, e.target): e for e in reversed(ordered)}.values())[::-1]
        self.playbook, self.sources = playbook, sources
        self.actor_of = {name: min(persona) for persona in personas for name in persona}
        self.start = start if start is not None or not self.events else self.events[0].at
        self.first_at: dict[tuple[Step, str | None, str | None], Event] = {}
        for step in playbook.steps:
            for event in self.events:
                if step.first and event.type in step.types:
                    way = self.direction(step, event.actor, event.target)
                    self.first_at.setdefault(way, event)
        self.moves = [e for e in self.events if e.type in ("join", "leave") and e.context]

    @cached_property
    def selected(self) -> list[list[int]]:
        """List, for each step, the positions of the events that have what it asks for, whoever the accounts are."""
        return [
            [x for x, event in enumerate(self.events) if self.selects(step, event)]
            for step in self.playbook.steps
        ]

    def seen_as(self, step: Step, account: str | None) -> str | None:
        """Give whom a step sees in an account: itself, or across personas the one actor of all."""
        if account is None or not step.across_personas:
            return account
        return self.actor_of.get(account, account)

    def direction(
        self, step: Step, actor: str, target: str | None
    ) -> tuple[Step, str | None, str | None]:
        """Name the direction of an event as a step sees it."""
        return step, self.seen_as(step, actor), self.seen_as(step, target)

    def selects(self, step: Step, event: Event) -> bool:
        """Say whether an event has what a step asks for, whoever the accounts are."""
        return (
            event.type in step.types
            and (not step.visibility or event.visibility in step.visibility)
            and all(signal in event.has for signal in step.has)
            and (not step.first or self.is_first(step, event))
        )

    def is_first(self, step: Step, event: Event) -> bool:
        """Say whether it is the earliest of its types in its direction, and known to be."""
        earliest = self.first_at[self.direction(step, event.actor, event.target)]
        return event == earliest and not self.active_before(step, event.actor, event.target)

    def active_before(self, step: Step, actor: str, target: str | None) -> bool:
        """Say whether the pair was active in the first `within` of its source."""
        earliest = self.first_at.get(self.direction(step, actor, target))
        if earliest is None or step.within is None:
            return False
        return earliest.at < self.source_start(earliest.platform) + step.within

    def source_start(self, platform: str | None) -> int:
        """Find the first moment that a platform's sources cover."""
        moments = [s.since for s in self.sources if s.platform == platform]
        if not moments or None in moments:
            return self.start or 0
        return min(microseconds(moment) for moment in moments if moment is not None)

    def fits(self, step: Step, event: Event, binding: Binding, *, own: bool = False) -> bool:
        """Say whether the event's accounts and room are those of the binding.

        A step across personas takes events of any accounts of the two actors, unless only the
        accounts' `own` are asked for.
        """

        def seen(account: str | None) -> str | None:
            return account if own else self.seen_as(step, account)

        actor, target = seen(event.actor), seen(event.target)
        if step.between is not None:
            ends = [seen(binding.get(role)) for role in step.between]
            if None in ends or (actor, target) not in (
                (ends[0], ends[1]),
                (ends[1], ends[0]),
            ):
                return False
        elif actor != seen(binding.get(step.source or "")) or (
            step.sink is not None and (target is None or target != seen(binding.get(step.sink)))
        ):
            return False
        if step.room is not None and (
            event.context is None or event.context != binding.get(step.room)
        ):
            return False
        return all(self.is_member(c, event, binding) for c in step.member_of) and not any(
            self.is_member(c, event, binding) for c in step.not_member_of
        )

    def is_member(self, condition: Membership, event: Event, binding: Binding) -> bool:
        """Look up the last earlier join or leave; at equal times leave comes first."""
        who, group = binding.get(condition.who), binding.get(condition.group)
        earlier = [
            (move.at, move.type == "join")
            for move in self.moves
            if move.actor == who and move.context == group and move.at < event.at
        ]
        return bool(earlier) and max(earlier)[1]

    def visible(
        self, step: Step, platforms: frozenset[str | None]
    ) -> list[tuple[int, int]] | None:
        """List the stretches in which a step could be seen; None: always."""
        stretches: list[tuple[int, int]] = []
        for platform in platforms:
            declared = [s for s in self.sources if s.platform == platform]
            if not declared:
                return None
            for source in declared:
                needs_text = bool({"address", "link"} & set(step.has))
                if any(map(source.shows, step.types)) and (source.content or not needs_text):
                    since = -INFINITE if source.since is None else microseconds(source.since)
                    until = INFINITE if source.until is None else microseconds(source.until)
                    stretches.append((since, until))
        return stretches

    def keys(self) -> list[tuple[str, ...]]:
        """List the keys with an event for a required step between the two key accounts.

        Two accounts of one actor make none.
        """
        pairs = {(e.actor, e.target) for e in self.events if e.target is not None}
        apart = {
            p for p in pairs if self.actor_of.get(p[0], p[0]) != self.actor_of.get(p[1], p[1])
        }
        both = {way for a, b in apart for way in ((a, b), (b, a))}
        return sorted(
            key for pair in both for key in self.with_groups(*pair) if self.is_key(key)
        )

    def is_key(self, key: tuple[str, ...]) -> bool:
        """Say whether some event takes a required step between the two key accounts."""
        binding = dict(zip(self.playbook.key, key, strict=True))
        pair = set(self.playbook.key) - set(self.playbook.groups)
        anchors = [s for s in self.playbook.steps if not s.optional and set(s.roles) == pair]
        return any(
            self.selects(step, event) and self.fits(step, event, binding, own=True)
            for step in anchors
            for event in self.events
        )

    def with_groups(self, a: str, b: str) -> list[tuple[str, ...]]:
        """Complete a pair to keys: one for each group that one of the two has to do with."""
        book = self.playbook
        in_key = [role for role in book.key if role in book.groups]
        if not in_key:
            return [(a, b)]
        rooms = self.rooms(a, b)
        return [(a, b, *chosen) for chosen in itertools.product(rooms, repeat=len(in_key))]

    @cache  # noqa: B019  # the oracle lives as long as one question
    def rooms(self, a: str, b: str) -> list[str]:
        """List the groups of joins, leaves and `in` steps of either account."""
        with_room = [s for s in self.playbook.steps if s.room is not None]
        found = {m.context for m in self.moves if m.actor in (a, b)}
        for event in self.events:
            if {event.actor, event.target} & {a, b} and any(
                self.selects(s, event) for s in with_room
            ):
                found.add(event.context)
        return sorted(room for room in found if room is not None)

    def all(self) -> dict[tuple[str, ...], Match]:
        """Answer for every key."""
        found = {key: self.match(key) for key in self.keys()}
        return {key: match for key, match in found.items() if match is not None}

    def match(self, key: tuple[str, ...]) -> Match | None:
        """Give what is reported of one key, None if it takes no step."""
        best: tuple[Rank, tuple[str, ...], Match] | None = None
        for binding in self.bindings(key):
            found = Chains(self, key, binding).best()
            if found is None:
                continue
            rank, match = found
            names = tuple(account for _, account in match.bound)
            if best is None or rank > best[0] or (rank == best[0] and names < best[1]):
                best = rank, names, match
        return best[2] if best else None

    def bindings(self, key: tuple[str, ...]) -> Iterator[Binding]:
        """Bind the roles that are not in the key in every way that their events allow."""
        book = self.playbook
        fixed = dict(zip(book.key, key, strict=True))
        free = [role for role in book.roles if role.name not in book.key]
        choices: list[list[str | None]] = []
        for role in free:
            if role.kind == "group":
                rooms: list[str | None] = list(self.rooms(key[0], key[1]))
                choices.append([None, *rooms])
            else:
                choices.append([None, *self.candidates(role.name, fixed)])
        for chosen in itertools.product(*choices):
            added = {r.name: c for r, c in zip(free, chosen, strict=True) if c is not None}
            binding = {**fixed, **added}
            if self.differ(binding):
                yield binding

    def candidates(self, role: str, fixed: Binding) -> list[str]:
        """List the accounts that stand at the other end of the role's events."""
        found: set[str] = set()
        for step in self.playbook.steps:
            if role not in step.roles:
                continue
            for event in self.events:
                if self.selects(step, event):
                    ends = {event.actor, event.target}
                    if ends & set(fixed.values()):
                        found |= {end for end in ends if end is not None}
        return sorted(found)

    def differ(self, binding: Binding) -> bool:
        """Say whether accounts in different roles differ, where they must."""
        roles = [r for r in self.playbook.roles if r.kind == "account" and r.name in binding]
        return all(
            binding[one.name] != binding[other.name]
            or one.name in other.may_be
            or other.name in one.may_be
            for one, other in itertools.combinations(roles, 2)
        )


class Chains:
    """All chains of one key under one binding."""

    def __init__(self, oracle: Oracle, key: tuple[str, ...], binding: Binding) -> None:
        self.oracle, self.key, self.binding = oracle, key, binding
        self.steps = oracle.playbook.steps
        asked = list(zip(self.steps, oracle.selected, strict=True))
        self.chosen = [
            [x for x in places if oracle.fits(step, oracle.events[x], binding)]
            for step, places in asked
        ]
        pair = set(oracle.playbook.key) - set(oracle.playbook.groups)
        at_pair = [
            oracle.events[x].platform
            for step, places in asked
            if len(step.roles) == len(pair) == 2 and set(step.roles) == pair
            for x in places
            if oracle.fits(step, oracle.events[x], binding, own=True)
        ]
        self.platforms = frozenset(at_pair)
        self.visible = [oracle.visible(step, self.platforms) for step in self.steps]
        self.unknown_first = [self.first_unknown(step, pair) for step in self.steps]
        self.can_end = lru_cache(maxsize=None)(self._can_end)

    def first_unknown(self, step: Step, pair: set[str]) -> bool:
        """Say whether `first` cannot be known for this key."""
        if not step.first or len(step.roles) != 2 or set(step.roles) != pair:
            return False
        a, b = (self.binding[role] for role in step.roles)
        ways = ((a, b), (b, a)) if step.between else ((a, b),)
        return any(self.oracle.active_before(step, *way) for way in ways)

    def unknown(self, j: int, since: int, until: int) -> bool:
        """Say whether step `j` could not be seen anywhere in a window."""
        stretches = self.visible[j]
        if self.unknown_first[j]:
            return True
        return stretches is not None and not any(
            a <= until and since <= b for a, b in stretches
        )

    def window(self, i: int, j: int, at: int) -> tuple[int, int] | None:
        """Give the [shortest, longest] gap from step `i` taken at `at` to step `j`, None: no way."""
        shortest = longest = 0
        for k in range(i + 1, j):
            step = self.steps[k]
            latest = longest + (INFINITE if step.within is None else step.within)
            if self.unknown(k, at + shortest + step.min, min(INFINITE, at + latest)):
                shortest, longest = shortest + step.min, min(INFINITE, latest)
            elif not step.optional:
                return None
        within = self.steps[j].within
        return shortest + self.steps[j].min, longest + (INFINITE if within is None else within)

    def may_start(self, j: int, x: int) -> bool:
        """Say whether a chain may begin with step `j` at event `x`."""
        at = self.oracle.events[x].at
        return self.gathers(j, None, x) and all(
            self.steps[k].optional or self.unknown(k, -INFINITE, at) for k in range(j)
        )

    def gathers(self, j: int, y: int | None, x: int) -> bool:
        """Say whether the selected events after `y` up to `x` are enough for the step."""
        step = self.steps[j]
        low = -1 if y is None else y if step.same else y + 1
        got = [self.oracle.events[z] for z in self.chosen[j] if low <= z <= x]
        days = {event.at // DAY for event in got}
        return len(got) >= step.count and len(days) >= step.days

    def before(self, j: int, x: int) -> Iterator[tuple[int, int]]:
        """List the (event, step) that may stand right before step `j` at event `x`."""
        for i in range(j):
            for y in self.chosen[i]:
                if y > x or (y == x and not self.steps[j].same):
                    continue
                start = self.oracle.events[y].at
                window = self.window(i, j, start)
                gap = self.oracle.events[x].at - start
                if window and window[0] <= gap <= window[1] and self.gathers(j, y, x):
                    yield y, i

    def _can_end(self, j: int, x: int, optional: int) -> bool:
        """Say whether a chain with that many optional steps can end in step `j` at event `x`."""
        rest = optional - self.steps[j].optional
        if rest == 0 and self.may_start(j, x):
            return True
        return rest >= 0 and any(self.can_end(i, y, rest) for y, i in self.before(j, x))

    def best(self) -> tuple[Rank, Match] | None:
        """Choose what is reported under this binding, with its rank among bindings."""
        most = sum(step.optional for step in self.steps)
        for j in reversed(range(len(self.steps))):
            for optional in reversed(range(most + 1)):
                for x in self.chosen[j]:
                    if self.can_end(j, x, optional):
                        return self.report(j, x, optional)
        return None

    def report(self, j: int, x: int, optional: int) -> tuple[Rank, Match]:
        """Walk backwards over the latest feasible predecessors; the later step where events tie."""
        chain = [(x, j)]
        rest = optional - self.steps[j].optional
        while True:
            x_now, j_now = chain[-1]
            ways = [(y, i) for y, i in self.before(j_now, x_now) if self.can_end(i, y, rest)]
            if not ways:
                break
            chain.append(max(ways))
            rest -= self.steps[chain[-1][1]].optional
        taken = tuple((self.steps[i].name, self.oracle.events[y]) for y, i in reversed(chain))
        used = {role for y, i in chain for role in (*self.steps[i].roles, self.steps[i].room)}
        bound = tuple(
            (role, account)
            for role, account in sorted(self.binding.items())
            if role not in self.oracle.playbook.key and role in used
        )
        rank = (j, optional, -x, tuple(chain))
        return rank, Match(self.key, self.steps[j].name, taken, bound)
