"""The store itself: how its databases are set up, how its tables come to be, and who writes when."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from undertow.cases import schema, tallies
from undertow.cases import sqlite as setup
from undertow.cases.guards import guard
from undertow.cases.store import FILE, Store, make_store, open_store
from undertow.cases.tables import about, metadata, runs
from undertow.errors import UndertowError

WANTED = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "secure_delete": 1,
    "busy_timeout": 10000,
    "temp_store": 2,
}


def test_every_connection_to_sqlite_is_set_up(sqlite: Store) -> None:
    held = [sqlite.engine.connect() for _ in range(5)]
    for connection in held:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in WANTED}
        assert found == WANTED
        connection.close()


def test_all_tables_of_sqlite_are_strict(sqlite: Store) -> None:
    with sqlite.reading() as connection:
        tables = connection.execute(text("PRAGMA table_list")).all()
    ours = {row.name: row.strict for row in tables if row.name in metadata.tables}
    assert ours == dict.fromkeys(metadata.tables, 1)


def test_a_strict_table_takes_no_text_for_a_number(sqlite: Store) -> None:
    with pytest.raises(IntegrityError), sqlite.writing() as connection:
        connection.execute(
            text("INSERT INTO runs (run, at, summary) VALUES ('r', 'no number', x'00')")
        )


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_a_version_of_sqlite_with_the_fault_of_its_log_is_known(version, sound) -> None:
    assert setup.is_sound(version) is sound


def test_without_a_lock_on_files_a_faulty_sqlite_keeps_no_log(monkeypatch) -> None:
    monkeypatch.setattr(setup, "version", lambda: (3, 40, 1))
    assert dict(setup.pragmas())["journal_mode"] == "WAL"
    monkeypatch.setattr(setup, "can_lock", lambda: False)
    assert dict(setup.pragmas())["journal_mode"] == "DELETE"
    monkeypatch.setattr(setup, "version", lambda: (3, 51, 3))
    assert dict(setup.pragmas())["journal_mode"] == "WAL"


def test_a_faulty_sqlite_lets_one_process_write_at_a_time(sqlite, monkeypatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(setup, "version", lambda: (3, 40, 1))
    with (sqlite.folder / setup.LOCK_FILE).open("ab") as other:
        with sqlite.writing(), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


ON_POSTGRESQL = {"ix_cases_case_begin", "ix_cases_account_begin"}


@pytest.mark.postgres
def test_indexes_that_postgresql_needs_are_there(postgres_schema, tmp_path) -> None:
    """Without them finding a code reads the whole table."""
    store = make_store(postgres_schema, simulated=True, folder=tmp_path / "cases")
    asked = text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'cases'")
    with store.reading() as connection:
        held = dict(row for row in connection.execute(asked).all())
    store.close()
    assert held.keys() >= ON_POSTGRESQL
    assert "text_pattern_ops" in held["ix_cases_account_begin"]
    assert "lease_until IS NOT NULL" in held["ix_cases_lease_until"]


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == schema.head()
        differences = [
            one
            for one in compare_metadata(context, metadata)
            # PostgreSQL writes the name of a sequence into the default of a counted key.
            if "alembic_version" not in str(one)
            # Alembic asks for indexes of the other engine as well.
            and not (
                connection.dialect.name == "sqlite"
                and one[0] == "add_index"
                and one[1].name in ON_POSTGRESQL
            )
        ]
    assert differences == []


def test_the_first_migration_says_word_for_word_what_the_tables_say(sqlite: Store) -> None:
    asked = text("SELECT name, sql FROM sqlite_master")
    plain = create_engine("sqlite://")
    with plain.connect() as other, sqlite.reading() as connection:
        metadata.create_all(other)
        guard(other)
        tallies.begin(other)
        here = dict(row for row in connection.execute(asked).all() if "alembic" not in row.name)
        assert here == dict(other.execute(asked).all())
    plain.dispose()


def test_the_tables_can_be_taken_away_and_made_again(store: Store) -> None:
    with store.engine.connect() as connection:
        config = schema._config(connection, schema.MIGRATIONS)
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    with store.writing() as connection:
        connection.execute(insert(runs).values(run="r", at=5, summary=b""))


LATER = """
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("took", sa.Integer))
    op.execute("UPDATE runs SET took = 7")


def downgrade():
    with op.batch_alter_table("runs") as table:
        table.drop_column("took")
"""


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations with one more, as a later version of Undertow would have them."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in schema.MIGRATIONS.rglob("*.py"):
        (folder / path.relative_to(schema.MIGRATIONS)).write_text(
            path.read_text("utf-8"), "utf-8"
        )
    (folder / "versions" / "v0002_later.py").write_text(LATER, "utf-8")
    return folder


def test_a_store_with_data_is_brought_up_and_a_copy_kept(store: Store, later: Path) -> None:
    with store.writing() as connection:
        connection.execute(insert(runs).values(run="r", at=5, summary=b""))
    copy = schema.bring_up(store.engine, store.folder, later)
    with store.reading() as connection:
        row = connection.execute(text("SELECT run, at, took FROM runs")).one()
        assert tuple(row) == ("r", 5, 7)
        assert schema.stands_at(connection) == "0002"
    assert schema.bring_up(store.engine, store.folder, later) is None
    if store.engine.dialect.name == "sqlite":
        assert copy is not None
        held = sqlite3.connect(copy)
        assert held.execute("SELECT run, at FROM runs").fetchall() == [("r", 5)]
        assert [row[1] for row in held.execute("PRAGMA table_info(runs)")] == [
            "run",
            "at",
            "summary",
            "recipe",
        ]
        held.close()


def test_a_migration_that_fails_changes_nothing(store: Store, later: Path) -> None:
    broken = later / "versions" / "v0002_later.py"
    broken.write_text(LATER.replace("UPDATE runs SET took", "UPDATE runs SET nothing"), "utf-8")
    with pytest.raises(Exception, match="nothing"):
        schema.bring_up(store.engine, store.folder, later)
    with store.reading() as connection:
        assert schema.stands_at(connection) == "0001"
    assert "took" not in {one["name"] for one in inspect(store.engine).get_columns("runs")}


def test_a_store_of_a_later_version_is_refused(sqlite: Store, later: Path) -> None:
    schema.bring_up(sqlite.engine, sqlite.folder, later)
    with pytest.raises(UndertowError) as fault:
        open_store(sqlite.folder)
    assert fault.value.code == "cases-newer"


def test_a_place_that_is_none_says_so(tmp_path: Path) -> None:
    cases = {
        "cases-missing": lambda: open_store(tmp_path),
        "cases-place": lambda: open_store("mysql://there", folder=tmp_path),
        "cases-folder-missing": lambda: open_store("postgresql://there"),
        "cases-unreadable": lambda: open_store(
            "postgresql://nobody@/none?host=/nowhere", folder=tmp_path
        ),
    }
    for code, call in cases.items():
        with pytest.raises(UndertowError) as fault:
            call()
        assert fault.value.code == code
        assert "/nowhere" not in str(fault.value)


def test_a_damaged_store_is_one_clear_error(tmp_path: Path) -> None:
    make_store(tmp_path / "cases", simulated=False).close()
    (tmp_path / "cases" / FILE).write_bytes(b"this is no database" * 500)
    with pytest.raises(UndertowError) as fault:
        open_store(tmp_path / "cases")
    assert fault.value.code == "cases-unreadable"


def test_a_second_store_does_not_take_the_place_of_the_first(sqlite: Store) -> None:
    with pytest.raises(UndertowError) as fault:
        make_store(sqlite.folder, simulated=False, keys=sqlite.folder.with_name("other.keys"))
    assert fault.value.code == "cases-there"


def test_a_fault_undoes_all_of_a_transaction(store: Store) -> None:
    def act() -> None:
        with store.writing() as connection:
            connection.execute(text("INSERT INTO about (name, value) VALUES ('x', 'y')"))
            raise KeyError

    with pytest.raises(KeyError):
        act()
    with store.reading() as connection:
        assert connection.execute(select(about).where(about.c.name == "x")).first() is None


def test_writers_wait_for_each_other_and_lose_nothing(store: Store) -> None:
    store.set_setting("count", "0")

    def add() -> None:
        for _ in range(5):
            with store.writing() as connection:
                asked = select(about.c.value).where(about.c.name == "setting:count")
                value = int(connection.execute(asked).scalar_one())
                connection.execute(
                    about.update()
                    .where(about.c.name == "setting:count")
                    .values(value=str(value + 1))
                )

    threads = [Thread(target=add) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert store.setting("count") == "60"


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    store.set_setting("word", "before")
    asked = select(about.c.value).where(about.c.name == "setting:word")
    with store.reading() as connection:
        assert connection.execute(asked).scalar() == "before"
        store.set_setting("word", "after")
        assert connection.execute(asked).scalar() == "before"
    assert store.setting("word") == "after"


def test_a_full_disk_is_a_fault_with_a_code_and_changes_nothing(sqlite: Store) -> None:
    sqlite.set_setting("word", "before")
    with sqlite.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    held = [sqlite.engine.connect() for _ in range(8)]
    for connection in held:
        # As many pages as there are: the next one does not fit, as on a full disk.
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
    for connection in held:
        connection.close()
    with pytest.raises(UndertowError) as fault, sqlite.writing() as connection:
        connection.execute(insert(runs).values(run="r", at=5, summary=b"x" * 10**6))
    assert fault.value.code == "cases-unwritable"
    assert sqlite.setting("word") == "before"
    with sqlite.reading() as connection:
        assert connection.execute(select(runs)).first() is None


def test_an_error_of_the_database_tells_no_row(store: Store) -> None:
    row = {"run": "canaryrow", "at": 5, "summary": b""}
    with store.writing() as connection:
        connection.execute(insert(runs).values(**row))
    with pytest.raises(IntegrityError) as fault, store.writing() as connection:
        connection.execute(insert(runs).values(**row))
    if store.engine.dialect.name == "sqlite":
        assert "canaryrow" not in str(fault.value)
    assert "parameters hidden" in str(fault.value)


def test_a_store_that_cannot_be_made_leaves_no_keys_behind(tmp_path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(schema, "make", broken)
    with pytest.raises(KeyError):
        make_store(tmp_path / "cases", simulated=False)
    assert [path.name for path in tmp_path.iterdir() if "keys" in path.name] == []


def test_all_that_is_read_for_one_page_is_of_one_state(store: Store) -> None:
    def change() -> None:
        store.set_setting("budget", "after")

    store.set_setting("budget", "before")
    with store.one_state():
        assert store.setting("budget") == "before"
        other = Thread(target=change)
        other.start()
        other.join()
        assert store.setting("budget") == "before"
    assert store.setting("budget") == "after"


def test_nothing_is_written_while_a_page_reads(store: Store) -> None:
    with (
        store.one_state(),
        store.one_state(),
        pytest.raises(TypeError, match="within `one_state`"),
        store.writing(),
    ):
        pass
    store.set_setting("budget", "40")


def test_a_page_that_fails_leaves_no_state_behind(store: Store) -> None:
    with pytest.raises(ValueError, match="a fault"), store.one_state():
        raise ValueError("a fault")
    store.set_setting("budget", "40")
    assert store.setting("budget") == "40"
