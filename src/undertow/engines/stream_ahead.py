"""Compiling the live engine's step the first time: half of it in another process, on the second core."""

from __future__ import annotations

from typing import Any

import numpy as np

from undertow.compiled import meanwhile
from undertow.engines.stream_compile import compile_passes
from undertow.engines.stream_kernel_gather import Event
from undertow.engines.stream_kernel_keys import work_off
from undertow.engines.stream_kernel_meet import meet
from undertow.engines.stream_kernel_pass import AHEAD, AHEAD_ROWS, Columns, pass_over
from undertow.engines.stream_kernel_store import Store
from undertow.engines.stream_room import ROOM_AT_FIRST, new_room, new_store
from undertow.engines.stream_rules import Rules
from undertow.kept import is_kept
from undertow.matches.program import Program
from undertow.playbooks.grammar import Playbook, Role, Step

SMALL = 1 << 20
"""Bytes for tables that stay empty."""


def compile_ahead(batch: Columns, rules: Rules, programs: Program, store: Store) -> None:
    """Compile what `feed` is made of, unless `feed` is kept from an earlier run; `feed` joins the parts.

    Args:
        batch: events, or none, in the form that will be fed.
        rules: of a pass.
        programs: of the pass.
        store: what it keeps.
    """
    if is_kept("undertow.engines.stream_kernel", "feed"):
        return
    answering = "undertow.engines.stream_kernel_keys", "compile_work_off"
    with meanwhile(*answering, maker="undertow.engines.stream_ahead") as compiled:
        event, ahead = Event(0, 0, 0, 0), np.empty((AHEAD_ROWS, AHEAD), np.int64)
        parts: list[tuple[Any, tuple[object, ...]]] = [
            (meet, (rules, programs, store, event, 0, 0, False)),
            (pass_over, (0, 0, 0, batch, rules, store, ahead)),
        ]
        for function, arguments in parts:
            function.compile(*arguments)
        compiled()


def compile_work_off() -> None:
    """Compile `work_off` by calling it on a playbook of which nothing waits."""
    step = Step("message", ("message",), source="a", sink="target")
    book = Playbook("any", (Role("a"), Role("target")), ("a", "target"), "message", (step,))
    (one,) = compile_passes([book], (), [], 0, forget=True)
    store, room = new_store(one, SMALL), new_room(one, ROOM_AT_FIRST)
    work_off(one.rules, one.programs, store, np.zeros(1, np.int64), room)
