"""Work that null worlds spare themselves changes no score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from logs import log_of

from undertow.events.log import NOBODY, EventLog, type_code
from undertow.nulls import score
from undertow.nulls.score import Task, scored
from undertow.nulls.support import may_be_backed
from undertow.nulls.surrogates import KINDS, same_conduct
from undertow.nulls.worlds import Worlds
from undertow.playbooks.parse import load
from undertow.scores.rates import activity

TASK = Task((load("extremist-recruitment"), load("group-recruitment")), ())


def shared_by(log: EventLog, many: int) -> EventLog:
    """Let each so many accounts hand over one address, and send the same words, of their own."""
    own = log.actor.astype(np.int64) // many
    marks = {n: np.where(log.marks[n] >= 0, own, NOBODY) for n in ("handed", "script")}
    return replace(log, marks={**log.marks, **marks})


@pytest.mark.parametrize("many", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_null_worlds_score_as_if_all_of_them_were_matched(
    many: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed = 0
    for seed in range(4):
        log = shared_by(log_of(seed, accounts=40, rows=900), many)
        worlds = Worlds.of(log, activity(log), None, TASK)
        found = [worlds.one(kind, again) for again in range(3)]
        with monkeypatch.context() as whole:
            whole.setattr(score, "may_be_backed", lambda _: True)
            for again, one in enumerate(found):
                plain = scored(worlds.original.surrogate(kind, again), TASK, None)
                assert np.array_equal(one.best, plain.best)
                backed += int((plain.best > 0).sum())
                assert np.array_equal(one.decile, plain.decile)
                assert np.array_equal(one.active, plain.active)
    # Moved addresses leave too few of these small logs' accounts anything in common.
    assert (backed > 0) == (many > 1 and kind != "addresses")


def test_a_log_in_which_nobody_shares_anything_backs_nobody_and_is_told_at_once() -> None:
    log = log_of(3, accounts=40, rows=900)
    assert may_be_backed(shared_by(log, 2))
    assert not may_be_backed(shared_by(log, 1))
    told = log.type.copy()
    told[0] = type_code("flag")
    assert may_be_backed(replace(shared_by(log, 1), type=told))


def test_only_what_chance_leaves_alone_is_matched_once() -> None:
    with_address, without = TASK.playbooks
    assert [kind for kind in KINDS if same_conduct(kind, with_address)] == ["arrow"]
    assert [kind for kind in KINDS if same_conduct(kind, without)] == ["addresses", "arrow"]
