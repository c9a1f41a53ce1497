"""No sequence of acts, clocks and changes makes a measure that not two people decided on, on either database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Machine
from played import Played

from undertow.cases.store import Store, make_store

ASKED = os.environ.get("UNDERTOW_DESK_EXAMPLES")
"""How many other sequences to play, new ones each time; None for the same 500 as always."""
EXAMPLES = int(ASKED or 500)
"""Sequences per database."""
STEPS = 20
"""Acts of one sequence at most."""
MEMORY = Path("/dev/shm")
"""Where a disk is memory, if there is such a place: the machine writes thousands of times, and tests no disk."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def quick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of either kind that writes quickly."""
    above = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path
    with TemporaryDirectory(dir=above) as folder:
        place = Path(folder) / "cases"
        where = (
            place if request.param == "sqlite" else request.getfixturevalue("postgres_schema")
        )
        store = make_store(where, simulated=False, folder=None if where == place else place)
        yield store
        store.close()


@pytest.mark.slow
def test_no_sequence_of_acts_makes_a_measure_without_two_people(quick: Store) -> None:
    played = Played()
    run_state_machine_as_test(
        lambda: Machine(quick, played),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=ASKED is None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert played.measures >= EXAMPLES // 20
    if EXAMPLES < 500:
        return
    assert played.undone > 0
    assert played.told > 0
    assert played.void > 0
    assert played.ended > 0
    assert {"two-people", "role-refused", "proposal-void", "dossier-stale"} <= played.codes
