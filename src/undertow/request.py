"""What a run is asked to do, and what it refuses before and after reading."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from undertow.errors import UndertowError
from undertow.events.log import NOBODY, EventLog
from undertow.events.parquet import Ahead
from undertow.learning.decisions import Case, Verdict
from undertow.playbooks.grammar import Playbook

PRIOR: Final = 2e-5
"""Share of active accounts that recruit, before looking: 20 in a million (design, section 7)."""
NO_TIES: Final = (
    "ties between accounts, campaigns and personas were not looked for: they need the texts of all events "
    "in memory at once, which a carried state, little memory or Spark does not give"
)
NO_NULLS: Final = "p, q and the probability were not computed: they rest on ties between accounts, which were not looked for"
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
        memory: bytes that the run may use before rows go to disk, None for a share of the machine's.
        state: folder in which events and answers are carried to the next run, None to carry nothing.
        known: a list of known accounts, addresses and domains, None for none.
        from_reports: look only at accounts and conversations that a person reported.
        campaigns: look for ties, campaigns, hits of lists and reports.
        nulls: hold the accounts against null worlds; needs `campaigns`.
        first_alert: find the first midnight that raises each account; needs `nulls`.
        spark: where Spark runs the work, None for this process.
        settings: settings of Spark, name and value.
        verdicts: what decisions of reviewers came to, None for no decisions; counted, and moving no weight.
        personas: file of accounts held to be one actor, None for none.
        days: count events by day, platform and class, for the data health of a case store; not by Spark.
        ahead: decodes the first of the files while all else is loaded, None for nobody.
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
    state: Path | None = None
    memory: int | None = None
    known: Path | None = None
    from_reports: bool = False
    campaigns: bool = True
    nulls: bool = True
    first_alert: bool = False
    spark: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    verdicts: Mapping[Case, Verdict] | None = None
    personas: Path | None = None
    days: bool = False
    ahead: Ahead | None = None


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


def hold_state(request: Request) -> None:
    """Refuse what cannot be carried.

    Raises:
        UndertowError: `state-until`: rows left out today would be missing tomorrow; `state-among-others`
            where the state's folder is read or written as something else; `state-personas`: carried answers
            rest on accounts alone.
    """
    if request.personas is not None:
        raise UndertowError(
            "`--personas` and `--state` do not go together: carried answers rest on accounts alone",
            code="state-personas",
            mend="leave one of them out",
        )
    if request.until is not None:
        raise UndertowError(
            "`--until` and `--state` do not go together: what is left out today is missing tomorrow",
            code="state-until",
            mend="leave one of them out",
        )
    if request.state is not None:
        state = request.state.resolve()
        if state in {path.resolve() for path in (request.out, *request.paths)}:
            raise UndertowError(
                "the state folder is the output folder, or one that is read",
                code="state-among-others",
                mend="name another folder with --state",
            )


def hold_spark(request: Request) -> None:
    """Refuse what Spark does not carry: `spark-options`."""
    alone = (request.known, request.personas, request.state)
    if request.from_reports or any(one is not None for one in alone):
        raise UndertowError(
            "`--known`, `--personas`, `--from-reports` and `--state` do not go with `--engine spark`",
            code="spark-options",
            mend="leave them out, or use the local engine",
        )


def hold_in_memory(request: Request, folder: Path | None) -> None:
    """Refuse what needs all events in memory where they do not fit: `memory-campaigns`, `memory-personas`."""
    if folder is not None and request.personas is not None:
        raise UndertowError(
            "`--personas` needs all events in memory, and these do not fit",
            code="memory-personas",
            mend="give a larger `--memory`, or leave it out",
        )
    if folder is not None and (request.known is not None or request.from_reports):
        raise UndertowError(
            "`--known` and `--from-reports` need all events in memory, and these do not fit",
            code="memory-campaigns",
            mend="give a larger `--memory`, or leave them out",
        )


def hold_some(events: int) -> None:
    """Refuse an input of which nothing is left: `events-none`."""
    if not events:
        raise UndertowError(
            "no events are left to look at",
            code="events-none",
            mend="check the files, and `--until` if it was given",
        )


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
    hold_share(int(party.max()), len(rows))


def hold_share(most: int, messages: int) -> None:
    """Refuse as `hold_one_pocket` does, where the busiest account is party to `most` of all direct messages."""
    if most > ONE_POCKET * messages:
        share = round(100 * most / messages)
        raise UndertowError(
            f"one account is party to {share} % of the direct messages",
            code="events-one-pocket",
            mend="give the events of a whole community: one person's messages hold no background "
            "to compare with, and Undertow is not made for watching one person",
        )
