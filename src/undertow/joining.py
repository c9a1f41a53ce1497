"""From events to the personas file: which accounts of listed matches are held to be one actor, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from undertow.campaigns.handing import listed_pairs
from undertow.campaigns.known import hashed
from undertow.campaigns.persona import Finder, Found
from undertow.campaigns.persona_file import Tie, read_personas, write_personas
from undertow.campaigns.persona_join import to_ties
from undertow.errors import UndertowError
from undertow.events.load import load
from undertow.events.log import EventLog
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.read import EventFiles, open_events
from undertow.events.table import TYPES
from undertow.matches.match import find
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.wanted import looks
from undertow.request import Request, hold_one_pocket
from undertow.scores.shown import Shown
from undertow.signals.handed import Handed

Address = tuple[str, str]


@dataclass(frozen=True)
class Personas:
    """What was joined.

    Attributes:
        ties: the entries written, those that a person wrote before among them.
        files: what was read.
        platforms: how many platforms the events are from.
    """

    ties: list[Tie]
    files: EventFiles
    platforms: int


def find_personas(
    request: Request, old: Path | None = None, advance: Callable[[int], None] = lambda _: None
) -> Personas:
    """Read events, find who is held to be one actor, and write the personas file.

    Args:
        request: what to read, under which playbooks; `out` is the file.
        old: an earlier file: what a person undid or added in it stays.
        advance: called with the rows of each batch read.

    Raises:
        UndertowError: for input that cannot or must not be read; `personas-across` where no playbook
            has a step across personas; the faults of `read_personas` and `write_personas`.
    """
    before = [] if old is None else read_personas(old)
    books = [book for book in request.playbooks if any(s.across_personas for s in book.steps)]
    if not books:
        raise UndertowError(
            "no playbook has a step `across: personas`: personas would change nothing",
            code="personas-across",
            mend="name a playbook that has one, such as `extremist-recruitment`",
        )
    files = open_events(request.paths, ground=request.ground, timezone=request.timezone)
    log, addresses = _read(files, request, books, advance)
    hold_one_pocket(log)
    pairs = listed_pairs([find(log, book, files.sources) for book in books])
    pseudonyms = Pseudonyms.default()
    finder = Finder(
        log, pairs, addresses, lambda value: hashed(pseudonyms.key, "address", value)
    )
    ties = entries(finder, finder.ties(), pairs, before, pseudonyms)
    write_personas(request.out, ties)
    return Personas(ties, files, len(log.platforms))


def entries(
    finder: Finder,
    found: Sequence[Found],
    pairs: np.ndarray,
    old: Sequence[Tie],
    pseudonyms: Pseudonyms,
) -> list[Tie]:
    """Write ties as entries of the file.

    Sealed are accounts that are only targets, and those that were given an address before they gave
    one: who answers an address with an own one is drawn in still.
    """
    many = len(finder.log.accounts)
    targets = np.zeros(many, bool)
    targets[pairs[:, 1]] = True
    targets[pairs[:, 0]] = False
    gave, got = np.full(many, np.iinfo(np.int64).max), np.full(many, np.iinfo(np.int64).max)
    np.minimum.at(gave, finder.given.giver, finder.given.row)
    np.minimum.at(got, finder.given.target, finder.given.row)
    targets |= got < gave
    shown = Shown(finder.log, pseudonyms.of_array)
    return to_ties(finder, found, targets, shown, old, pseudonyms)


def _read(
    files: EventFiles,
    request: Request,
    books: Sequence[Playbook],
    advance: Callable[[int], None],
) -> tuple[EventLog, list[Address]]:
    """Read all events with the addresses that they hand over."""
    base, handed = looks(books, request.region), Handed(request.region)
    message = TYPES.index("message")

    def look(content: pa.Array, types: np.ndarray) -> dict[str, np.ndarray]:
        marks = base(content, types)
        marks["handed"] = handed.look(content, marks["address"] & (types == message))
        return marks

    log = load(files, looks=look, until=request.until, advance=advance)
    if not len(log):
        raise UndertowError(
            "no events are left to look at",
            code="events-none",
            mend="check the files, and `--until` if it was given",
        )
    return log, handed.values()
