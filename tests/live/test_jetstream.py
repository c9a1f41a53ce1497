"""A real NATS server: nothing is acknowledged before a checkpoint holds it, nothing counts twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crowd import crowd, last_alerts, write

from undertow.errors import UndertowError
from undertow.live.jetstream import Address, JetStream, parse_address

Run = Callable[..., Any]
pytestmark = pytest.mark.nats


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    if binary is None:
        pytest.skip("`nats-server` is not installed (Debian package nats-server)")
    pytest.importorskip("nats", reason="the extra undertow[nats] is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("nats")
    asked = [binary, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder)]
    with subprocess.Popen(
        asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(200):
            with socket.socket() as tried:
                if not tried.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        yield f"nats://127.0.0.1:{port}"
        process.terminate()


def at_server(server: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    """Do something over a connection of its own."""
    import nats

    async def connected() -> Any:
        client = await nats.connect(server)
        try:
            return await work(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(connected())


def publish(server: str, stream: str, lines: list[str]) -> None:
    async def work(context: Any) -> None:
        await context.add_stream(name=stream, subjects=[stream])
        for line in lines:
            await context.publish(stream, line.encode())

    at_server(server, work)


def pending(server: str, stream: str, durable: str) -> tuple[int, int]:
    """Give messages that were not acknowledged, and messages never sent."""

    async def work(context: Any) -> tuple[int, int]:
        info = await context.consumer_info(stream, durable)
        return info.num_ack_pending, info.num_pending

    found: tuple[int, int] = at_server(server, work)
    return found


def drained(source: JetStream, wanted: int) -> list[str]:
    lines: list[str] = []
    until = time.monotonic() + 60
    while len(lines) < wanted and time.monotonic() < until:
        block = source.read(0.1)
        lines += [] if block is None else block.data.decode().split()
    return lines


def test_a_message_is_acknowledged_only_when_a_checkpoint_holds_it(server: str) -> None:
    publish(server, "acks", [f"line{n}" for n in range(30)])
    source = JetStream(Address(server, "acks", "one"))
    assert drained(source, 30) == [f"line{n}" for n in range(30)]
    assert pending(server, "acks", "one") == (30, 0)
    source.saved()
    assert pending(server, "acks", "one") == (0, 0)
    source.close()


def test_what_a_killed_run_took_comes_again_in_its_order_and_before_what_is_new(
    server: str,
) -> None:
    publish(server, "again", [f"line{n}" for n in range(40)])
    address = Address(server, "again", "one", ack_wait=1.0)
    killed = JetStream(address)
    assert len(drained(killed, 40)) == 40
    # Nobody says goodbye: only the connection goes.
    killed._stop_fetching()
    killed._leave()
    publish(server, "again", [f"line{n}" for n in range(40, 50)])
    again = JetStream(address)
    assert drained(again, 50) == [f"line{n}" for n in range(50)]
    again.saved()
    again.close()


def test_what_was_handed_back_out_of_order_comes_in_order_and_at_once(server: str) -> None:
    lines = [f"line{n}" for n in range(40)]
    publish(server, "back", lines)

    async def work(context: Any) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig

        config = ConsumerConfig(durable_name="one", ack_policy=AckPolicy.EXPLICIT)
        await context.add_consumer("back", config)
        taken = await context.pull_subscribe_bind("one", "back")
        for message in reversed(await taken.fetch(30)):
            await message.nak()

    at_server(server, work)
    # The server would wait thirty seconds for an acknowledgement; nothing waits for that here.
    source = JetStream(Address(server, "back", "one", ack_wait=30.0))
    assert drained(source, 40) == lines
    source.saved()
    source.close()


def test_a_message_sent_twice_is_given_once(server: str) -> None:
    publish(server, "twice", [f"line{n}" for n in range(10)])
    address = Address(server, "twice", "one", ack_wait=1.0)
    source = JetStream(address)
    assert len(drained(source, 10)) == 10
    position = source.position()
    assert position["given"] == [[1, 10]]
    # Longer than the server waits: it sends them all again, to deaf ears.
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        assert source.read(0.1) is None
    source.saved()
    source.close()
    lost_acks = JetStream(address)
    lost_acks.resume(position)
    publish(server, "twice", ["line10"])
    assert drained(lost_acks, 1) == ["line10"]
    lost_acks.close()


def test_a_slow_engine_stops_the_reading(server: str) -> None:
    async def work(context: Any) -> None:
        from nats.js.api import ConsumerConfig

        await context.add_stream(name="slow", subjects=["slow"])
        await context.add_consumer(
            "slow", ConsumerConfig(durable_name="one", max_ack_pending=20)
        )
        for n in range(100):
            await context.publish("slow", f"line{n}".encode())

    at_server(server, work)
    source = JetStream(Address(server, "slow", "one"))
    lines = drained(source, 10)
    assert source.full
    assert source.read(0.3) is None
    assert pending(server, "slow", "one")[1] >= 80
    while len(lines) < 100:
        source.saved()
        lines += drained(source, 5)
    assert lines == [f"line{n}" for n in range(100)]
    source.saved()
    source.close()


def test_a_watch_of_a_stream_gives_the_alerts_of_a_watch_of_the_file(
    server: str, tmp_path: Path, undertow: Run
) -> None:
    rows = crowd(3, 600)
    path = write(tmp_path / "events.jsonl", rows)
    options = ["--once", "-q", "-p", "extremist-recruitment", "--ground", "consent"]
    expected = last_alerts(undertow("watch", path, *options).out)
    publish(server, "events", [json.dumps(row) for row in rows[:400]])
    stream = f"{server}/events?durable=watch"
    given = [
        stream,
        *options,
        "--state",
        tmp_path / "state",
        "--alerts",
        tmp_path / "alerts.jsonl",
    ]
    ran = undertow("watch", *given)
    assert ran.code == 0, ran.err
    assert pending(server, "events", "watch") == (0, 0)
    publish(server, "events", [json.dumps(row) for row in rows[400:]])
    assert undertow("watch", *given).code == 0
    found = last_alerts((tmp_path / "alerts.jsonl").read_text())
    assert {k: a["steps"] for k, a in found.items()} == {
        k: a["steps"] for k, a in expected.items()
    }


def test_a_stream_that_is_not_there_is_a_fault_with_a_mend(server: str) -> None:
    with pytest.raises(UndertowError, match="no such stream"):
        JetStream(Address(server, "nowhere", "one"))


@pytest.mark.parametrize(
    "text",
    [
        "nats://host:4222/stream",
        "nats://host:4222/?durable=a",
        "nats:///stream?durable=a",
        "nats://host/stream?durable=a&ack_wait=soon",
        "nats://host/stream?durable=a&other=1",
    ],
)
def test_an_address_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(UndertowError) as caught:
        parse_address(text)
    assert caught.value.code == "watch-source"


def test_an_address_is_read_in_its_parts() -> None:
    found = parse_address("nats://user:word@host:4222/events?durable=watch&ack_wait=2m")
    assert found == Address("nats://user:word@host:4222", "events", "watch", 120.0)
