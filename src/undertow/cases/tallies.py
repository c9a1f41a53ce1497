"""How many cases stand in each state, counted by the database as it changes them.

Every page of the queue tells five counts. Counting a hundred thousand rows for each took eight
milliseconds of a processor; triggers keep the counts instead, in the transaction of the change.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, text

from undertow.cases.tables import STATES, tallies

_MORE: Final = "UPDATE tallies SET cases = cases + 1 WHERE state = NEW.state;"
_LESS: Final = "UPDATE tallies SET cases = cases - 1 WHERE state = OLD.state;"
_SQLITE: Final = (
    ("tallies_made", "INSERT ON cases", _MORE),
    ("tallies_gone", "DELETE ON cases", _LESS),
    ("tallies_moved", "UPDATE OF state ON cases", f"{_LESS} {_MORE}"),
)
_POSTGRESQL: Final = (
    ("tallies_made", "INSERT", "NEW TABLE AS made", "SELECT state, 1 AS n FROM made"),
    ("tallies_gone", "DELETE", "OLD TABLE AS gone", "SELECT state, -1 AS n FROM gone"),
    (
        "tallies_moved",
        "UPDATE",
        "OLD TABLE AS gone NEW TABLE AS made",
        "SELECT state, 1 AS n FROM made UNION ALL SELECT state, -1 AS n FROM gone",
    ),
)
"""Name, verb, what changed, and by how much: once a statement, since ten thousand changes of one row are slow there."""
_ASKED: Final = select(tallies.c.state, tallies.c.cases)


def begin(connection: Connection) -> None:
    """Let a database whose tables stand begin to count."""
    for state in STATES:
        connection.execute(
            text("INSERT INTO tallies (state, cases) VALUES (:state, 0)"), {"state": state}
        )
    for line in statements(connection.dialect.name):
        connection.execute(text(line))


def by_state(connection: Connection) -> dict[str, int]:
    """Give the number of cases in each state that has any."""
    return {str(state): int(many) for state, many in connection.execute(_ASKED) if many}


def statements(dialect: str) -> list[str]:
    """Give the statements that set the triggers up, for `sqlite` or `postgresql`."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} AFTER {verb} BEGIN {does} END"
            for name, verb, does in _SQLITE
        ]
    return [line for rule in _POSTGRESQL for line in _postgresql(*rule)]


def removals(dialect: str) -> list[str]:
    """Give the statements that take the triggers away again, for a migration that goes back."""
    names = [rule[0] for rule in _SQLITE]
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name in names]
    return [
        line
        for name in names
        for line in (
            f"DROP TRIGGER IF EXISTS {name} ON cases",
            f"DROP FUNCTION IF EXISTS {name}()",
        )
    ]


def _postgresql(name: str, verb: str, changed: str, counted: str) -> tuple[str, str]:
    moved = f"SELECT state, sum(n) AS n FROM ({counted}) AS one GROUP BY state"  # noqa: S608  # our names
    body = (
        f"UPDATE tallies SET cases = cases + moved.n FROM ({moved}) AS moved "  # noqa: S608  # as above
        "WHERE tallies.state = moved.state AND moved.n <> 0; RETURN NULL;"
    )
    trigger = f"CREATE TRIGGER {name} AFTER {verb} ON cases REFERENCING {changed}"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )
