from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.importers.mapping import check_map
from undertow.importers.sql import Database, SqlReader, asks_since, look, read_query

QUERY = "SELECT sender, recipient, time, body FROM chat"
MAP = """\
platform: chat
type: {value: message}
columns: {actor: sender, target: recipient, content: body, published: {column: time, format: unix-seconds}}
"""


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "chat.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE chat (sender, recipient, time, body)")
    connection.executemany(
        "INSERT INTO chat VALUES (?, ?, ?, ?)",
        [("a", "b", 1082040961 + n // 2, f"text {n}") for n in range(6)],
    )
    connection.commit()
    connection.close()
    return path


def add(base, *rows):
    connection = sqlite3.connect(base)
    connection.executemany("INSERT INTO chat VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()


@pytest.fixture
def reader(base):
    database = Database(f"sqlite:///{base}")

    def make(query=QUERY, map_text=MAP):
        columns, _ = look(database, query, most=0)
        event_map = check_map(map_text, columns, "map.yaml")
        return SqlReader(
            database, query, event_map, columns=columns, name="q.sql", ground="test"
        )

    yield make
    database.close()


def test_a_query_becomes_events(take, reader):
    found = take(reader())
    assert found.outcome.types == {"message": 6}
    assert [row["content"] for row in found.rows] == [f"text {n}" for n in range(6)]
    ids = [row["id"] for row in found.rows]
    assert len(set(ids)) == 6
    assert sorted(ids, key=lambda one: one[:21]) == ids
    assert ids == [row["id"] for row in take(reader()).rows]


def test_values_of_other_types_are_set_aside_or_written_as_text(take, reader, base):
    add(
        base,
        (None, "b", 1082040961, "x"),
        (5, "b", "never", "x"),
        (5, 6.5, 1082040961.5, b"\xff"),
    )
    found = take(reader())
    assert found.outcome.rejected == {
        "no `actor`": 1,
        "`published`: time not readable": 1,
    }
    assert (found.rows[-1]["target"], found.rows[-1]["content"]) == ("chat:6.5", "\ufffd")
    assert found.rows[-1]["published"].microsecond == 500_000


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO chat VALUES ('x', 'y', 1, 'z') RETURNING sender, recipient, time, body",
        "DELETE FROM chat",
        "CREATE TABLE other AS SELECT * FROM chat",
        "PRAGMA user_version = 5",
    ],
)
def test_a_query_that_writes_is_refused_by_sqlite(reader, base, query):
    before = base.read_bytes()
    with pytest.raises(UndertowError) as fault:
        reader(query)
    assert fault.value.code == "sql-failed"
    assert base.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("not a url", "sql-url"),
        ("sqlite:///nowhere.db", "file-unreadable"),
        ("sqlite://", "file-unreadable"),
        ("mysql+pymysql://u:secretword@host/db", "sql-driver-missing"),
        ("foo://u:secretword@host/db", "sql-driver-missing"),
        ("postgresql://u:secretword@127.0.0.1:1/db?connect_timeout=1", "sql-failed"),
    ],
)
def test_a_faulty_database_is_a_clear_error_without_the_password(url, code):
    def ask():
        with closing(Database(url)) as opened:
            look(opened, "SELECT 1", most=1)

    with pytest.raises(UndertowError) as fault:
        ask()
    assert fault.value.code == code
    assert "secretword" not in str(fault.value)


def test_a_missing_driver_names_the_extra(monkeypatch):
    import sqlalchemy

    def refuse(*args, **kwargs):
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(sqlalchemy, "create_engine", refuse)
    with pytest.raises(UndertowError) as fault:
        Database("postgresql://u@host/db")
    assert "undertow[postgres]" in fault.value.mend


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("SELECT 1;", True),
        ("SELECT ';' AS a -- ; b\n", True),
        ("SELECT 1; DROP TABLE chat", False),
        ("", False),
        ("-- nothing", False),
    ],
)
def test_a_query_is_one_statement(tmp_path, text, fine):
    path = tmp_path / "q.sql"
    path.write_text(text)
    if fine:
        assert read_query(path)
    else:
        with pytest.raises(UndertowError) as fault:
            read_query(path)
        assert fault.value.code == "sql-many-statements"


def test_a_bind_parameter_is_told_from_a_cast():
    assert asks_since("SELECT * FROM a WHERE t >= :since")
    assert not asks_since("SELECT a::since, ':since' FROM b -- :since")


@pytest.fixture
def project(base, tmp_path, monkeypatch, undertow):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.sql").write_text(QUERY + " WHERE time >= :since ORDER BY time")
    (tmp_path / "map.yaml").write_text(MAP)

    def run(*more):
        return undertow(
            *("import", "sql", "--url", f"sqlite:///{base}", "--query", "q.sql"),
            *("--map", "map.yaml", "--ground", "test", *more),
        )

    return run


def keys(folder):
    tables = [pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))]
    return [(row["id"], row["target"]) for table in tables for row in table.to_pylist()]


def test_since_last_adds_a_part_with_what_is_new(project, base, tmp_path):
    folder = tmp_path / "events"
    assert project("--since-last", "--out", "events").code == 0
    assert len(keys(folder)) == 6
    state = json.loads((tmp_path / "events.state.json").read_text())
    assert state["mark"] == "1082040963"
    add(base, ("c", "d", 1082040963, "late at the mark"), ("c", "d", 1082040999, "new"))
    assert project("--since-last", "--out", "events").code == 0
    found = keys(folder)
    # The two rows at the mark were read again, under the same keys.
    assert (len(found), len(set(found))) == (10, 8)
    assert json.loads((tmp_path / "events.state.json").read_text())["mark"] == "1082040999"


def test_a_run_that_fails_leaves_the_state_as_it_was(project, base, tmp_path, monkeypatch):
    from undertow.importers import writing

    project("--since-last", "--out", "events")
    before = (tmp_path / "events.state.json").read_bytes()
    add(base, ("c", "d", 1082040999, "new"))

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_events", fail)
        assert project("--since-last", "--out", "events").code == 130
    assert (tmp_path / "events.state.json").read_bytes() == before
    assert project("--since-last", "--out", "events").code == 0
    assert len(set(keys(tmp_path / "events"))) == 7


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"version":1}',
        '{"version":9,"kind":"whole","mark":"1","micros":1}',
    ],
)
def test_a_damaged_state_is_a_clear_error(project, tmp_path, damage):
    (tmp_path / "events.state.json").write_text(damage)
    ran = project("--since-last", "--out", "events")
    assert ran.code == 2
    assert "sql-state-damaged" in ran.err


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ((), "sql-since-missing"),
        (("--since-last", "--out", "x.parquet"), "sql-since-folder"),
    ],
)
def test_since_last_and_its_parameter_go_together(project, more, code):
    ran = project(*more)
    assert ran.code == 2
    assert code in ran.err


def test_the_map_of_a_query_can_be_guessed(project, tmp_path):
    (tmp_path / "map.yaml").unlink()
    ran = project("--guess")
    assert ran.code == 0
    assert "format: unix-seconds" in (tmp_path / "map.yaml").read_text()
    assert not list(tmp_path.glob("*.parquet"))
