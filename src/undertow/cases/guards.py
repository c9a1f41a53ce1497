"""What the database itself refuses: changed leaves, changed acts, and a measure that not two people decided on.

The same rules stand in Python (`cases.decide`); these hold against whoever writes past it. An owner of the
database can still drop a trigger: what proves that is the signed checkpoint, not the trigger.

`purging` opens acts and measures of one case for the clock of retention, inside one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, delete, insert, text

from undertow.cases.tables import about

PURGING: Final = "purging"
"""Name of the fact in `about` that names the case whose acts are being deleted."""

_IS_PURGED: Final = (
    "EXISTS (SELECT 1 FROM about WHERE name = 'purging' AND value = OLD.\"case\")"
)
_TWO_PEOPLE: Final = """EXISTS (
    SELECT 1 FROM acts p JOIN acts a ON a.answers = p.act
    WHERE p.act = NEW.proposal AND p.kind = 'propose' AND p.reviewer = NEW.proposed_by
      AND a.act = NEW.approval AND a.kind = 'approve' AND a.reviewer = NEW.approved_by
      AND a.reviewer <> p.reviewer AND p."case" = NEW."case" AND a."case" = NEW."case"
      AND p.outcome = NEW.outcome AND p.dossier = NEW.dossier AND a.dossier = NEW.dossier
      AND a.at >= p.at AND NEW.approved_at = a.at)"""
"""A measure stands on a proposal and an approval by two people about one dossier, the approval not the earlier."""
_IS_THERE: Final = "EXISTS (SELECT 1 FROM measures WHERE measure = NEW.measure)"
_SAME_MEASURE: Final = " AND ".join(
    f'NEW."{name}" = OLD."{name}"'
    for name in (
        "measure",
        "case",
        "outcome",
        "proposal",
        "approval",
        "proposed_by",
        "approved_by",
        "dossier",
        "approved_at",
        "effective_at",
    )
)
_SET_ONCE: Final = " AND ".join(
    f"(OLD.{name} IS NULL OR NEW.{name} = OLD.{name})" for name in ("undone_at", "lifted_at")
)

LIVE: Final = "a playbook goes live by two people, and its text stays"
_LIVE_BY_ONE: Final = (
    "(NEW.state = 'live' AND (NEW.proposed_by IS NULL OR NEW.approved_by IS NULL"
    " OR NEW.proposed_by = NEW.approved_by))"
)
_OTHER_TEXT: Final = (
    "NEW.body <> OLD.body OR NEW.version <> OLD.version OR NEW.playbook <> OLD.playbook"
)

RULES: Final = (
    ("leaves_keep", "UPDATE", "leaves", "1 = 1", "a leaf of the audit log is never changed"),
    ("leaves_stay", "DELETE", "leaves", "1 = 1", "a leaf of the audit log is never deleted"),
    (
        "leaves_follow",
        "INSERT",
        "leaves",
        "NEW.place <> (SELECT COALESCE(MAX(place) + 1, 0) FROM leaves)",
        "a leaf stands after the last one",
    ),
    ("acts_keep", "UPDATE", "acts", "1 = 1", "an act is never changed"),
    ("acts_stay", "DELETE", "acts", f"NOT {_IS_PURGED}", "an act is never deleted"),
    (
        "acts_once",
        "INSERT",
        "acts",
        "EXISTS (SELECT 1 FROM acts WHERE act = NEW.act)",
        "an act is never written over",
    ),
    (
        "measures_two",
        "INSERT",
        "measures",
        f"NOT {_TWO_PEOPLE} OR {_IS_THERE}",
        "a measure needs a proposal and an approval by two people about one dossier",
    ),
    (
        "measures_keep",
        "UPDATE",
        "measures",
        f"NOT ({_SAME_MEASURE} AND {_SET_ONCE})",
        "of a measure only its end is written",
    ),
    ("playbook_states_two", "INSERT", "playbook_states", _LIVE_BY_ONE, LIVE),
    (
        "playbook_states_keep",
        "UPDATE",
        "playbook_states",
        f"{_LIVE_BY_ONE} OR {_OTHER_TEXT}",
        LIVE,
    ),
    ("measures_stay", "DELETE", "measures", f"NOT {_IS_PURGED}", "a measure is never deleted"),
)
"""Name, verb, table, when it is refused, and why."""


def statements(dialect: str) -> list[str]:
    """Give the statements that set all rules up, for `sqlite` or `postgresql`."""
    if dialect == "sqlite":
        return [_sqlite(*rule) for rule in RULES]
    made = [line for rule in RULES for line in _postgresql(*rule)]
    for table in ("leaves", "acts", "measures"):
        made += _postgresql(
            f"{table}_whole", "TRUNCATE", table, "1 = 1", "records are never emptied"
        )
    return made


def removals(dialect: str) -> list[str]:
    """Give the statements that take all rules away again, for a migration that goes back."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {rule[0]}" for rule in RULES]
    named = [(rule[0], rule[2]) for rule in RULES]
    named += [(f"{table}_whole", table) for table in ("leaves", "acts", "measures")]
    return [
        line
        for name, table in named
        for line in (
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"DROP FUNCTION IF EXISTS {name}()",
        )
    ]


def guard(connection: Connection) -> None:
    """Set all rules up in a database whose tables stand."""
    for line in statements(connection.dialect.name):
        connection.execute(text(line))


@contextmanager
def purging(connection: Connection, case: str) -> Iterator[None]:
    """Let acts and measures of one case be deleted while the block runs."""
    connection.execute(insert(about).values(name=PURGING, value=case))
    yield
    connection.execute(delete(about).where(about.c.name == PURGING))


def _sqlite(name: str, verb: str, table: str, refused: str, why: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {refused} "
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
    )


def _postgresql(name: str, verb: str, table: str, refused: str, why: str) -> tuple[str, str]:
    row = "OLD" if verb == "DELETE" else "NEW"
    each = "" if verb == "TRUNCATE" else "FOR EACH ROW "
    body = f"IF {refused} THEN RAISE EXCEPTION '{why}' USING ERRCODE = '23514'; END IF; RETURN {row};"
    function = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
    trigger = f"CREATE TRIGGER {name} BEFORE {verb} ON {table}"
    return (
        f"{function} AS $$ BEGIN {body} END $$",
        f"{trigger} {each}EXECUTE FUNCTION {name}()",
    )
