"""Made-up inputs for `differential.py`: events, sources and playbooks over the whole grammar, as files."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.csv

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "matches"))

from undertow.events.source import Source, write_sidecar
from undertow.events.table import NAMES, SCHEMA
from undertow.events.write import write_events
from undertow.playbooks.grammar import Playbook
from undertow.testing.oracle import Event
from undertow.units import moment
from worlds import random_events, random_playbook, random_sources

BOOKS = 2


@dataclass
class World:
    """One made-up input.

    Attributes:
        seed: its number.
        events: as the oracle reads them.
        sources: what could be seen.
        playbooks: two.
        paths: the same events as files.
    """

    seed: int
    events: list[Event]
    sources: tuple[Source, ...]
    playbooks: tuple[Playbook, ...]
    paths: list[Path] = field(default_factory=list)


def draw(seed: int, folder: Path) -> World:
    """Draw a world and write its files."""
    dice = random.Random(seed)
    events = random_events(dice, dice.choice([4, 8, 12]), dice.choice([40, 120]))
    sources = random_sources(dice)
    books = []
    for k in range(BOOKS):
        book = random_playbook(dice)
        required = [step.name for step in book.steps if not step.optional]
        books.append(replace(book, name=f"book-{k}", listed_from=dice.choice(required)))
    world = World(seed, events, sources, tuple(books))
    rows = [row_of(event) for event in events]
    rows += dice.sample(rows, len(rows) // 4)
    dice.shuffle(rows)
    many = dice.choice([1, 2, 3])
    for k in range(many):
        form = dice.choice(["parquet", "jsonl", "csv"])
        path = folder / f"world-{seed}-{k}.{form}"
        write(path, rows[k::many], sources)
        world.paths.append(path)
    return world


def row_of(event: Event) -> dict[str, Any]:
    """Write an event as a row of the event table, its signals as text."""
    text = "see you at nine"
    if "address" in event.has:
        text = f"write to lamp{event.id}@example.org"
    return {
        **dict.fromkeys(NAMES),
        "id": event.id,
        "type": event.type,
        "published": moment(event.at),
        "actor": event.actor,
        "target": event.target,
        "context": event.context,
        "visibility": event.visibility,
        "platform": event.platform,
        "content": text,
    }


def write(path: Path, rows: list[dict[str, Any]], sources: Sequence[Source]) -> None:
    """Write rows in the form that the file's name asks for."""
    given = pa.Table.from_pylist(rows, SCHEMA)
    if path.suffix == ".parquet":
        write_events(path, [given], schema=SCHEMA, sources=list(sources))
        return
    texts = given.set_column(2, "published", given["published"].cast(pa.string()))
    if path.suffix == ".csv":
        pa.csv.write_csv(texts, path)
    else:
        path.write_bytes(b"".join(b"%s\n" % line for line in lines_of(texts)))
    if sources:
        write_sidecar(path, list(sources))


def lines_of(texts: pa.Table) -> Iterator[bytes]:
    for row in texts.to_pylist():
        yield msgspec.json.encode({name: one for name, one in row.items() if one is not None})
