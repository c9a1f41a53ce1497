"""What stands on the page of a case beside its dossier: acts, measures, targets, passages without their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from undertow.cases.acts import sealing
from undertow.cases.people import Person
from undertow.cases.queue import JUDGED
from undertow.cases.store import Store
from undertow.cases.tables import acts, case_targets, exposures, measures, passages, subjects
from undertow.cases.vault import Subjects, context
from undertow.errors import UndertowError

TELLING: Final = (*JUDGED, "void", "settle", "appeal", "settle_appeal", "lift")
"""Acts by which one sees what others thought of a case."""

_ACTS: Final = (
    select(acts).where(acts.c.case == bindparam("case")).order_by(acts.c.at, acts.c.revision)
)
_MEASURES: Final = (
    select(measures)
    .where(measures.c.case == bindparam("case"))
    .order_by(measures.c.approved_at.desc())
)
_TARGETS: Final = (
    select(case_targets, subjects.c.erased_at)
    .join(subjects, subjects.c.code == case_targets.c.target)
    .where(case_targets.c.case == bindparam("case"))
    .order_by(case_targets.c.first_seen, case_targets.c.target)
)
_LOOKED: Final = (
    select(exposures.c.of, func.max(exposures.c.at).label("seen_at"))
    .where(exposures.c.reviewer == bindparam("who"), exposures.c.case == bindparam("case"))
    .group_by(exposures.c.of)
    .subquery()
)
_PASSAGES: Final = (
    select(
        passages.c.passage,
        passages.c.author,
        passages.c.target,
        passages.c.at,
        passages.c.same_as,
        _LOOKED.c.seen_at,
    )
    .outerjoin(_LOOKED, _LOOKED.c.of == passages.c.passage)
    .where(passages.c.case == bindparam("case"))
    .order_by(passages.c.at, passages.c.passage)
)
_NATIVE: Final = select(subjects.c.sealed_id).where(subjects.c.code == bindparam("code"))


@dataclass(frozen=True)
class Act:
    """Something done to a case. `reason` is None for who may read no text, and where there is none."""

    code: str
    kind: str
    reviewer: str | None
    at: int
    revision: int
    outcome: str | None
    clause: str | None
    dossier: str | None
    answers: str | None
    reason: str | None
    erased: bool = False


@dataclass(frozen=True)
class Measure:
    """A restrictive outcome that two people decided on."""

    code: str
    outcome: str
    proposal: str
    approval: str
    proposed_by: str
    approved_by: str
    dossier: str
    approved_at: int
    effective_at: int
    undone_at: int | None
    lifted_at: int | None


@dataclass(frozen=True)
class Target:
    """Somebody to help. `help`: `none`, `offered`, `given` or `declined`."""

    code: str
    step: str
    help: str
    first_seen: int
    decided: bool
    erased: bool


@dataclass(frozen=True)
class Passage:
    """A text that the case rests on, without the text; `seen` by this person at `seen_at` before."""

    code: str
    author: str
    target: str
    at: int
    same_as: str | None
    seen_at: int | None


def acts_of(
    store: Store,
    connection: Connection,
    row: Any,  # noqa: ANN401  # a row of `cases`
    who: Person,
    *,
    blind: bool,
) -> tuple[Act, ...]:
    """List what was done to a case; whoever is to judge first is not told what others think."""
    found = []
    for one in connection.execute(_ACTS, {"case": row.case}).all():
        place = context("acts", one.act, "sealed_reason")
        codes = sealing(row.account, one.about)
        reason = opened(store, codes, place, one.sealed_reason) if who.works else None
        erased = who.works and reason is None and one.sealed_reason is not None
        told = not (blind and one.kind in TELLING)
        found.append(
            Act(
                one.act,
                one.kind,
                one.reviewer,
                one.at,
                one.revision,
                one.outcome if told else None,
                one.clause if told else None,
                one.dossier,
                one.answers,
                reason if told else None,
                erased,
            )
        )
    return tuple(found)


def opened(store: Store, subject: Subjects, place: str, sealed: bytes | None) -> str | None:
    """Open a sealed text; None where there is none, or where it was erased."""
    if sealed is None:
        return None
    try:
        return store.vault.open(subject, place, sealed)
    except UndertowError as fault:
        if fault.code != "vault-erased":
            raise
        return None


def native_id(connection: Connection, store: Store, code: str) -> str | None:
    """Open the native id of an account or a target; None where it is not known or was erased. No look is recorded."""
    sealed = connection.execute(_NATIVE, {"code": code}).scalar()
    return opened(store, code, context("subjects", code, "sealed_id"), sealed)


def measures_of(connection: Connection, case: str) -> tuple[Measure, ...]:
    """List the measures of a case, newest first."""
    rows = connection.execute(_MEASURES, {"case": case}).all()
    return tuple(
        Measure(
            code=row.measure,
            outcome=row.outcome,
            proposal=row.proposal,
            approval=row.approval,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            dossier=row.dossier,
            approved_at=row.approved_at,
            effective_at=row.effective_at,
            undone_at=row.undone_at,
            lifted_at=row.lifted_at,
        )
        for row in rows
    )


def targets_of(connection: Connection, case: str) -> tuple[Target, ...]:
    """List whom a case is about helping, longest known first."""
    return tuple(
        Target(
            row.target,
            row.step,
            row.help,
            row.first_seen,
            bool(row.decided),
            row.erased_at is not None,
        )
        for row in connection.execute(_TARGETS, {"case": case}).all()
    )


def passages_of(connection: Connection, case: str, who: Person) -> tuple[Passage, ...]:
    """List the passages of a case, oldest first, and when the person read them last."""
    given = {"case": case, "who": who.reviewer}
    return tuple(Passage(*row) for row in connection.execute(_PASSAGES, given).all())


def native_of(store: Store, connection: Connection, code: str) -> str | None:
    """Open a native id for what has a record of its own, such as an export; None if unknown or erased.

    People look at one by `reading.reveal_identity`.
    """
    sealed = connection.execute(_NATIVE, {"code": code}).scalar()
    return opened(store, code, context("subjects", code, "sealed_id"), sealed)
