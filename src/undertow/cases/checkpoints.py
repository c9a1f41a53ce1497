"""Checkpoints of the audit log: made from the leaves, kept beside the store, copied out to where it cannot reach.

A checkpoint is worth what the distance is worth between the store and its copy. So each is written
into the store's folder and into a folder that the operator names, on another machine if possible:
`SIZE.checkpoint`, and `SIZE.hashes` with the leaf hashes since the one before, by which a verifier
can name a leaf that was changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from undertow.audit.checkpoint import LogKey
from undertow.audit.tree import Tree, leaf_hash
from undertow.audit.verify import Checkpoint, opened
from undertow.cases import ledger
from undertow.cases.store import Store
from undertow.cases.tables import about, leaves
from undertow.errors import UndertowError

EVERY: Final = 64
"""Leaves; after so many new ones a checkpoint is due. Ours: a morning of one reviewer."""
PAGE: Final = 1000
"""Leaves read at once."""
COPIES_TO: Final = "checkpoints_to"
"""Name of the setting that holds the operator's folder."""


@dataclass(frozen=True)
class State:
    """Where the log stands, for the page of data health.

    Attributes:
        leaves: in the log.
        signed: of these, under a checkpoint.
        copied: of these, under a checkpoint in the operator's folder; None where none is named or can be read.
    """

    leaves: int
    signed: int
    copied: int | None


@dataclass(frozen=True)
class Made:
    """A checkpoint: the file in the store's folder, and whether the operator's folder holds it too."""

    size: int
    path: Path
    copied: bool


def folder(store: Store) -> Path:
    """Name the folder of checkpoints beside the records."""
    return store.folder / "checkpoints"


def copies(store: Store) -> Path | None:
    """Name the operator's folder, None if none is named."""
    with store.reading() as connection:
        return _copies(connection)


def _copies(connection: Connection) -> Path | None:
    asked = select(about.c.value).where(about.c.name == COPIES_TO)
    named = connection.execute(asked).scalar()
    return None if named is None else Path(named)


def copy_to(store: Store, place: Path, now: int) -> None:
    """Set the operator's folder; the change is recorded, the path itself is not."""
    with store.writing() as connection:
        connection.execute(delete(about).where(about.c.name == COPIES_TO))
        connection.execute(insert(about).values(name=COPIES_TO, value=str(place)))
        facts = {"at": now, "setting": COPIES_TO, "text": str(place)}
        ledger.record(connection, store, "setting", facts)


def state(store: Store) -> State:
    """Say how many leaves there are, and how many stand under a checkpoint here and there."""
    with store.reading() as connection:
        held = ledger.size(connection)
    there = copies(store)
    copied = None
    if there is not None and there.is_dir():
        copied = max(_sizes(there), default=0)
    return State(held, max(_sizes(folder(store)), default=0), copied)


def is_due(store: Store) -> bool:
    """Say whether so many leaves are new that a checkpoint should be made."""
    with store.reading() as connection:
        return is_due_now(connection, store)


def is_due_now(connection: Connection, store: Store) -> bool:
    """Say the same inside somebody's transaction."""
    here = folder(store)
    known = _known.get(here)
    signed = max(_sizes(here), default=0) if known is None else known.size
    return ledger.size(connection) - signed >= EVERY


def make(store: Store) -> Made | None:
    """Sign the log as it stands, unless that is done, and copy out what the operator's folder lacks.

    Returns:
        The newest checkpoint; None for an empty log. `copied` is False where a folder is named and refuses.

    Raises:
        UndertowError: `audit-rewritten` if the leaves do not fit what was signed before; nothing is signed then.
        OSError: the store's own folder refuses.
    """
    with store.reading() as connection:
        return sign(connection, store)


def sign(connection: Connection, store: Store) -> Made | None:
    """Do what `make` does on what a transaction sees; nothing that is not committed may be in it yet."""
    here = folder(store)
    here.mkdir(parents=True, exist_ok=True, mode=0o700)
    if ledger.size(connection) == 0:
        return None
    key = ledger.log_key(connection, store)
    there = _copies(connection)
    if here not in _known and there is not None and there.is_dir():
        # Whoever takes the checkpoints away here does not take the copies away: they count as signed, too.
        _copied(there, here)
    last = newest(here, key)
    tree, new = _grown(connection, last, _known.get(here))
    name = f"{tree.size:020d}"
    if last is None or tree.size > last.size:
        _write(here / f"{name}.hashes", b"".join(new))
        _write(here / f"{name}.checkpoint", key.sign(tree.size, tree.root()))
    _known[here] = tree
    return Made(tree.size, here / f"{name}.checkpoint", there is None or _copied(here, there))


def newest(place: Path, key: LogKey) -> Checkpoint | None:
    """Open the checkpoint of most leaves in a folder, None if there is none.

    Raises:
        UndertowError: `audit-rewritten` if it is not signed by this log's key.
    """
    size = max(_sizes(place), default=None)
    if size is None:
        return None
    try:
        return opened((place / f"{size:020d}.checkpoint").read_bytes(), key.verifier)
    except ValueError:
        raise _rewritten() from None


_known: Final[dict[Path, Tree]] = {}
"""Trees that this process has grown before, by folder: a checkpoint then costs what is new."""


def _grown(
    connection: Connection, last: Checkpoint | None, known: Tree | None
) -> tuple[Tree, list[bytes]]:
    """Grow the tree over all leaves; also give the leaf hashes that came after the last checkpoint."""
    tree, new = Tree(), []
    seen = None if known is None else (known.size, known.root())
    if known is not None and last is not None and seen == (last.size, last.root):
        if ledger.size(connection) < last.size:
            raise _rewritten()
        tree.size, tree.peaks = known.size, list(known.peaks)
    for body in bodies(connection, tree.size):
        hashed = leaf_hash(body)
        tree.append(hashed)
        if last is None or tree.size > last.size:
            new.append(hashed)
        elif tree.size == last.size and tree.root() != last.root:
            raise _rewritten()
    if last is not None and tree.size < last.size:
        raise _rewritten()
    return tree, new


def bodies(connection: Connection, first: int = 0) -> Iterator[bytes]:
    """Give the leaves in order, from the place `first` on."""
    while True:  # page by page: a cursor left open by whoever stops reading would stay open
        page = connection.execute(
            select(leaves.c.body)
            .where(leaves.c.place >= first)
            .order_by(leaves.c.place)
            .limit(PAGE)
        ).all()
        for (body,) in page:
            yield body
        if len(page) < PAGE:
            return
        first += PAGE


def _rewritten() -> UndertowError:
    return UndertowError(
        "the audit log is not what was signed before",
        code="audit-rewritten",
        mend="change nothing, keep the folder, and run `undertow audit verify` with the copies",
    )


def _sizes(place: Path) -> list[int]:
    stems = [path.stem for path in place.glob("*.checkpoint")]
    return [int(stem) for stem in stems if stem.isascii() and stem.isdigit()]


def _copied(here: Path, there: Path) -> bool:
    """Copy what is missing there; False where the folder refuses, for the next time to try again.

    Hashes go before their checkpoint and smaller sizes first: what is not past the largest there is there.
    """
    try:
        there.mkdir(parents=True, exist_ok=True)
        held = max(_sizes(there), default=-1)
        for size in sorted(size for size in _sizes(here) if size > held):
            for kind in ("hashes", "checkpoint"):
                name = f"{size:020d}.{kind}"
                _write(there / name, (here / name).read_bytes())
    except OSError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none, and wait until the disk has it."""
    unfinished = path.with_suffix(f"{path.suffix}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
