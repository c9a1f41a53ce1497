"""Weights: rows add up, rates come from the data, evidence behaves as it says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from undertow.events.log import EventLog
from undertow.matches import kernel_states as states
from undertow.matches.match import find
from undertow.playbooks.grammar import Playbook, Role, Step
from undertow.scores import rates, weigh
from undertow.testing.oracle import Event
from undertow.units import DAY, HOUR

sys.path.insert(0, str(Path(__file__).parents[1] / "matches"))
from worlds import START, log_of  # beside the matcher's tests

ADDRESS = frozenset({"address"})
BOOK = Playbook(
    "case",
    (Role("recruiter"), Role("target"), Role("helper")),
    ("recruiter", "target"),
    "give",
    (
        Step("follow", ("follow",), source="target", sink="recruiter", optional=True, likely=0.3),
        Step("write", ("message",), source="recruiter", sink="target", within=5 * DAY),
        Step("give", ("message",), source="recruiter", sink="target", has=("address",), within=5 * DAY, same=True, likely=0.2),
        Step("hand", ("mention",), source="helper", sink="target", within=5 * DAY, optional=True, likely=0.3),
    ),
)  # fmt: skip


def say(hours: float, name: str, actor: str, target: str, **given: object) -> Event:
    return Event(START + int(hours * HOUR), name, target, actor=actor, platform="p", **given)  # type: ignore[arg-type]  # keywords of one dataclass


def town() -> list[Event]:
    """Forty people who write to each other, one who hands addresses to five, long quiet after."""
    events = [
        say(3 * k + h, f"m{k:02}-{h}", f"p{k:02}", f"p{(k + 1 + h) % 40:02}")
        for k in range(40)
        for h in (0, 1)
    ]
    for k in range(5):
        events += [
            say(130 + k, f"r{k}a", "rec", f"p{k:02}"),
            say(131 + k, f"r{k}b", "rec", f"p{k:02}", has=ADDRESS),
            say(140 + k, f"r{k}c", "hlp", f"p{k:02}", type="mention"),
        ]
    events += [say(150 + k, f"r{k}d", "rec", f"p{k:02}") for k in range(10, 16)]
    return [*events, say(700, "end", "p00", "p01")]


def weighed(events: list[Event], playbook: Playbook = BOOK) -> tuple[EventLog, weigh.Weighed]:
    log = log_of(events)
    return log, weigh.weigh(log, find(log, playbook), rates.activity(log))


def total(log: EventLog, found: weigh.Weighed, account: str, role: str = "recruiter") -> float:
    code = log.accounts.to_pylist().index(account)
    rows = (found.evidence.account == code) & (found.evidence.role == role)
    return float(found.evidence.bits[rows].sum())


def test_an_account_weighs_the_binomial_ratio_of_those_who_went_on() -> None:
    log, found = weighed(town())
    code = log.accounts.to_pylist().index("rec")
    rows = (found.evidence.account == code) & (found.evidence.step == 2)
    u, m = found.evidence.u[rows], found.evidence.m[rows]
    assert np.ptp(u) == 0
    k, n = 5, 11
    expected = k * np.log2(m[0] / u[0]) + (n - k) * np.log2((1 - m[0]) / (1 - u[0]))
    assert found.evidence.bits[rows].sum() == pytest.approx(expected, abs=1e-9)
    assert rows.sum() == n


def test_the_rate_given_recruitment_holds_chance_too() -> None:
    _, found = weighed(town())
    spoken = np.isin(found.evidence.source, ("taken", "not taken")) & (found.evidence.step == 2)
    u, m = found.evidence.u[spoken], found.evidence.m[spoken]
    assert m == pytest.approx(0.2 + 0.8 * u)
    assert (found.evidence.bits[found.evidence.source == "taken"] > 0).all()
    assert (found.evidence.bits[found.evidence.source == "not taken"] < 0).all()


def test_a_funnels_weight_is_the_sum_of_its_own_rows() -> None:
    log, found = weighed(town())
    code = log.accounts.to_pylist().index("rec")
    for k in np.flatnonzero(found.listed):
        rows = (
            (found.evidence.account == code)
            & (found.evidence.target == found.matches.keys[k, 1])
            & (found.evidence.role == "recruiter")
        )
        assert found.evidence.bits[rows].sum() == pytest.approx(found.weight[k], abs=1e-9)


def frozen(monkeypatch: pytest.MonkeyPatch, found: weigh.Weighed) -> None:
    """Keep the rates and deciles of an earlier run, as the claim about removed events assumes."""
    monkeypatch.setattr(weigh, "step_rates", lambda *_: found.rates)


def test_with_rates_frozen_removing_a_cited_event_takes_its_bits_or_drops_the_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events = town()
    log, found = weighed(events)
    before = total(log, found, "rec")
    frozen(monkeypatch, found)
    code = log.accounts.to_pylist().index("rec")
    cited = np.flatnonzero(
        (found.evidence.account == code)
        & (found.evidence.source == "taken")
        & (found.evidence.role == "recruiter")
    )
    assert len(cited) == 10
    for row in cited:
        name = log.id[int(found.evidence.row[row])].as_py()
        step = int(found.evidence.step[row])
        log_after, after = weighed([e for e in events if e.id != name])
        taken_back = before - total(log_after, after, "rec")
        stated = found.evidence.bits[row]
        u, m = found.evidence.u[row], found.evidence.m[row]
        if step == 3:
            # The funnel stays, the step counts as not taken.
            assert taken_back == pytest.approx(stated - np.log2((1 - m) / (1 - u)), abs=1e-9)
        else:
            # The match drops below `listed_from`: what its rows said is gone, and nothing else.
            key = found.matches.keys[found.listed][:, 1] == found.evidence.target[row]
            kept = (
                after.matches.keys[:, :2]
                .tolist()
                .index([code, int(found.evidence.target[row])])
            )
            assert after.listed.sum() == found.listed.sum() - 1
            whole = float(found.weight[found.listed][key][0])
            assert taken_back == pytest.approx(whole - after.weight[kept], abs=1e-9)


def test_a_thousand_unrelated_events_change_nothing_with_rates_frozen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events = town()
    log, found = weighed(events)
    before = total(log, found, "rec")
    frozen(monkeypatch, found)
    others = [
        say(1 + k / 2, f"x{k:04}", f"q{k % 37}", f"q{(k * 7 + 1) % 37}") for k in range(1000)
    ]
    log_after, after = weighed(events + others)
    assert total(log_after, after, "rec") == pytest.approx(before, abs=1e-9)
    assert after.listed.sum() == found.listed.sum()


def test_an_open_window_says_nothing() -> None:
    events = [e for e in town() if e.id != "end"]
    log, found = weighed(events)
    waiting = found.matches.states[:, 2] == states.OPEN
    assert waiting.any()
    assert (found.weight[waiting & ~found.listed] == 0).all()
    assert total(log, found, "rec") > 0


def test_puppets_weigh_no_more_than_the_strongest_of_them() -> None:
    short = replace(BOOK, roles=BOOK.roles[:2], steps=BOOK.steps[:3])
    events = town()
    for k in range(12):
        events += [
            say(200 + k / 10, f"s{k:02}a", f"puppet{k}", "press", type="follow"),
            say(201 + k / 10, f"s{k:02}b", "press", f"puppet{k}", has=ADDRESS),
        ]
    log, found = weighed(events, short)
    code = log.accounts.to_pylist().index("press")
    own = found.weight[found.matches.keys[:, 0] == code]
    assert own.min() > 0
    assert len(own) == 12
    assert total(log, found, "press") == pytest.approx(own.max(), abs=1e-9)
    cap = found.evidence.bits[
        (found.evidence.account == code) & (found.evidence.source == "cap")
    ]
    assert cap == pytest.approx([own.max() - own.sum()])


def test_a_block_is_shown_without_weight_and_its_undoing_too() -> None:
    events = [
        *town(),
        say(160, "b1", "p00", "rec", type="block"),
        say(161, "b2", "p00", "rec", type="undo", context="b1"),
        say(162, "b3", "p20", "rec", type="block"),
    ]
    log, found = weighed(events)
    shown = np.isin(found.evidence.source, ("block", "unblock"))
    cited = {log.id[int(row)].as_py() for row in found.evidence.row[shown]}
    assert cited == {"b1", "b2"}, (
        "a block by somebody who is no target of a funnel is not shown"
    )
    assert (found.evidence.bits[shown] == 0).all()


def test_who_serves_many_funnels_stands_out_among_those_who_met_people_the_same_way() -> None:
    events = town() + [
        say(20 + k, f"g{k}", f"p{k + 20:02}", f"p{k + 5:02}", type="mention") for k in range(15)
    ]
    log, found = weighed(events)
    assert (
        found.bound["helper"][found.listed].tolist()
        == [log.accounts.to_pylist().index("hlp")] * 5
    )
    assert total(log, found, "hlp", "helper") > 1.5
    rows = (found.evidence.role == "helper") & (found.evidence.source == "taken")
    assert rows.sum() == 5, "one row per account met, however many steps it took"


def test_an_unknown_step_weighs_nothing_and_listing_falls_back_before_it() -> None:
    from undertow.events.source import Source

    silent = (Source("p", ("message", "mention"), content=False),)
    log = log_of([replace(event, has=frozenset()) for event in town()])
    found = weigh.weigh(log, find(log, BOOK, silent), rates.activity(log))
    assert (found.matches.states[:, 2] == states.UNKNOWN).all()
    assert found.listed.all()
    unknown = found.evidence.source == "unknown"
    assert unknown.any()
    assert (found.evidence.bits[unknown] == 0).all()
    assert np.isnan(found.evidence.u[unknown]).all()


def test_rates_are_drawn_towards_the_rate_of_all_and_open_windows_count_half() -> None:
    log = log_of(town())
    matches = find(log, BOOK)
    decile = np.zeros(len(matches), np.int64)
    listed = np.ones(len(matches), bool)
    flat = replace(matches, states=np.array([[0, 1, 1, 3]] * 5 + [[0, 1, 2, 3]] * 5 + [[0, 1, 3, 3]] * 10, np.int8),
                   keys=matches.keys[:20])  # fmt: skip
    found = rates.step_rates(flat, decile[:20], listed[:20])
    assert found.at_risk[2, 0] == 5 + 5 + 10 / 2
    overall = (5 + 0.5) / (15 + 1)
    assert found.u[2, 0] == pytest.approx(
        (5 + rates.PRIOR_KEYS * overall) / (15 + rates.PRIOR_KEYS)
    )


def test_puppets_who_talk_to_each_other_are_one_cluster_still() -> None:
    short = replace(BOOK, roles=BOOK.roles[:2], steps=BOOK.steps[:3])
    events = town()
    for k in range(12):
        events += [
            say(200 + k / 10, f"s{k:02}a", f"puppet{k}", "press", type="follow"),
            say(201 + k / 10, f"s{k:02}b", "press", f"puppet{k}", has=ADDRESS),
            say(
                202 + k / 10, f"s{k:02}c", f"puppet{k}", f"puppet{(k + 1) % 12}", type="mention"
            ),
        ]
    log, found = weighed(events, short)
    code = log.accounts.to_pylist().index("press")
    own = found.weight[found.matches.keys[:, 0] == code]
    assert total(log, found, "press") == pytest.approx(own.max(), abs=1e-9)


def test_nobody_is_made_a_gatekeeper_by_being_mentioned() -> None:
    asked = Step("ask", ("mention",), source="target", sink="helper", optional=True)
    book = replace(BOOK, steps=(asked, *BOOK.steps[1:3]))
    events = town() + [
        say(120 + k, f"f{k}", f"p{k:02}", "press", type="mention") for k in range(5)
    ]
    log, found = weighed(events, book)
    press = log.accounts.to_pylist().index("press")
    assert (found.bound["helper"] == press).sum() == 5
    assert not (found.evidence.account == press).any()


def test_a_target_counts_once_however_many_groups_are_shared() -> None:
    from undertow.playbooks.grammar import Membership

    enter = Step(
        "enter", ("join",), source="target", room="room", within=5 * DAY, optional=True
    )
    write = Step("write", ("message",), source="recruiter", sink="target", member_of=(Membership("recruiter", "room"),))  # fmt: skip
    book = Playbook(
        "rooms",
        (Role("recruiter"), Role("target"), Role("room", kind="group")),
        ("recruiter", "target", "room"),
        "write",
        (write, enter),
    )

    def joins(rooms: int) -> list[Event]:
        return [
            Event(START, f"j{k}", None, type="join", actor="rec", context=f"r{k}", platform="p")
            for k in range(rooms)
        ]

    last = Event(START + 135 * HOUR, "z", None, type="join", actor="p00", context="r0", platform="p")  # fmt: skip
    one, many = (weighed([*town(), *joins(rooms), last], book) for rooms in (1, 5))
    assert len(many[1].matches) > 4 * len(one[1].matches)
    for log, found in (one, many):
        mine = found.evidence.account == log.accounts.to_pylist().index("rec")
        targets = found.evidence.target[mine]
        assert len(np.unique(targets)) == len(targets) == 11


def two_towns() -> list[Event]:
    """Two platforms of twenty people each: on `quiet` nobody follows back, on `loud` nearly everybody does."""
    events = [
        say(3 * k + h, f"{p}{k:02}-{h}", f"{p}:p{k:02}", f"{p}:p{(k + 1 + h) % 20:02}", **given)
        for p in ("loud", "quiet")
        for k in range(20)
        for h, given in enumerate(({}, {"has": ADDRESS} if p == "loud" else {}))
    ]
    for p in ("loud", "quiet"):
        events += [
            say(130 + k, f"{p}r{k}", f"{p}:rec", f"{p}:p{k:02}", has=ADDRESS) for k in range(4)
        ]
    return [*events, say(700, "end", "quiet:p00", "quiet:p01")]


def test_the_rate_by_chance_is_that_of_the_accounts_own_platform() -> None:
    log, found = weighed(two_towns())
    names = log.accounts.to_pylist()
    u = {
        p: found.evidence.u[
            (found.evidence.account == names.index(f"{p}:rec")) & (found.evidence.step == 2)
        ].max()
        for p in ("loud", "quiet")
    }
    busy = rates.activity(log)
    assert (
        busy.decile[names.index("loud:rec")] == busy.decile[names.index("quiet:rec")]
    )  # equally active
    assert u["loud"] > 1.3 * u["quiet"]
    assert total(log, found, "quiet:rec") > total(log, found, "loud:rec")


def test_accounts_on_one_platform_have_the_rates_that_they_had_without_its_name() -> None:
    _, plain = weighed(town())
    named = [
        replace(one, actor=f"p:{one.actor}", target=one.target and f"p:{one.target}")
        for one in town()
    ]
    _, found = weighed(named)
    assert (found.rates.u == plain.rates.u).all()


@pytest.mark.parametrize(
    ("names", "platforms"),
    [
        (["a:1", "a:2", "b:1", "bb:1", "bb:2"], [0, 0, 1, 2, 2]),
        (["a:1", "a:2"], None),
        (["a:1", "b"], None),
        ([], None),
        ([f"{k:02}:x" for k in range(40)], None),
    ],
)
def test_a_platform_is_what_stands_before_the_first_colon_of_all_names(
    names: list[str], platforms: list[int] | None
) -> None:
    found = rates.platforms_of(pa.array(names, pa.string()))
    assert (None if found is None else found.tolist()) == platforms
