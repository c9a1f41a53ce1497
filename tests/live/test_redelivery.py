"""The order of a durable consumer is restored, whatever the server sends again and when."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from undertow.live import redelivery
from undertow.live.redelivery import Outstanding, number_of

WAIT = 0.05


class Server:
    """Stands for a server: gives out what is prepared, and counts what was sent and not acknowledged."""

    def __init__(self, *answers: list[tuple[int, int]]) -> None:
        self.answers = list(answers)
        self.sent = 0
        self.pending = 0
        self.asked: list[int] = []

    async def fetch(self, most: int) -> list[Any]:
        self.asked.append(most)
        return [self.message(*one) for one in (self.answers.pop(0) if self.answers else [])]

    async def record(self) -> Any:
        delivered = SimpleNamespace(consumer_seq=self.sent)
        return SimpleNamespace(num_ack_pending=self.pending, delivered=delivered)

    def message(self, number: int, times: int) -> Any:
        self.sent += 1
        sequence = SimpleNamespace(stream=number, consumer=self.sent)
        return SimpleNamespace(metadata=SimpleNamespace(sequence=sequence, num_delivered=times))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redelivery, "SLACK", 0.05)


def outstanding(server: Server) -> Outstanding:
    return Outstanding(server.fetch, server.record, WAIT, lambda: False)


def gathered(server: Server, begun: list[Any], held: set[int]) -> list[int]:
    found = asyncio.run(outstanding(server).gather(begun, lambda: held))
    return [number_of(message) for message in found]


def test_nothing_outstanding_is_nothing_to_wait_for() -> None:
    server = Server([(1, 1)])
    server.pending = 2
    assert gathered(server, [], {8, 9}) == []
    assert server.asked == []


def test_what_comes_again_in_parts_and_mixed_with_what_is_new_is_sorted() -> None:
    server = Server([(7, 1)], [(3, 2), (1, 2)], [], [(2, 2)])
    server.pending = 4
    assert gathered(server, [], set()) == [1, 2, 3, 7]


def test_what_is_held_already_is_not_given_again() -> None:
    server = Server([(5, 2), (4, 2)], [(6, 2)])
    server.pending = 3
    assert gathered(server, [], {4}) == [5, 6]


def test_what_arrived_behind_a_gap_waits_for_what_was_lost() -> None:
    server = Server([(12, 2), (11, 2)])
    order = outstanding(server)
    assert not order.broken([server.message(10, 1)])
    server.sent += 2
    late = [server.message(13, 1)]
    assert order.broken(late)
    server.pending = 4
    found = asyncio.run(order.gather(late, lambda: {10}))
    assert [number_of(message) for message in found] == [11, 12, 13]
    assert not order.broken([server.message(14, 1)])


def test_what_the_stream_let_go_of_is_not_waited_for_forever() -> None:
    server = Server([(2, 2)])
    server.pending = 2
    assert gathered(server, [], set()) == [2]
