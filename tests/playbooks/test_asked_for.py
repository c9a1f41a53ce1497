"""Why no playbook looks for those who ask for an address: it would rank whoever was drawn in (decision 0031)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from undertow.evaluate import backgrounds
from undertow.events.log import EventLog, collect
from undertow.events.table import TYPES
from undertow.matches.match import find
from undertow.playbooks import parse
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.wanted import looks
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

ASKED_FOR = """
playbook: asked-for-address
grammar: 1
status: research
title: An account that wrote first is given the address of the other
source: ours, a test
falsepositives: [everybody who seeks help]
roles: {recruiter: {}, target: {}}
key: [recruiter, target]
listed_from: address
steps:
  approach: {type: [mention, reply, message], from: recruiter, to: target, first: true}
  answer: {type: [mention, reply, message], from: target, to: recruiter, first: true}
  asked: {type: message, from: recruiter, to: target, within: 28d}
  address: {type: message, from: target, to: recruiter, has: address, within: 28d}
reason: "{recruiter} wrote first to {target}"
"""
ASKED = parse.parse(ASKED_FOR.encode())
SHIPPED = parse.load("extremist-recruitment")


def log_of(world: World) -> EventLog:
    look = looks([ASKED, SHIPPED], None)

    def marks(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        types = pc.index_in(batch.column("type"), value_set=pa.array(TYPES)).to_numpy()
        return look(batch.column("content"), types.astype(np.int8))

    return collect(world.events.combine_chunks().to_batches(), marks=marks)


def listed(log: EventLog, playbook: Playbook) -> set[tuple[str, str]]:
    found = find(log, playbook)
    names = log.accounts.to_pylist()
    keys = found.keys[found.at_least("address")][:, :2]
    return {(names[one], names[other]) for one, other in keys.tolist()}


@pytest.fixture(scope="module", params=[None, "asks for the address"])
def world(request: pytest.FixtureRequest) -> World:
    file = backgrounds.find("collegemsg", None)
    assert file is not None
    short = backgrounds.smaller(backgrounds.load("collegemsg", file), 20_000)
    settings = Settings(
        seed=3, prevalence=0.02, volume=0.05, lookalike_volume=0.3, evasion=request.param
    )
    return make_world(short, settings)


def test_two_first_steps_one_each_way_say_who_wrote_first(world: World) -> None:
    log = log_of(world)
    names = log.accounts.to_pylist()
    began: dict[frozenset[str], str] = {}
    asked = np.isin(log.type, [TYPES.index(word) for word in ("mention", "reply", "message")])
    for one, other in zip(log.actor[asked].tolist(), log.target[asked].tolist(), strict=True):
        if other >= 0:
            began.setdefault(frozenset((names[one], names[other])), names[one])
    keys = listed(log, ASKED)
    assert keys
    assert all(began[frozenset(key)] == key[0] for key in keys)


def test_whoever_it_would_rank_is_a_target_of_the_shipped_playbook(world: World) -> None:
    log = log_of(world)
    asked, shipped = listed(log, ASKED), listed(log, SHIPPED)
    assert asked
    assert {(target, account) for account, target in asked} <= shipped
    drawn_in = {
        row["account"]
        for row in world.truth.to_pylist()
        if row["campaign"] is not None and row["role"] == "target"
    }
    if world.made["settings"]["evasion"] is None:  # type: ignore[index]  # a plain mapping
        assert drawn_in & {account for account, _ in asked}, "people drawn in would be named"
