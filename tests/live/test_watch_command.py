"""`undertow watch` as its user meets it: gates, files, metrics, going on, stopping."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crowd import START, Line, crowd, last_alerts, write

Run = Callable[..., Any]
BOOK = ["-p", "extremist-recruitment"]
GROUND = ["--ground", "consent of all"]


def event(n: int, kind: str, actor: str, target: str, **more: Any) -> Line:
    at = (START + timedelta(hours=n)).isoformat().replace("+00:00", "Z")
    row = {"id": f"{actor}>{target}#{n}", "type": kind, "published": at, "actor": actor}
    return {**row, "target": target, "platform": "p", **more}


def chain(recruiter: str = "p:recruiter", target: str = "p:canary-target") -> list[Line]:
    """Make a short match that is listed, and one revision of it."""
    text = "write to lamp@example.org"
    direct = {"visibility": "direct"}
    return [
        event(0, "follow", "p:one", "p:other"),
        event(1_001, "mention", target, recruiter),
        event(1_002, "follow", recruiter, target),
        event(1_003, "message", recruiter, target, content="hello", **direct),
        event(1_004, "message", recruiter, target, content=text, **direct),
        event(1_200, "message", "p:keeper", target, content="hello", **direct),
    ]


def watched(undertow: Run, path: Path, *options: Any) -> list[Line]:
    ran = undertow("watch", path, "--once", "-q", *BOOK, *GROUND, *options)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_an_alert_names_the_account_and_hides_the_target(tmp_path: Path, undertow: Run) -> None:
    path = write(tmp_path / "events.jsonl", chain())
    ran = undertow("watch", path, "--once", *BOOK, *GROUND)
    assert "canary" not in ran.out + ran.err
    assert "lamp@" not in ran.out
    (alert,) = [json.loads(line) for line in ran.out.splitlines()]
    assert alert["account"] == "p:recruiter"
    assert alert["target"].startswith("t:")
    assert alert["step"] == "handoff"
    assert alert["steps"][0]["actor"] == alert["target"]
    assert all(alert["target"] in step["event"] for step in alert["steps"])
    assert (alert["revision"], alert["simulated"]) == (0, False)
    assert alert["ground"] == ["consent of all"]
    assert "weight" not in alert


def test_a_match_that_goes_on_is_revised(tmp_path: Path, undertow: Run) -> None:
    path = tmp_path / "events.jsonl"
    state = ["--state", tmp_path / "state", "--alerts", tmp_path / "alerts.jsonl"]
    write(path, chain()[:5])
    assert watched(undertow, path, *state) == []
    with path.open("a") as file:
        file.write(json.dumps(chain()[5]) + "\n")
    watched(undertow, path, *state)
    alerts = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert [(one["step"], one["revision"]) for one in alerts] == [
        ("address", 0),
        ("handoff", 1),
    ]
    assert (tmp_path / "alerts.jsonl").stat().st_mode & 0o077 == 0


def test_simulated_accounts_mark_every_alert_and_mix_with_no_real_ones(
    tmp_path: Path, undertow: Run
) -> None:
    rows = [
        {**row, "actor": f"sim:{row['actor']}", "target": f"sim:{row['target']}"}
        for row in chain()
    ]
    path = write(tmp_path / "events.jsonl", rows)
    assert [alert["simulated"] for alert in watched(undertow, path)] == [True]
    write(path, [*rows, event(1_300, "follow", "p:real", "p:other")])
    assert "[events-mixed]" in undertow("watch", path, "--once", *BOOK, *GROUND).err


def test_direct_messages_need_a_ground(tmp_path: Path, undertow: Run) -> None:
    path = write(tmp_path / "events.jsonl", chain())
    ran = undertow("watch", path, "--once", *BOOK)
    assert (ran.code, ran.out) == (2, "")
    assert "[ground-missing]" in ran.err
    sources = tmp_path / "sources.yaml"
    sources.write_text("{platform: p, ground: terms}")
    declared = undertow("watch", path, "--once", "-q", *BOOK, "--sources", sources)
    assert declared.code == 0
    assert json.loads(declared.out)["ground"] == ["terms"]


def test_one_person_s_pocket_is_refused_once_that_is_plain(
    tmp_path: Path, undertow: Run
) -> None:
    rows = [
        event(n, "message", "p:me", f"p:friend-{n % 40}", visibility="direct")
        for n in range(1_200)
    ]
    path = write(tmp_path / "events.jsonl", rows)
    ran = undertow("watch", path, "--once", *BOOK, *GROUND)
    assert ran.code == 2
    assert "[events-one-pocket]" in ran.err
    assert not watched(undertow, write(tmp_path / "few.jsonl", rows[:900]))


def test_faulty_lines_go_to_a_file_and_stop_nothing(tmp_path: Path, undertow: Run) -> None:
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(row) for row in chain()[1:]]
    path.write_text("\n".join([*lines[:2], '{"secret": ', *lines[2:]]))
    ran = undertow("watch", path, "--once", *BOOK, *GROUND, "--rejects", tmp_path / "no.jsonl")
    assert ran.code == 3
    assert len(ran.out.splitlines()) == 1
    (reject,) = [json.loads(one) for one in (tmp_path / "no.jsonl").read_text().splitlines()]
    assert (reject["line"], reject["reason"]) == (3, "not JSON")
    told = undertow("watch", path, "--once", *BOOK, *GROUND)
    assert "events.jsonl:3: not JSON" in told.err
    assert "secret" not in told.err


def test_a_state_folder_is_of_one_watch(tmp_path: Path, undertow: Run) -> None:
    path = write(tmp_path / "events.jsonl", chain())
    state = ["--state", tmp_path / "state"]
    watched(undertow, path, *state)
    ran = undertow("watch", path, "--once", *BOOK, *GROUND, *state, "--lateness", "2h")
    assert ran.code == 2
    assert "[watch-state-other]" in ran.err


def test_rates_of_an_earlier_detect_give_weights(tmp_path: Path, undertow: Run) -> None:
    path = write(tmp_path / "events.jsonl", crowd(1, 600))
    out = tmp_path / "found"
    assert undertow("detect", path, *BOOK, *GROUND, "--out", out, "-q").code == 0
    alerts = watched(undertow, path, "--rates", out)
    assert alerts
    assert all(isinstance(alert["weight"], float) for alert in alerts)
    ran = undertow("watch", path, *BOOK, "--rates", tmp_path)
    assert "[watch-rates]" in ran.err


FAULTS = {
    "watch-state-missing": ["nats://host/stream?durable=a"],
    "watch-source": ["events.csv"],
    "file-missing": ["no/such/folder/events.jsonl"],
    "option-duration": ["-", "--lateness", "soon"],
    "watch-metrics": ["-", "--metrics", "here"],
    "timezone-unknown": ["-", "--timezone", "Nowhere/City"],
}


@pytest.mark.parametrize(("code", "options"), FAULTS.items(), ids=list(FAULTS))
def test_what_cannot_be_done_is_a_fault_with_a_mend(
    code: str, options: list[str], undertow: Run
) -> None:
    ran = undertow("watch", *options)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert "mend:" in ran.err


def test_a_playbook_that_asks_for_the_future_is_refused(tmp_path: Path, undertow: Run) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(
        "{playbook: later, grammar: 1, status: test, title: t, source: ours, falsepositives: [all],"
        " roles: {a: {}, target: {}}, key: [a, target], listed_from: s, steps:"
        " {s: {type: message, from: a, to: target, has: answered}}}"
    )
    ran = undertow("watch", "-", "-p", book)
    assert "[watch-playbook]" in ran.err, ran.err


def test_a_running_watch_shows_counts_and_stops_with_a_checkpoint(tmp_path: Path) -> None:
    path = write(tmp_path / "events.jsonl", chain())
    asked = [
        "watch",
        path,
        *BOOK,
        *GROUND,
        "--metrics",
        "127.0.0.1:0",
        "--state",
        tmp_path / "s",
    ]
    command = [sys.executable, "-m", "undertow.cli.main", *map(str, asked)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(line.split()[-1] for line in process.stderr if "metrics:" in line)
        text = ""
        until = time.monotonic() + 120
        while "lines_read_total 6" not in text and time.monotonic() < until:
            # The server of this very test, on the loopback.
            with urllib.request.urlopen(address, timeout=60) as answer:
                text = answer.read().decode()
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 0, rest
    assert "undertow_watch_events_waiting 1" in text
    assert "# TYPE undertow_watch_alerts_total counter" in text
    assert "canary" not in text
    assert "p:" not in text
    assert list((tmp_path / "s").glob("0*"))


def test_a_crowd_s_alerts_are_the_same_in_one_run_and_in_many(
    tmp_path: Path, undertow: Run
) -> None:
    rows = crowd(5, 400)
    whole = write(tmp_path / "whole.jsonl", rows)
    once = undertow("watch", whole, "--once", "-q", *BOOK, *GROUND).out
    path = tmp_path / "events.jsonl"
    path.touch()
    state = [
        "--state",
        tmp_path / "state",
        "--alerts",
        tmp_path / "alerts.jsonl",
        "--lateness",
        "1s",
    ]
    for part in range(4):
        with path.open("a") as file:
            file.writelines(
                json.dumps(row) + "\n" for row in rows[100 * part : 100 * part + 100]
            )
        watched(undertow, path, *state)
    found = last_alerts((tmp_path / "alerts.jsonl").read_text())
    expected = last_alerts(once)
    assert {k: a["steps"] for k, a in found.items()} == {
        k: a["steps"] for k, a in expected.items()
    }
