"""What chance gave each row of a world: its place among rows of one moment, and its words.

A world with an evasion is the plain world of its seed with some rows taken out and others put in; the rows that
stay keep what they were given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.worlds.filler import Filler, contents, lengths
from undertow.worlds.rows import Bools, Floats, Ints, Rows, joined

ADDED: Final = 47
"""Stream of chance, beside the seed, of rows that are put in; ours."""


@dataclass(frozen=True)
class Speech:
    """How the accounts of a world write.

    Attributes:
        lengths: of the background's texts in characters; empty where it holds none.
        tongue: of every account, index into `wording.SHARES`.
        seed, voice: of the settings.
        filler: what its messages are cut from, made with the first of them.
    """

    lengths: Ints
    tongue: Ints
    seed: int
    voice: int
    filler: list[Filler] = field(default_factory=list)

    def of(self, said: Rows, rng: np.random.Generator) -> pa.Table:
        """Write the columns `content` and `lang` of rows, null where they hold no words."""
        long = lengths(self.lengths, len(said), rng)
        if not self.filler:
            self.filler.append(Filler(rng, self.seed, self.voice))
        (words,) = self.filler
        content, lang = contents(
            said, self.tongue, long, words=words, seed=self.seed, voice=self.voice, rng=rng
        )
        return pa.table({"content": content, "lang": lang})


@dataclass(frozen=True)
class Drawn:
    """Rows with what chance gave them.

    Attributes:
        rows: those of the background first, (n).
        lots: float64, (n), 0 to 1.
        words: `content` and `lang`, (n) rows.
    """

    rows: Rows
    lots: Floats
    words: pa.Table

    def instead(self, gone: Bools, added: Rows, speech: Speech) -> Drawn:
        """Take rows out and put others in, behind those that stay.

        Args:
            gone: which rows are taken out, (n); none of the background's.
            added: what is put in, in any order.
            speech: how it is worded.
        """
        rng = np.random.default_rng([speech.seed, ADDED])
        added = added.take(np.lexsort((added.target, added.actor, added.at)))
        return Drawn(
            joined([self.rows.take(~gone), added]),
            np.concatenate([self.lots[~gone], rng.random(len(added))]),
            pa.concat_tables([self.words.filter(pa.array(~gone)), speech.of(added, rng)]),
        )
