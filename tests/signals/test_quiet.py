from __future__ import annotations

import numpy as np

from undertow.signals.quiet import goes_quiet_after_address
from undertow.units import DAY


def ask(after: list[float], end: float = 40.0) -> tuple[bool, bool]:
    at = np.array([0, 1, *(1 + day for day in after)]) * DAY
    actor = np.array([1, 0, *([0, 1] * 20)[: len(after)]])
    address = np.zeros(len(at), bool)
    address[1] = True
    found = goes_quiet_after_address(
        at.astype(np.int64), actor, 1 - actor, np.ones(len(at), bool), address, int(end * DAY)
    )
    return bool(found[0][1]), bool(found[1][1])


def test_a_talk_that_ends_with_the_address_is_quiet() -> None:
    assert ask([]) == (True, True)
    assert ask([0.1, 0.2]) == (True, True)


def test_a_talk_that_goes_on_here_is_not_quiet() -> None:
    assert ask([0.1, 0.2, 3]) == (False, True)


def test_words_after_the_fortnight_do_not_break_the_silence() -> None:
    assert ask([0.1, 0.2, 20]) == (True, True)


def test_silence_that_the_data_cannot_show_is_unknown() -> None:
    assert ask([], end=10)[1] is False


def test_rows_without_an_address_are_unknown_and_nothing_in_is_nothing_out() -> None:
    none = np.empty(0, np.int64)
    quiet, known = goes_quiet_after_address(
        none, none, none, none.astype(bool), none.astype(bool), 0
    )
    assert len(quiet) == len(known) == 0
