"""Marks: signals as boolean columns, which is all that a playbook's `has` can ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def address_marks(addresses: pa.Array) -> dict[str, npt.NDArray[Any]]:
    """Turn found addresses into the marks `address` and `link`.

    Args:
        addresses: list<struct<kind, value, text>>, (n), as from `derive.address_column`; null where
            no text is held.

    Returns:
        `address`: at least one address of a kind other than `url`, which opens a private channel;
        `link`: at least one `url`. Booleans, (n), false where no text is held.
    """
    kinds = pc.struct_field(pc.list_flatten(addresses), "kind")
    parents = pc.list_parent_indices(addresses).to_numpy()
    is_link = pc.equal(kinds, "url").to_numpy(zero_copy_only=False)
    marks = {name: np.zeros(len(addresses), bool) for name in ("address", "link")}
    marks["link"][parents[is_link]] = True
    marks["address"][parents[~is_link]] = True
    return marks
