"""NATS JetStream as a source: a durable pull consumer whose messages are acknowledged by checkpoints.

A message is acknowledged only once a checkpoint holds its events. What a killed run had taken and not
acknowledged comes again when the server has waited long enough; the next run gathers it before it gives
anything new (`redelivery`), so order is kept and nothing becomes late by a restart. What comes twice is
known by its number in the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit, urlunsplit

from undertow.errors import UndertowError
from undertow.live.lines import Block, count_lines
from undertow.live.redelivery import Message, Outstanding, number_of, rest
from undertow.live.sources import BLOCK, Position
from undertow.units import SECOND, parse_duration

T = TypeVar("T")
ACK_WAIT: Final = 60.0
"""Seconds after which the server sends again what was not acknowledged; two checkpoints fit in."""
MOST_PENDING: Final = 200_000
"""Messages that may be unacknowledged: those between two checkpoints."""
FETCH: Final = 2_000
"""Messages asked for at once."""
AHEAD: Final = 4
"""Fetched batches that may wait: the queue is bounded, so a slow engine stops the reading."""
PATIENCE: Final = 1.0


@dataclass(frozen=True)
class Address:
    """Where a stream is: `nats://HOST:PORT/STREAM?durable=NAME[&ack_wait=60s][&creds=FILE]`."""

    server: str
    stream: str
    durable: str
    ack_wait: float = ACK_WAIT
    credentials: str | None = None


def parse_address(text: str) -> Address:
    """Read the address of a stream.

    Raises:
        UndertowError: `watch-source`.
    """
    parts = urlsplit(text)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    stream = parts.path.strip("/")
    durable = given.pop("durable", "")
    wait, credentials = given.pop("ack_wait", None), given.pop("creds", None)
    try:
        seconds = ACK_WAIT if wait is None else parse_duration(wait) / SECOND
    except ValueError:
        seconds = 0.0
    if not parts.netloc or not stream or "/" in stream or not durable or given or seconds <= 0:
        raise UndertowError(
            "the address of the stream is not understood",
            code="watch-source",
            mend="write nats://HOST:PORT/STREAM?durable=NAME, with &ack_wait=60s or &creds=FILE if need be",
        )
    server = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    return Address(server, stream, durable, seconds, credentials)


class JetStream:
    """One durable consumer.

    Args:
        address: where it is; the consumer is made if it is not there.
        once: stop when the stream holds nothing more.

    Raises:
        UndertowError: `watch-nats` if the server, the stream or the library is not there.
    """

    def __init__(self, address: Address, *, once: bool = False) -> None:
        self._address = address
        self._once = once
        self.ended = False
        self._queue: queue.Queue[list[Message]] = queue.Queue(AHEAD)
        self._fault: Exception | None = None
        self._closing = False
        self._lines = 0
        self._floor = 0
        self._given: dict[int, Message] = {}
        """By number in the stream: messages given since the last checkpoint."""
        self._taken: set[int] = set()
        """Numbers of what was fetched and is not acknowledged; only the thread of the connection looks."""
        self._held: set[int] = set()
        """Numbers that a checkpoint holds and the server may still send again."""
        self._most = MOST_PENDING
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._fetching: Any = None
        self._client: Any = None
        try:
            self._info = self._wait(self._connect())
        except BaseException:
            self._leave()
            raise

    def _wait(self, task: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(task, self._loop).result()

    async def _connect(self) -> Any:  # noqa: ANN401  # the library's own record
        try:
            import nats
            from nats.errors import Error
            from nats.js.api import AckPolicy, ConsumerConfig
            from nats.js.errors import NotFoundError
        except ImportError:
            raise _fault(
                "reading from NATS needs a library that is not here",
                "install it: pip install 'undertow[nats]'",
            ) from None
        address = self._address
        options: dict[str, Any] = {"max_reconnect_attempts": -1, "allow_reconnect": True}
        if address.credentials is not None:
            options["user_credentials"] = address.credentials
        try:
            self._client = await asyncio.wait_for(
                nats.connect(address.server, error_cb=_quiet, **options), 10
            )
            context = self._client.jetstream()
            try:
                await context.stream_info(address.stream)
            except NotFoundError:
                raise _fault(
                    "the server has no such stream", "check the name, or make the stream first"
                ) from None
            try:
                info = await context.consumer_info(address.stream, address.durable)
            except NotFoundError:
                config = ConsumerConfig(
                    durable_name=address.durable,
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=address.ack_wait,
                    max_ack_pending=MOST_PENDING,
                )
                info = await context.add_consumer(address.stream, config)
            self._context = context
            self._pull = await context.pull_subscribe_bind(address.durable, address.stream)
        except (TimeoutError, Error, OSError):
            raise _fault(
                "the NATS server cannot be used",
                "check that it runs with JetStream, its address and the rights",
            ) from None
        self._most = int(info.config.max_ack_pending or MOST_PENDING)
        self._pause = float(info.config.ack_wait or address.ack_wait)
        return info

    @property
    def full(self) -> bool:
        """Whether the server sends nothing more until a checkpoint acknowledges."""
        return 2 * len(self._given) >= self._most

    async def _fetch(self) -> None:
        """Fetch batch after batch into the bounded queue."""
        from nats.errors import Error

        sent = Outstanding(self._some, self._consumer, self._pause, lambda: self._closing)
        strange = True
        """Whether something may be out of order: after a start, and after a break of the connection."""
        messages: list[Message] = []
        try:
            while not self._closing:
                try:
                    if not strange:
                        messages = await self._some(FETCH)
                        strange = sent.broken(messages)
                    if strange:
                        messages = await sent.gather(messages, lambda: self._taken)
                        strange = False
                    at_end = not messages and await self._at_end()
                except Error:
                    # A lost connection: the library makes a new one. What is held is kept.
                    strange = True
                    await rest(PATIENCE, lambda: self._closing)
                    continue
                if messages or at_end:
                    self._taken.update(map(number_of, messages))
                    await self._hand_over(messages)
                    messages = []
        except Exception as fault:  # noqa: BLE001  # told to whoever reads
            self._fault = fault

    async def _some(self, most: int) -> list[Message]:
        """Fetch some messages; none if none came in time."""
        size = max(1, min(FETCH, self._most // 4, most))
        try:
            found: list[Message] = await self._pull.fetch(size, timeout=PATIENCE)
        except TimeoutError:
            return []
        return found

    async def _at_end(self) -> bool:
        """Say whether to stop: the server holds nothing more, and did not just answer late."""
        if not self._once:
            return False
        info = await self._consumer()
        return not info.num_pending and int(info.num_ack_pending) <= len(self._taken)

    async def _hand_over(self, messages: list[Message]) -> None:
        while not self._closing:
            try:
                self._queue.put_nowait(messages)
            except queue.Full:
                await asyncio.sleep(0.005)
            else:
                break

    def read(self, patience: float) -> Block | None:
        """Give the lines of the next messages."""
        if self._fetching is None:
            self._fetching = asyncio.run_coroutine_threadsafe(self._fetch(), self._loop)
        parts: list[bytes] = []
        size = 0
        until = time.monotonic() + patience
        while size < BLOCK and not self.full:
            if self._fault is not None:
                raise self._fault
            try:
                left = max(0.0, until - time.monotonic())
                messages = (
                    self._queue.get(timeout=left) if not parts else self._queue.get_nowait()
                )
            except queue.Empty:
                break
            for message in messages:
                data = self._take(message)
                if data:
                    parts.append(data if data.endswith(b"\n") else data + b"\n")
                    size += len(data)
            if not messages:
                # Only what is to be read once has an end.
                self.ended = not parts
                break
        if not parts:
            return None
        data = b"".join(parts)
        first = self._lines + 1
        self._lines += count_lines(data)
        return Block(data, first, f"stream {self._address.stream}")

    def _take(self, message: Message) -> bytes:
        """Give a message's lines, nothing if it came before."""
        number = number_of(message)
        if number <= self._floor or number in self._held:
            # A checkpoint holds it: the acknowledgement was lost.
            self._send([message])
            return b""
        again = number in self._given
        self._given[number] = message
        return b"" if again else bytes(message.data)

    def _send(self, messages: list[Message]) -> None:
        async def acknowledge() -> None:
            for message in messages:
                self._taken.discard(number_of(message))
                with contextlib.suppress(Exception):
                    await message.ack()

        self._wait(acknowledge())

    def position(self) -> Position:
        """Say which messages were given: all up to `floor`, and single ones behind it."""
        numbers = sorted(self._held | set(self._given))
        ranges: list[list[int]] = []
        for number in numbers:
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
        return {"floor": self._floor, "given": ranges, "lines": self._lines}

    def resume(self, position: Position) -> None:
        """Know what a checkpoint holds."""
        self._floor, self._lines = int(position["floor"]), int(position["lines"])
        self._held = {n for low, high in position["given"] for n in range(low, high + 1)}

    def saved(self) -> None:
        """Acknowledge all that was given: a checkpoint holds it."""
        messages, self._given = self._given, {}
        self._held |= set(messages)
        self._send(list(messages.values()))
        with contextlib.suppress(Exception):
            # Without an answer the numbers are just kept a little longer.
            info = self._wait(self._acknowledged())
            self._floor = max(self._floor, int(info.ack_floor.stream_seq))
            self._held = {number for number in self._held if number > self._floor}

    async def _acknowledged(self) -> Any:  # noqa: ANN401  # the library's own record
        await self._client.flush(5)
        return await self._consumer()

    async def _consumer(self) -> Any:  # noqa: ANN401  # the library's own record
        return await self._context.consumer_info(self._address.stream, self._address.durable)

    def close(self) -> None:
        """Hand back what was fetched and not given, and leave."""
        self._stop_fetching()

        async def hand_back() -> None:
            while not self._queue.empty():
                for message in self._queue.get_nowait():
                    if number_of(message) not in self._given:
                        await message.nak()
            await self._client.flush(5)

        with contextlib.suppress(Exception):
            self._wait(hand_back())
        self._leave()

    def _stop_fetching(self) -> None:
        self._closing = True
        if self._fetching is not None:
            self._fetching.result()

    def _leave(self) -> None:
        """Close the connection and the thread, without a word about messages."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._wait(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


async def _quiet(_: Exception) -> None:
    """Say nothing: the loop above tries again."""


def _fault(what: str, mend: str) -> UndertowError:
    return UndertowError(what, code="watch-nats", mend=mend)
