"""The order of a durable consumer's messages, restored where the server gives them out of it.

A server sends again what was not acknowledged in time, each message when its own time is up. What a run
that died had taken therefore comes back in any order, and beside it what is new. Whoever goes on gathers
all that is outstanding first and sorts it by its number in the stream; so nothing becomes late by a
restart, however long the run that died had held it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

Message = Any
"""A message of the library; it has no types."""

NAP: Final = 0.05
SLACK: Final = 1.0
"""Seconds that a server may need, beyond its wait, to notice that a message is due again."""


def number_of(message: Message) -> int:
    """Give a message's number in the stream."""
    return int(message.metadata.sequence.stream)


class Outstanding:
    """Knows which messages the server waits for, and finds those that nobody holds.

    Args:
        fetch: gives up to so many messages, none if none came within a second.
        asked: asks the server for its record of the consumer.
        wait: seconds after which the server sends again what was not acknowledged.
        closing: says whether to give up.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[list[Message]]],
        asked: Callable[[], Awaitable[Any]],
        wait: float,
        closing: Callable[[], bool],
    ) -> None:
        self._fetch, self._asked, self._wait, self._closing = fetch, asked, wait, closing
        self._last: int | None = None

    def broken(self, messages: list[Message]) -> bool:
        """Say whether something was sent and did not arrive: the consumer's own count has a gap."""
        gap = False
        for message in messages:
            count = int(message.metadata.sequence.consumer)
            gap |= self._last is not None and count > self._last + 1
            self._last = count if self._last is None else max(count, self._last)
        return gap

    async def lacking(self, held: int) -> int:
        """Count messages that were sent to somebody and are not acknowledged, beyond those held here."""
        info = await self._asked()
        self._last = max(self._last or 0, int(info.delivered.consumer_seq))
        return int(info.num_ack_pending) - held

    async def gather(self, begun: list[Message], held: Callable[[], set[int]]) -> list[Message]:
        """Give all that is outstanding in the order of the stream, new messages among it.

        Args:
            begun: messages that arrived already and were not given on.
            held: numbers of the messages given on and not acknowledged yet.

        Messages that never come again, since the stream let go of them, are waited for twice as long as
        the server waits.
        """
        found = {number_of(message): message for message in begun}
        until = time.monotonic() + 2 * (self._wait + SLACK)
        rested, due = False, True
        while not self._closing() and time.monotonic() < until:
            given = held()
            lacking = await self.lacking(len(given | found.keys()))
            if lacking <= 0:
                break
            if not rested and not due:
                # Before the wait is over the server gives what is new; after it, what is due again first.
                await rest(self._wait + SLACK, self._closing)
                rested = True
            messages = await self._fetch(lacking)
            due = bool(messages) and all(one.metadata.num_delivered > 1 for one in messages)
            found |= {number_of(one): one for one in messages if number_of(one) not in given}
        return [found[number] for number in sorted(found)]


async def rest(seconds: float, closing: Callable[[], bool]) -> None:
    """Wait, unless there is a hurry."""
    until = time.monotonic() + seconds
    while not closing() and time.monotonic() < until:  # noqa: ASYNC110  # another thread closes
        await asyncio.sleep(min(NAP, max(0.0, until - time.monotonic())))
