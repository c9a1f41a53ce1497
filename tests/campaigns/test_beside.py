"""What stands beside the weights: it is shown, and it weighs nothing."""

from __future__ import annotations

import random
from datetime import timedelta

import numpy as np
import pytest
from village import DAY, START, TEAM, chatter, row, team

from undertow.campaigns.beside import beside
from undertow.campaigns.group import Groups
from undertow.campaigns.rolechange import RoleChange, at_least, of_campaigns, role_change
from undertow.campaigns.served import Served
from undertow.campaigns.show import campaign_table
from undertow.scores.evidence import step_code

HOUR = timedelta(hours=1)


def served(*rows: tuple[int, int, int, int]) -> Served:
    """Make servings: account, target, first and reached."""
    account, target, first, reached = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    return Served(account, target, first, reached, np.arange(len(rows)))


def test_who_was_drawn_in_before_it_began_is_counted_apart_from_the_reverse() -> None:
    pairs = served((0, 1, 10, 20), (1, 2, 30, 40), (3, 4, 10, 20), (5, 3, 30, 40))
    assert role_change(pairs, 6) == RoleChange(1, 1, pytest.approx(1.0), pytest.approx(0.75))


def test_what_overlaps_is_neither() -> None:
    assert role_change(served((0, 1, 10, 20), (1, 2, 15, 40)), 3) == RoleChange(0, 0, 0.0, 1.0)


def test_roles_reversed_turn_the_two_counts_round() -> None:
    rng = random.Random(1)
    rows = []
    for _ in range(60):
        first = rng.randrange(1000)
        rows.append((rng.randrange(40), rng.randrange(40), first, first + rng.randrange(60)))
    there = role_change(served(*rows), 40)
    back = role_change(served(*((b, a, first, reached) for a, b, first, reached in rows)), 40)
    assert there.target_first != there.target_later
    assert (there.target_first, there.target_later) == (back.target_later, back.target_first)


def test_the_chance_is_that_of_as_many_throws() -> None:
    coins = np.full(10, 0.5)
    assert at_least(0, coins) == 1.0
    assert at_least(3, coins[:3]) == pytest.approx(1 / 8)
    assert at_least(5, coins) == pytest.approx(0.623046875)
    assert at_least(2, np.array([0.9, 0.1])) == pytest.approx(0.09)
    many = np.full(4000, 0.5)
    assert at_least(2000, many) == pytest.approx(0.5, abs=0.01)
    assert at_least(2050, many) == pytest.approx(0.0588, abs=0.001)


def test_whom_a_helpline_served_is_not_taken_for_a_change_of_roles() -> None:
    """Everybody is served once more, by the helpline: the null expects that, a fair coin would not."""
    rng = random.Random(2)
    rows = []
    for one in range(1, 61):
        other = rng.choice([n for n in range(1, 61) if n != one])
        at, called = rng.randrange(1000), rng.randrange(1000)
        rows += [(one, other, at, at + 1), (0, one, called, called + 1)]
    found = role_change(served(*rows), 61)
    assert found.target_first > found.target_later
    assert found.p > 0.05


def test_a_wave_of_targets_who_turn_recruiters_is_seen() -> None:
    rows = [(0, one, one, one + 1) for one in range(1, 21)]
    rows += [(one, 100 + one, 500 + one, 501 + one) for one in range(1, 21)]
    assert role_change(served(*rows), 130).p < 0.001


def test_a_campaign_counts_whom_it_drew_in_that_later_drew_in_others() -> None:
    pairs = served((0, 2, 10, 20), (1, 2, 11, 21), (2, 3, 30, 40), (0, 4, 10, 20), (4, 5, 5, 9))
    groups = Groups(np.array([0, 0]), np.array([0, 1]), np.zeros(2, np.int8))
    assert of_campaigns(pairs, groups, 6).tolist() == [1]


def test_campaigns_are_written_with_their_role_changes(tie) -> None:
    later = [
        row("message", START + 40 * DAY, "p:person100", "p:person50", "hello there"),
        row("message", START + 41 * DAY, "p:person100", "p:person50", "find t.me/lamp_nine"),
    ]
    log, _, found = tie([*chatter(), *team(first=100), *later])
    rows = campaign_table(log, found).to_pylist()
    mine = [one for one in rows if TEAM[0] in {m["account"] for m in one["accounts"]}]
    assert mine[0]["role_changes"] == 1
    changed = beside(log, found).changed
    assert changed.target_first >= 1


def rows_of(found, name: str) -> dict[int, tuple[float, int]]:
    rows = found.weighed[0].evidence
    mine = rows.step == step_code(name)
    assert set(rows.source[mine].tolist()) <= {"context"}
    return {
        int(account): (float(bits), int(n))
        for account, bits, n in zip(
            rows.account[mine], rows.bits[mine], rows.n[mine], strict=True
        )
    }


def helpline() -> list[dict]:
    """Let one account answer callers by day and by night in turns, ask a colleague, and give a number."""
    rows = []
    for day in range(20):
        begin = START + day * DAY + (9 if day % 2 else 21) * HOUR
        for n in range(6):
            at, caller = begin + n * timedelta(minutes=50), f"p:person{(day * 6 + n) % 60}"
            rows += [
                row("message", at, caller, "p:help", "hello"),
                row(
                    "message",
                    at + timedelta(minutes=5),
                    "p:help",
                    caller,
                    "call +1 202 555 0100",
                ),
            ]
        hard = begin + timedelta(minutes=30)
        rows += [
            row("message", hard, f"p:caller{day}", "p:help", "hello"),
            row("message", hard + 4 * HOUR, "p:help", f"p:caller{day}", "call +1 202 555 0100"),
        ]
    return rows


def test_a_helpline_in_shifts_leaves_the_traces_and_they_weigh_nothing(tie) -> None:
    log, _, found = tie([*chatter(), *team(), *helpline()])
    around = beside(log, found)
    code = log.accounts.to_pylist().index("p:help")
    for name in ("shifts", "slow answers"):
        told = rows_of(around.tied, name)
        assert told[code][0] == 0
        assert told[code][1] >= 3
    before, after = found.weighed[0].evidence, around.tied.weighed[0].evidence
    assert after.bits[after.bits != 0].tolist() == before.bits[before.bits != 0].tolist()
    assert np.unique(after.account).tolist() == np.unique(before.account).tolist()


def test_who_answers_alone_and_by_day_leaves_none(tie) -> None:
    log, _, found = tie([*chatter(), *team()])
    around = beside(log, found)
    team_codes = {log.accounts.to_pylist().index(name) for name in TEAM}
    for name in ("shifts", "slow answers", "rooms"):
        assert not team_codes & set(rows_of(around.tied, name))
