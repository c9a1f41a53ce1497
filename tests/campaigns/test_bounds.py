"""What no crowd, no list and no company can do: each test fails if its bound is taken away."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from village import DAY, SOURCE, START, TEAM, chatter, row, table, team

from undertow.campaigns.reports import HIT_MOST, REPORTS_MOST
from undertow.campaigns.tie import own_weight, tied
from undertow.events.write import write_events
from undertow.scores.conduct import conduct
from undertow.scores.evidence import step_code
from undertow.scores.rarity import STEP_MOST

EVEN = 15.6
"""Bits that bring an account from the prior of 2e-5 to even odds."""
HOUR = timedelta(hours=1)


def weight(log, weighed, name: str) -> float:
    return float(own_weight(weighed, len(log.accounts))[log.accounts.to_pylist().index(name)])


def crowd(many: int) -> list[dict]:
    """Make people whom one account wrote to, who know somebody else as well, and who all report it."""
    rows = [row("message", START + DAY, "p:greeter", "p:person0", "write to t.me/greeter_one")]
    for n in range(many):
        at = START + 2 * DAY + n * DAY / 20_000
        rows += [
            row("message", at, "p:greeter", f"p:crowd{n}", "hello"),
            row("message", at + HOUR, f"p:crowd{n}", f"p:friend{n}", "hello there"),
            row("flag", at + 2 * HOUR, f"p:crowd{n}", "p:greeter"),
        ]
    return rows


def test_ten_thousand_reporters_who_seem_independent_make_no_alert(tie) -> None:
    log, weighed, found = tie([*chatter(), *crowd(10_000)])
    before, after = weight(log, weighed, "p:greeter"), weight(log, found.weighed, "p:greeter")
    rows = found.weighed[0].evidence
    told = rows.source == "report"
    assert told.any()
    assert rows.bits[told].max() == pytest.approx(REPORTS_MOST)
    assert after <= max(before, 0) + REPORTS_MOST + 1e-9
    assert after < EVEN / 2


def test_reports_of_one_account_raise_nobody_else(tie) -> None:
    flags = [row("flag", START + 50 * DAY, f"p:person{n}", "p:rec-a") for n in range(5)]
    log, _, found = tie([*chatter(), *team(), *flags])
    _, _, plain = tie([*chatter(), *team()])
    rows, before = found.weighed[0].evidence, plain.weighed[0].evidence
    told = rows.source == "report"
    assert set(rows.account[told].tolist()) == {log.accounts.to_pylist().index("p:rec-a")}
    lent = [one.bits[one.source == "tie"].sum() for one in (rows, before)]
    assert lent[0] == pytest.approx(lent[1])


def test_listed_neighbours_raise_nobody_who_did_nothing(tie) -> None:
    log, weighed, plain = tie([*chatter(), *team()])
    size = len(log.accounts)
    own = own_weight(weighed, size)
    known = np.isin(log.accounts.to_pylist(), TEAM)
    quiet = np.flatnonzero((own <= 0) & ~known)
    found = tied(log, weighed, known=known)
    before, after = own_weight(plain.weighed, size), own_weight(found.weighed, size)
    assert after.sum() > before.sum() + 5
    assert len(quiet) > 5
    assert (after[quiet] <= before[quiet] + 1e-9).all()
    ranked = set(weighed[0].evidence.account.tolist())
    assert set(found.weighed[0].evidence.account.tolist()) == ranked


def test_what_hits_lend_is_at_most_what_the_borrower_s_own_conduct_says(tie) -> None:
    log, weighed, _ = tie([*chatter(), *team()])
    size = len(log.accounts)
    own = np.maximum(own_weight(weighed, size), 0)
    known = np.zeros(size, bool)
    known[log.accounts.to_pylist().index("p:rec-a")] = True
    found = tied(log, weighed, known=known)
    rows = found.weighed[0].evidence
    near = rows.step == step_code("tie:known")
    for name in np.unique(rows.role[near]):
        mine = near & (rows.role == name)
        lent = np.bincount(rows.account[mine], weights=rows.bits[mine], minlength=size)
        assert (lent <= own + 1e-9).all()
    # The bound binds: without it somebody would have been lent more.
    assert (np.abs(rows.bits[near] - own[rows.account[near]]) < 1e-9).any()


def test_what_a_hit_lends_falls_with_distance(tie) -> None:
    log, weighed, plain = tie([*chatter(), *team()])
    size = len(log.accounts)
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    known = np.zeros(size, bool)
    known[code["p:rec-a"]] = True
    found = tied(log, weighed, known=known)
    more = own_weight(found.weighed, size) - own_weight(plain.weighed, size)
    assert 0 < more[code["p:rec-a"]] <= HIT_MOST + 1e-9
    assert 0 < more[code["p:rec-b"]] <= more[code["p:rec-a"]] / 2 + 1e-9
    near = np.isin(np.arange(size), np.concatenate([found.ties.a, found.ties.b]))
    assert np.abs(more[~near]).max(initial=0) < 1e-9


def puppets(many: int, *, talk: bool) -> list[dict]:
    """Let made-up accounts draw a journalist through every step that she honestly takes with each."""
    rows = []
    for n in range(many):
        one, at = f"p:puppet{n}", START + 3 * DAY + n * DAY / 3
        rows += [
            row("mention", at, one, "p:journalist", "a word"),
            row("follow", at + HOUR, "p:journalist", one),
            row("message", at + 2 * HOUR, "p:journalist", one, f"good day to you, number {n}"),
            row("message", at + 3 * HOUR, one, "p:journalist", "yes"),
            row("message", at + 4 * HOUR, "p:journalist", one, "call +1 202 555 0123"),
        ]
        if talk:
            rows.append(row("message", at, one, f"p:puppet{(n + 1) % many}", "hey"))
    return rows


def careful() -> list[dict]:
    """Let people talk who hardly ever hand an address over, some of them as busy as the journalist."""
    rows = [
        one for n, one in enumerate(chatter(200)) if "mail" not in one["content"] or n % 20 == 0
    ]
    for busy in range(40):
        for n in range(50):
            at = START + (n + 1) * DAY / 2 + busy * HOUR / 9
            rows.append(
                row("message", at, f"p:busy{busy}", f"p:person{(7 * busy + n) % 200}", "hello")
            )
    return rows


@pytest.mark.parametrize("talk", [False, True])
def test_fifty_puppets_weigh_no_more_against_a_journalist_than_one(talk: bool, tie) -> None:
    log, weighed, found = tie([*careful(), *puppets(50, talk=talk)])
    rows = weighed[0].evidence
    mine = (rows.account == log.accounts.to_pylist().index("p:journalist")) & (
        rows.role == "recruiter"
    )
    caps = rows.bits[mine & (rows.source == "cap")]
    assert len(caps) == 1
    assert caps[0] < -50
    strongest = max(
        rows.bits[mine & (rows.target == target)].sum()
        for target in np.unique(rows.target[mine])
    )
    assert weight(log, weighed, "p:journalist") <= strongest + 1e-6
    assert weight(log, found.weighed, "p:journalist") < EVEN


@pytest.mark.parametrize("stooge", ["p:stooge", "p:stooge{}", "p:person{}"])
def test_puppets_who_know_somebody_else_escape_the_cap_and_still_make_no_alert(
    stooge: str, tie
) -> None:
    """Each has written to a stooge, to one of its own, or to somebody real: then no cap is put on them."""
    more = [
        row("message", START + 2 * DAY, f"p:puppet{n}", stooge.format(n), "hey")
        for n in range(50)
    ]
    log, weighed, _ = tie([*careful(), *puppets(50, talk=False), *more])
    assert not (weighed[0].evidence.source == "cap").any()
    own = conduct(log, weighed)
    # `opens` and `afterwards` are asked beside the steps.
    asked = len(weighed[0].matches.playbook.steps) + 1
    assert weight(log, weighed, "p:journalist") > 50
    assert weight(log, own, "p:journalist") <= STEP_MOST * asked + 1e-9
    assert weight(log, tied(log, own).weighed, "p:journalist") < EVEN


def test_a_link_to_a_listed_domain_is_a_hit_along_the_whole_way(
    undertow, tmp_path: Path
) -> None:
    """Through the command: the text of a message, a list of domains, the ranking."""
    rows = [*chatter(), *team()]
    rows.append(
        row("message", START + 30 * DAY, "p:rec-a", "p:person3", "see https://in.bad.example/7")
    )
    given = table(rows)
    path = tmp_path / "village.parquet"
    write_events(path, given.to_batches(), schema=given.schema, sources=[SOURCE])
    (tmp_path / "list").write_text("domain bad.example\n")
    line = ["detect", path, "--out", tmp_path / "out", "-p", "extremist-recruitment"]
    assert undertow(*line, "--known", tmp_path / "list").code == 0
    evidence = pq.read_table(tmp_path / "out/evidence.parquet").to_pylist()
    assert {one["account"] for one in evidence if one["source"] == "known"} == {"p:rec-a"}
    told = {
        one["account"]: one["sources"]
        for one in pq.read_table(tmp_path / "out/accounts.parquet").to_pylist()
        if one["role"] == "recruiter"
    }
    assert "known" in told["p:rec-a"]
    for name in ("accounts", "evidence", "campaigns"):
        text = json.dumps(
            pq.read_table(tmp_path / f"out/{name}.parquet").to_pylist(), default=str
        )
        assert "bad.example" not in text
