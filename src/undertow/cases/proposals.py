"""Which proposal is open on a case, and what takes it away without anybody's act."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from undertow.cases.acts import Act, Case
from undertow.cases.people import WORKS
from undertow.cases.policy import RESTRICTIVE
from undertow.cases.tables import acts, reviewers

ENDS: Final = ("approve", "disagree", "withdraw", "void")
"""Kinds of acts that answer a proposal for good."""


def open_proposal(connection: Connection, case: Case) -> Act | None:
    """Give the restrictive proposal that waits for a second person, None if none does."""
    ended = select(acts.c.answers).where(
        acts.c.case == case.case, acts.c.kind.in_(ENDS), acts.c.answers.is_not(None)
    )
    asked = select(acts).where(
        acts.c.case == case.case,
        acts.c.kind == "propose",
        acts.c.outcome.in_(RESTRICTIVE),
        acts.c.act.not_in(ended),
    )
    return connection.execute(asked.order_by(acts.c.revision.desc()).limit(1)).first()


def is_void(connection: Connection, case: Case, proposal: Act) -> bool:
    """Say whether another dossier, or a proposer who may not work any more, took a proposal away."""
    by = connection.execute(
        select(reviewers.c.role, reviewers.c.disabled_at).where(
            reviewers.c.reviewer == proposal.reviewer
        )
    ).one()
    return (
        proposal.dossier != case.dossier or by.disabled_at is not None or by.role not in WORKS
    )
