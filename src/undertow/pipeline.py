"""The whole way in one page: events to signals, matches, scores, and the files that are handed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from undertow import __version__
from undertow.campaigns.beside import Beside, beside, room_table
from undertow.campaigns.known import known_accounts, listed_address
from undertow.campaigns.persona_file import read_personas
from undertow.campaigns.persona_join import Held, hold
from undertow.campaigns.persona_show import absence, persona_table
from undertow.campaigns.reports import FROM_REPORTS, only_reported
from undertow.campaigns.show import campaign_table, with_campaign
from undertow.campaigns.sources import knows_only, sources_of, with_sources
from undertow.campaigns.tie import tied
from undertow.carried.declared import Declared
from undertow.compiled import meanwhile
from undertow.events.days import days_seen
from undertow.events.load import load
from undertow.events.log import EventLog
from undertow.events.order import THREADS
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.read import EventFiles, open_events
from undertow.events.spill import DiskLog, machine_memory, spilled
from undertow.export.written import write_results
from undertow.kept import is_kept
from undertow.learning.decisions import reviewed
from undertow.matches.kernel_run import compile_parts
from undertow.matches.match import find
from undertow.nulls.run import NO_FIRST, chance_of
from undertow.nulls.score import Task
from undertow.nulls.show import Chance, queue_told, with_chance
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.wanted import looks
from undertow.request import (
    NO_NULLS,
    NO_TIES,
    Request,
    hold_in_memory,
    hold_one_pocket,
    hold_out,
    hold_share,
    hold_some,
    hold_spark,
    hold_state,
)
from undertow.scores import table
from undertow.scores.about import Told, about, coverage
from undertow.scores.conduct import conduct
from undertow.scores.rates import activity
from undertow.scores.shown import Names, Shown
from undertow.scores.side_by_side import weigh_all
from undertow.scores.weigh import Weighed, weigh
from undertow.signals.marks import prepare
from undertow.signals.shared import Shared
from undertow.units import moment


@dataclass
class Result:
    """What a run found and wrote."""

    accounts: pa.Table
    summary: dict[str, Any]
    report: Path


Progress = Callable[[int], None]
Begin = Callable[[str, int | None, str], None]
"""Is told what is done from now on, how much of it there is (None: unknown), and its unit."""


@dataclass(frozen=True)
class _Beside:
    """What stands beside the weights, each None where it was not looked for.

    Attributes:
        around: ties, groups and what is shown of them.
        chance: what null worlds say, or in words why they say nothing.
        held: the personas looked at.
        told: what is said of the input where the log does not hold all of it.
    """

    around: Beside | None = None
    chance: Chance | str | None = None
    held: Held | None = None
    told: Told | None = None


def detect(
    request: Request,
    advance: Progress = lambda _: None,
    begin: Begin = lambda *_: None,
) -> Result:
    """Take events the whole way, from files to a ranked, explained page.

    Args:
        request: what to read, match and write.
        advance: called with the rows of each batch read, and with what else was done.
        begin: called before something else is done.

    Returns:
        The ranking and what is said about the run.

    Raises:
        UndertowError: for input that cannot or must not be read; nothing is written then.
    """
    hold_out(request)
    half = "undertow.matches.kernel", "compile_answer", "undertow.matches.kernel_run"
    with meanwhile(*half) as compiled:
        if request.spark is not None:
            return _detect_spark(request, request.spark, advance, begin)
        if request.state is None:
            return _detect(request, advance, begin, compiled)
        return _detect_daily(request, request.state, advance)


def _opened(request: Request) -> EventFiles:
    return open_events(request.paths, ground=request.ground, timezone=request.timezone)


def _detect(
    request: Request, advance: Progress, begin: Begin, compiled: Callable[[], None]
) -> Result:
    files = _opened(request)
    with spilled(files, request.memory) as folder:
        hold_in_memory(request, folder)
        begin("reading events", files.rows, "events")
        log = read_log(files, request, advance, folder)
        hold_one_pocket(log)
        if not is_kept("undertow.matches.kernel_run", "run"):
            compile_parts()
        compiled()
        held = held_personas(request, log)
        actors = None if held is None else held.actors
        weighed = weigh_all(
            log,
            request.playbooks,
            files.sources,
            memory=request.memory,
            actors=actors,
            advance=advance,
            begin=begin,
        )
        begin("writing results", None, "files")
        declared = Declared.of(files)
        if request.from_reports:
            weighed = only_reported(log, weighed)
        if not request.campaigns or folder is not None:
            return _handed_on(request, files, declared, log, weighed, _Beside(held=held))
        known = known_accounts(request.known, log.accounts)
        found = tied(log, weighed, known=known)
        chance: Chance | str | None = None
        if request.nulls:
            task = Task(
                request.playbooks,
                files.sources,
                only_reported if request.from_reports else None,
                actors,
            )
            chance = chance_of(
                log, found, known, task, (begin, advance), first=request.first_alert
            )
        around = beside(log, found)
        beside_them = _Beside(around, chance, held)
        return _handed_on(request, files, declared, log, around.tied.weighed, beside_them)


def _detect_spark(request: Request, master: str, advance: Progress, begin: Begin) -> Result:
    from undertow.engines.spark import session
    from undertow.scores.spark_run import FarRun

    hold_spark(request)
    files = _opened(request)
    begin("starting Spark", None, "executors")
    settings = dict(request.settings)
    with session(master, request.memory, machine_memory(), settings) as spark:
        begin("reading events", files.rows, "events")
        look = looks(request.playbooks, request.region)
        run = FarRun(spark, files, request.playbooks, look, request.until)
        try:
            counted = run.read()
            advance(counted.events + counted.repeats)
            hold_some(counted.events)
            hold_share(counted.party, counted.direct)
            begin("matching", None, "playbooks")
            weighed, log = run.weigh()
            weighed = conduct(log, weighed)
            begin("writing results", None, "files")
            told = Told(
                counted.events,
                counted.repeats,
                len(log.accounts),
                counted.census.span,
                counted.addressed,
                run.closed(knows_only),
            )
            declared, also = Declared.of(files), _Beside(told=told)
            return _handed_on(request, files, declared, log, weighed, also)
        finally:
            run.drop()


def _detect_daily(request: Request, folder: Path, advance: Progress) -> Result:
    from undertow.carried.state import State

    hold_state(request)
    with State(folder, request.playbooks, request.region) as state:
        files = _opened(request)
        log, declared = state.add(read_log(files, request, advance), Declared.of(files))
        hold_one_pocket(log)
        weighed = conduct(log, state.weighed())
        result = _handed_on(request, files, declared, log, weighed, _Beside())
        state.commit()
    return result


def _handed_on(
    request: Request,
    files: EventFiles,
    declared: Declared,
    log: EventLog,
    weighed: Sequence[Weighed],
    also: _Beside,
) -> Result:
    """Write what was found; campaigns and chance only where they were looked for."""
    around, held = also.around, also.held
    shown = Shown(log, _target_names(request), None if held is None else held.actors)
    found = None if around is None else around.tied
    told = also.told or Told.of(log)
    groups = None if found is None else found.groups
    # One after another where rows stand in files: side by side they would need room side by side.
    with ThreadPoolExecutor(1 if isinstance(log, DiskLog) else THREADS) as pool:
        sources = pool.submit(sources_of, log, weighed, groups, told.knows)
        tables = list(pool.map(lambda one: table.tables(log, one, shown), weighed))
    ranked = table.ranked(pa.concat_tables([accounts for accounts, _, _ in tables]))
    summary = _summary(request, files, declared, told, weighed)
    # Where other machines hold the rows, the log here is a part of them.
    if request.days and also.told is None:
        summary["days"] = days_seen(log)
    written = {
        "funnels.parquet": pa.concat_tables(
            [f for _, f, _ in tables], promote_options="default"
        ),
        "evidence.parquet": pa.concat_tables([e for _, _, e in tables]),
    }
    if held is not None:
        written["personas.parquet"] = persona_table(held, weighed, shown)
        summary["coverage"].append(absence(held))
    decided = _reviewed(request, ranked, summary)
    if found is None and request.campaigns:
        summary["coverage"].append(NO_TIES)
    if request.nulls and found is None:
        summary["coverage"].append(NO_NULLS)
    if around is not None and found is not None:
        ranked = with_campaign(ranked, log, found)
        written["campaigns.parquet"] = campaign_table(log, found)
        summary["campaigns"] = len(found.groups)
        summary["role_change"] = asdict(around.changed)
        if around.series:
            written["rooms.parquet"] = room_table(log, around, shown)
    ranked = with_sources(ranked, log, sources.result())
    if isinstance(also.chance, str):
        summary["coverage"].append(also.chance)
    elif also.chance is not None:
        ranked = with_chance(ranked, log, also.chance, request.prior)
        summary["chance"] = queue_told(ranked, also.chance, decided)
        if also.chance.first is None:
            summary["coverage"].append(NO_FIRST)
    written["accounts.parquet"] = ranked
    report = write_results(request.out, written, files.rejects, summary, log.rest)
    return Result(ranked, summary, report)


def _reviewed(
    request: Request, ranked: pa.Table, summary: dict[str, Any]
) -> tuple[int, int] | None:
    """Count what reviewers found among the ranked: confirmed, looked at; None without decisions."""
    if request.verdicts is None:
        return None
    columns = (ranked[n].to_pylist() for n in ("account", "role", "playbook"))
    found = summary["reviewers"] = reviewed(request.verdicts, zip(*columns, strict=True))
    return found.confirmed, found.looked_at


def read_log(
    files: EventFiles, request: Request, advance: Progress, folder: Path | None = None
) -> EventLog:
    """Read all files into a log, in a folder if one is given.

    It holds the marks that the playbooks ask for and `direct`.
    """
    look = looks(request.playbooks, request.region)
    # A state keeps marks alone: scripts and addresses of other days are not there to compare with.
    # Ties need all events at once, which rows in a folder are too many for.
    without = request.state is not None or not request.campaigns or folder is not None
    shared = None if without else Shared(look, request.region, listed_address(request.known))
    if request.ahead is not None:
        prepare()
    log = load(
        files,
        looks=shared or look,
        until=request.until,
        advance=advance,
        folder=folder,
        ahead=request.ahead,
        needs=look.needs if shared is None else None,
    )
    if shared is not None:
        shared.settle(log.marks)
    hold_some(len(log))
    return log


def held_personas(request: Request, log: EventLog) -> Held | None:
    """Look the personas file up in the events; None where no file was given."""
    if request.personas is None:
        return None
    return hold(read_personas(request.personas), log.accounts, Pseudonyms.default())


def match_examples(path: Path, playbook: Playbook) -> list[str]:
    """Run one example file of a playbook through the real engine.

    Returns:
        The furthest step of every key that reached `listed_from`.
    """
    files = open_events([path], ground="an example of a playbook")
    request = Request((path,), Path(), (playbook,))
    log = read_log(files, request, lambda _: None)
    weighed = weigh(log, find(log, playbook, files.sources), activity(log))
    names = [step.name for step in playbook.steps]
    return [names[j] for j in weighed.matches.furthest[weighed.listed]]


def _target_names(request: Request) -> Names:
    if request.native_targets is not None:
        return lambda names: names
    pseudonyms = Pseudonyms.default()
    return pseudonyms.of_array


def _summary(
    request: Request,
    files: EventFiles,
    declared: Declared,
    told: Told,
    weighed: Sequence[Weighed],
) -> dict[str, Any]:
    reason = request.native_targets
    return {
        "undertow": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": [file.name for file in files.files],
        "events": told.events,
        "repeats": told.repeats,
        "rejected": files.rejects.num_rows,
        "accounts_seen": told.accounts,
        "from": moment(told.span[0]).isoformat(),
        "until": (request.until or moment(told.span[1])).isoformat(),
        "playbooks": [about(one, told.addressed) for one in weighed],
        "sources": [source.to_dict() for source in declared.sources],
        "ground": declared.grounds,
        "warnings": files.warnings,
        "simulated": declared.simulated,
        "prior": request.prior,
        "native_targets": None
        if reason is None
        else {"reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")},
        "from_reports": request.from_reports,
        "coverage": [
            *([FROM_REPORTS] if request.from_reports else []),
            *(
                line
                for one in weighed
                for line in coverage(one, declared.sources, told.addressed)
            ),
        ],
    }
