"""From the store to plain values: one case as its reader may see it, and all decided cases for counting.

Whoever asks is held to what their role may see: no score before a blind judgement, no text and no id without
a reason that is recorded look by look. Names of the people who decided stay behind; their codes come along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select

from undertow.cases import reading, reasons
from undertow.cases.beside import opened
from undertow.cases.exposed import exposure_of
from undertow.cases.people import WORKS, Person, hold_role
from undertow.cases.reading import CaseView
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, subjects
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.outward.aggregates import Decided
from undertow.outward.record import Act, Measure, Passage, Record, Target, decided

SETTLED: Final = "settle"
"""Kind of the act by which a decision takes effect (`cases.settling`)."""


def gather(
    store: Store,
    who: Person,
    case: str,
    now: int,
    *,
    native_reason: str | None = None,
    text_reason: str | None = None,
) -> Record:
    """Read one case for an export.

    Args:
        store: the store.
        who: who makes the export.
        case: its code.
        now: microseconds.
        native_reason: why the account's own id is needed; only after a decision of two people.
        text_reason: why passages and the reasons of people are needed; each passage counts as read.

    Raises:
        UndertowError: `export-blind` while the person is to judge without the score; `export-reason` for a reason
            of fewer than ten characters; `export-undecided` for an id before two people decided; `reveal-limit`;
            `role-refused`; `case-unknown`; `vault-erased`.
    """
    for reason in (native_reason, text_reason):
        if reason is not None:
            hold_role(who, *WORKS)
            hold_reason(reason)
    view = reading.case_view(store, who, case, now)
    if view.blind:
        raise UndertowError(
            "you are to judge this case before you see how strong it is",
            code="export-blind",
            mend="say first what you think of it on its page; then export it",
        )
    record = _record(view, with_reasons=text_reason is not None, simulated=store.simulated)
    native = None
    if native_reason is not None:
        decided(record, now)
        native = reading.reveal_identity(store, who, view.row.account, native_reason, now)
    texts: tuple[Passage, ...] = ()
    if text_reason is not None:
        texts = _texts(store, who, view, text_reason, now)
    return _with(record, native, texts)


def hold_reason(reason: str) -> None:
    """Refuse a reason that says nothing, or too much: `export-reason`, `reason-long`."""
    reasons.checked(
        reason,
        "an export with an id or with text needs a reason",
        "export-reason",
        "say in a sentence who needs it and why; it is written into the file and the audit log",
    )


def _record(view: CaseView, *, with_reasons: bool, simulated: bool) -> Record:
    row = view.row
    clause = {one.code: one.clause for one in view.acts}
    return Record(
        case=row.code,
        state=row.state,
        revision=row.revision,
        hash=view.hash,
        dossier=view.dossier,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        keep_until=row.keep_until,
        lang=row.lang,
        acts=tuple(
            Act(
                one.code,
                one.kind,
                one.at,
                one.reviewer,
                one.outcome,
                one.clause,
                one.dossier,
                one.answers,
                one.reason if with_reasons else None,
            )
            for one in view.acts
        ),
        measures=tuple(
            Measure(
                one.code,
                one.outcome,
                one.proposed_by,
                one.approved_by,
                one.dossier,
                one.approved_at,
                one.effective_at,
                clause.get(one.proposal),
                one.undone_at,
                one.lifted_at,
            )
            for one in view.measures
        ),
        targets=tuple(Target(one.code, one.step, one.help) for one in view.targets),
        simulated=simulated,
    )


def _texts(
    store: Store, who: Person, view: CaseView, why: str, now: int
) -> tuple[Passage, ...]:
    """Open every passage, each a look of its own; none at all if they are more than may be read at once."""
    exposure = exposure_of(store, who, now)
    if exposure.lately + len(view.passages) > exposure.limit:
        raise UndertowError(
            "the case has more passages than you may open within ten minutes",
            code="reveal-limit",
            mend="rest a little, then export it; or export it without text",
        )
    return tuple(
        Passage(
            one.code,
            one.author,
            one.target,
            one.at,
            reading.reveal(store, who, one.code, why, now),
        )
        for one in view.passages
    )


def _with(record: Record, native: str | None, texts: tuple[Passage, ...]) -> Record:
    import msgspec

    return msgspec.structs.replace(record, native=native, passages=texts)


def natives_of_targets(store: Store, targets: Iterable[str]) -> tuple[str, ...]:
    """Open the native ids of some targets, as far as the store knows any: to look for them, never to show them."""
    with store.reading() as connection:
        asked = select(subjects.c.code, subjects.c.sealed_id).where(
            subjects.c.code.in_(list(targets)), subjects.c.sealed_id.is_not(None)
        )
        rows = connection.execute(asked).all()
    held = (
        opened(store, row.code, context("subjects", row.code, "sealed_id"), row.sealed_id)
        for row in rows
    )
    return tuple(native for native in held if native is not None)


def without_names(text: str, natives: Iterable[str]) -> str:
    """Put a mark in the place of every native id of a target in a text that people wrote."""
    for native in sorted(natives, key=len, reverse=True):
        for name in dict.fromkeys((native, native.partition(":")[2])):
            if name:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[target]", text)
    return text


def decided_cases(store: Store) -> list[Decided]:
    """List every decided case with the month and the outcome of its first decision that took effect."""
    first = (
        select(acts.c.case, func.min(acts.c.at).label("at"))
        .where(acts.c.kind == SETTLED)
        .group_by(acts.c.case)
        .subquery()
    )
    asked = (
        select(
            cases.c.account,
            first.c.at,
            cases.c.playbook,
            acts.c.outcome,
            cases.c.platform,
        )
        .join(first, first.c.case == cases.c.case)
        .join(acts, (acts.c.case == first.c.case) & (acts.c.at == first.c.at))
        .where(acts.c.kind == SETTLED)
    )
    with store.reading() as connection:
        rows = connection.execute(asked).all()
    return [
        Decided(row.account, month(row.at), row.playbook, row.outcome or "none", row.platform)
        for row in rows
    ]


def month(micros: int) -> str:
    """Name the month of a moment: `2026-03`, UTC."""
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m}"
