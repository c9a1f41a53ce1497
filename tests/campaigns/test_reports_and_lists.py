from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from village import DAY, START, chatter, row, team

from undertow.campaigns.known import read_known
from undertow.campaigns.reports import REPORTS_MOST, independent_reports, only_reported
from undertow.campaigns.tie import own_weight, tied
from undertow.errors import UndertowError

KEY = b"0123456789abcdef"


def flag(reporter: str, account: str, n: int = 0) -> dict:
    return row("flag", START + 50 * DAY + n * DAY / 5000, reporter, account)


def code(log, name):
    return log.accounts.to_pylist().index(name)


def bits(found, log, name, source):
    rows = found.weighed[0].evidence
    mine = (
        (rows.account == code(log, name)) & (rows.source == source) & (rows.role == "recruiter")
    )
    return float(rows.bits[mine].sum())


def test_a_report_by_somebody_who_was_written_to_weighs_and_others_weigh_nothing(tie) -> None:
    log, _, found = tie([*chatter(), *team(), flag("p:person0", "p:rec-a")])
    assert bits(found, log, "p:rec-a", "report") == pytest.approx(1.5)
    log, _, found = tie([*chatter(), *team(), flag("p:person45", "p:rec-a")])
    assert bits(found, log, "p:rec-a", "report") == 0


def test_ten_thousand_reporters_weigh_no_more_than_the_cap(tie) -> None:
    crowd = [flag(f"p:puppet{n}", "p:rec-a", n) for n in range(10_000)]
    log, _, found = tie([*chatter(), *team(), *crowd])
    assert bits(found, log, "p:rec-a", "report") == 0
    wrote = [
        row("message", START + 40 * DAY, "p:rec-a", f"p:puppet{n}", "hello") for n in range(300)
    ]
    log, _, found = tie([*chatter(), *team(), *wrote, *crowd[:300]])
    assert bits(found, log, "p:rec-a", "report") == pytest.approx(1.5)
    assert REPORTS_MOST < 15.6 / 3


def test_reporters_who_know_only_the_account_are_one_reporter(tie) -> None:
    wrote = [row("message", START, "p:rec-a", f"p:puppet{n}", "hello") for n in range(9)]
    flags = [flag(f"p:puppet{n}", "p:rec-a", n) for n in range(9)] + [
        flag("p:person1", "p:rec-a")
    ]
    log, _, _ = tie([*chatter(), *team(), *wrote, *flags])
    account, many = independent_reports(log)
    assert dict(zip(account.tolist(), many.tolist(), strict=True)) == {code(log, "p:rec-a"): 2}


def test_from_reports_holds_nothing_about_who_was_not_reported(tie) -> None:
    log, weighed, _ = tie([*chatter(), *team(), flag("p:person0", "p:rec-a")])
    only = only_reported(log, weighed)[0]
    mine = code(log, "p:rec-a")
    assert set(only.matches.keys[only.listed, only.judged].tolist()) == {mine}
    assert set(only.evidence.account.tolist()) == {mine}
    assert only.evidence.bits.sum() == pytest.approx(
        weighed[0].evidence.bits[weighed[0].evidence.account == mine].sum()
    )


def test_from_reports_without_a_report_is_one_clear_error(tie) -> None:
    log, weighed, _ = tie([*chatter(), *team()])
    with pytest.raises(UndertowError, match="no report") as fault:
        only_reported(log, weighed)
    assert fault.value.code == "reports-none"


def test_a_hit_raises_the_account_and_along_ties_who_did_something_itself(tie) -> None:
    log, weighed, plain = tie([*chatter(), *team()])
    known = np.zeros(len(log.accounts), bool)
    known[code(log, "p:rec-a")] = True
    hit = tied(log, weighed, known=known)
    own = own_weight(weighed, len(log.accounts))
    before, after = (own_weight(one.weighed, len(log.accounts)) for one in (plain, hit))
    assert bits(hit, log, "p:rec-a", "known") > 3
    assert after[code(log, "p:rec-a")] > before[code(log, "p:rec-a")]
    assert (after[(own <= 0) & ~known] <= before[(own <= 0) & ~known] + 1e-9).all()
    near = after[code(log, "p:rec-b")] - before[code(log, "p:rec-b")]
    assert 0 < near <= own[code(log, "p:rec-b")] + 1e-9


def test_a_listed_account_that_is_not_ranked_lends_to_who_is_tied_to_it(tie) -> None:
    log, weighed, plain = tie([*chatter(), *team()])
    own = own_weight(weighed, len(log.accounts))
    ranked = np.zeros(len(own), bool)
    ranked[weighed[0].evidence.account] = True
    a, b = plain.ties.a, plain.ties.b
    one = np.flatnonzero(ranked[a] & (own[a] > 0) & ~ranked[b])[0]
    known = np.zeros(len(own), bool)
    known[b[one]] = True
    hit = tied(log, weighed, known=known)
    before, after = (own_weight(found.weighed, len(own)) for found in (plain, hit))
    assert after[a[one]] > before[a[one]]
    assert after[b[one]] == before[b[one]] == 0
    assert (after <= before + np.maximum(own, 0) + 1e-9).all()


def test_an_address_on_a_list_is_a_hit_for_who_hands_it_over(tie) -> None:
    log, weighed, _ = tie([*chatter(), *team()])
    log = replace(
        log,
        marks={
            **log.marks,
            "listed": log.marks["handed"]
            == log.marks["handed"][
                np.flatnonzero(
                    (log.actor == code(log, "p:rec-a")) & (log.marks["handed"] >= 0)
                )[0]
            ],
        },
    )
    found = tied(log, weighed, known=np.zeros(len(log.accounts), bool))
    assert bits(found, log, "p:rec-a", "known") > 0


MISP = {
    "Event": {
        "Attribute": [
            {"type": "email-src", "value": "Lamp@Example.org"},
            {"type": "md5", "value": "00"},
        ],
        "Object": [{"Attribute": [{"type": "domain", "value": "bad.example"}]}],
    }
}
STIX = {
    "type": "bundle",
    "objects": [
        {"type": "indicator", "pattern": "[email-addr:value = 'lamp@example.org']"},
        {"type": "domain-name", "value": "bad.example"},
        {"type": "file", "name": "x"},
    ],
}
LINES = "# ours\naddress lamp@example.org\ndomain,bad.example\n"


@pytest.mark.parametrize(
    "text", [LINES, json.dumps(MISP), json.dumps([MISP]), json.dumps(STIX)]
)
def test_lists_are_read_from_lines_misp_and_stix(text: str, tmp_path) -> None:
    (tmp_path / "list").write_text(text)
    known = read_known(tmp_path / "list", KEY)
    assert known.address("email", "lamp@example.org")
    assert known.address("email", "who@bad.example")
    assert not known.address("email", "else@example.org")
    assert "lamp" not in repr(known)


def test_a_written_list_holds_hashes_alone_and_reads_back_under_its_key(tmp_path) -> None:
    (tmp_path / "list").write_text("account p:rec-a\naddress @lamp\n")
    known = read_known(tmp_path / "list", KEY)
    known.write(tmp_path / "hashes")
    assert "rec-a" not in (tmp_path / "hashes").read_text()
    again = read_known(tmp_path / "hashes", KEY)
    assert again.has("account", "p:rec-a")
    assert again.has("address", "lamp")
    assert not read_known(tmp_path / "hashes", b"another key 1234").has("account", "p:rec-a")


@pytest.mark.parametrize("text", ["person x", "{}", "[1]", "account", '{"kind": "account"}'])
def test_what_is_no_list_is_refused_with_its_place(text: str, tmp_path) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(UndertowError) as fault:
        read_known(tmp_path / "list", KEY)
    assert fault.value.code == "known-invalid"
