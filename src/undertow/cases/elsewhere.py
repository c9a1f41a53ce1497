"""Whether the account of a case is itself somebody whom another case is about helping.

Those who were drawn in sometimes draw in others. Whoever decides on one case must hear of the other; neither
identity is shown for it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from undertow.cases.beside import native_id
from undertow.cases.store import Store
from undertow.cases.tables import case_targets
from undertow.events.pseudonyms import Pseudonyms, key_path


def is_target_elsewhere(store: Store, connection: Connection, row: Any) -> bool:  # noqa: ANN401  # a row of `cases`
    """Say whether another case is about helping the very account of this one.

    False also where it cannot be known: the account was erased, or this machine does not hold the key under which
    `detect` names targets.
    """
    native = native_id(connection, store, row.account) if key_path().is_file() else None
    if native is None:
        return False
    code = store.vault.code("t", Pseudonyms.default().of(native))
    other = select(case_targets.c.case).where(
        case_targets.c.target == code, case_targets.c.case != row.case
    )
    return connection.execute(other.limit(1)).first() is not None
