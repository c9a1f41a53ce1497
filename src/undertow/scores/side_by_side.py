"""All playbooks matched and weighed: side by side where the log is in memory, part by part where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from undertow.events.log import EventLog
from undertow.events.order import THREADS
from undertow.events.source import Source
from undertow.events.spill import DiskLog, machine_memory
from undertow.matches.actors import Actors
from undertow.matches.match import search_for
from undertow.matches.parts import divide
from undertow.playbooks.grammar import Playbook
from undertow.scores.conduct import completed, conduct, listed_talk
from undertow.scores.meetings import free_meetings
from undertow.scores.parts import weigh_in_parts
from undertow.scores.rates import activity
from undertow.scores.weigh import Weighed, is_listed, weigh


def weigh_all(
    log: EventLog,
    playbooks: Sequence[Playbook],
    sources: tuple[Source, ...],
    *,
    memory: int | None = None,
    actors: Actors | None = None,
    advance: Callable[[int], None] = lambda _: None,
    begin: Callable[[str, int | None, str], None] = lambda *_: None,
) -> list[Weighed]:
    """Match playbooks and weigh conduct.

    Args:
        log: the events.
        playbooks: checked playbooks.
        sources: what could be seen.
        memory: bytes that may be used where rows stand in files; None for a share of the machine's.
        actors: personas, None where none are known.
        advance: called with how many playbooks or parts were done.
        begin: called before, with what is done, how many there are, and of what.
    """
    if isinstance(log, DiskLog):
        division = divide(log, machine_memory() if memory is None else memory)
        begin("matching", division.many, "parts")
        return conduct(log, weigh_in_parts(division, playbooks, sources, advance))
    begin("matching", len(playbooks), "playbooks")
    # What is done beside waits for nothing, so playbooks may wait for it.
    with ThreadPoolExecutor(THREADS) as pool, ThreadPoolExecutor(THREADS) as beside:
        busy = beside.submit(activity, log)

        def one(playbook: Playbook) -> Weighed:
            search = search_for(log, playbook, sources, None, actors=actors)
            met = beside.submit(free_meetings, log, playbook, search.chosen)
            keys = search.keys()
            matches = search.matches(keys, search.answer(keys, whole=False))
            talk = beside.submit(listed_talk, log, matches, is_listed(matches))
            weighed = weigh(log, matches, busy.result(), met.result())
            advance(1)
            return completed(log, weighed, talk.result())

        return list(pool.map(one, playbooks))
