"""Whether the account of a case is itself somebody whom another case is about helping.

Those who were drawn in sometimes draw in others. Whoever decides on one case must hear of the other; neither
identity is shown for it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from undertow.cases.beside import native_id
from undertow.cases.store import Store
from undertow.cases.tables import case_targets
from undertow.events.pseudonyms import Pseudonyms, key_path

_OTHER: Final = (
    select(case_targets.c.case)
    .where(case_targets.c.target == bindparam("code"), case_targets.c.case != bindparam("case"))
    .limit(1)
)


def is_target_elsewhere(store: Store, connection: Connection, row: Any) -> bool:  # noqa: ANN401  # a row of `cases`
    """Say whether another case is about helping the very account of this one.

    False also where it cannot be known: the account was erased, or this machine does not hold the key under which
    `detect` names targets.
    """
    native = native_id(connection, store, row.account) if key_path().is_file() else None
    if native is None:
        return False
    code = store.vault.code("t", Pseudonyms.default().of(native))
    return connection.execute(_OTHER, {"code": code, "case": row.case}).first() is not None
