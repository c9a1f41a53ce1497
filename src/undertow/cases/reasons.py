"""Reasons that people give: long enough to say something, short enough to be read."""

from __future__ import annotations

from typing import Final

from undertow.errors import UndertowError

SHORTEST: Final = 10
"""Letters of a reason at least."""
LONGEST: Final = 4000
"""Letters of a reason or a note at most."""


def checked(text: str, what: str, code: str, mend: str) -> str:
    """Check a reason, and give it without blanks around it.

    Args:
        text: as it was given.
        what: what needs a reason, as the fault says it.
        code: of the fault for fewer than ten letters.
        mend: what to say.

    Raises:
        UndertowError: `code`; `reason-long` for more than 4,000 letters.
    """
    told = not_long(text)
    if len(told) < SHORTEST:
        raise UndertowError(what, code=code, mend=mend)
    return told


def not_long(text: str) -> str:
    """Give a text without blanks around it; `reason-long` for more than 4,000 letters."""
    told = text.strip()
    if len(told) > LONGEST:
        raise UndertowError(
            "this text is too long", code="reason-long", mend="say it in 4,000 characters"
        )
    return told
