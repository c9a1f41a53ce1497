"""English sentences of other rooms, in the language of the reader.

Faults and runs say their sentences in English: they stand in files and terminals as well. Here such a sentence is
recognised by its words, what it was filled with is taken out, and both are said anew. A sentence that is not
known stays as it is, and the page marks it as English. The code of a fault stands beside it in every language.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from undertow.review.language import Language, Shown
from undertow.review.retold_faults import ACTS, DESK, PLAYBOOKS
from undertow.review.retold_runs import COVERAGE, DARK

KNOWN: Final = (*ACTS, *DESK, *PLAYBOOKS, *COVERAGE, *DARK)
_FIELD: Final = re.compile(r"\{(\w+)\}")
LONGEST: Final = 2000
"""Characters of a sentence that is looked for; ours are far shorter."""


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Give a pattern for each sentence with fields, those with most words of their own first."""
    filled = sorted(
        (one for one in KNOWN if _FIELD.search(one)),
        key=lambda one: -len(_FIELD.sub("", one)),
    )
    return tuple((re.compile(_pattern(one), re.DOTALL), one) for one in filled)


def _pattern(sentence: str) -> str:
    parts = _FIELD.split(sentence)
    return "".join(
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )


def retell(language: Language, said: str) -> Shown | None:
    """Say a sentence of another room in a language.

    Args:
        language: of the reader.
        said: as it stands in English.

    Returns:
        None where the sentence is not known, or the language has none for it.
    """
    if said in _plain():
        return language.say(said)
    if len(said) > LONGEST:
        return None
    for shape, sentence in _shapes():
        found = shape.fullmatch(said)
        if found is not None:
            return language.say(sentence, **found.groupdict())
    return None


@cache
def _plain() -> frozenset[str]:
    return frozenset(one for one in KNOWN if not _FIELD.search(one))
