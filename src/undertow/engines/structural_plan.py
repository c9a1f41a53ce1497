"""What the structural engine derives from playbooks before it reads: classes, masks and sieves.

A *class* of events is what the playbooks can tell apart without the accounts: the type and the marks.
A *need* of a playbook is that some pair's events of some classes number at least so many; whoever
lacks one cannot reach `listed_from`. Sieves count needs, each up to its number, in one byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.engines.structural_sieve import CODES, Sieve
from undertow.errors import UndertowError
from undertow.events.table import TYPES
from undertow.matches.plan import Plan, compile_plan, sight
from undertow.matches.program import (
    BACKWARD,
    FORWARD,
    LISTED,
    Array,
    Program,
    compile_program,
)
from undertow.playbooks.grammar import Playbook, Step

SIGNALS: Final = ("address", "link")
"""Marks that a column can hold; `answered` would need the events before."""
STATES: Final = 256
MOST_PLACES: Final = 31
"""Places of a sieve are at most 2 to this power: `mark` holds them in 32 bits."""
MOST_BOOKS: Final = 60
"""Playbooks are bits of an int64."""


@dataclass(frozen=True)
class Need:
    """At least `count` events of some classes, in either direction."""

    classes: frozenset[int]
    count: int


@dataclass(frozen=True)
class Book:
    """One playbook, ready for the kernel.

    Attributes:
        masks: int64, (3, codes), as `structural_kernel.match` takes them.
        needs: what every pair with a listed match has, no need following from another.
    """

    playbook: Playbook
    program: Program
    masks: Array
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Books:
    """Playbooks that share one pass over the events.

    Attributes:
        signals: marks that some step asks for; mark k is bit k.
        classes: int32, (types + 1, 2^signals): class of each, counted from 1, 0 for those that
            matter to no playbook; the last row stands for words that are no type.
        count: number of classes.
    """

    all: tuple[Book, ...]
    signals: tuple[str, ...]
    classes: Array
    count: int

    def only(self, chosen: Iterable[int]) -> Array:
        """Give `classes` with all but the chosen classes struck out."""
        named = np.isin(self.classes - 1, np.array(sorted(chosen), np.int32))
        return np.where(named, self.classes, 0).astype(np.int32)


def compile_books(playbooks: Sequence[Playbook]) -> Books:
    """Compile playbooks for structural events.

    Raises:
        UndertowError: `structural-unsupported` for a step that structural events cannot show,
            `structural-too-many` for more playbooks or kinds of events than fit.
    """
    for playbook in playbooks:
        _refuse_others(playbook)
    plans = [compile_plan(playbook) for playbook in playbooks]
    asked = {signal for plan in plans for step in plan.has for signal in step}
    signals = tuple(signal for signal in SIGNALS if signal in asked)
    words = len(TYPES) * 2 ** len(signals)
    bits = np.stack([_class_bits(plan, signals) for plan in plans], axis=1)
    distinct, number = np.unique(bits, axis=0, return_inverse=True)
    number = number.reshape(words)
    # Classes that matter are numbered in order; the class without any bit is 0.
    rank = np.cumsum(distinct.any(axis=1)) * distinct.any(axis=1)
    classes = np.zeros((len(TYPES) + 1, 2 ** len(signals)), np.int32)
    classes[:-1] = rank[number].reshape(len(TYPES), -1)
    kinds = distinct[distinct.any(axis=1)]
    if len(playbooks) > MOST_BOOKS or 2 * len(kinds) > CODES:
        raise UndertowError(
            f"{len(playbooks)} playbooks with {len(kinds)} kinds of events are too many at once",
            code="structural-too-many",
            mend=f"give at most {MOST_BOOKS} at a time",
        )
    books = tuple(_book(plan, kinds[:, p]) for p, plan in enumerate(plans))
    return Books(books, signals, classes, len(kinds))


def _refuse_others(playbook: Playbook) -> None:
    """Hold that every step is between the two key accounts and asks for nothing but type and marks."""
    for step in playbook.steps:
        fault = _unsupported(playbook, step)
        if fault:
            raise UndertowError(
                f"step `{step.name}` of playbook `{playbook.name}` {fault}, which a table of "
                "integers does not show",
                code="structural-unsupported",
                mend="give the events as an event table and use `undertow detect`",
            )


def _unsupported(playbook: Playbook, step: Step) -> str:
    if playbook.groups or step.room or step.member_of or step.not_member_of:
        return "needs rooms or members"
    if set(step.roles) != set(playbook.key):
        return "is not between the two accounts of the key"
    if step.first:
        return "asks for `first`"
    if step.visibility:
        return "asks for `visibility`"
    others = [signal for signal in step.has if signal not in SIGNALS]
    return f"asks for `{others[0]}`" if others else ""


def _class_bits(plan: Plan, signals: tuple[str, ...]) -> Array:
    """Say which steps each type with each set of marks may take: int64, (types * 2^signals)."""
    held = np.arange(2 ** len(signals))
    bits = np.zeros((len(TYPES), len(held)), np.int64)
    for s in range(len(plan)):
        fits = np.ones(len(held), bool)
        for signal in plan.has[s]:
            fits &= (held >> signals.index(signal)) & 1 == 1
        bits |= (plan.types[s][:, None] & fits[None, :]).astype(np.int64) << s
    return bits.reshape(-1)


def _book(plan: Plan, bits: Array) -> Book:
    program = compile_program(plan, sight(plan, (), [], 0))
    forward, backward = bits & program.head[FORWARD], bits & program.head[BACKWARD]
    last = int(program.head[LISTED])
    required = [s for s in range(last + 1) if not plan.optional[s]]
    masks = np.zeros((3, 2 * len(bits)), np.int64)
    # An even code: the higher account acts; an odd one: the lower.
    masks[0, 0::2], masks[0, 1::2] = backward, forward
    masks[1, 0::2], masks[1, 1::2] = forward, backward
    masks[2, 0] = sum(1 << s for s in required)
    needs = {
        Need(frozenset(np.flatnonzero((bits >> s) & 1).tolist()), int(plan.count[s]))
        for s in required
    }
    return Book(plan.playbook, program, masks, _without_implied(needs))


def _without_implied(needs: set[Need]) -> tuple[Need, ...]:
    """Leave out what follows from another need: fewer events of more classes."""
    return tuple(
        need
        for need in sorted(needs, key=lambda need: (sorted(need.classes), need.count))
        if not any(
            other != need and other.classes <= need.classes and other.count >= need.count
            for other in needs
        )
    )


def rarest(books: Books, share: Array) -> list[Need]:
    """Choose for each playbook the need that fewest events answer to; empty if some have none.

    Args:
        books: the playbooks.
        share: float64, (classes): how many of all events are of each class.
    """
    chosen = []
    for book in books.all:
        if not book.needs:
            return []
        chosen.append(min(book.needs, key=lambda need: _expected(need, share)))
    return chosen


def _expected(need: Need, share: Array) -> float:
    return float(share[list(need.classes)].sum()) / need.count


def ranked(books: Books, share: Array) -> list[Need]:
    """List the needs of all playbooks, the rarest of each first, then the second of each."""
    each = [sorted(b.needs, key=lambda need: _expected(need, share)) for b in books.all]
    longest = max(map(len, each), default=0)
    return [needs[k] for k in range(longest) for needs in each if k < len(needs)]


def counters(needs: Sequence[Need]) -> dict[frozenset[int], int]:
    """Choose what a state counts, and up to which number, so that all fits into one byte.

    The first needs go first; a need that no longer fits is not counted, or not to its end: then more
    pairs pass than must.
    """
    chosen: dict[frozenset[int], int] = {}
    for need in needs:
        classes, count = need.classes, need.count
        before = chosen.get(classes, 0)
        others = int(np.prod([upto + 1 for upto in chosen.values()])) // (before + 1)
        upto = min(max(before, count), STATES // others - 1)
        if upto > before:
            chosen[classes] = upto
    return chosen


def tables(books: Books, counted: dict[frozenset[int], int]) -> tuple[Array, Array]:
    """Tabulate a sieve: the state after each class of event, and which playbooks a state lets pass.

    Returns:
        uint8, (classes, 256), and int64, (256), as `structural_sieve.Sieve` holds them.
    """
    states = np.arange(STATES)
    step = np.tile(states, (books.count, 1))
    reached: dict[frozenset[int], Array] = {}
    stride = 1
    for classes, upto in counted.items():
        reached[classes] = states // stride % (upto + 1)
        for one in classes:
            step[one] += np.where(reached[classes] < upto, stride, 0)
        stride *= upto + 1
    live = np.zeros(STATES, np.int64)
    for p, book in enumerate(books.all):
        fits = np.ones(STATES, bool)
        for need in book.needs:
            if need.classes in reached:
                fits &= reached[need.classes] >= min(need.count, counted[need.classes])
        live |= fits.astype(np.int64) << p
    # States beyond the last are never entered: what `step` holds for them means nothing.
    return (step % STATES).astype(np.uint8), live


def fresh(step: Array, live: Array, places: int) -> Sieve:
    """Make a sieve of about so many places, at least eight, in which nothing has been seen."""
    state = np.zeros(1 << min(MOST_PLACES, max(3, (places - 1).bit_length())), np.uint8)
    return Sieve(state, step, live)
