"""What the database itself refuses, and what becomes of acts that cannot be logged."""

from __future__ import annotations

from typing import Any

import pytest
from made import Desk, every_act, refused, state
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from undertow.cases import guards, ledger
from undertow.cases.tables import acts, measures, outbox


def forged(desk: Desk, **other: Any) -> dict[str, Any]:
    """What a row of `measures` would be of the acts that stand."""
    done = {act.kind: act for act in desk.rows(acts)}
    row = {
        "measure": "m:forged",
        "case": desk.case,
        "outcome": "limit",
        "proposal": done["propose"].act,
        "approval": done.get("approve", done["propose"]).act,
        "proposed_by": desk.people["ann"].reviewer,
        "approved_by": desk.people["bea"].reviewer,
        "dossier": desk.row().dossier,
        "approved_at": desk.now,
        "effective_at": desk.now,
    }
    return row | other


def test_the_database_itself_refuses_a_measure_that_not_two_people_decided_on(
    desk: Desk,
) -> None:
    desk.claim()
    desk.propose()
    ann, bea = desk.people["ann"].reviewer, desk.people["bea"].reviewer
    attempts = [
        forged(desk, approved_by=ann),  # the same person: the constraint of the table
        forged(desk),  # no approval at all
        forged(desk, proposed_by=bea, approved_by=ann),
        forged(desk, outcome="remove"),
    ]
    for row in attempts:
        with pytest.raises(DBAPIError), desk.store.writing() as connection:
            connection.execute(insert(measures).values(**row))
    assert desk.rows(measures) == []


def test_approver_and_proposer_are_two_by_constraint_even_without_guards(desk: Desk) -> None:
    desk.claim()
    desk.propose()
    with desk.store.writing() as connection:
        for line in guards.removals(connection.dialect.name):
            connection.execute(text(line))
    ann = desk.people["ann"].reviewer
    with pytest.raises(IntegrityError, match="two_people"), desk.store.writing() as connection:
        connection.execute(insert(measures).values(**forged(desk, approved_by=ann)))


def test_acts_and_measures_are_not_changed_afterwards(desk: Desk) -> None:
    desk.decided()
    changes = [
        update(acts).values(kind="note"),
        delete(acts),
        update(measures).values(approved_by=desk.people["bob"].reviewer),
        update(measures).values(outcome="remove"),
        delete(outbox),
        delete(measures),
    ]
    for change in changes:
        if change.table is outbox:
            with desk.store.writing() as connection:
                connection.execute(change)
            continue
        with pytest.raises(DBAPIError), desk.store.writing() as connection:
            connection.execute(change)
    with desk.store.writing() as connection, guards.purging(connection, desk.case):
        connection.execute(delete(measures).where(measures.c.case == desk.case))
        connection.execute(delete(acts).where(acts.c.case == desk.case))
    assert desk.rows(acts) == []


def test_a_log_that_takes_no_leaf_stops_every_act(desk: Desk) -> None:
    """No key, no leaf; no leaf, no act: nothing of it happened."""
    desk.claim()
    desk.propose()
    before = state(desk)
    ledger.key_path(desk.store).rename(ledger.key_path(desk.store).with_suffix(".away"))
    for act in every_act(desk):
        refused("audit-key-missing", act)
    assert state(desk) == before
