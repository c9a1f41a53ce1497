"""What counts as independent, and what only looks like it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from village import DAY, START, TEAM, chatter, row, team

from undertow.campaigns.show import campaign_table
from undertow.campaigns.sources import REPORTS, in_order, sources_of, with_sources
from undertow.campaigns.tie import tied


def flag(reporter: str, account: str) -> dict:
    return row("flag", START + 50 * DAY, reporter, account)


def sources(log, found, account: str, *, groups: bool = True) -> list[str]:
    book = found.weighed[0].matches.playbook.name
    ranked = pa.table({"account": [account], "role": ["recruiter"], "playbook": [book]})
    made = with_sources(
        ranked, log, sources_of(log, found.weighed, found.groups if groups else None)
    )
    return made["sources"].to_pylist()[0]


def campaign(log, found) -> list[str]:
    rows = campaign_table(log, found).to_pylist()
    mine = [one for one in rows if TEAM[0] in {m["account"] for m in one["accounts"]}]
    return mine[0]["sources"]


def lone(targets: int = 6, *, approach: bool = False, first: int = 0) -> list[dict]:
    """Let one account work alone on some people, in its own words and with its own address."""
    rows = []
    for n in range(targets):
        target, at = f"p:person{first + n}", START + (5 + 4 * n) * DAY
        if approach:
            rows += [
                row("mention", at, target, "p:lone", "a word"),
                row("follow", at + timedelta(minutes=1), "p:lone", target),
            ]
        rows += [
            row("message", at + timedelta(hours=3), "p:lone", target, f"number {n} it is"),
            row(
                "message", at + timedelta(hours=9), "p:lone", target, "write to t.me/lone_hand"
            ),
        ]
    return rows


def test_own_conduct_is_one_source_with_however_many_targets(tie) -> None:
    log, _, found = tie([*chatter(), *lone(12)])
    assert sources(log, found, "p:lone") == ["conduct:p"]


def test_all_tied_accounts_together_are_one_source(tie) -> None:
    log, _, found = tie([*chatter(), *team()])
    assert sources(log, found, "p:rec-a").count("others") == 1
    assert "conduct:p" in sources(log, found, "p:rec-a")


def test_reporters_who_know_each_other_only_through_the_account_are_one(tie) -> None:
    wrote = [row("message", START, "p:rec-a", f"p:puppet{n}", "hello") for n in range(9)]
    flags = [flag(f"p:puppet{n}", "p:rec-a") for n in range(9)]
    log, _, found = tie([*chatter(), *team(), *wrote, *flags])
    assert sources(log, found, "p:rec-a").count("report") == 1
    assert campaign(log, found).count("report") == 1


def test_reporters_who_know_others_are_as_many_as_they_are(tie) -> None:
    flags = [flag(f"p:person{n}", "p:rec-a") for n in range(3)]
    log, _, found = tie([*chatter(), *team(), *flags])
    assert sources(log, found, "p:rec-a").count("report") == 3
    assert campaign(log, found).count("report") == 3
    every = [flag(f"p:person{n}", "p:rec-a") for n in range(5)]
    log, _, found = tie([*chatter(), *team(), *every])
    assert sources(log, found, "p:rec-a").count("report") == REPORTS


def test_who_reports_two_members_is_one_reporter_of_the_campaign(tie) -> None:
    wrote = [row("message", START, "p:rec-b", "p:person0", "hello")]
    flags = [flag("p:person0", "p:rec-a"), flag("p:person0", "p:rec-b")]
    log, _, found = tie([*chatter(), *team(), *wrote, *flags])
    assert campaign(log, found).count("report") == 1


def test_reporters_who_know_only_members_of_a_campaign_are_one(tie) -> None:
    wrote = [
        row("message", START + n * DAY / 99, recruiter, f"p:puppet{n}", "hello")
        for n in range(6)
        for recruiter in TEAM[:2]
    ]
    flags = [flag(f"p:puppet{n}", TEAM[n % 2]) for n in range(6)]
    log, _, found = tie([*chatter(), *team(), *wrote, *flags])
    assert campaign(log, found).count("report") == 1


def test_events_of_one_tied_cluster_are_one_source_of_its_campaign(tie) -> None:
    log, _, found = tie([*chatter(), *team()])
    assert [word for word in campaign(log, found) if word.startswith("conduct")] == [
        "conduct:p"
    ]
    # The hand-off is the helper's event: another account's for the recruiter, a member's for the campaign.
    assert "others" not in campaign(log, found)


def test_a_list_is_a_source_of_the_account_and_of_its_campaign(tie) -> None:
    log, weighed, _ = tie([*chatter(), *team()])
    known = np.zeros(len(log.accounts), bool)
    known[log.accounts.to_pylist().index("p:rec-a")] = True
    found = tied(log, weighed, known=known)
    assert sources(log, found, "p:rec-a")[-1] == "known"
    assert campaign(log, found)[-1] == "known"


def test_what_targets_do_counts_once_if_they_know_anybody_else(tie) -> None:
    log, _, found = tie([*chatter(), *lone(6, approach=True)])
    assert _approached(found)
    assert sources(log, found, "p:lone") == ["conduct:p", "targets"]
    # Puppets, who know the account and each other, are no source.
    puppets = [one | _renamed(one, "person", "puppet") for one in lone(6, approach=True)]
    talk = [row("message", START, f"p:puppet{n}", f"p:puppet{n + 1}", "hey") for n in range(5)]
    log, _, found = tie([*chatter(), *puppets, *talk])
    assert _approached(found)
    assert sources(log, found, "p:lone") == ["conduct:p"]


def test_a_target_who_also_reports_is_not_counted_twice(tie) -> None:
    one = lone(1, approach=True) + lone(5, first=20)
    log, _, found = tie([*chatter(), *one])
    assert "targets" in sources(log, found, "p:lone")
    log, _, found = tie([*chatter(), *one, flag("p:person0", "p:lone")])
    assert "report" in sources(log, found, "p:lone")
    assert "targets" not in sources(log, found, "p:lone")


def test_conduct_seen_on_two_platforms_is_two_sources(tie) -> None:
    rows = lone(6, approach=True)
    for event in rows:
        event["platform"] = "q" if event["type"] == "follow" else "p"
    log, _, found = tie([*chatter(), *rows])
    assert sources(log, found, "p:lone")[:2] == ["conduct:p", "conduct:q"]


def test_without_groups_an_account_s_own_sources_are_still_told(tie) -> None:
    log, _, found = tie([*chatter(), *team()])
    assert sources(log, found, "p:rec-a", groups=False)[0] == "conduct:p"


def test_the_order_of_sources_is_fixed() -> None:
    given = ["known", "report", "others", "conduct:q", "targets", "conduct:p", "report"]
    assert in_order(given) == [
        "conduct:p",
        "conduct:q",
        "targets",
        "others",
        "report",
        "report",
        "known",
    ]


@pytest.mark.parametrize("account", ["p:nobody", "p:person59"])
def test_who_has_nothing_that_speaks_for_it_has_no_source(account: str, tie) -> None:
    rows = [
        one for one in chatter() if one["type"] != "message" or "mail" not in one["content"]
    ]
    log, _, found = tie([*rows, *team()])
    assert sources(log, found, account) == []


def _approached(found) -> bool:
    """Whether a step taken by targets speaks for the account: what the tests above rest on."""
    rows = found.weighed[0].evidence
    return bool(((rows.source == "taken") & (rows.bits > 0) & (rows.step == 0)).any())


def _renamed(event: dict, one: str, other: str) -> dict:
    names = ("id", "actor", "target")
    return {name: event[name].replace(f"p:{one}", f"p:{other}") for name in names}
