"""Marks: signals as boolean columns, which is all that a playbook's `has` can ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.table import TYPES
from undertow.signals.address import find_addresses, standard
from undertow.signals.derive import may_hold
from undertow.signals.disguise import fold
from undertow.signals.sieve import may_match, shipped_sieve

Array = npt.NDArray[Any]

MARKS: Final = ("address", "link")
URL: Final = "url"
ANY_ADDRESS: Final = "somebody@example.org"


def address_marks(addresses: pa.Array) -> dict[str, Array]:
    """Turn found addresses into the marks of `text_marks`.

    Args:
        addresses: list<struct<kind, value, text>>, (n), as from `derive.address_column`; null where
            no text is held.

    Returns:
        `address` and `link`: booleans, (n), false where no text is held.
    """
    kinds = pc.struct_field(pc.list_flatten(addresses), "kind")
    parents = pc.list_parent_indices(addresses).to_numpy()
    is_link = pc.equal(kinds, URL).to_numpy(zero_copy_only=False)
    marks = {name: np.zeros(len(addresses), bool) for name in MARKS}
    marks["link"][parents[is_link]] = True
    marks["address"][parents[~is_link]] = True
    return marks


def text_marks(
    content: pa.Array,
    types: Array,
    *,
    region: str | None = None,
    wanted: Mapping[str, Collection[str]] | None = None,
) -> dict[str, Array]:
    """Mark the texts that hand over an address, or hold a link.

    Args:
        content: texts, `string`, (n), null where none is held.
        types: int8, (n): codes of the events' types.
        region: as for `find_addresses`.
        wanted: for each mark the types of events at which somebody will ask for it; None: both, at all
            types.

    Returns:
        `address`: at least one address of a kind other than `url`, which opens a private channel;
        `link`: at least one `url`. Booleans, (n), false where no text is held and where nobody asks.
    """
    marks = {name: np.zeros(len(content), bool) for name in MARKS}
    asked = {name: _asked(types, name, wanted) for name in MARKS}
    rows = worth_a_look(content, types, wanted=wanted)
    texts = content if len(rows) == len(content) else content.take(pa.array(rows))
    hinted = np.flatnonzero(may_hold(texts).to_numpy(zero_copy_only=False))
    rows = rows[hinted]
    distinct = texts.take(pa.array(hinted)).dictionary_encode()
    which = distinct.indices.to_numpy()
    for_link = np.zeros(len(distinct.dictionary), bool)
    for_link[which[asked["link"][rows]]] = True
    found = np.array(
        [
            _both(text, region) if whole else (hands_over(text, region=region), False)
            for text, whole in zip(
                distinct.dictionary.to_pylist(), for_link.tolist(), strict=True
            )
        ],
        bool,
    ).reshape(-1, len(MARKS))
    for column, name in enumerate(MARKS):
        marks[name][rows] = found[which, column] & asked[name][rows]
    return marks


def prepare() -> None:
    """Set out all patterns, which each of several threads would otherwise do for itself."""
    shipped_sieve()
    hands_over(ANY_ADDRESS)


def worth_a_look(
    content: pa.Array, types: Array, *, wanted: Mapping[str, Collection[str]] | None = None
) -> Array:
    """List the rows at which `text_marks` may find something: int64, ascending; arguments as there."""
    asked = _asked(types, "address", wanted) | _asked(types, "link", wanted)
    rows = np.flatnonzero(asked & content.is_valid().to_numpy(zero_copy_only=False))
    kept: Array = rows[may_match(content, rows)]
    return kept


def _asked(types: Array, name: str, wanted: Mapping[str, Collection[str]] | None) -> Array:
    if wanted is None:
        return np.ones(len(types), bool)
    chosen = [word in wanted.get(name, ()) for word in TYPES]
    return np.array(chosen, bool)[types]


def _both(text: str, region: str | None) -> tuple[bool, bool]:
    kinds = {address.kind for address in find_addresses(text, region=region)}
    return bool(kinds - {URL}), URL in kinds


def hands_over(text: str, *, region: str | None = None) -> bool:
    """Say whether a text holds an address other than a url: quick where it is a plain one.

    What `find_addresses` leaves out of several that overlap gives way to one of a rank before it, and
    urls are the last of all: so one e-mail address, or one link of a service, seen anywhere is enough.
    """
    finder, view = standard(), fold(text)
    for quick in (finder.emails, finder.links):
        if any(True for _ in quick.find(view)):
            return True
    return any(address.kind != URL for address in find_addresses(text, region=region))
