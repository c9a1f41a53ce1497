"""Coded rows of all files to one log: names in the order of their bytes, rows in total order, no repeats.

Rows that come in order of time are not sorted: only those of one moment are. Repeats of (id, target)
are found by hashes, and decided by bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events import kernel_texts as kernel
from undertow.events.coding import KINDS, Coded, Coder, Room
from undertow.events.names import bytes_of

Array = npt.NDArray[Any]

THREADS: Final = min(2, os.cpu_count() or 1)
SHARE: Final = 8_000_000
"""Rows of one share when repeats are looked for: about 130 MB while it lasts."""
MANY_TIES: Final = 20_000
"""Rows with a neighbour in time above which compiled code sorts them: below, compiling costs more."""
BITE: Final = 1 << 16
"""Codes looked up at a time."""
TAKEN: Final = 1 << 20
"""Rows taken at a time, so that their text fits one array."""


class Gathered(NamedTuple):
    """All parts as one log.

    Attributes:
        columns: the attributes of an `EventLog`.
        rows: for each row of the log its number among all rows as they came; None where they are the same.
        ranks: of `accounts`, `contexts` and `platforms`, for each code of the coder the code in the log;
            -1 at the end, where the code -1 finds it.
    """

    columns: dict[str, Any]
    rows: Array | None
    ranks: dict[str, Array]


def gather(parts: list[Coded], coder: Coder, room: Room | None = None) -> Gathered:
    """Make one log of all parts; `parts` is emptied.

    Args:
        parts: coded batches in the order of files.
        coder: what coded them.
        room: where their columns stand, if they were put somewhere.
    """
    parts[:] = [part for part in parts if len(part.id)]
    ids = pa.chunked_array([part.id for part in parts], pa.string())
    with ThreadPoolExecutor(THREADS) as pool:
        joined = _joined(parts, room)
        prints, targets = joined["print"], joined["target"]
        texts = _addresses(ids)
        again = _repeats(pool, prints, targets, np.empty(0, np.int64), texts)
        names = {
            "accounts": pool.submit(coder.accounts.ranked),
            "contexts": pool.submit(coder.contexts.ranked),
            "platforms": pool.submit(coder.ranked_platforms),
        }
        marks = {
            name: np.concatenate([part.marks.pop(name) for part in parts])
            for name in (list(parts[0].marks) if parts else ())
        }
        parts.clear()
        ranked = {name: future.result() for name, future in names.items()}
        repeats = again()
        for name, of in (("context", "contexts"), ("platform", "platforms")):
            _rerank(joined[name], ranked[of][1])
        for name in ("actor", "target"):
            _rerank(joined[name], ranked["accounts"][1])
        del joined["print"]
        order = total_order(
            {**joined, **{f"mark {n}": m for n, m in marks.items()}}, ids, texts
        )
        if repeats.any() and order is not None:
            repeats = _repeats(pool, prints, targets, order, texts)()
    rows = _rows(order, repeats)
    if rows is not None:
        joined = {name: column[rows] for name, column in joined.items()}
        marks = {name: column[rows] for name, column in marks.items()}
        ids = taken(ids, rows)
    columns = {
        "id": ids,
        **joined,
        "marks": marks,
        **{name: found for name, (found, _) in ranked.items()},
        "repeats": int(repeats.sum()),
    }
    return Gathered(columns, rows, {name: ranks for name, (_, ranks) in ranked.items()})


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


def _addresses(ids: pa.ChunkedArray) -> kernel.Texts:
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
    chunks = [chunk for chunk in texts.chunks if len(chunk)]
    first = np.cumsum([0, *map(len, chunks)])
    pieces = []
    for at in range(0, len(rows), TAKEN):
        some = rows[at : at + TAKEN]
        where = np.searchsorted(first, some, side="right") - 1
        order = np.argsort(where, kind="stable")
        ends = np.flatnonzero(np.diff(where[order], append=-1)) + 1
        found = [
            chunks[where[mine[0]]].take(pa.array(some[mine] - first[where[mine[0]]]))
            for mine in np.split(order, ends[:-1])
        ]
        back = np.empty(len(some), np.int64)
        back[order] = np.arange(len(some))
        pieces.append(pa.concat_arrays(found).take(pa.array(back)))
    return pa.chunked_array(pieces, pa.string())
