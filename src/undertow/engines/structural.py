"""Batch engine for structural events: Parquet files of integers, playbooks between two accounts.

Files are read row group by row group, on several threads. Rows that matter are kept, parted by the hash
of their pair; each part is sieved, grouped by pair and handed to the kernel, which alone decides.

The early filter keeps less. Where all playbooks have a rare need, a reading before (without times) notes
between whom such a thing ever happened; only rows of such pairs are kept. Where there is no such need and all
that matters would be too much, the reading before counts all needs of each pair.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np

from undertow.engines import structural_kernel as kernel
from undertow.engines import structural_plan as plans
from undertow.engines import structural_sieve as sieves
from undertow.engines.structural_kernel import Pairs
from undertow.engines.structural_plan import Book, Books
from undertow.engines.structural_read import STRETCH, Batch, Columns, Piece, Reader
from undertow.engines.structural_sieve import CODE_BITS, ROW, WHEN, WIDTH, Picked, Sieve
from undertow.matches.kernel import scratch
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook

RARE: Final = 0.02
"""As long as the rarest needs of all playbooks take no more of the events, the first reading looks at
nothing else. Above, the pairs that they leave are too many, and counting all needs costs less."""
PLACES_PER_RARE: Final = 16
"""Of 17 pairs without a rare event, about one shares a place with a pair that has one."""
PART: Final = 150_000
"""Records in one part: its tables stay in the second-level cache."""
MOST_BITS: Final = 14
"""Parts are at most 2 to this power."""
RECORD_BYTES: Final = 8 * WIDTH
SLAB: Final = 1 << 20
"""Records that a thread makes room for at once: large pieces of memory come with large pages."""
MEMORY: Final = 512 << 20
SAMPLE: Final = 1 << 16
"""Rows from which shares are guessed."""
ONCE: Final = 128 << 20
"""Bytes of records up to which nothing is read twice: by then both ways cost the same."""
PLACES_PER_EVENT: Final = 0.5
"""About one for each pair, as pairs go: where more share one, more pass, and a part's own sieve follows."""
ALL_PASS: Final = np.full(1, 0xFF, np.uint8)

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Found:
    """Keys that reached `listed_from`, ascending by their two accounts, (n).

    Attributes:
        playbook: the playbook.
        keys: int64, (n, 2): the two accounts in the order of `Playbook.key`.
        furthest: int64: index of the furthest step.
        row: int64, (n, steps): number of each step's event, counted from 0 over all files; -1 where
            the step was not taken.
        at: int64, (n, steps), microseconds: when; 0 where the step was not taken.
    """

    playbook: Playbook
    keys: Array
    furthest: Array
    row: Array
    at: Array

    def __len__(self) -> int:
        return len(self.furthest)


def find_in_files(
    paths: Iterable[Path | str],
    playbooks: Sequence[Playbook],
    columns: Columns,
    *,
    threads: int = 2,
    early_filter: bool = True,
    memory: int = MEMORY,
    advance: Callable[[int], None] | None = None,
) -> list[Found]:
    """Match playbooks against files of structural events.

    Rows need no order: a pair's events are put in order of time, and those of one time in order of
    rows. Files count as one run of rows in the order of their paths.

    Args:
        paths: Parquet files.
        playbooks: all of their steps between the two accounts of the key.
        columns: names in the files.
        threads: number of threads.
        early_filter: let go of pairs that lack events which the playbooks need before the rest of
            them is looked at. It changes no result.
        memory: bytes that kept events may take, more or less. Where all that matter would take more,
            the files are read twice with the early filter; where what then is left, or all without it, still
            takes more, they are read again for each share of the pairs.
        advance: called with a number of rows whenever they have been read, once or more times each.

    Returns:
        What was found, per playbook.

    Raises:
        UndertowError: for playbooks and files of other kinds; see `compile_books` and `Reader`.
    """
    books = plans.compile_books(playbooks)
    named = sorted(map(Path, paths), key=str)
    reader = Reader(named, columns, books.signals)
    return _Run(reader, books, threads, advance).find(early_filter=early_filter, memory=memory)


class _Kept(NamedTuple):
    """Records of one batch: (n, WIDTH), and the number of records before each part."""

    records: Array
    start: Array


class _Run:
    """One question to one set of files."""

    def __init__(
        self, reader: Reader, books: Books, threads: int, advance: Callable[[int], None] | None
    ) -> None:
        self.reader, self.books, self.threads = reader, books, threads
        self.advance = advance
        self.own, self.turn = threading.local(), threading.Lock()
        # The middle of the input stands for all of it.
        middle = reader.pieces[len(reader.pieces) // 2 :][:1]
        batches = (
            batch for one in middle for batch in reader.read(one, times=False, most=SAMPLE)
        )
        self.sample = next(batches, None)
        self.share = self.shares()
        counted = plans.counters(plans.ranked(books, self.share))
        self.step, self.live = plans.tables(books, counted)
        self.thins = True

    def find(self, *, early_filter: bool, memory: int) -> list[Found]:
        """Answer it."""
        passes = ALL_PASS
        if early_filter:
            passes = self.sieved(self.expected(passes) * RECORD_BYTES, memory)
        expected = self.expected(passes)
        self.thins = early_filter
        bits = max(1, min(MOST_BITS, (expected // PART).bit_length()))
        turns = min(1 << bits, max(1, -(-expected * RECORD_BYTES // max(1, memory))))
        results: list[list[Array]] = [[] for _ in self.books.all]
        edges = [(1 << bits) * k // turns for k in range(turns + 1)]
        for low, high in itertools.pairwise(edges):
            for answers in self.one_turn(passes, low, high, bits):
                for result, answer in zip(results, answers, strict=True):
                    result.append(answer)
        return [_found(book, rows) for book, rows in zip(self.books.all, results, strict=True)]

    def one_turn(self, passes: Array, low: int, high: int, bits: int) -> list[list[Array]]:
        """Read everything and match the pairs of the parts from `low` to before `high`."""
        turn = np.array([low, high, 64 - bits])
        read = self.spread(lambda piece: self.keep(piece, passes, turn), self.reader.pieces)
        kept = [one for listed in read for one in listed]
        return self.spread(lambda part: self.match(kept, part), range(low, high))

    def spread(self, do: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """Do something with each item, on all threads; results come in the order of items."""
        if self.threads == 1:
            return [do(item) for item in items]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(do, items))

    def pick(self, batch: Batch, classes: Array) -> tuple[Picked, int]:
        """Pick a batch's rows of some classes, in this thread's own room."""
        if not hasattr(self.own, "room"):
            self.own.room = Picked(*(np.empty(STRETCH + 1, np.int32) for _ in range(3)))
        room: Picked = self.own.room
        return room, sieves.pick(batch.word, batch.marks, classes[batch.codes], room)

    def shares(self) -> Array:
        """Estimate how many of all events are of each class: float64, (classes)."""
        if self.sample is None:
            return np.zeros(self.books.count)
        room, n = self.pick(self.sample, self.books.classes)
        counts = np.bincount(room.code[:n], minlength=self.books.count)
        return counts / max(1, len(self.sample.word))

    def expected(self, passes: Array) -> int:
        """Estimate how many of all events pass."""
        if self.sample is None:
            return 0
        batch = self.sample
        room, n = self.pick(batch, self.books.classes)
        start = np.zeros(3, np.int64)
        all_parts = np.array([0, 2, 63])
        n = sieves.keep(n, room, batch.actor, batch.target, passes, start, all_parts)
        return n * self.reader.rows // max(1, len(batch.word))

    def room_for(self, records: int) -> Array:
        """Give room for records, (n, WIDTH), which no other call is given."""
        left: Array | None = getattr(self.own, "slab", None)
        if left is None or len(left) < records:
            left = np.empty((max(records, SLAB), WIDTH), np.int64)
        self.own.slab = left[records:]
        return left[:records]

    def sieved(self, size: int, memory: int) -> Array:
        """Choose a sieve for the whole input and read once to fill it, unless all may stay.

        Args:
            size: bytes of all records that matter.
            memory: bytes that records may take.

        Returns:
            What passes, as `structural_sieve.passing` tells it.
        """
        rare = plans.rarest(self.books, self.share)
        chosen = sorted({one for need in rare for one in need.classes})
        share = float(self.share[chosen].sum())
        places = max(1 << 10, int(PLACES_PER_RARE * share * self.reader.rows))
        classes = self.books.only(chosen)
        if size <= min(memory, ONCE):
            return ALL_PASS
        if rare and share <= RARE:
            sieve = plans.fresh(*plans.tables(self.books, plans.counters(rare)), places)
        elif rare and size > memory:
            classes = self.books.classes
            places = int(PLACES_PER_EVENT * float(self.share.sum()) * self.reader.rows)
            sieve = plans.fresh(self.step, self.live, places)
        else:
            return ALL_PASS
        self.spread(lambda piece: self.mark(piece, classes, sieve), self.reader.pieces)
        passes = np.empty(len(sieve.state) // 8, np.uint8)
        sieves.passing(sieve, passes)
        return passes

    def mark(self, piece: Piece, classes: Array, sieve: Sieve) -> None:
        """Let one piece's events of some classes move the sieve."""
        for batch in self.reader.read(piece, times=False):
            room, n = self.pick(batch, classes)
            # Two threads may meet in one pair; marking is a small part of what a thread does.
            with self.turn:
                sieves.mark(n, room, batch.actor, batch.target, sieve)
            if self.advance:
                self.advance(len(batch.word))

    def keep(self, piece: Piece, passes: Array, turn: Array) -> list[_Kept]:
        """Read one piece and keep the events of pairs that pass and have their turn."""
        kept = []
        for batch in self.reader.read(piece):
            room, n = self.pick(batch, self.books.classes)
            start = np.zeros((1 << (64 - int(turn[2]))) + 1, np.int64)
            n = sieves.keep(n, room, batch.actor, batch.target, passes, start, turn)
            records = self.room_for(n)
            sieves.place(room, batch.base, batch.actor, batch.target, batch.at, start, records)
            kept.append(_Kept(records, start))
            if self.advance:
                self.advance(len(batch.word))
        return kept

    def match(self, kept: list[_Kept], part: int) -> list[Array]:
        """Match the pairs of one part with every playbook.

        Returns:
            Per playbook int64, (n, TAKEN + 2 steps): accounts, furthest step, rows, times.
        """
        slices = [one.records[one.start[part] : one.start[part + 1]] for one in kept]
        records = np.concatenate([np.empty((0, WIDTH), np.int64), *slices])
        n = len(records)
        if self.thins:
            n = kernel.thin(records, plans.fresh(self.step, self.live, 2 * n + 1))
        pairs = _room_for(n)
        count = kernel.group(n, records, self.step, pairs)
        live = self.live[pairs.state[:count]]
        longest = int(np.diff(pairs.start[: count + 1]).max(initial=1))
        return [
            _match_book(book, np.flatnonzero((live >> p) & 1), pairs, records, longest)
            for p, book in enumerate(self.books.all)
        ]


def _room_for(records: int) -> Pairs:
    return Pairs(
        slot=np.full(1 << (2 * records + 1).bit_length(), -1, np.int32),
        number=np.empty(records, np.int32),
        first=np.empty(records, np.int32),
        state=np.zeros(records, np.uint8),
        start=np.zeros(records + 1, np.int64),
        order=np.empty(records, np.int64),
        spare=np.empty(records, np.int64),
    )


def _match_book(book: Book, chosen: Array, pairs: Pairs, records: Array, longest: int) -> Array:
    steps = book.program.size
    found = np.empty((2 * len(chosen), kernel.TAKEN + steps), np.int64)
    if len(chosen):
        room = scratch(steps, len(book.program.bounds), longest)
        many = kernel.match(book.program, room, book.masks, chosen, pairs, records, found)
        found = found[:many]
    taken = found[:, kernel.TAKEN :]
    rows = np.where(taken < 0, -1, records[taken, ROW] >> CODE_BITS)
    times = np.where(taken < 0, 0, records[taken, WHEN])
    return np.hstack([found[:, : kernel.TAKEN], rows, times])


def _found(book: Book, parts: list[Array]) -> Found:
    steps = book.program.size
    rows = np.concatenate([np.empty((0, kernel.TAKEN + 2 * steps), np.int64), *parts])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    taken, times = np.split(rows[:, kernel.TAKEN :], 2, axis=1)
    return Found(book.playbook, rows[:, :2], rows[:, kernel.FURTHEST], taken, times)
