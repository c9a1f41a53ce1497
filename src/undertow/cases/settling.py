"""The clock of decisions: what nobody took back takes effect, and proposals that time or news overtook are let go."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Act, Case, Deed
from undertow.cases.dossier import decode
from undertow.cases.keeping import KEPT
from undertow.cases.proposals import is_void, open_proposal
from undertow.cases.store import Store
from undertow.cases.tables import acts, case_targets, cases, dossiers, measures, outbox

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
    waiting = select(cases).where(cases.c.state.in_(("approved", "proposed")))
    for held in connection.execute(waiting.order_by(cases.c.case)).all():
        if held.state == "approved":
            decided = _decided(connection, held)
            if now >= _effective(connection, decided, window):
                yield held, decided
            continue
        proposal = open_proposal(connection, held)
        if proposal is not None and (
            now - proposal.at > desk.FRESH or is_void(connection, held, proposal)
        ):
            yield held, proposal


def _decided(connection: Connection, held: Case) -> Act:
    """Give the newest approval or lone decision of a case."""
    asked = select(acts).where(
        acts.c.case == held.case, acts.c.kind.in_(("approve", "propose"))
    )
    return connection.execute(asked.order_by(acts.c.revision.desc()).limit(1)).one()


def _effective(connection: Connection, decided: Act, window: int) -> int:
    if decided.kind == "propose":
        return int(decided.at) + window
    asked = select(measures.c.effective_at).where(measures.c.approval == decided.act)
    return int(connection.execute(asked).scalar_one())


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
