"""Whether a match is listed: it reached `listed_from`, or as far as could be seen on the way there."""

from __future__ import annotations

from collections.abc import Sequence

from undertow.events.source import Source
from undertow.matches.plan import FOREVER, compile_plan, sight
from undertow.matches.program import FIRST_FROM, LEAST, LISTED, WITHIN, compile_program
from undertow.playbooks.grammar import Playbook


class Listing:
    """The rule of `listed_from` for one playbook, as in `scores.weigh`.

    Args:
        playbook: a checked playbook.
        declared: what could be seen.
        platforms: names of the declared platforms in the order of their codes.
        start: moment of the first event, microseconds.
    """

    def __init__(
        self,
        playbook: Playbook,
        declared: tuple[Source, ...],
        platforms: Sequence[str],
        start: int,
    ) -> None:
        plan = compile_plan(playbook)
        self._program = compile_program(plan, sight(plan, declared, list(platforms), start))

    @property
    def step(self) -> int:
        """Number of the step `listed_from`: whatever goes as far is listed."""
        return int(self._program.head[LISTED])

    def holds(self, step: int, at: int, platform: int) -> bool:
        """Say whether a match is listed.

        Args:
            step: the furthest step.
            at: when it was taken, microseconds.
            platform: where; -1 for one of which nothing is declared.
        """
        shortest = longest = 0
        for s in range(step + 1, self.step + 1):
            row = self._program.steps[s]
            longest = min(FOREVER, longest + int(row[WITHIN]))
            shortest += int(row[LEAST])
            until = FOREVER if longest >= FOREVER else at + longest
            if self._is_seen(s, platform, at + shortest, until) and until >= row[FIRST_FROM]:
                return False
        return True

    def _is_seen(self, s: int, platform: int, since: int, until: int) -> bool:
        """Say whether a step could be seen somewhere in a stretch of time."""
        bounds = self._program.bounds[platform, s].tolist()
        stretches = zip(bounds[0::2], bounds[1::2], strict=True)
        return any(begin <= until and since <= end for begin, end in stretches)
