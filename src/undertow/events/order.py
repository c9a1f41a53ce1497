"""Coded rows of all files to one log: names in the order of their bytes, rows in total order, no repeats.

Rows that come in order of time are not sorted: only those of one moment are. Repeats of (id, target)
are found by hashes, and decided by bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events import kernel_take
from undertow.events import kernel_texts as kernel
from undertow.events.coding import KINDS, Coded, Coder, Room
from undertow.events.names import bytes_of

Array = npt.NDArray[Any]

THREADS: Final = min(2, os.cpu_count() or 1)
SHARE: Final = 8_000_000
"""Rows of one share when repeats are looked for: about 130 MB while it lasts."""
MANY_TIES: Final = 20_000
"""Rows with a neighbour in time above which compiled code sorts them: below, compiling costs more."""
MARK: Final = "mark "
"""Stands before the name of a mark among columns."""
BITE: Final = 1 << 16
"""Codes looked up at a time."""
TAKEN: Final = 1 << 20
"""Rows taken at a time, so that their text fits one array."""


def gather(parts: list[Coded], coder: Coder, room: Room | None = None) -> dict[str, Any]:
    """Give the attributes of an `EventLog` of all parts; `parts` is emptied.

    Args:
        parts: coded batches in the order of files.
        coder: what coded them.
        room: where their columns stand, if they were put somewhere.
    """
    parts[:] = [part for part in parts if len(part.id)]
    ids = pa.chunked_array([part.id for part in parts], pa.string())
    marks = {
        name: np.concatenate([part.marks.pop(name) for part in parts])
        for name in (list(parts[0].marks) if parts else ())
    }
    columns = {**_joined(parts, room), **{MARK + name: mark for name, mark in marks.items()}}
    parts.clear()
    names, rows, repeats = settled(ids, columns, coder)
    del columns["print"]
    if rows is not None:
        columns = {name: column[rows] for name, column in columns.items()}
        ids = taken(ids, rows)
    return {"id": ids, **attributes(columns), **names, "repeats": repeats}


def attributes(columns: dict[str, Array]) -> dict[str, Any]:
    """Tell the columns of an `EventLog` from its marks."""
    marks = {name.removeprefix(MARK): one for name, one in columns.items() if MARK in name}
    return {"marks": marks, **{name: one for name, one in columns.items() if MARK not in name}}


def settled(
    ids: pa.ChunkedArray,
    columns: dict[str, Array],
    coder: Coder,
    rest: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, pa.Array], Array | None, int]:
    """Bring codes into the order of names, and find the order of rows.

    Args:
        ids: `string`, (n).
        columns: those of `coding.KINDS`, written to, and the marks, their names behind `MARK`.
        coder: what coded them.
        rest: is told the name of a column that is not looked at for now.

    Returns:
        The names of accounts, contexts and platforms; the rows that stay, in total order, None where all
        stay as they are; and how many were left out as repeats.
    """
    prints, targets, texts = columns["print"], columns["target"], addresses(ids)
    with ThreadPoolExecutor(THREADS) as pool:
        names = {
            "accounts": pool.submit(coder.accounts.ranked),
            "contexts": pool.submit(coder.contexts.ranked),
            "platforms": pool.submit(coder.ranked_platforms),
        }
        repeats = _repeats(pool, prints, targets, np.empty(0, np.int64), texts)()
        rest("print")
        ranked = {name: future.result() for name, future in names.items()}
        reranked = {
            name: pool.submit(_rerank, columns[name], ranked[of][1])
            for name, of in (
                ("actor", "accounts"),
                ("target", "accounts"),
                ("context", "contexts"),
                ("platform", "platforms"),
            )
        }
        for name, done in reranked.items():
            done.result()
            rest(name)
        order = total_order(
            {name: column for name, column in columns.items() if name != "print"}, ids, texts
        )
        if repeats.any() and order is not None:
            repeats = _repeats(pool, prints, targets, order, texts)()
    found = {name: one for name, (one, _) in ranked.items()}
    return found, _rows(order, repeats), int(repeats.sum())


def _joined(parts: list[Coded], room: Room | None) -> dict[str, Array]:
    """Put each column together; where the parts fill their room, it stands there already."""
    sizes = [len(part.id) for part in parts]
    if room is not None and sum(sizes) == len(room.columns["at"]):
        return room.columns
    joined = {}
    for name, kind in KINDS.items():
        columns = [part.columns.pop(name) for part in parts]
        joined[name] = np.concatenate(columns) if columns else np.empty(0, kind)
    return joined


def _rerank(codes: Array, ranks: Array) -> None:
    """Replace codes by their ranks, a stretch at a time: NumPy widens what it looks up."""
    for at in range(0, len(codes), BITE):
        bite = codes[at : at + BITE]
        bite[:] = ranks[bite]


def addresses(ids: pa.ChunkedArray) -> kernel.Texts:
    """Say where the bytes of texts stand; they must outlive what is given."""
    chunks = [(len(chunk), *bytes_of(chunk)) for chunk in ids.chunks]
    first = np.zeros(len(chunks) + 1, np.int64)
    np.cumsum([size for size, _, _ in chunks], out=first[1:])
    return kernel.Texts(
        first,
        np.array([begins.ctypes.data for _, begins, _ in chunks], np.int64),
        np.array([address for _, _, address in chunks], np.int64),
    )


def _repeats(
    pool: ThreadPoolExecutor, prints: Array, targets: Array, order: Array, texts: kernel.Texts
) -> Callable[[], Array]:
    """Begin to look for rows whose (id, target) stood before; the result says which: bool, (n)."""
    again = np.zeros(len(prints), bool)
    if len(prints) <= MANY_TIES and not _any_twice(prints, targets):
        return lambda: again
    if len(prints) > MANY_TIES and kernel.ascending(texts):
        # Numbers given one after another, as most sources give them, hold no repeat.
        return lambda: again
    shares = max(THREADS, -(-len(prints) // SHARE)) if len(prints) > MANY_TIES else 1
    running: list[Future[None]] = [
        pool.submit(kernel.repeated, prints, targets, order, texts, (share, shares), again)
        for share in range(shares if len(prints) else 0)
    ]

    def result() -> Array:
        for one in running:
            one.result()
        return again

    return result


def _any_twice(prints: Array, targets: Array) -> bool:
    """Say whether two rows are alike in print and target, as all repeats are: few rows are told so in NumPy."""
    key = np.sort(prints.astype(np.uint64) << np.uint64(32) | targets.astype(np.uint32))
    return bool((key[1:] == key[:-1]).any())


def total_order(
    columns: dict[str, Array], ids: pa.ChunkedArray, texts: kernel.Texts
) -> Array | None:
    """Sort by time, and by id, target and the rest only where times tie.

    Args:
        columns: integers and booleans, each (n), `at` and `target` among them.
        ids: `string`, (n).
        texts: where the bytes of `ids` stand.

    Returns:
        Rows in total order: int64, (n); None where they are in it.
    """
    at = columns["at"]
    order = None if (at[1:] >= at[:-1]).all() else np.argsort(at, kind="stable")
    ordered = at if order is None else at[order]
    equal = ordered[1:] == ordered[:-1]
    if not equal.any():
        return order
    tied = np.zeros(len(at), bool)
    tied[1:] |= equal
    tied[:-1] |= equal
    places = np.flatnonzero(tied)
    if len(places) > MANY_TIES:
        order = np.arange(len(at)) if order is None else order
        tied[:] = False
        kernel.settle(order, at, columns["target"], texts, tied)
        places = np.flatnonzero(tied)
    rows = places if order is None else order[places]
    ordered = _sorted_wholly(rows, columns, ids)
    if order is None:
        if (ordered == rows).all():
            return None
        order = np.arange(len(at))
    order[places] = ordered
    return order


def _sorted_wholly(rows: Array, columns: dict[str, Array], ids: pa.ChunkedArray) -> Array:
    """Sort some rows by all they hold."""
    if not len(rows):
        return rows
    # The rest decides which of several rows under one key stays, whatever the order of input.
    rest = [name for name in columns if name != "at"]
    rest.sort(key=lambda name: name != "target")
    table = pa.table(
        {
            "at": columns["at"][rows],
            "id": taken(ids, rows),
            **{name: columns[name][rows] for name in rest},
        }
    )
    keys = [(name, "ascending") for name in table.column_names]
    sorted_rows: Array = rows[pc.sort_indices(table, sort_keys=keys).to_numpy()]
    return sorted_rows


def _rows(order: Array | None, repeats: Array) -> Array | None:
    """Give the rows that stay, in their order; None where all stay as they are."""
    if not repeats.any():
        return order
    return np.flatnonzero(~repeats) if order is None else order[~repeats]


def taken(texts: pa.ChunkedArray, rows: Array) -> pa.ChunkedArray:
    """Give some rows of a text column, whatever its size: Arrow would join all its pieces first."""
    pieces = []
    where = addresses(texts) if len(rows) > MANY_TIES else None
    for at in range(0, len(rows), TAKEN):
        some = rows[at : at + TAKEN]
        pieces.append(_found(texts, some) if where is None else _copied(where, some))
    return pa.chunked_array(pieces, pa.string())


def _copied(texts: kernel.Texts, rows: Array) -> pa.Array:
    """Give some rows as one array, in compiled code."""
    begins, places = np.empty(len(rows) + 1, np.int64), np.empty(len(rows), np.int64)
    kernel_take.measure(texts, np.ascontiguousarray(rows, np.int64), begins, places)
    words = np.empty(int(begins[-1]), np.uint8)
    kernel_take.copy(begins, places, words)
    held = pa.py_buffer(begins.astype(np.int32)), pa.py_buffer(words)
    return pa.Array.from_buffers(pa.string(), len(rows), [None, *held])


def _found(texts: pa.ChunkedArray, rows: Array) -> pa.Array:
    """Give some rows as one array, piece by piece."""
    chunks = [chunk for chunk in texts.chunks if len(chunk)]
    first = np.cumsum([0, *map(len, chunks)])
    where = np.searchsorted(first, rows, side="right") - 1
    order = np.argsort(where, kind="stable")
    ends = np.flatnonzero(np.diff(where[order], append=-1)) + 1
    found = [
        chunks[where[mine[0]]].take(pa.array(rows[mine] - first[where[mine[0]]]))
        for mine in np.split(order, ends[:-1])
    ]
    back = np.empty(len(rows), np.int64)
    back[order] = np.arange(len(rows))
    return pa.concat_arrays(found).take(pa.array(back))
