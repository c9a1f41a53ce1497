"""What Prometheus reads, and the sliding count that knows a pocket."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from undertow.errors import UndertowError
from undertow.exposed import parse_address, render
from undertow.live.columns import ACTOR, DIRECT, FLAGS, TARGET, WIDTH, Events
from undertow.live.counts import Counts, numbers
from undertow.live.gates import FORGET, Gates
from undertow.live.names import Names
from undertow.live.order import Waiting


def messages(pairs: list[tuple[int, int]]) -> Events:
    columns = np.zeros((WIDTH, len(pairs)), np.int64)
    columns[[ACTOR, TARGET]] = np.array(pairs).T
    columns[FLAGS] = DIRECT
    return Events(pa.array([f"e{n}" for n in range(len(pairs))]), columns)


def community(accounts: int) -> Names:
    names = Names()
    names.codes(pa.array([f"p:{n}" for n in range(accounts)]))
    return names


def fill(gates: Gates) -> None:
    """Let one account write everything."""
    for _ in range(2 * FORGET // 1_000):
        gates.hold_one_pocket(messages([(100, n % 100) for n in range(1_000)]))


def test_a_community_that_becomes_a_pocket_is_noticed_when_its_past_fades() -> None:
    gates = Gates((), "consent", community(101))
    for _ in range(2 * FORGET // 1_000):
        gates.hold_one_pocket(messages([(n % 100, (n + 1) % 100) for n in range(1_000)]))
    again = Gates((), "consent", community(101))
    again.restore(*gates.state())
    for watched in (gates, again):
        with pytest.raises(UndertowError, match="one account is party to"):
            fill(watched)


def test_counts_are_written_as_prometheus_reads_them() -> None:
    counts = Counts(read=1_234_567_890, alerts={"a-b": 2})
    text = render("undertow_watch_", numbers(counts, Waiting(1, Names()), None, 10))
    assert "undertow_watch_lines_read_total 1234567890\n" in text
    assert 'undertow_watch_alerts_total{playbook="a-b"} 2\n' in text
    for line in text.splitlines():
        assert line.startswith(
            ("# HELP undertow_watch_", "# TYPE undertow_watch_", "undertow_watch_")
        )


@pytest.mark.parametrize(
    ("text", "address"),
    [("9464", ("127.0.0.1", 9464)), (":0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80))],
)
def test_metrics_are_for_this_machine_unless_a_host_is_named(
    text: str, address: tuple[str, int]
) -> None:
    assert parse_address(text) == address
