"""What stands in the evidence is what an account weighs: no bit more, no bit less."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

Read = Callable[[Path], dict]


def test_the_town_is_worth_testing_on(found: Path, tables: Read) -> None:
    made = tables(found)
    roles = set(made["accounts"]["role"].to_pylist())
    assert roles == {"recruiter", "gatekeeper", "facilitator"}
    assert {"handoff", "address"} <= set(made["funnels"]["step"].to_pylist())
    targets = {
        row["account"]: row["targets"]
        for row in made["accounts"].to_pylist()
        if row["role"] == "recruiter"
    }
    assert [targets[f"p:rec-{n}"] for n in range(3)] == [3, 3, 3]


def test_evidence_rows_add_up_to_the_weight_of_every_account(found: Path, tables: Read) -> None:
    made = tables(found)
    bits: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in made["evidence"].to_pylist():
        bits[row["account"], row["role"], row["playbook"]].append(row["bits"])
    ranked = made["accounts"].to_pylist()
    assert len(ranked) > 10
    keyed = {(r["account"], r["role"], r["playbook"]): r["weight"] for r in ranked}
    assert set(bits) <= set(keyed)
    # Who only had things done to it, such as being mentioned, is listed and weighs nothing.
    assert {keyed[key] for key in set(keyed) - set(bits)} <= {0.0}
    for row in ranked:
        total = math.fsum(bits[row["account"], row["role"], row["playbook"]])
        assert row["weight"] == pytest.approx(total, abs=1e-9)


def test_evidence_rows_of_a_pair_add_up_to_the_weight_of_its_funnel(
    found: Path, tables: Read
) -> None:
    made = tables(found)
    bits: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in made["evidence"].to_pylist():
        if row["role"] == "recruiter":
            bits[row["account"], row["target"], row["playbook"]].append(row["bits"])
    funnels = made["funnels"].to_pylist()
    assert len(funnels) > 10
    for row in funnels:
        total = math.fsum(bits[row["recruiter"], row["target"], row["playbook"]])
        assert row["weight"] == pytest.approx(total, abs=1e-9)


def test_every_account_counts_the_targets_of_its_funnels(found: Path, tables: Read) -> None:
    made = tables(found)
    targets: dict[str, set[str]] = defaultdict(set)
    for row in made["funnels"].to_pylist():
        targets[row["recruiter"]].add(row["target"])
    recruiters = [r for r in made["accounts"].to_pylist() if r["role"] == "recruiter"]
    assert {r["account"]: r["targets"] for r in recruiters} == {
        name: len(met) for name, met in targets.items()
    }


def test_accounts_stand_best_first(found: Path, tables: Read) -> None:
    weights = tables(found)["accounts"]["weight"].to_pylist()
    assert weights == sorted(weights, reverse=True)


def test_a_step_taken_cites_its_event_and_bits_are_finite(found: Path, tables: Read) -> None:
    for row in tables(found)["evidence"].to_pylist():
        assert math.isfinite(row["bits"])
        assert row["event"] or row["source"] != "taken"
