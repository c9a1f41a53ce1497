"""Batches of events to integer columns: names become codes, text becomes marks, ids stay as they are.

`Coder.code` takes columns as a reader found them and looks at them in bulk: whole columns of ASCII, no
empty name, known words only. Where anything is odd it says so, and the batch goes the slow way through
`check.check_rows`, which finds the rows at fault. So the fast way never decides what is faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events import kernel_texts as kernel
from undertow.events.check import EARLIEST, LATEST
from undertow.events.names import KEY, Names, bytes_of, ranked
from undertow.events.read import limited_to
from undertow.events.source import Source
from undertow.events.table import TIME, TYPES, VISIBILITIES
from undertow.units import microseconds

Array = npt.NDArray[Any]
Looks = Callable[[pa.Array, Array], dict[str, Array]]
"""Looks at texts (`string`, nulls where none is held) and the codes of their events' types; returns
boolean columns of that length by name. Called by several threads at once."""
Needs = Callable[[pa.Array, Array], Array]
"""Lists, of the same arguments, the rows whose text `Looks` has to see: at all others every mark is False."""

NOBODY: Final = -1
"""Code of a null account, context, visibility or platform."""
WORDS: Final = {"type": TYPES, "visibility": VISIBILITIES}
MESSAGE: Final = TYPES.index("message")
DIRECT: Final = VISIBILITIES.index("direct")
_BOUNDS: Final = (EARLIEST.value, LATEST.value)


KINDS: Final = {
    "type": np.int8,
    "at": np.int64,
    "actor": np.int32,
    "target": np.int32,
    "context": np.int32,
    "visibility": np.int8,
    "platform": np.int32,
    "print": np.uint32,
}
"""Types of the columns of `Coded`."""


class Room:
    """Columns for so many rows, written by parts: memory is touched once."""

    def __init__(self, rows: int) -> None:
        self.columns = {name: np.empty(rows, kind) for name, kind in KINDS.items()}

    def put(self, columns: dict[str, Array], row: int) -> dict[str, Array]:
        """Write a part's columns from `row` on; returns them where they now stand."""
        put = {}
        for name, column in columns.items():
            put[name] = self.columns[name][row : row + len(column)]
            put[name][:] = column
        return put


@dataclass
class Coded:
    """Some rows as integers; codes of names are those of the `Coder`, not yet in order.

    Attributes:
        rows: sound rows, those from `until` on among them.
        id: `string`, (n).
        columns: `type`, `at`, `actor`, `target`, `context`, `visibility`, `platform` as in `EventLog`,
            and `print`, uint32: a hash of `id`.
        marks: boolean columns, (n).
        ungrounded: whether a direct message stands on a platform without a lawful ground.
        content: texts, `string`, that `Coder.look` has not looked at yet.
        held: int64: the rows whose texts these are; None for all.
    """

    rows: int
    id: pa.Array
    columns: dict[str, Array]
    marks: dict[str, Array] = field(default_factory=dict)
    ungrounded: bool = False
    content: pa.Array | None = None
    held: Array | None = None

    def of_texts(self, name: str) -> Array:
        """Give a column at the rows whose texts are held."""
        column = self.columns[name]
        return column if self.held is None else column[self.held]

    def take_marks(self, found: dict[str, Array]) -> None:
        """Take the marks of the texts that are held, and let go of these."""
        if self.held is not None:
            of_texts, found = found, {}
            for name, mark in of_texts.items():
                found[name] = np.zeros(len(self.id), mark.dtype)
                found[name][self.held] = mark
        self.marks = found | self.marks
        self.content = self.held = None


def direct_codes(columns: dict[str, Array], has_target: Array, silent: Array) -> Array:
    """Mark direct messages by codes, as `read.direct_messages` does by words: boolean, (n).

    Args:
        columns: `type` and `visibility`.
        has_target: boolean, (n).
        silent: boolean, (n): the platform's sources leave it open what silence means.
    """
    addressed = (columns["type"] == MESSAGE) & has_target
    addressed &= (columns["visibility"] == NOBODY) & silent
    direct: np.ndarray = addressed | (columns["visibility"] == DIRECT)
    return direct


class Odd(Exception):  # noqa: N818 - not a fault: the batch is looked at row by row
    """Something in a batch asks for a look at each row."""


class Coder:
    """Codes batches for one log; threads may share it.

    Args:
        looks: signals that need the text.
        until: leave out events at and after this moment.
        sources: of all files, to say which messages are direct; None leaves the mark out.
        needs: says which texts are kept for `looks`; all where None.
    """

    def __init__(
        self,
        looks: Looks | None = None,
        until: datetime | None = None,
        sources: Iterable[Source] | None = None,
        needs: Needs | None = None,
    ) -> None:
        self.accounts, self.contexts = Names(), Names()
        self._platforms: dict[str, int] = {}
        self._lock = Lock()
        self._looks, self._needs = looks, needs
        self._until = None if until is None else microseconds(until)
        self._limited = None if sources is None else limited_to(sources)

    def ranked_platforms(self) -> tuple[pa.Array, Array]:
        """Sort the platforms; returns as `Names.ranked`."""
        return ranked(pa.array(list(self._platforms), pa.string()))

    def code(
        self,
        given: dict[str, pa.Array],
        file: tuple[frozenset[str], frozenset[str]] | None = None,
        into: tuple[Room, int] | None = None,
    ) -> Coded:
        """Code one batch.

        Args:
            given: columns of the event table by name, all of one length; absent ones count as null.
            file: what `ungrounded` needs: platforms limited by the file's own sources, and those with a
                lawful ground. None where a ground covers all.
            into: where the columns shall stand, and from which row on.

        Returns:
            The rows before `until`, their texts not looked at yet.

        Raises:
            Odd: a row may be faulty; nothing of the batch was kept then.
        """
        n = len(given["id"])
        ids, content = (_text(given.get(name), n) for name in ("id", "content"))
        held = {name: _held(given.get(name), n) for name in ("actor", "target", "context")}
        missing = given["published"].null_count
        if missing or _empty(ids).any() or held["actor"].empty().any():
            raise Odd
        columns = {name: _known(given.get(name), n, words) for name, words in WORDS.items()}
        if (columns["type"] == NOBODY).any():
            raise Odd
        columns["at"] = _moments(given["published"])
        if given.get("observed") is not None:
            _moments(given["observed"])
        _words(given.get("lang"), n)
        platforms, platform = _words(given.get("platform"), n)
        columns["platform"] = self.platform_codes(platforms)[platform]
        ungrounded = False
        if file is not None:
            limited, grounded = file
            silent = _silent(platforms, limited)[platform]
            direct = direct_codes(columns, ~held["target"].empty(), silent)
            ungrounded = bool((direct & _apart(platforms, grounded)[platform]).any())
        silent = _silent(platforms, self._limited or frozenset())[platform]
        if self._until is not None and columns["at"].max(initial=_BOUNDS[0]) >= self._until:
            keep = columns["at"] < self._until
            columns = {name: column[keep] for name, column in columns.items()}
            held = {name: column.kept(keep) for name, column in held.items()}
            ids, content, silent = (
                ids.filter(pa.array(keep)),
                content.filter(pa.array(keep)),
                silent[keep],
            )
        columns["actor"] = held["actor"].codes(self.accounts)
        columns["target"] = held["target"].codes(self.accounts)
        columns["context"] = held["context"].codes(self.contexts)
        columns["print"] = _prints(ids)
        marks = {}
        if self._limited is not None:
            marks["direct"] = direct_codes(columns, columns["target"] != NOBODY, silent)
        part = Coded(n, ids, columns, marks, ungrounded)
        self._hold(part, content)
        if into is not None:
            part.columns = into[0].put(part.columns, into[1])
        return part

    def _hold(self, part: Coded, content: pa.Array) -> None:
        """Keep the texts that have to be looked at: most are let go of at once, while they are near the core."""
        if self._looks is None:
            return
        part.content = content
        if self._needs is not None:
            part.held = self._needs(content, part.columns["type"])
            part.content = content.take(pa.array(part.held))

    def look(self, parts: Sequence[Coded]) -> None:
        """Look at the texts of some batches at once, and let go of them: setting out costs as much as many texts."""
        if self._looks is None or not parts:
            return
        content = pa.concat_arrays([part.content for part in parts])
        types = np.concatenate([part.of_texts("type") for part in parts])
        found, at = self._looks(content, types), 0
        for part in parts:
            stretch = slice(at, at + len(part.of_texts("type")))
            part.take_marks({name: mark[stretch] for name, mark in found.items()})
            at = stretch.stop

    def platform_codes(self, names: Sequence[str | None]) -> Array:
        """Give the codes of platforms, new ones the next code: int32, (n), -1 for none."""
        with self._lock:
            codes = [
                NOBODY if not name else self._platforms.setdefault(name, len(self._platforms))
                for name in names
            ]
        return np.array(codes, np.int32)


def _prints(ids: pa.Array) -> Array:
    prints = np.empty(len(ids), np.uint32)
    if len(ids):
        kernel.fingerprint(*bytes_of(ids), prints, KEY)
    return prints


def _silent(platforms: Sequence[str | None], limited: frozenset[str]) -> Array:
    return np.array([not name or name not in limited for name in platforms], bool)


def _apart(platforms: Sequence[str | None], grounded: frozenset[str]) -> Array:
    return np.array([(name or None) not in grounded for name in platforms], bool)


@dataclass
class _Held:
    """A column of names: texts, and for each row which of them it is, if they were told apart."""

    values: pa.Array
    which: Array | None = None

    def empty(self) -> Array:
        """Say which rows hold no name: boolean, (n)."""
        empty = _empty(self.values)
        return empty if self.which is None else np.append(empty, True)[self.which]

    def kept(self, keep: Array) -> _Held:
        """Give some of the rows."""
        if self.which is None:
            return _Held(self.values.filter(pa.array(keep)))
        return _Held(self.values, self.which[keep])

    def codes(self, names: Names) -> Array:
        """Give the code of each row: int32, (n), -1 for none."""
        if self.which is None:
            return names.codes(self.values)
        used = np.bincount(self.which, minlength=len(self.values) + 1)[:-1] > 0
        codes = np.full(len(self.values) + 1, NOBODY, np.int32)
        codes[:-1][used] = names.codes(self.values.filter(pa.array(used)))
        return codes[self.which]


def _held(given: pa.Array | None, n: int) -> _Held:
    if given is None or not pa.types.is_dictionary(given.type) or 2 * len(given.dictionary) > n:
        return _Held(_text(given, n))
    which = given.indices.cast(pa.int32())
    if which.null_count:
        which = which.fill_null(len(given.dictionary))
    return _Held(_text(given.dictionary, len(given.dictionary)), np.asarray(which))


def _text(given: pa.Array | None, n: int) -> pa.Array:
    """Give a column as `string`, sound."""
    if given is None or pa.types.is_null(given.type):
        return pa.nulls(n, pa.string())
    if pa.types.is_dictionary(given.type):
        given = given.dictionary_decode()
    begins, _ = bytes_of(given) if given.type == pa.string() else (None, 0)
    if begins is None or not _is_ascii(given.buffers()[2], int(begins[0]), int(begins[-1])):
        try:
            given.validate(full=True)
        except pa.ArrowInvalid:
            raise Odd from None
    return given.cast(pa.string())


def tidy(given: pa.Array) -> pa.Array:
    """Make sure that no bytes stand behind a null: Arrow allows them, its readers leave none."""
    return pc.fill_null(given, "") if given.null_count and given.type == pa.string() else given


def _is_ascii(data: pa.Buffer | None, begin: int, end: int) -> bool:
    if data is None or begin == end:
        return True
    return bool(np.frombuffer(data, np.int8, end - begin, begin).min() >= 0)


def _empty(text: pa.Array) -> Array:
    begins, _ = bytes_of(text)
    empty: np.ndarray = begins[1:] == begins[:-1]
    return empty


def _words(given: pa.Array | None, n: int) -> tuple[list[str | None], Array]:
    """Give the distinct words of a column, null last, and for each row which of them it is."""
    if given is None or pa.types.is_null(given.type):
        return [None], np.zeros(n, np.int32)
    coded = given if pa.types.is_dictionary(given.type) else given.dictionary_encode()
    try:
        coded.dictionary.validate(full=True)
    except pa.ArrowInvalid:
        raise Odd from None
    words = coded.dictionary.to_pylist()
    which = coded.indices.cast(pa.int32())
    if which.null_count:
        which = which.fill_null(len(words))
    return [*words, None], np.asarray(which)


def _known(given: pa.Array | None, n: int, known: tuple[str, ...]) -> Array:
    """Give the codes of a column of known words: int8, (n), -1 for null and the empty word."""
    words, which = _words(given, n)
    if any(word and word not in known for word in words):
        raise Odd
    codes = [known.index(word) if word else NOBODY for word in words]
    return np.array(codes, np.int8)[which]


def _moments(given: pa.Array) -> Array:
    """Give times as microseconds: int64, (n), nulls as 0.

    Raises:
        Odd: times are text or lack a zone, or one lies outside the calendar.
    """
    if pa.types.is_null(given.type):
        return np.zeros(len(given), np.int64)
    if not pa.types.is_timestamp(given.type) or given.type.tz is None:
        raise Odd
    times = given.cast(TIME, safe=False).cast(pa.int64())
    if times.null_count == len(times):
        return np.zeros(len(given), np.int64)
    if times.null_count:
        times = times.fill_null(0)
    moments: Array = np.asarray(times)
    if moments.min() < _BOUNDS[0] or moments.max() > _BOUNDS[1]:
        raise Odd
    return moments
