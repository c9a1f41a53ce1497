"""Hold four engines to each other over made-up worlds: the oracle, local, the live stream, and Spark.

    python bench/differential.py                        300 worlds, two playbooks each
    python bench/differential.py --worlds 20 --first 40 --engines oracle,local,stream

Every world is drawn from its number: accounts, events, sources, two playbooks over the whole grammar, files of
several formats, in any order, some rows twice. The oracle and the stream answer keys; what they answer is
judged, weighed and written out by the functions of one machine. Local and Spark take the whole way from
files. Compared are funnels with every event they cite, evidence with its events, roles, and weights to 1e-9.
Ends with 1 if anything differs, and names the worlds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from differential_worlds import World, draw

from undertow.engines.spark import Spark, session
from undertow.engines.stream import Stream
from undertow.engines.stream_columns import columns_of
from undertow.errors import UndertowError
from undertow.events.coding import Looks
from undertow.events.load import load
from undertow.events.log import EventLog
from undertow.events.read import open_events
from undertow.matches.kernel_rules import PRESENT
from undertow.matches.match import Matches, Search, find, search_for
from undertow.matches.parts import nothing_selected
from undertow.matches.slow import Said, said_of
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.wanted import looks
from undertow.scores import table
from undertow.scores.conduct import conduct
from undertow.scores.meetings import free_meetings
from undertow.scores.rates import activity
from undertow.scores.shown import Shown
from undertow.scores.spark_run import FarRun
from undertow.scores.weigh import Weighed, weigh
from undertow.testing.oracle import Oracle

WORLDS = 300
ENGINES = ("oracle", "local", "stream", "spark")
CLOSE = 1e-9
NOTHING_KNOWN = np.zeros(PRESENT + 1, np.int64)
Key = tuple[int, ...]
Answered = dict[Key, Said]
"""What is said of each key."""
Tables = dict[str, dict[tuple[Any, ...], tuple[float, ...]]]
"""For each table what stands in it, with the numbers that belong to it."""


@dataclass
class Tally:
    """What was compared with local, by engine."""

    playbooks: int = 0
    keys: int = 0
    funnels: int = 0
    evidence: int = 0
    unknown: int = 0
    differ: list[str] = field(default_factory=list)
    seconds: float = 0.0


def local(world: World, look: Looks) -> tuple[EventLog, list[Weighed]]:
    """Take files the whole way on this machine."""
    files = open_events(world.paths, ground="made up")
    log = load(files, looks=look)
    busy = activity(log)
    found = [weigh(log, find(log, book, files.sources), busy) for book in world.playbooks]
    return log, conduct(log, found)


def spark(world: World, look: Looks, on: Spark) -> tuple[EventLog, list[Weighed]]:
    """Take files the whole way on Spark."""
    run = FarRun(on, open_events(world.paths, ground="made up"), world.playbooks, look, None)
    try:
        run.read()
        weighed, log = run.weigh()
    finally:
        run.drop()
    return log, conduct(log, weighed)


class Names:
    """Codes of a log for the names that the oracle speaks of."""

    def __init__(self, log: EventLog) -> None:
        self.accounts = {name: k for k, name in enumerate(log.accounts.to_pylist())}
        self.rooms = {name: k for k, name in enumerate(log.contexts.to_pylist())}
        names = log.accounts.to_pylist()
        ends = zip(log.id.to_pylist(), log.target.tolist(), strict=True)
        self.rows = {(i, names[t] if t >= 0 else None): k for k, (i, t) in enumerate(ends)}

    def key(self, names: tuple[str, ...]) -> Key:
        """Give the codes of a key."""
        rooms = [self.rooms[name] for name in names[2:]] or [-1]
        return self.accounts[names[0]], self.accounts[names[1]], *rooms


def ask_oracle(world: World, playbook: Playbook, log: EventLog) -> Answered:
    """Let the oracle answer all keys."""
    names, oracle = Names(log), Oracle(world.events, playbook, world.sources)
    platforms = log.platforms.to_pylist()
    return {
        names.key(key): said_of(oracle, match, names.rows, platforms)
        for key, match in oracle.all().items()
    }


def ask_stream(
    world: World, playbook: Playbook, log: EventLog, oracle: Answered
) -> Answered | None:
    """Let the stream answer, event after event; None for a playbook that only `detect` knows.

    Of keys that end before its floor, and of moments at which more could come, it tells nothing: there the
    oracle's word stands.
    """
    platforms = sorted({*log.platforms.to_pylist(), *(s.platform for s in world.sources)})
    try:
        stream = Stream([playbook], world.sources, platforms=platforms, start=log.start)
    except UndertowError:
        return None
    floor = stream.passes[0].compiled[0].floor
    told: dict[Key, tuple[int, np.ndarray]] = {}
    for low in range(0, len(log), 16):
        changes = stream.feed(columns_of(log, slice(low, low + 16), platforms))
        for k in range(len(changes)):
            refs = changes.refs[k, : len(playbook.steps)]
            told[tuple(changes.keys[k].tolist())] = int(changes.furthest[k]), refs
    answered = {key: one for key, one in oracle.items() if one.furthest < floor}
    for key, (step, rows) in told.items():
        if step >= 0:
            # A key that the oracle does not know is a fault, which the comparison shows.
            known = oracle.get(key, Said(step, rows, 0, NOTHING_KNOWN))
            answered[key] = Said(step, rows, known.latest, known.known)
    return answered


def weighed_of(log: EventLog, search: Search, answered: Answered) -> Weighed:
    """Judge and weigh what an engine has answered."""
    keys, steps = sorted(answered), len(search.plan)
    book = search.plan.playbook
    matches = Matches(
        book,
        np.array(keys, np.int64).reshape(-1, 3),
        np.array([answered[key].furthest for key in keys], np.int64),
        np.array([answered[key].rows for key in keys], np.int64).reshape(-1, steps),
        np.array([search.judged(answered[key]) for key in keys], np.int8).reshape(-1, steps),
        nothing_selected(),
    )
    met = free_meetings(log, book, search.selected)
    return conduct(log, [weigh(log, matches, activity(log), met)])[0]


def tables(log: EventLog, weighed: Weighed) -> Tables:
    """Write out what an engine has found, as `detect` would."""
    shown = Shown(log, lambda names: names)
    accounts, funnels, evidence = table.tables(log, weighed, shown)
    return {
        "accounts": told(accounts, ("weight",)),
        "funnels": told(funnels, ("weight",)),
        "evidence": told(evidence, ("bits", "u", "m")),
    }


def told(given: pa.Table, numbers: tuple[str, ...]) -> dict[tuple[Any, ...], tuple[float, ...]]:
    """Tell what stands in rows from their numbers; equal rows are counted apart."""
    found: dict[tuple[Any, ...], tuple[float, ...]] = {}
    for row in given.to_pylist():
        values = tuple(-1e300 if row[name] is None else row[name] for name in numbers)
        name = tuple(repr(row[n]) for n in given.column_names if n not in numbers)
        again = 0
        while (*name, again) in found:
            again += 1
        found[*name, again] = values
    return found


def differing(one: Tables, other: Tables) -> list[str]:
    """Name the tables that differ: in a row, or in a number by more than 1e-9."""
    return [
        name
        for name, rows in one.items()
        if rows.keys() != other[name].keys()
        or any(
            abs(x - y) > CLOSE
            for key, values in rows.items()
            for x, y in zip(values, other[name][key], strict=True)
        )
    ]


def compare(
    world: World, engines: Iterable[str], on: Spark | None, into: Mapping[str, Tally]
) -> None:
    """Run the engines over one world and note where they differ from local."""
    look = looks(world.playbooks, None)
    log, weighed = _timed(into, "local", lambda: local(world, look))
    wanted = [tables(log, one) for one in weighed]
    _count(into["local"], wanted, weighed)
    if "spark" in engines and on is not None:
        far = _timed(into, "spark", lambda: spark(world, look, on))
        found = [tables(far[0], one) for one in far[1]]
        _count(into["spark"], found, far[1])
        _note(into["spark"], world, wanted, found)
        if [_keys(one) for one in weighed] != [_keys(one) for one in far[1]]:
            into["spark"].differ.append(f"world {world.seed}: number of keys")
    for place, playbook in enumerate(world.playbooks):
        if not {"oracle", "stream"} & set(engines):
            continue
        search = search_for(log, playbook, world.sources, None)
        answers = _timed(into, "oracle", lambda b=playbook: ask_oracle(world, b, log))
        given = {"oracle": answers}
        if "stream" in engines:
            streamed = _timed(
                into, "stream", lambda b=playbook, a=answers: ask_stream(world, b, log, a)
            )
            given["stream"] = streamed
        for engine, answered in given.items():
            if answered is None:
                into[engine].unknown += 1
                continue
            one = weighed_of(log, search, answered)
            found = [tables(log, one)]
            _count(into[engine], found, [one])
            _note(into[engine], world, wanted[place : place + 1], found, place)
            if _keys(one) != _keys(weighed[place]):
                into[engine].differ.append(f"world {world.seed}: number of keys, book {place}")


def _timed(into: Mapping[str, Tally], engine: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever the work gives
    begun = time.monotonic()
    found = work()
    into[engine].seconds += time.monotonic() - begun
    return found


def _keys(weighed: Weighed) -> int:
    return len(weighed.matches) + (weighed.background.many if weighed.background else 0)


def _count(tally: Tally, found: Sequence[Tables], weighed: Sequence[Weighed]) -> None:
    tally.playbooks += len(found)
    tally.keys += sum(map(_keys, weighed))
    tally.funnels += sum(len(one["funnels"]) for one in found)
    tally.evidence += sum(len(one["evidence"]) for one in found)


def _note(
    tally: Tally,
    world: World,
    wanted: Sequence[Tables],
    found: Sequence[Tables],
    first: int = 0,
) -> None:
    for place, (one, other) in enumerate(zip(wanted, found, strict=True), first):
        tally.differ += [
            f"world {world.seed}, book {place}: {n}" for n in differing(one, other)
        ]


@contextmanager
def _spark(wanted: bool) -> Iterator[Spark | None]:
    if not wanted:
        yield None
        return
    with session("local[2]", 2 << 30, 2 << 30, {}) as on:
        yield on


def run(seeds: Iterable[int], engines: Sequence[str], on: Spark | None) -> dict[str, Tally]:
    """Compare engines over worlds."""
    into = {engine: Tally() for engine in ENGINES}
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="undertow-worlds-") as folder:
            compare(draw(seed, Path(folder)), engines, on, into)
    return into


def show(worlds: int, into: Mapping[str, Tally]) -> None:
    print(f"{worlds} worlds; every engine is compared with `local`, weights to {CLOSE:g}\n")
    heads = (
        "engine",
        "playbooks",
        "not known",
        "keys",
        "funnels",
        "evidence",
        "differ",
        "seconds",
    )
    print("".join(f"{head:>11}" for head in heads))
    for engine, one in into.items():
        if one.playbooks:
            cells = (engine, one.playbooks, one.unknown, one.keys, one.funnels, one.evidence)
            print(
                "".join(
                    f"{cell:>11}" for cell in (*cells, len(one.differ), f"{one.seconds:.1f}")
                )
            )
    for engine, one in into.items():
        for line in one.differ:
            print(f"{engine} differs: {line}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--engines", default=",".join(ENGINES))
    given = parser.parse_args()
    engines = given.engines.split(",")
    begun = time.monotonic()
    with _spark("spark" in engines) as on:
        into = run(range(given.first, given.first + given.worlds), engines, on)
    show(given.worlds, into)
    print(f"\n{time.monotonic() - begun:.0f} s in all")
    return int(any(one.differ for one in into.values()))


if __name__ == "__main__":
    sys.exit(main())
