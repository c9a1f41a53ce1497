"""The whole way in one page: events to signals, matches, scores, and the files that are handed on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undertow import __version__
from undertow.errors import UndertowError
from undertow.events.coding import Looks
from undertow.events.load import load
from undertow.events.log import NOBODY, EventLog
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.read import EventFiles, open_events
from undertow.events.source import SIMULATED_KEY, Source
from undertow.events.table import CONVERSATION, TYPES
from undertow.export.report import write_report
from undertow.matches import kernel_states as states
from undertow.matches.match import find
from undertow.playbooks.grammar import Playbook
from undertow.scores import table
from undertow.scores.rates import activity
from undertow.scores.shown import Names
from undertow.scores.weigh import Weighed, likely, weigh
from undertow.signals.marks import MARKS, text_marks
from undertow.signals.tempo import answered
from undertow.units import moment

PRIOR: Final = 2e-5
"""Share of active accounts that recruit, before looking: 20 in a million (design, section 7)."""
ONE_POCKET: Final = 0.5
"""Share of direct messages that one account may be party to (design, section 2.2)."""


@dataclass(frozen=True)
class Request:
    """What `detect` is asked to do.

    Attributes:
        paths: events files or folders.
        out: folder for the results.
        playbooks: checked playbooks, at least one.
        until: leave out events at and after this moment.
        ground: lawful ground for sources that declare none.
        timezone: IANA zone of times without one.
        region: country of national phone numbers, ISO 3166, None for unknown.
        prior: share of active accounts that recruit.
        native_targets: reason for writing native ids of targets, None for pseudonyms.
    """

    paths: tuple[Path, ...]
    out: Path
    playbooks: tuple[Playbook, ...]
    until: datetime | None = None
    ground: str | None = None
    timezone: str | None = None
    region: str | None = None
    prior: float = PRIOR
    native_targets: str | None = None


@dataclass
class Result:
    """What a run found and wrote."""

    accounts: pa.Table
    summary: dict[str, Any]
    report: Path


Progress = Callable[[int], None]


def detect(request: Request, advance: Progress = lambda _: None) -> Result:
    """Take events the whole way, from files to a ranked, explained page.

    Args:
        request: what to read, match and write.
        advance: called with the rows of each batch read.

    Returns:
        The ranking and what is said about the run.

    Raises:
        UndertowError: for input that cannot or must not be read; nothing is written then.
    """
    hold_out(request)
    files = open_events(request.paths, ground=request.ground, timezone=request.timezone)
    log = read_log(files, request, advance)
    hold_one_pocket(log)
    busy = activity(log)
    weighed = [weigh(log, find(log, book, files.sources), busy) for book in request.playbooks]
    names = _target_names(request)
    tables = [_tables(log, one, names) for one in weighed]
    ranked = _ranked(pa.concat_tables([accounts for accounts, _, _ in tables]))
    summary = _summary(request, files, log, weighed)
    written = {
        "accounts.parquet": ranked,
        "funnels.parquet": pa.concat_tables(
            [f for _, f, _ in tables], promote_options="default"
        ),
        "evidence.parquet": pa.concat_tables([e for _, _, e in tables]),
    }
    report = _write(request.out, written, files.rejects, summary)
    return Result(ranked, summary, report)


def hold_out(request: Request) -> None:
    """Refuse an output folder that cannot be written or that is itself read.

    Raises:
        UndertowError: `out-unwritable`, or `out-among-events` where results would be taken for events
            by the next run.
    """
    out = request.out.resolve()
    if any(path.is_dir() and path.resolve() == out for path in request.paths):
        raise UndertowError(
            "the output folder is one of the folders that are read",
            code="out-among-events",
            mend="name another folder with --out",
        )
    there = next(path for path in (out, *out.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UndertowError(
            "the output folder cannot be written",
            code="out-unwritable",
            mend="name another folder with --out",
        )


def read_log(files: EventFiles, request: Request, advance: Progress) -> EventLog:
    """Read all files into a log, with the marks that the playbooks ask for and `direct`."""
    log = load(
        files,
        looks=looks(request.playbooks, request.region),
        until=request.until,
        advance=advance,
    )
    if not len(log):
        raise UndertowError(
            "no events are left to look at",
            code="events-none",
            mend="check the files, and `--until` if it was given",
        )
    if any("answered" in step.has for playbook in request.playbooks for step in playbook.steps):
        talk = np.isin(log.type, [TYPES.index(word) for word in CONVERSATION])
        log.marks["answered"] = np.logical_and(*answered(log.actor, log.target, talk))
    return log


def looks(playbooks: Iterable[Playbook], region: str | None) -> Looks:
    """Say what to look for in texts: what the playbooks' steps ask for, at the steps' types alone."""
    steps = [step for playbook in playbooks for step in playbook.steps]
    wanted = {
        name: frozenset(word for step in steps if name in step.has for word in step.types)
        for name in MARKS
    }

    def look(content: pa.Array, types: np.ndarray) -> dict[str, np.ndarray]:
        return text_marks(content, types, region=region, wanted=wanted)

    return look


def hold_one_pocket(log: EventLog) -> None:
    """Refuse data that is one person's pocket.

    Raises:
        UndertowError: `events-one-pocket` if one account is party to more than half of the direct
            messages: there is no honest background, and it would be a tool to watch a partner.
    """
    rows = np.flatnonzero(log.marks["direct"] & (log.target != log.actor))
    if not len(rows):
        return
    party = np.bincount(log.actor[rows], minlength=len(log.accounts))
    addressed = log.target[rows][log.target[rows] != NOBODY]
    party += np.bincount(addressed, minlength=len(log.accounts))
    if party.max() > ONE_POCKET * len(rows):
        share = round(100 * party.max() / len(rows))
        raise UndertowError(
            f"one account is party to {share} % of the direct messages",
            code="events-one-pocket",
            mend="give the events of a whole community: one person's messages hold no background "
            "to compare with, and Undertow is not made for watching one person",
        )


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


def _tables(
    log: EventLog, weighed: Weighed, names: Names
) -> tuple[pa.Table, pa.Table, pa.Table]:
    evidence = table.evidence(log, weighed, names)
    return table.accounts(log, weighed, evidence), table.funnels(log, weighed, names), evidence


def _ranked(accounts: pa.Table) -> pa.Table:
    return accounts.sort_by(
        [
            (n, "descending" if n == "weight" else "ascending")
            for n in ("weight", "account", "role")
        ]
    )


def _summary(
    request: Request, files: EventFiles, log: EventLog, weighed: list[Weighed]
) -> dict[str, Any]:
    reason = request.native_targets
    return {
        "undertow": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": [file.name for file in files.files],
        "events": len(log),
        "repeats": log.repeats,
        "rejected": files.rejects.num_rows,
        "accounts_seen": len(log.accounts),
        "from": moment(log.start).isoformat(),
        "until": (request.until or moment(log.end)).isoformat(),
        "playbooks": [_about(one, log) for one in weighed],
        "sources": [source.to_dict() for source in files.sources],
        "ground": files.grounds,
        "warnings": files.warnings,
        "simulated": files.simulated,
        "prior": request.prior,
        "native_targets": None
        if reason is None
        else {"reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")},
        "coverage": [line for one in weighed for line in _coverage(one, files.sources, log)],
    }


def _about(weighed: Weighed, log: EventLog) -> dict[str, Any]:
    playbook, rates = weighed.matches.playbook, weighed.rates
    return {
        "name": playbook.name,
        "title": playbook.title,
        "status": playbook.status,
        "source": playbook.origin,
        "falsepositives": list(playbook.falsepositives),
        "reason": playbook.reason,
        "listed_from": playbook.listed_from,
        "keys": len(weighed.matches),
        "listed": int(weighed.listed.sum()),
        "by_oracle": weighed.matches.slow,
        "steps": [
            {
                "name": step.name,
                "optional": step.optional,
                "likely": likely(step),
                "likely_source": step.likely_source,
                "types": list(step.types),
                "public": not ({"message"} & set(step.types)),
                "within": step.within,
                "unknown_for": _blind(weighed, s, log),
            }
            for s, step in enumerate(playbook.steps)
        ],
        "counts": {
            step.name: {
                "reached": round(float(rates.reached[s].sum())),
                "at_risk": round(float(rates.at_risk[s].sum())),
                "u": float((rates.reached[s].sum() + 0.5) / (rates.at_risk[s].sum() + 1)),
            }
            for s, step in enumerate(playbook.steps)
        },
    }


def _blind(weighed: Weighed, s: int, log: EventLog) -> list[str]:
    """Name the platforms of keys for which a step was unknown."""
    unknown = weighed.matches.states[:, s] == states.UNKNOWN
    ends = weighed.matches.keys[unknown, 1 - weighed.judged]
    rows = np.flatnonzero(np.isin(log.target, np.unique(ends)))
    codes = np.unique(log.platform[rows])
    return [log.platforms[int(code)].as_py() for code in codes if code != NOBODY]


def _coverage(weighed: Weighed, sources: tuple[Source, ...], log: EventLog) -> list[str]:
    playbook = weighed.matches.playbook
    lines = []
    for s, step in enumerate(playbook.steps):
        platforms = _blind(weighed, s, log)
        if platforms:
            lines.append(
                f"{', '.join(platforms)}: the step `{step.name}` could not be seen for some or all; "
                "it weighs nothing there"
            )
    if not sources:
        lines.append(
            "no sources were declared: a step that is absent may just not have been visible"
        )
    if any(source.precision in ("min", "day") for source in sources):
        lines.append(
            "some times are no finer than a minute or a day: order within it is not known"
        )
    lines.append(
        "what happens outside these sources, off the platform or by voice, is not visible"
    )
    return lines


def _write(
    out: Path, tables: dict[str, pa.Table], rejects: pa.Table, summary: dict[str, Any]
) -> Path:
    """Write all results through temporary neighbours, so that a failed run spoils no older one."""
    out.mkdir(parents=True, exist_ok=True)
    marked = {b"undertow.grounds": msgspec.json.encode(summary["ground"])}
    if summary["simulated"] is not None:
        marked[SIMULATED_KEY] = msgspec.json.encode(summary["simulated"])
    if summary["native_targets"] is not None:
        marked[b"undertow.native_targets"] = msgspec.json.encode(summary["native_targets"])
    if rejects.num_rows:
        tables = {**tables, "rejects.parquet": rejects}
    else:
        (out / "rejects.parquet").unlink(missing_ok=True)
    parts = {name: out / f".{name}.part" for name in (*tables, "run.json")}
    try:
        for name, content in tables.items():
            marked_table = content.replace_schema_metadata(marked)
            pq.write_table(marked_table, parts[name], compression="zstd")
        parts["run.json"].write_bytes(
            msgspec.json.format(msgspec.json.encode(summary), indent=1)
        )
        for name, part in parts.items():
            part.replace(out / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return write_report(out)
