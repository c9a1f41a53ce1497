from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from village import DAY, SCRIPT, START, TEAM, chatter, names, row, team

from undertow.campaigns.group import ROLES, appearance, groups
from undertow.campaigns.raised import AGAINST, TIES_MOST, company, raised
from undertow.campaigns.served import contacts, independent, served
from undertow.campaigns.show import campaign_table, with_campaign
from undertow.campaigns.table import CAMPAIGNS, KINDS
from undertow.campaigns.tie import MESSAGE, PUBLIC, own_weight, tied
from undertow.matches.actors import actors_of
from undertow.scores.evidence import step_code
from undertow.scores.rarity import GIVEN


def kinds_of(log, found, one, other):
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    return {
        KINDS[k]: float(bits)
        for k, a, b, bits in zip(
            found.ties.kind, found.ties.a, found.ties.b, found.ties.bits, strict=True
        )
        if {int(a), int(b)} == {code[one], code[other]}
    }


def test_two_who_hand_over_one_address_and_one_script_are_tied_by_both(tie) -> None:
    log, _, found = tie(chatter() + team())
    assert {"address", "script"} <= set(kinds_of(log, found, "p:rec-a", "p:rec-b"))


def test_who_takes_targets_over_and_who_lets_them_in_is_tied(tie) -> None:
    log, _, found = tie(chatter() + team())
    assert kinds_of(log, found, "p:rec-a", "p:helper")["handoff"] > 2
    assert kinds_of(log, found, "p:rec-a", "p:gate")["gatekeeper"] > 2


def test_an_address_that_everybody_hands_over_ties_nobody(tie) -> None:
    desk = [
        row(
            "message",
            START,
            f"p:person{n}",
            f"p:person{n + 1}",
            "call the desk: +1 202 555 0101",
        )
        for n in range(50)
    ]
    log, _, found = tie(chatter() + desk + team(address="call +1 202 555 0101"))
    assert "address" not in kinds_of(log, found, "p:rec-a", "p:rec-b")
    log, _, found = tie(chatter() + desk + team())
    assert "address" in kinds_of(log, found, "p:rec-a", "p:rec-b")


def test_a_script_sent_once_is_a_quotation(tie) -> None:
    quoted = row("message", START, "p:person40", "p:person41", SCRIPT.format(3))
    given = row("message", START, "p:person40", "p:person41", "mail me: forty@example.org")
    given["id"] += "x"
    log, _, found = tie(chatter() + team() + [quoted, given])
    assert "script" not in kinds_of(log, found, "p:rec-a", "p:person40")


def test_where_nobody_works_together_there_is_no_group(tie) -> None:
    _, _, found = tie(chatter())
    assert len(found.groups) == 0
    assert len(found.weight) == 0


def test_a_team_is_one_group_with_the_role_that_each_plays(tie) -> None:
    log, _, found = tie(chatter() + team())
    of = dict(zip(names(log, found.groups.account), found.groups.group.tolist(), strict=True))
    role = dict(zip(names(log, found.groups.account), found.groups.role.tolist(), strict=True))
    assert {of.get(name) for name in TEAM} == {of["p:rec-a"]}
    assert [ROLES[role[name]] for name in TEAM] == [
        "recruiter",
        "recruiter",
        "gatekeeper",
        "facilitator",
    ]


def test_a_target_is_never_a_member_of_the_group_that_works_on_it(tie) -> None:
    _log, weighed, found = tie(chatter() + team())
    members = set(found.groups.account.tolist())
    of = dict(zip(found.groups.account.tolist(), found.groups.group.tolist(), strict=True))
    listed = weighed[0].matches.keys[weighed[0].listed]
    assert not [1 for a, b, _ in listed.tolist() if a in members and of.get(b) == of[a]]


def test_the_same_events_in_another_order_give_the_same_ties(tie) -> None:
    rows = chatter() + team()
    log, _, one = tie(rows)
    _, _, other = tie(rows[::-1])
    assert campaign_table(log, one).equals(campaign_table(log, other))
    assert np.allclose(np.sort(one.ties.bits), np.sort(other.ties.bits))


def test_ties_raise_who_is_tied_and_stay_below_the_prior(tie) -> None:
    log, weighed, found = tie(chatter() + team())
    size = len(log.accounts)
    own, raised = own_weight(weighed, size), own_weight(found.weighed, size)
    code = log.accounts.to_pylist().index("p:rec-a")
    assert raised[code] > own[code] > 0
    assert (raised <= own + TIES_MOST + 1e-9).all()
    assert -np.log2(2e-5) > TIES_MOST


def test_who_has_no_match_of_its_own_or_whose_conduct_speaks_against_it_is_not_raised(
    tie,
) -> None:
    log, weighed, found = tie(chatter() + team())
    own = own_weight(weighed, len(log.accounts))
    rows = found.weighed[0].evidence
    by_ties = rows.source == "tie"
    assert by_ties.any()
    assert (own[rows.account[by_ties]] > -AGAINST).all()
    assert set(rows.account.tolist()) == set(weighed[0].evidence.account.tolist())


def test_a_tie_says_what_its_rarity_among_ranked_accounts_supports(tie) -> None:
    _, _, found = tie(chatter() + team())
    rows = found.weighed[0].evidence
    by_ties = rows.source == "tie"
    assert rows.bits[by_ties] == pytest.approx(np.log2(rows.m[by_ties] / rows.u[by_ties]))
    assert (rows.m[by_ties] <= GIVEN + 1e-9).all()
    assert (rows.bits[by_ties] > 0).all()


def framed(puppets: int = 12) -> list[dict]:
    """Let puppets ask a journalist for an address, coming by one maker of theirs and going to another."""
    rows = []
    for n in range(puppets):
        at, puppet = START + (4 + n) * DAY, f"p:puppet{n}"
        rows += [
            row("mention", at, puppet, "p:maker-one", "a word"),
            row("message", at + timedelta(hours=2), "p:press", puppet, f"good morning {n}"),
            row("message", at + timedelta(hours=3), puppet, "p:press", "may I have it"),
            row(
                "message", at + timedelta(hours=4), "p:press", puppet, "find me at t.me/lamp_p"
            ),
            row("message", at + 6 * DAY, "p:maker-two", puppet, "hello"),
        ]
    return rows


def test_puppets_that_know_their_makers_and_each_other_make_no_ties_for_their_victim(
    tie,
) -> None:
    log, _, found = tie(chatter() + framed())
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    for maker in ("p:maker-one", "p:maker-two"):
        assert not kinds_of(log, found, "p:press", maker)
    rows = found.weighed[0].evidence
    assert not ((rows.account == code["p:press"]) & (rows.source == "tie")).any()


def test_targets_with_a_life_of_their_own_are_all_counted(tie) -> None:
    log, weighed, _ = tie(chatter() + team() + framed())
    pairs = served(log, weighed)
    kept = independent(pairs, contacts(log, MESSAGE), contacts(log, PUBLIC, either=True))
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    many = np.bincount(kept.account, minlength=len(code))
    assert many[code["p:rec-a"]] == 5
    assert many[code["p:press"]] == 1


def test_a_row_of_a_tie_names_no_target_but_cites_an_event_of_the_account(tie) -> None:
    log, _, found = tie(chatter() + team())
    rows = found.weighed[0].evidence
    cited = (rows.source == "tie") & (rows.row >= 0)
    assert (log.actor[rows.row[cited]] == rows.account[cited]).all()


def test_campaigns_are_written_as_the_design_says(tie) -> None:
    log, _, found = tie(chatter() + team())
    made = campaign_table(log, found)
    assert made.schema.equals(CAMPAIGNS)
    best = made.to_pylist()[0]
    assert {one["account"] for one in best["accounts"]} >= set(TEAM)
    assert best["weight"] == pytest.approx(max(found.weight))
    inside = {one["account"] for one in best["accounts"]}
    assert all({t["a"], t["b"]} <= inside and t["bits"] > 0 for t in best["ties"])


def test_marks_that_are_not_there_leave_their_kinds_out(tie) -> None:
    log, weighed, _ = tie(chatter() + team())
    for name in ("handed", "script"):
        del log.marks[name]
    found = tied(log, weighed)
    assert not {"address", "script"} & {KINDS[k] for k in found.ties.kind}
    assert "handoff" in {KINDS[k] for k in found.ties.kind}


def test_accounts_outside_groups_have_no_campaign(tie) -> None:
    import pyarrow as pa

    log, _, found = tie(chatter() + team())
    ranked = pa.table({"account": ["p:rec-a", "p:person50"]})
    assert with_campaign(ranked, log, found)["campaign"].to_pylist()[1] is None


def test_silence_after_an_address_and_a_role_change_are_shown_and_weigh_nothing(tie) -> None:
    from undertow.scores.evidence import EXTRA_STEPS

    later = [
        row("message", START + 40 * DAY, "p:person0", "p:person50", "hello there"),
        row(
            "message", START + 41 * DAY, "p:person0", "p:person50", "find me at t.me/lamp_nine"
        ),
    ]
    log, _, found = tie(chatter() + team() + later)
    rows = found.weighed[0].evidence
    context = rows.source == "context"
    named = {name: -2 - EXTRA_STEPS.index(name) for name in ("quiet", "once a target")}
    once = rows.account[context & (rows.step == named["once a target"])]
    assert "p:person0" in names(log, once)
    assert "p:rec-a" in names(log, rows.account[context & (rows.step == named["quiet"])])
    assert (rows.bits[context] == 0).all()


def test_company_counts_in_the_role_that_an_account_plays_in_its_group(tie) -> None:
    _log, _, found = tie(chatter() + team())
    role = dict(zip(found.groups.account.tolist(), found.groups.role.tolist(), strict=True))
    rows = found.weighed[0].evidence
    by_ties = rows.source == "tie"
    held: dict[int, set[str]] = {}
    for account, name in zip(rows.account.tolist(), rows.role.tolist(), strict=True):
        held.setdefault(account, set()).add(name)
    for account, name in zip(rows.account[by_ties], rows.role[by_ties], strict=True):
        plays = ROLES[role[int(account)]] if int(account) in role else name
        assert name == plays or plays not in held[int(account)]


def test_accounts_held_to_be_one_actor_are_one_member_and_no_company(tie) -> None:
    log, weighed, found = tie(chatter() + team())
    code = {name: n for n, name in enumerate(log.accounts.to_pylist())}
    one = actors_of([[code["p:rec-a"], code["p:rec-b"]]], len(code))
    held = [replace(w, matches=replace(w.matches, actors=one)) for w in weighed]
    joined = tied(log, held)
    assert set(kinds_of(log, joined, "p:rec-a", "p:rec-b")) == {"persona"}
    before, after = (
        own_weight(each.weighed, len(code))[code["p:rec-a"]] for each in (found, joined)
    )
    assert after < before
    of = dict(zip(names(log, joined.groups.account), joined.groups.group.tolist(), strict=True))
    assert of["p:rec-a"] == of["p:rec-b"]


def test_groups_do_not_depend_on_what_accounts_are_called(tie) -> None:
    log, _, found = tie(chatter() + team())
    turn = np.random.default_rng(5).permutation(len(log.accounts))
    ties = replace(found.ties, a=turn[found.ties.a], b=turn[found.ties.b])
    pairs = replace(
        found.pairs, account=turn[found.pairs.account], target=turn[found.pairs.target]
    )
    rank = appearance(log)
    other = np.empty_like(rank)
    other[turn] = rank
    one, two = groups(found.ties, found.pairs, rank), groups(ties, pairs, other)
    assert len(one)

    def together(made, code):
        return {
            frozenset(code[made.account[made.group == g]].tolist()) for g in range(len(made))
        }

    assert together(one, turn) == together(two, np.arange(len(turn)))


def test_to_belong_to_a_group_says_no_more_than_the_tie_that_makes_a_member(tie) -> None:
    log, weighed, found = tie(chatter() + team())
    own = own_weight(weighed, len(log.accounts))
    said = []
    for bits in (
        found.ties.bits,
        np.full(len(found.ties), 1.5),
        np.full(len(found.ties), 0.75),
    ):
        ties = replace(found.ties, bits=bits)
        made = groups(ties, found.pairs, appearance(log))
        assert len(made)
        rows = raised(log, weighed[0], company(log, ties, made), own).evidence
        said.append(rows.bits[rows.step == step_code("tie:group")])
    strong, weak, none = said
    assert strong.max() > 1.5
    assert len(weak)
    assert (weak <= 1.5 + 1e-12).all()
    assert not len(none)


def test_a_group_of_two_is_its_tie_and_says_nothing_more(tie) -> None:
    log, weighed, found = tie(chatter() + team())
    own = own_weight(weighed, len(log.accounts))
    ends = np.isin(names(log, found.ties.a), TEAM[:2]) & np.isin(
        names(log, found.ties.b), TEAM[:2]
    )

    def steps(some):
        made = groups(some, found.pairs, appearance(log))
        rows = raised(log, weighed[0], company(log, some, made), own).evidence
        return len(made), set(rows.step.tolist())

    many, of_two = steps(found.ties.take(np.flatnonzero(ends)))
    assert many == 1
    assert step_code("tie:address") in of_two
    assert step_code("tie:group") not in of_two
    assert step_code("tie:group") in steps(found.ties)[1]
