from __future__ import annotations

import json
from contextlib import closing

import pytest
import sqlalchemy as sa

from undertow.errors import UndertowError
from undertow.importers.mapping import check_map
from undertow.importers.sql import Database, SqlReader, look

pytestmark = pytest.mark.postgres

MAP = """\
platform: chat
type: {value: message}
columns: {actor: sender, target: recipient, content: body, published: time}
"""
QUERY = "SELECT sender, recipient, time, body FROM chat"


@pytest.fixture
def table(postgres_url):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS chat"))
        connection.execute(
            sa.text(
                "CREATE TABLE chat (sender int, recipient int, time timestamptz, body text)"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO chat SELECT n % 7, n % 11, timestamptz '2024-01-15 10:00+00'"
                " + n * interval '1 second', 'text ' || n FROM generate_series(1, 12000) n"
            )
        )
    yield engine
    engine.dispose()


@pytest.fixture
def database(postgres_url, table):
    opened = Database(postgres_url)
    yield opened
    opened.close()


def count(engine):
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT count(*) FROM chat")).scalar()


def test_a_table_is_streamed_into_events(take, database):
    columns, _ = look(database, QUERY, most=0)
    event_map = check_map(MAP, columns, "map.yaml")
    reader = SqlReader(database, QUERY, event_map, columns=columns, name="q", ground="test")
    found = take(reader)
    assert found.outcome.events == 12_000
    assert len({row["id"] for row in found.rows}) == 12_000
    assert found.rows[0]["published"].isoformat() == "2024-01-15T10:00:01+00:00"


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM chat RETURNING *) SELECT * FROM gone",
        "DELETE FROM chat",
        "SELECT set_config('transaction_read_only', 'off', false) FROM chat",
        "SELECT nextval('counter')",
        "SELECT * INTO other FROM chat",
    ],
)
def test_a_query_that_writes_is_refused_by_the_server(database, table, query):
    with table.begin() as connection:
        connection.execute(sa.text("CREATE SEQUENCE IF NOT EXISTS counter"))
    with pytest.raises(UndertowError) as fault:
        look(database, query, most=10)
    assert fault.value.code == "sql-failed"
    assert count(table) == 12_000


def test_the_connection_itself_is_read_only(database):
    _, rows = look(database, "SELECT current_setting('transaction_read_only')", most=1)
    assert rows == [("on",)]


def test_errors_hold_no_values_and_no_password(postgres_url, table):
    secret = postgres_url.replace("tester@", "tester:secretword@")
    for query in ("SELECT body::int FROM chat", "SELECT * FROM nowhere"):
        opened = Database(secret)
        with closing(opened), pytest.raises(UndertowError) as fault:
            look(opened, query, most=1)
        assert "text 1" not in str(fault.value)
        assert "secretword" not in str(fault.value)
    assert "nowhere" in str(fault.value)


def test_since_last_goes_by_a_time_of_the_server(
    postgres_url, table, tmp_path, monkeypatch, undertow
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNDERTOW_SQL_URL", postgres_url)
    (tmp_path / "q.sql").write_text(QUERY + " WHERE time >= :since")
    (tmp_path / "map.yaml").write_text(MAP)

    def run():
        ran = undertow(
            *("import", "sql", "--query", "q.sql", "--map", "map.yaml", "--since-last"),
            *("--ground", "test", "--out", "events", "--format", "json"),
        )
        assert ran.code == 0, ran.err
        return json.loads(ran.out)[0]["count"]

    assert run() == 12_000
    with table.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO chat VALUES (1, 2, '2024-02-01 00:00+00', 'new')")
        )
    assert run() == 2
    assert run() == 1
