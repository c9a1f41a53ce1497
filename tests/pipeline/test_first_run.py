"""A newcomer's way: a table of another system, a proposed map, events, a ranking, one explanation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from foreign import DRAWN_IN, rows, write_foreign

GROUND = "consent of all members"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def no_target_is_named(shown: str) -> None:
    for number in DRAWN_IN:
        assert str(number) not in shown


def ranked_and_explained(undertow: Callable, platform: str, events: str) -> None:
    """Walk the second half of the way, which is the same for every source."""
    ran = undertow("detect", events, "--out", "found")
    assert ran.code == 0, ran.err
    assert f"direct messages read under: {GROUND}" in ran.err
    assert "report: found/report.html" in ran.out
    no_target_is_named(ran.out + ran.err)
    recruiter = f"{platform}:2002"
    ranked = pq.read_table("found/accounts.parquet").to_pylist()
    targets = {row["account"]: row["targets"] for row in ranked if row["role"] == "recruiter"}
    assert targets[recruiter] == targets[f"{platform}:2001"] == len(DRAWN_IN) / 2

    ran = undertow("explain", recruiter, "--from", "found")
    assert ran.code == 0, ran.err
    assert "3 funnels listed" in ran.out
    assert f"Lawful ground: {GROUND}" in ran.out
    no_target_is_named(ran.out)
    column = re.findall(r"^ *([+-]\d+\.\d)  ", ran.out, re.MULTILINE)
    *parts, total = [round(10 * float(bits)) for bits in column[: _sum_at(ran.out)]]
    assert sum(parts) == total


def _sum_at(shown: str) -> int:
    """Count the figures down to the one under the line."""
    above, below = shown.split("-------\n", 1)
    return len(re.findall(r"^ *[+-]\d+\.\d  ", above, re.MULTILINE)) + bool(below)


def test_from_a_foreign_file_to_an_explained_account(undertow: Callable) -> None:
    write_foreign(Path("chat.csv"))
    ran = undertow("import", "csv", "chat.csv", "--guess")
    assert ran.code == 0, ran.err
    assert "format: unix-seconds" in ran.out
    assert "the first 20 rows by this map" in ran.out
    assert "next: undertow import csv chat.csv --map" in ran.err
    assert [path.name for path in Path().iterdir()] != []
    assert not list(Path().glob("*.parquet"))

    ran = undertow("import", "csv", "chat.csv", "--map", "chat.map.yaml")
    assert ran.code == 2
    assert "[ground-missing]" in ran.err
    assert not list(Path().glob("*.parquet"))

    ran = undertow("import", "csv", "chat.csv", "--map", "chat.map.yaml", "--ground", GROUND)
    assert ran.code == 0, ran.err
    assert "wrote chat.events.parquet" in ran.err
    assert pq.read_metadata("chat.events.parquet").num_rows == len(rows())

    ranked_and_explained(undertow, "chat", "chat.events.parquet")


def test_a_ground_written_into_the_map_does_as_well(undertow: Callable) -> None:
    write_foreign(Path("chat.csv"))
    assert undertow("import", "csv", "chat.csv", "--guess").code == 0
    with Path("chat.map.yaml").open("a", encoding="utf-8") as file:
        file.write(f"ground: {GROUND}\n")
    ran = undertow("import", "csv", "chat.csv", "--map", "chat.map.yaml", "--out", "e.parquet")
    assert ran.code == 0, ran.err
    ranked_and_explained(undertow, "chat", "e.parquet")


def test_the_foreign_file_itself_is_refused_with_the_way_to_go(undertow: Callable) -> None:
    write_foreign(Path("chat.csv"))
    ran = undertow("detect", "chat.csv", "--out", "found", "--ground", GROUND)
    assert ran.code == 2
    assert "[file-columns]" in ran.err
    assert "undertow import csv --guess" in ran.err


def test_the_results_say_what_this_table_could_not_show(undertow: Callable) -> None:
    write_foreign(Path("chat.csv"))
    undertow("import", "csv", "chat.csv", "--guess")
    undertow("import", "csv", "chat.csv", "--map", "chat.map.yaml", "--ground", GROUND)
    assert undertow("detect", "chat.events.parquet", "--out", "found").code == 0
    said = json.loads(Path("found/run.json").read_bytes())
    blind = {s["name"] for s in said["playbooks"][0]["steps"] if s["unknown_for"]}
    assert blind == {"approach", "follow_back"}


@pytest.fixture
def chat_url(postgres_url: str) -> str:
    """A real PostgreSQL that holds the same rows in a table of its own."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS first_run"))
        connection.execute(
            sa.text(
                "CREATE TABLE first_run (sender int, recipient int, time bigint, body text)"
            )
        )
        names = ("sender", "recipient", "time", "body")
        connection.execute(
            sa.text("INSERT INTO first_run VALUES (:sender, :recipient, :time, :body)"),
            [dict(zip(names, row, strict=True)) for row in rows()],
        )
    engine.dispose()
    return postgres_url


@pytest.mark.postgres
def test_from_a_postgresql_table_to_an_explained_account(
    undertow: Callable, chat_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERTOW_SQL_URL", chat_url)
    Path("chat.sql").write_text("SELECT sender, recipient, time, body FROM first_run\n")
    ran = undertow("import", "sql", "--query", "chat.sql", "--guess")
    assert ran.code == 0, ran.err
    assert "format: unix-seconds" in ran.out

    asked = ("import", "sql", "--query", "chat.sql", "--map", "chat.map.yaml")
    ran = undertow(*asked, "--ground", GROUND)
    assert ran.code == 0, ran.err
    assert pq.read_metadata("chat.events.parquet").num_rows == len(rows())
    assert "host=" not in ran.out + ran.err

    ranked_and_explained(undertow, "chat", "chat.events.parquet")
