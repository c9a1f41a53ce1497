"""Columns of signals, derived from columns of the event table.

`address_column` looks at most texts only through one compiled pattern (RE2, linear time) that says
which cannot hold an address; the rest goes through `address.find_addresses`, text by text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.signals.address import find_addresses
from undertow.signals.cues import LANGUAGES, Language, gather, numbers, spellings, words
from undertow.signals.disguise import folded
from undertow.signals.kinds import KINDS, Kind
from undertow.signals.links import PROVIDERS
from undertow.signals.spoken import ENDINGS

ADDRESSES: Final = pa.list_(
    pa.struct(
        [
            pa.field("kind", pa.string()),
            pa.field("value", pa.string()),
            pa.field("text", pa.string()),
        ]
    )
)
"""Type of the column `addresses`; null where the text is null."""

_APART: Final = r"(?: {1,2}|[-.*|/,~_]|•{1,8})"
_CONTROL: Final = r"[\x00-\x09\x0b-\x1f\x7f]"
_FORMS: Final = (
    r"@",
    r"[\do](?:[ .\-/()_*|~•+]{0,4}[\do]){6}",
    r"[^\s.] {0,3}\. {0,3}[^\s.]{2}",
    r"[^\s.]\.[^\s.]",
    r"[a-z]:[\w/.+]",
    r"\b05[0-9a-f]{20}",
    r"(?:^|[^W])[W]A[W.](?:A[W.+#:/-]){2}(?:[^W]|$)",
)
"""What an address may look like before any word is understood: signs, long numbers, letters apart.

`W` stands for the letters, digits and `_` of a word, `A` for what keeps letters apart.
"""


def _literal(found: Iterable[str], *, wide: bool) -> str:
    """Give an alternation of literal words; without `wide` of those in ASCII alone."""
    kept = {word for word in found if wide or word.isascii()}
    return "|".join(map(re.escape, sorted(kept))) or r"\z."


@dataclass(frozen=True)
class Hints:
    """RE2 patterns, lower case: a text with an address matches `first`, or `number` and `run`.

    Attributes:
        first: signs, names of services, words for signs.
        number: a number in words.
        run: three numbers in a row of which one is in words.
    """

    first: str
    number: str
    run: str

    def match(self, texts: pa.Array) -> pa.Array:
        """Say which texts may hold an address; texts are folded and in lower case."""
        found = pc.match_substring_regex(texts, self.first)
        said = pc.match_substring_regex(texts, self.number)
        rows = pc.indices_nonzero(pc.and_not(said, found))
        if len(rows):
            runs = rows.filter(pc.match_substring_regex(texts.take(rows), self.run))
            flags = found.to_numpy(zero_copy_only=False).copy()
            flags[runs.to_numpy()] = True
            return pa.array(flags)
        return found


def hints(kinds: Sequence[Kind], languages: Sequence[Language], *, wide: bool) -> Hints:
    """Build the patterns of kinds and languages; without `wide` for ASCII texts, which is faster."""

    def literal(found: Iterable[str]) -> str:
        return _literal(found, wide=wide)

    word = r"\pL\pN_" if wide else r"a-z0-9_"
    edge, brink = rf"(?:^|[^{word}])", rf"(?:[^{word}]|$)"
    sure = [w for kind in kinds for w in (*words(kind.names), *spellings(languages, kind.name))]
    vague = [w for kind in kinds for w in words(kind.vague)]
    signs = literal(
        w for entry in ("dot", "slash", "dash", "underscore") for w in gather(languages, entry)
    )
    forms = [form.replace("W", word).replace("A", _APART) for form in _FORMS]
    first = (
        *forms,
        literal(sure),
        rf"{edge}(?:{literal(vague)}){brink}",
        rf"[{word}]\s{{1,3}}(?:{signs})\s{{1,3}}[{word}]",
        rf"[\[({{<*_|~-]\s{{0,2}}(?:[.,]|{signs})\s{{0,2}}[\])}}>*_|~-]",
        rf"(?:{literal(PROVIDERS)})[ ,_-]{{1,3}}(?:{ENDINGS})",
    )
    spoken = {part for phrase in numbers(languages) for part in re.split(r"[ -]", phrase)}
    spoken |= {part for phrase in gather(languages, "double") for part in phrase.split()}
    number, gap = rf"(?:{literal(spoken)})", r"[\s,.•|/_*-]{1,3}"
    unit = rf"(?:{number}|\d+)"
    runs = ((number, unit, unit), (unit, number, unit), (unit, unit, number))
    return Hints(
        "|".join(first),
        rf"{edge}{number}{brink}",
        "|".join(f"{edge}{gap.join(run)}{brink}" for run in runs),
    )


@cache
def _shipped(*, wide: bool) -> Hints:
    return hints(KINDS, LANGUAGES, wide=wide)


def may_hold(content: pa.Array) -> pa.Array:
    """Say which texts may hold an address; never False for one that does.

    Args:
        content: texts, `string` or `large_string`, (n), without nulls.

    Returns:
        `bool`, (n).
    """
    is_plain = pc.and_not(
        pc.string_is_ascii(content), pc.match_substring_regex(content, _CONTROL)
    )
    found = _shipped(wide=False).match(pc.ascii_lower(content))
    odd = pc.indices_nonzero(pc.invert(is_plain))
    if not len(odd):
        return found
    texts = pa.array(
        [folded(text).lower() for text in content.take(odd).to_pylist()], content.type
    )
    narrow = _shipped(wide=False).match(texts)
    rest = pc.indices_nonzero(pc.and_not(pc.invert(pc.string_is_ascii(texts)), narrow))
    flags = narrow.to_numpy(zero_copy_only=False).copy()
    flags[rest.to_numpy()] = (
        _shipped(wide=True).match(texts.take(rest)).to_numpy(zero_copy_only=False)
    )
    return pc.replace_with_mask(found, pc.invert(is_plain), pa.array(flags))


def address_column(
    content: pa.Array | pa.ChunkedArray, *, region: str | None = None
) -> pa.Array:
    """Find the addresses of every text of a column.

    Args:
        content: texts, `string` or `large_string`, (n), nulls allowed.
        region: as for `find_addresses`.

    Returns:
        `ADDRESSES`, (n): null where the text is null, else the addresses in their order.
    """
    if isinstance(content, pa.ChunkedArray):
        content = content.combine_chunks()
    rows = pc.indices_nonzero(may_hold(pc.fill_null(content, "")))
    found = [find_addresses(text, region=region) for text in content.take(rows).to_pylist()]
    sizes = np.zeros(len(content) + 1, np.int32)
    sizes[1:][rows.to_numpy()] = [len(addresses) for addresses in found]
    flat = [address for addresses in found for address in addresses]
    values = pa.StructArray.from_arrays(
        [
            pa.array([getattr(a, name) for a in flat], pa.string())
            for name in ("kind", "value", "text")
        ],
        fields=list(ADDRESSES.value_type),
    )
    missing = pc.is_null(content) if content.null_count else None
    offsets = pa.array(np.cumsum(sizes, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, values, type=ADDRESSES, mask=missing)
