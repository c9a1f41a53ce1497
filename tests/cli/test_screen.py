"""Results as text, JSON and CSV, made safe for the terminal and the spreadsheet they end in."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from undertow.cli.screen import Format, note, pace, progress, say, settings, show

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS: list[dict[str, object]] = [
    {"account": "forum:ä", "bits": 12.3456, "n": 1200, "at": AT, "left out": 1},
    {"account": None, "bits": -1.5, "n": 0, "at": None},
]
COLUMNS = ["account", "bits", "n", "at"]


def test_json_holds_the_asked_columns_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, COLUMNS, Format.JSON, title="Accounts")
    first, second = json.loads(capsys.readouterr().out)
    assert list(first) == COLUMNS
    assert first == {
        "account": "forum:ä",
        "bits": 12.3456,
        "n": 1200,
        "at": "2026-01-31T12:00:00Z",
    }
    assert second["account"] is None


def test_csv_has_a_header_and_whole_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, COLUMNS, Format.CSV, title="Accounts")
    assert capsys.readouterr().out == (
        "account,bits,n,at\nforum:ä,12.3456,1200,2026-01-31T12:00:00Z\n,-1.5,0,\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_csv_field_is_never_a_formula(capsys: pytest.CaptureFixture[str], start: str) -> None:
    show([{"name": f"{start}1+1"}], ["name"], Format.CSV)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert rows[1] == [f"'{start}1+1"]


def test_text_shows_columns_and_title(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, COLUMNS, Format.TEXT, title="Accounts")
    shown = capsys.readouterr().out
    assert "Accounts" in shown
    assert "12.35" in shown
    assert "1,200" in shown


@pytest.mark.parametrize("trick", ["\x1b[2J", "\u202e", "\r", "\x07", "\u2066"])
def test_no_account_name_acts_on_the_terminal(
    capsys: pytest.CaptureFixture[str], trick: str
) -> None:
    show([{"name": f"a{trick}b [red]c[/red]"}], ["name"], Format.TEXT)
    note(f"a{trick}b")
    shown = capsys.readouterr()
    assert trick not in shown.out + shown.err
    assert "[red]c[/red]" in shown.out


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("reading", 10) as advance:
        advance(10)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_progress_is_drawn_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(settings, "no_progress", False)
    with progress("reading", None, "events") as advance:
        advance(1_000)
    say("done")
    shown = capsys.readouterr()
    assert shown.out == "done\n"
    assert "1,000 events" in shown.err


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (0, None, 0.0, "0 events"),
        (3_000, None, 2.0, "3,000 events, 1,500/s"),
        (3_000, 12_000, 2.0, "3,000 of 12,000 events, 1,500/s, 6 s left"),
        (3_000, 300_000, 2.0, "3,000 of 300,000 events, 1,500/s, 3 min 18 s left"),
        (2, 4, 8.0, "2 of 4 events, 0.2/s, 8 s left"),
        (4, 4, 8.0, "4 of 4 events, 0.5/s"),
    ],
)
def test_a_bar_says_how_fast_and_how_long(
    done: int, total: int | None, seconds: float, text: str
) -> None:
    assert pace(done, total, "events", seconds) == text
