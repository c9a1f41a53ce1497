"""What the live engine said of a small world, and what the definition says of it."""

from __future__ import annotations

from undertow.engines.stream import Changes, Stream
from undertow.engines.stream_columns import columns_of
from undertow.engines.stream_kernel_pass import Columns
from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.playbooks.grammar import Playbook
from undertow.testing.oracle import Event
from undertow.testing.oracle import find as ask

PLATFORMS = ("p", "q")
SMALL = 1 << 22

Plain = dict[tuple[int, ...], tuple[int, tuple[int, ...]]]


def batch(log: EventLog, low: int, high: int) -> Columns:
    return columns_of(log, slice(low, high), PLATFORMS)


def new(
    playbooks: list[Playbook], sources: tuple[Source, ...], log: EventLog, forget: bool
) -> Stream:
    return Stream(
        playbooks, sources, platforms=PLATFORMS, start=log.start, memory=SMALL, forget=forget
    )


def note(told: dict[int, Plain], changes: Changes, playbooks: list[Playbook]) -> None:
    """Keep the answers that changes tell of, as a caller would."""
    for k in range(len(changes)):
        book = int(changes.playbook[k])
        key = tuple(v for v in changes.keys[k].tolist() if v >= 0)
        if changes.furthest[k] < 0:
            told[book].pop(key, None)
        else:
            steps = len(playbooks[book].steps)
            told[book][key] = int(changes.furthest[k]), tuple(changes.refs[k, :steps].tolist())


def expected(
    log: EventLog,
    events: list[Event],
    playbook: Playbook,
    sources: tuple[Source, ...],
    floor: int,
) -> Plain:
    accounts = {name: k for k, name in enumerate(log.accounts.to_pylist())}
    rooms = {name: k for k, name in enumerate(log.contexts.to_pylist())}
    row = {
        (i, None if t < 0 else log.accounts[t].as_py()): k
        for k, (i, t) in enumerate(zip(log.id.to_pylist(), log.target.tolist(), strict=True))
    }
    found: Plain = {}
    for key, match in ask(events, playbook, sources).items():
        furthest = playbook.step_index(match.step)
        if furthest < floor:
            continue
        code = (accounts[key[0]], accounts[key[1]], *(rooms[g] for g in key[2:]))
        refs = [-1] * len(playbook.steps)
        for name, event in match.steps:
            refs[playbook.step_index(name)] = row[event.id, event.target]
        found[code] = furthest, tuple(refs)
    return found


def floors(stream: Stream) -> dict[int, int]:
    return {
        number: book.floor
        for one in stream.passes
        for number, book in zip(one.books, one.compiled, strict=True)
    }
