"""Counts of cases by state are what counting them gives, whatever was done to the table."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from undertow.cases import tallies
from undertow.cases.store import Store
from undertow.cases.tables import cases, subjects

ACCOUNT = "a:account"


def row(number: int, state: str) -> dict[str, Any]:
    whole = dict.fromkeys(
        ("revision", "weight", "targets", "stage_place", "opened_at", "updated_at"), 1
    )
    return whole | {
        "case": f"k:{number}",
        "account": ACCOUNT,
        "role": "recruiter",
        "playbook": f"book-{number}",
        "platform": "sim",
        "state": state,
        "dossier": "0",
        "priority": 1.0,
        "keep_until": 1,
        "blind": False,
    }


def counted(connection: Connection) -> dict[str, int]:
    asked = select(cases.c.state, func.count()).group_by(cases.c.state)
    return dict(tuple(found) for found in connection.execute(asked))


def test_every_state_of_a_case_is_tallied(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(subjects).values(code=ACCOUNT, platform="sim", first_seen=1))
        rows = [row(n, state) for n, state in enumerate(tallies.STATES)]
        connection.execute(insert(cases), rows)
        assert tallies.by_state(connection) == dict.fromkeys(tallies.STATES, 1)


def test_tallies_follow_what_is_made_moved_and_removed(store: Store) -> None:
    rng = random.Random(4)
    with store.writing() as connection:
        connection.execute(insert(subjects).values(code=ACCOUNT, platform="sim", first_seen=1))
    for turn in range(12):
        with store.writing() as connection:
            some = [row(100 * turn + n, rng.choice(tallies.STATES)) for n in range(9)]
            connection.execute(insert(cases), some)
            moved = cases.c.case.in_(rng.sample([one["case"] for one in some], 4))
            connection.execute(
                update(cases).where(moved).values(state=rng.choice(tallies.STATES))
            )
            connection.execute(update(cases).values(weight=float(turn)))
            gone = cases.c.state == rng.choice(tallies.STATES)
            connection.execute(delete(cases).where(gone))
            assert tallies.by_state(connection) == counted(connection)


def test_what_is_undone_is_not_tallied(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(subjects).values(code=ACCOUNT, platform="sim", first_seen=1))
        connection.execute(insert(cases), [row(1, "new")])
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(insert(cases), [row(2, "new"), row(2, "new")])
    with store.reading() as connection:
        assert tallies.by_state(connection) == {"new": 1}
