"""Columns of signals, derived from columns of the event table.

Most texts are looked at only through one compiled pattern (RE2, linear time) that says which cannot
hold an address; the rest goes through `address.find_addresses`, each distinct text once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.signals.address import find_addresses
from undertow.signals.cues import LANGUAGES, Language, gather, numbers, spellings, words
from undertow.signals.disguise import folded
from undertow.signals.kinds import KINDS, Kind
from undertow.signals.links import PROVIDERS
from undertow.signals.spoken import ENDINGS

Array = npt.NDArray[Any]

SPACE: Final = ord(" ")
DELETE: Final = 0x7F
LINE_FEED: Final = ord("\n")
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
        inside: literal words, one of which stands anywhere in what `first` matches, or a sign of `_FORMS` does.
        whole: such words, and numbers, that stand as words of their own.
    """

    first: str
    number: str
    run: str
    inside: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    @property
    def either(self) -> str:
        """`first` or `number` at once: a look costs about as much whatever is looked for."""
        return f"{self.first}|{self.number}"

    def match(self, texts: pa.Array) -> Array:
        """Say which texts may hold an address: boolean, (n); texts are folded and in lower case."""
        flags = np.zeros(len(texts), bool)
        rows = _rows(pc.match_substring_regex(texts, self.either))
        if len(rows):
            some = texts.take(pa.array(rows))
            found = _rows(pc.match_substring_regex(some, self.first))
            flags[rows[found]] = True
            said = np.delete(rows, found)
            if len(said):
                runs = _rows(pc.match_substring_regex(texts.take(pa.array(said)), self.run))
                flags[said[runs]] = True
        return flags


def _rows(where: pa.Array) -> Array:
    rows: Array = pc.indices_nonzero(where).to_numpy()
    return rows


def hints(kinds: Sequence[Kind], languages: Sequence[Language], *, wide: bool) -> Hints:
    """Build the patterns of kinds and languages; without `wide` for ASCII texts, which is faster."""

    def literal(found: Iterable[str]) -> str:
        return _literal(found, wide=wide)

    word = r"\pL\pN_" if wide else r"a-z0-9_"
    edge, brink = rf"(?:^|[^{word}])", rf"(?:[^{word}]|$)"
    sure = [w for kind in kinds for w in (*words(kind.names), *spellings(languages, kind.name))]
    vague = [w for kind in kinds for w in words(kind.vague)]
    spelled = [
        w for sign in ("dot", "slash", "dash", "underscore") for w in gather(languages, sign)
    ]
    signs = literal(spelled)
    forms = [form.replace("W", word).replace("A", _APART) for form in _FORMS]
    first = (
        *forms,
        literal(sure),
        rf"{edge}(?:{literal(vague)}){brink}",
        rf"[{word}]\s{{1,3}}(?:{signs})\s{{1,3}}[{word}]",
        rf"[\[({{<*_|~-]\s{{0,2}}(?:[.,]|{signs})\s{{0,2}}[\])}}>*_|~-]",
        rf"(?:{literal(PROVIDERS)})[ ,_-]{{1,3}}(?:{ENDINGS}){brink}",
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
        tuple(sure),
        (*vague, *spelled, *spoken),
    )


@cache
def shipped(*, wide: bool) -> Hints:
    """Give the patterns of all that ships."""
    return hints(KINDS, LANGUAGES, wide=wide)


def may_hold(content: pa.Array) -> pa.Array:
    """Say which texts may hold an address; never False for one that does.

    Args:
        content: texts, `string` or `large_string`, (n), without nulls.

    Returns:
        `bool`, (n).
    """
    plain = _plain(content)
    if plain.all():
        return pa.array(shipped(wide=False).match(pc.ascii_lower(content)))
    flags = np.zeros(len(content), bool)
    some = content.filter(pa.array(plain))
    flags[plain] = shipped(wide=False).match(pc.ascii_lower(some))
    odd = np.flatnonzero(~plain)
    texts = pa.array(
        [folded(text).lower() for text in content.take(pa.array(odd)).to_pylist()],
        content.type,
    )
    found = shipped(wide=False).match(texts)
    rest = np.flatnonzero(~pc.string_is_ascii(texts).to_numpy(zero_copy_only=False) & ~found)
    found[rest] = shipped(wide=True).match(texts.take(pa.array(rest)))
    flags[odd] = found
    return pa.array(flags)


def _plain(content: pa.Array) -> Array:
    """Say which texts are ASCII without control characters but line feeds: boolean, (n)."""
    plain = np.ones(len(content), bool)
    _, offsets, data = content.buffers()
    if offsets is None or data is None or not len(content):
        return plain
    kind = np.dtype(np.int64 if pa.types.is_large_string(content.type) else np.int32)
    first = kind.itemsize * content.offset
    begins = np.frombuffer(offsets, kind, len(content) + 1, first).astype(np.int64)
    signs = np.frombuffer(data, np.int8)[begins[0] : begins[-1]]
    if not len(signs) or (signs.min() >= SPACE and signs.max() < DELETE):
        return plain
    odd = ((signs < SPACE) & (signs != LINE_FEED)) | (signs == DELETE)
    begins -= begins[0]
    held = begins[1:] > begins[:-1]
    plain[held] = ~np.logical_or.reduceat(odd, begins[:-1][held])
    return plain


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
    rows = _rows(may_hold(pc.fill_null(content, "")))
    hinted = content.take(pa.array(rows)).dictionary_encode()
    seen = [find_addresses(text, region=region) for text in hinted.dictionary.to_pylist()]
    found = [seen[at] for at in hinted.indices.to_pylist()]
    sizes = np.zeros(len(content) + 1, np.int32)
    sizes[1:][rows] = [len(addresses) for addresses in found]
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
