"""The outbox emptied: each decision of people told to the operator's system, at least once, under one stable key.

A try is written into the audit log before anything is sent; a log that cannot be written stops
it. A try that fails comes again later and later; one that was broken off comes again after a minute, with
the same key, so that the receiver can tell. What was taken back before it was ever sent is not sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update

from undertow.cases import ledger
from undertow.cases.beside import native_id
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, measures, outbox
from undertow.errors import UndertowError
from undertow.outward.record import Measure
from undertow.outward.webhook import TIMEOUT, Answer, Order, Receiver, send
from undertow.units import HOUR, MINUTE, SECOND

APPLY: Final = "apply"
MOST: Final = 20
"""Tries of one delivery; with `wait` they span about four days. Ours: a long weekend and a day."""
FIRST: Final = 30 * SECOND
LONGEST: Final = 6 * HOUR
UNDER_WAY: Final = 2 * MINUTE
"""How long a try keeps others away: longer than it can take."""


@dataclass(frozen=True)
class Delivered:
    """What one run did: deliveries sent, tries that failed, deliveries dropped; left in the outbox; given up.

    `next_at`: microseconds, when the next one is due; None if none is.
    """

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    left: int = 0
    given_up: int = 0
    next_at: int | None = None


@dataclass(frozen=True)
class Way:
    """How to tell: where, with which key, with whose declaration, and how to send.

    Attributes:
        native_reason: why the receiver must know the account's own id; None tells it the code alone.
    """

    to: Receiver
    key: bytes
    native_reason: str | None = None
    timeout: float = TIMEOUT


def deliver(
    store: Store,
    way: Way,
    clock: Callable[[], int],
    sleep: Callable[[float], None],
    *,
    patience: int = 0,
) -> Delivered:
    """Tell what is due, and wait for what comes due within `patience`.

    Args:
        store: the store.
        way: how.
        clock: gives microseconds, UTC.
        sleep: waits some seconds.
        patience: microseconds after the start until which failed tries are waited for.

    Raises:
        UndertowError: `deliver-simulated` if the store holds a simulated world and the receiver is another machine;
            `audit-unwritable`.
    """
    _hold_real(store, way.to)
    until = clock() + patience
    sent = failed = dropped = 0
    while True:
        order = _next(store, way, clock())
        if order is None:
            state = _state(store)
            if state.next_at is None or state.next_at > until:
                return Delivered(sent, failed, dropped, *state.rest)
            sleep(max(state.next_at - clock(), 1) / SECOND)
            continue
        if isinstance(order, Dropped):
            dropped += order.many
            continue
        answer = send(order, way.to, way.key, clock(), way.timeout)
        _settle(store, order, answer, clock())
        sent += answer.fault is None
        failed += answer.fault is not None


def again(store: Store, now: int) -> int:
    """Give every delivery that was given up its tries back; says how many."""
    with store.writing() as connection:
        stuck = (outbox.c.sent_at.is_(None)) & (outbox.c.tries >= MOST)
        many = connection.execute(
            update(outbox).where(stuck).values(tries=0, due_at=now)
        ).rowcount
        ledger.record(connection, store, "delivery-again", {"many": many, "at": now})
    return int(many)


@dataclass(frozen=True)
class Dropped:
    """Deliveries that were taken out of the outbox unsent."""

    many: int


@dataclass(frozen=True)
class _State:
    next_at: int | None
    left: int
    given_up: int

    @property
    def rest(self) -> tuple[int, int, int | None]:
        return self.left, self.given_up, self.next_at


def wait(delivery: str, tries: int) -> int:
    """Give the time until the next try, in microseconds: doubling, capped, and a little different for each.

    The spread comes from the delivery's code, so that many deliveries do not all come again at once.
    """
    whole = min(FIRST * 2 ** (tries - 1), LONGEST)
    share = int.from_bytes(hashlib.sha256(f"{delivery} {tries}".encode()).digest()[:2]) / 65_535
    return int(whole * (0.75 + 0.25 * share))


def _hold_real(store: Store, to: Receiver) -> None:
    if store.simulated and (to.is_encrypted or not to.host.startswith(("127.", "::1"))):
        raise UndertowError(
            "a simulated world's decisions are told to this machine alone",
            code="deliver-simulated",
            mend="try it with a receiver at http://127.0.0.1",
        )


def _next(store: Store, way: Way, now: int) -> Order | Dropped | None:
    """Take the next due delivery: written down and kept from others before it is sent."""
    with store.writing() as connection:
        due = (
            select(outbox)
            .where(outbox.c.sent_at.is_(None), outbox.c.due_at <= now, outbox.c.tries < MOST)
            .order_by(outbox.c.due_at, outbox.c.what, outbox.c.delivery)
            .limit(1)
        )
        row = connection.execute(due).first()
        if row is None:
            return None
        asked = (
            select(measures, cases.c.account, cases.c.platform, acts.c.clause)
            .join(cases, cases.c.case == measures.c.case)
            .join(acts, acts.c.act == measures.c.proposal)
            .where(measures.c.measure == row.measure)
        )
        held = connection.execute(asked).one()
        if many := _drop(connection, store, row, held, now):
            return Dropped(many)
        native = native_id(connection, store, held.account) if way.native_reason else None
        connection.execute(
            update(outbox)
            .where(outbox.c.delivery == row.delivery)
            .values(tries=row.tries + 1, due_at=now + UNDER_WAY, last_fault="under way")
        )
        facts = {**_facts(row, now), "try": row.tries + 1, "own_id": native is not None}
        if way.native_reason:
            facts["native_reason"] = ledger.Hidden(way.native_reason)
        ledger.record(connection, store, "delivery-try", facts)
    return _order(row, held, native, simulated=store.simulated)


def _drop(connection: Connection, store: Store, row: Any, held: Any, now: int) -> int:  # noqa: ANN401  # rows
    """Take out what must not be sent any more; says how many deliveries.

    An `apply` of a measure that was taken back is dropped. Its `lift` goes with it if no try of the `apply`
    was ever made; after a try the receiver may have heard of it and must hear of its end.
    """
    gone = held.undone_at is not None or held.lifted_at is not None
    mine = (outbox.c.measure == row.measure) & (outbox.c.sent_at.is_(None))
    if row.what != APPLY:
        asked = select(outbox).where(mine, outbox.c.what == APPLY)
        unsent = connection.execute(asked).first()
        if unsent is None:
            return 0
        row = unsent
    elif not gone:
        return 0
    doomed = mine if row.tries == 0 else mine & (outbox.c.what == APPLY)
    many = connection.execute(delete(outbox).where(doomed)).rowcount
    ledger.record(connection, store, "delivery-dropped", {**_facts(row, now), "many": many})
    return int(many)


def _order(row: Any, held: Any, native: str | None, *, simulated: bool) -> Order:  # noqa: ANN401  # rows
    measure = Measure(
        held.measure,
        held.outcome,
        held.proposed_by,
        held.approved_by,
        held.dossier,
        held.approved_at,
        held.effective_at,
        held.clause,
        held.undone_at,
        held.lifted_at,
    )
    return Order(
        row.delivery,
        row.what,
        held.case,
        measure,
        held.account,
        held.platform,
        native,
        simulated,
    )


def _settle(store: Store, order: Order, answer: Answer, now: int) -> None:
    """Write down what came of a try."""
    with store.writing() as connection:
        mine = outbox.c.delivery == order.delivery
        row = connection.execute(select(outbox).where(mine)).one()
        if answer.fault is None:
            values: dict[str, Any] = {"sent_at": now, "last_fault": None}
        else:
            values = {"last_fault": answer.fault, "due_at": now + wait(row.delivery, row.tries)}
        connection.execute(update(outbox).where(mine).values(values))
        kind = "delivery-sent" if answer.fault is None else "delivery-failed"
        facts = {**_facts(row, now), "try": row.tries, "status": answer.status}
        ledger.record(connection, store, kind, facts)


def _facts(row: Any, now: int) -> dict[str, Any]:  # noqa: ANN401  # a row of `outbox`
    return {"delivery": row.delivery, "measure": row.measure, "what": row.what, "at": now}


def _state(store: Store) -> _State:
    """Say what is left: when the next is due, how many wait, how many were given up."""
    with store.reading() as connection:
        unsent = outbox.c.sent_at.is_(None)
        waiting = unsent & (outbox.c.tries < MOST)
        next_at = connection.execute(select(func.min(outbox.c.due_at)).where(waiting)).scalar()
        left = connection.execute(select(func.count()).where(waiting)).scalar_one()
        stuck = unsent & (outbox.c.tries >= MOST)
        given_up = connection.execute(select(func.count()).where(stuck)).scalar_one()
    return _State(next_at, int(left), int(given_up))
