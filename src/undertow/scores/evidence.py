"""Evidence as parallel columns: one row per reason, for or against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, overload

import numpy as np
import pyarrow as pa

from undertow.matches.program import Array

SOURCES: Final = (
    "taken",
    "not taken",
    "open",
    "unknown",
    "block",
    "unblock",
    "cap",
    "share",
    "rarity",
    "tie",
    "known",
    "report",
)
NO_ROW: Final = -1
EXTRA_STEPS: Final = (
    "tie:address",
    "tie:script",
    "tie:handoff",
    "tie:gatekeeper",
    "tie:targets",
    "tie:sync",
    "known",
    "reports",
    "quiet",
    "once a target",
    "opens",
    "tie:group",
    "tie:known",
    "next target",
    "shifts",
    "slow answers",
    "rooms",
    "afterwards",
)
"""Names of what is no step of a playbook: step -2 is the first of them, -3 the next, and so on."""


def step_code(name: str) -> int:
    """Give the code of one of `EXTRA_STEPS`: -2 and below."""
    return -2 - EXTRA_STEPS.index(name)


OF_TARGETS: Final = (step_code("quiet"), step_code("next target"))
"""Codes of what is no step, weighs nothing, and is about one target each."""


class Words:
    """A column of few distinct words, (n), one byte a row; NumPy takes it for an array of text.

    Args:
        codes: uint8, (n), places in `words`.
        words: 256 at most; one may stand twice.
    """

    def __init__(self, codes: Array, words: Sequence[str]) -> None:
        self.codes, self.words = codes, tuple(words)

    @classmethod
    def of(cls, texts: Sequence[str] | Array | Words) -> Words:
        """Code a column of text."""
        if isinstance(texts, Words):
            return texts
        words, codes = np.unique(np.asarray(texts, np.str_), return_inverse=True)
        return cls(codes.astype(np.uint8), words.tolist())

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """Put columns one after another."""
        words = sorted({word for part in parts for word in part.words})
        codes = [
            np.array([words.index(word) for word in part.words], np.uint8)[part.codes]
            for part in parts
            if len(part)
        ]
        return cls(np.concatenate([np.empty(0, np.uint8), *codes]), words)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, place: slice | Array) -> Words: ...
    def __getitem__(self, place: int | np.integer[Any] | slice | Array) -> str | Words:
        if isinstance(place, int | np.integer):
            return self.words[int(self.codes[place])]
        return Words(self.codes[place], self.words)

    def __eq__(self, word: object) -> Array:  # type: ignore[override]  # as arrays do
        return self.among((word,))

    __hash__ = None  # type: ignore[assignment]  # as arrays have none

    def tolist(self) -> list[str]:
        """Give the words, row by row."""
        return [self.words[code] for code in self.codes.tolist()]

    def among(self, some: Sequence[object]) -> Array:
        """Mark the rows that hold one of some words: bool, (n)."""
        return np.asarray(np.array([word in some for word in self.words], bool)[self.codes])

    def numbered(self) -> tuple[list[str], Array]:
        """Give the words that are there, in order, and which of them each row holds: int64, (n)."""
        there = np.bincount(self.codes, minlength=len(self.words)) > 0
        words = sorted({word for word, held in zip(self.words, there, strict=True) if held})
        number = [words.index(word) if word in words else 0 for word in self.words]
        return words, np.array(number, np.int64)[self.codes]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: ANN401  # NumPy's own
        return np.array(self.words, np.str_)[self.codes].astype(dtype or np.str_)

    def __arrow_array__(self, type: Any = None) -> pa.Array:  # noqa: ANN401, A002  # Arrow's own
        return pa.array(self.words, type or pa.string()).take(pa.array(self.codes))


@dataclass
class Evidence:
    """Rows of evidence as parallel columns, (e); codes are those of the log and the playbook.

    Attributes:
        account, target: int64, account codes; target -1 for a row about several.
        role: role name.
        step: int16, index of the step, -1 for none, below that one of `EXTRA_STEPS`.
        row: int64, row of the log that is cited, -1 for none.
        bits, u, m: float64; `u` and `m` NaN where none applies.
        n: int32, keys that `u` rests on.
        source: one of `SOURCES`.
    """

    account: Array
    role: Words
    target: Array
    step: Array
    row: Array
    bits: Array
    u: Array
    m: Array
    n: Array
    source: Words

    def __len__(self) -> int:
        return len(self.account)

    def taken(self, rows: Array) -> Evidence:
        """Give some rows: places, or a mask."""
        return Evidence(*(getattr(self, one.name)[rows] for one in fields(self)))


def rows_of(  # noqa: PLR0913  # a row has as many columns
    account: Array,
    role: str | Array,
    step: int,
    source: str | list[str] | Array | Words,
    bits: float | Array,
    *,
    target: int | Array = NO_ROW,
    row: int | Array = NO_ROW,
    u: float | Array = np.nan,
    m: float | Array = np.nan,
    n: int | Array = 0,
) -> Evidence:
    """Make one row for each account, (e); what is one value for all stands as that value.

    Without `target` and `row` a row is about several and cites nothing; without `u` and `m` no rate applies.
    """
    size = len(account)

    def column(value: Any, kind: str) -> Array:  # noqa: ANN401  # one value, or an array
        one = np.ndim(value) == 0
        return np.full(size, value, kind) if one else np.array(value, kind)

    def words(value: str | list[str] | Array | Words) -> Words:
        if isinstance(value, str):
            return Words(np.zeros(size, np.uint8), (value,))
        return Words.of(value)

    return Evidence(
        account=column(account, "i8"),
        role=words(role),
        target=column(target, "i8"),
        step=column(step, "i2"),
        row=column(row, "i8"),
        bits=column(bits, "f8"),
        u=column(u, "f8"),
        m=column(m, "f8"),
        n=column(n, "i4"),
        source=words(source),
    )


def joined(parts: list[Evidence]) -> Evidence:
    """Put several stretches of evidence one after another."""

    def column(name: str, kind: str) -> Array:
        columns = (getattr(part, name).astype(kind, copy=False) for part in parts)
        return np.concatenate([np.empty(0, kind), *columns])

    return Evidence(
        account=column("account", "i8"),
        role=Words.joined([part.role for part in parts]),
        target=column("target", "i8"),
        step=column("step", "i2"),
        row=column("row", "i8"),
        bits=column("bits", "f8"),
        u=column("u", "f8"),
        m=column("m", "f8"),
        n=column("n", "i4"),
        source=Words.joined([part.source for part in parts]),
    )
