"""The clock of decisions: what nobody took back takes effect, and proposals that time or news overtook are let go."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Act, Case, Deed
from undertow.cases.dossier import decode
from undertow.cases.keeping import KEPT
from undertow.cases.people import WORKS
from undertow.cases.policy import RESTRICTIVE
from undertow.cases.proposals import ENDS
from undertow.cases.store import Store
from undertow.cases.tables import (
    acts,
    case_targets,
    cases,
    dossiers,
    measures,
    outbox,
    reviewers,
)

APPLY, LIFT = "apply", "lift"
"""What the operator's system is told of a measure (`outbox.what`)."""


@dataclass(frozen=True)
class Settled:
    """What one look of the clock did: cases closed, and proposals let go."""

    closed: int = 0
    void: int = 0


def settle(store: Store, now: int) -> Settled:
    """Close what is decided and was not taken back in time; let go of proposals that do not stand any more.

    Only measures that two people decided on go to the outbox. All of it is one transaction.

    Raises:
        UndertowError: `audit-unwritable`.
    """
    with store.reading() as connection:
        if not any(True for _ in _due(connection, now)):
            return Settled()
    closed = void = 0
    with desk.writing(store) as connection:
        # Looked for once more under the lock: somebody may have acted in between.
        for held, decided in list(_due(connection, now)):
            if held.state == "approved":
                _close(connection, store, held, decided, now)
                closed += 1
            else:
                _let_go(connection, store, held, decided, now)
                void += 1
    return Settled(closed, void)


def tell(connection: Connection, measure: str, what: str, now: int) -> None:
    """Put a measure, or its end, into the outbox."""
    connection.execute(
        insert(outbox).values(
            delivery=f"o:{secrets.token_hex(8)}",
            measure=measure,
            what=what,
            due_at=now,
            tries=0,
        )
    )


def _due(connection: Connection, now: int) -> Iterator[tuple[Case, Act]]:
    """Give cases with the decision that takes effect, or with the proposal that does not stand any more."""
    window = desk.undo_window(connection)
    pairs = [*connection.execute(_ripe(now, window)), *connection.execute(_lapsed(now))]
    for case, act in sorted(map(tuple, pairs)):
        held = connection.execute(select(cases).where(cases.c.case == case)).one()
        yield held, connection.execute(select(acts).where(acts.c.act == act)).one()


def _ripe(now: int, window: int) -> Select[Any]:
    """Ask for approved cases, with the newest approval or lone decision, whose time to undo is over.

    One question for all that wait: hundreds do at a busy desk, and the second look is under the lock.
    """
    one = acts.alias()
    newest = (
        select(one.c.act)
        .where(one.c.case == cases.c.case, one.c.kind.in_(("approve", "propose")))
        .order_by(one.c.revision.desc())
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )
    lone = and_(acts.c.kind == "propose", acts.c.at <= now - window)
    by_two = and_(acts.c.kind == "approve", measures.c.effective_at <= now)
    return (
        select(cases.c.case, acts.c.act)
        .select_from(cases)
        .join(acts, acts.c.act == newest)
        .outerjoin(measures, measures.c.approval == acts.c.act)
        .where(cases.c.state == "approved", or_(lone, by_two))
    )


def _lapsed(now: int) -> Select[Any]:
    """Ask for proposed cases, with the proposal that waits, which time, news or its proposer's role took away."""
    one, end = acts.alias(), acts.alias()
    ended = select(end.c.act).where(
        end.c.case == one.c.case, end.c.kind.in_(ENDS), end.c.answers == one.c.act
    )
    waiting = (
        select(one.c.act)
        .where(
            one.c.case == cases.c.case,
            one.c.kind == "propose",
            one.c.outcome.in_(RESTRICTIVE),
            ~ended.exists(),
        )
        .order_by(one.c.revision.desc())
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )
    return (
        select(cases.c.case, acts.c.act)
        .select_from(cases)
        .join(acts, acts.c.act == waiting)
        .join(reviewers, reviewers.c.reviewer == acts.c.reviewer)
        .where(
            cases.c.state == "proposed",
            or_(
                acts.c.at < now - desk.FRESH,
                acts.c.dossier != cases.c.dossier,
                reviewers.c.disabled_at.is_not(None),
                reviewers.c.role.not_in(WORKS),
            ),
        )
    )


def _close(connection: Connection, store: Store, held: Case, decided: Act, now: int) -> None:
    """Let a decision take effect, and keep on what it rested: a later change is measured against that."""
    body = select(dossiers.c.body).where(dossiers.c.hash == decided.dossier)
    dossier = decode(connection.execute(body).scalar_one())
    deed = Deed("settle", decided.outcome, decided.clause, decided.dossier, decided.act)
    desk.add(connection, store, held, None, now, deed)
    if decided.kind == "approve":
        asked = select(measures.c.measure).where(measures.c.approval == decided.act)
        tell(connection, connection.execute(asked).scalar_one(), APPLY, now)
    mine = case_targets.c.case == held.case
    connection.execute(
        update(case_targets)
        .where(mine, case_targets.c.target.in_(dossier.targets))
        .values(decided=True)
    )
    desk.change(
        connection,
        held,
        now,
        state="closed",
        closed_weight=dossier.weight,
        keep_until=now + KEPT,
        holder=None,
        lease_until=None,
    )


def _let_go(connection: Connection, store: Store, held: Case, proposal: Act, now: int) -> None:
    """Open a case again whose proposal nobody can approve any more."""
    deed = Deed("void", proposal.outcome, answers=proposal.act)
    desk.add(connection, store, held, None, now, deed)
    state = "new" if held.closed_weight is None else "reopened"
    desk.change(connection, held, now, state=state, holder=None, lease_until=None)
