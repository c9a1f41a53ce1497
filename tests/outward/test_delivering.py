"""The outbox on a real store, told to a real server: each decision arrives, once by its key, or is still there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from decided import decide, open_case, tell
from listening import Listener, listening
from sqlalchemy import select, update

from undertow.cases import ledger
from undertow.cases.tables import measures, outbox
from undertow.errors import UndertowError
from undertow.outward import delivering
from undertow.outward.delivering import MOST, Delivered, Way, again, deliver, wait
from undertow.outward.webhook import IDEMPOTENCY, receiver

KEY = b"k" * 32
HOUR = 3_600_000_000


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000) + 1


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as found:
        yield found


def run(
    desk, server: Listener, patience: int = 0, clock: Clock | None = None, **more
) -> Delivered:
    clock = clock or Clock(desk.now + 1)
    way = Way(receiver(server.url), KEY, timeout=0.3, **more)
    return deliver(desk.store, way, clock, clock.sleep, patience=patience)


def rows(desk) -> list:
    with desk.store.reading() as connection:
        return connection.execute(select(outbox).order_by(outbox.c.what)).all()


def kinds(desk) -> list[str]:
    with desk.store.reading() as connection:
        found = ledger.leaves_about(connection, desk.store, None, 1000)
    return [leaf["kind"] for leaf in found if leaf["kind"].startswith("delivery")]


def lift(desk, measure: str) -> None:
    """Overturn a measure and put its end into the outbox."""
    with desk.store.writing() as connection:
        mine = measures.c.measure == measure
        connection.execute(update(measures).where(mine).values(lifted_at=desk.now))
        tell(connection, measure, "lift", desk.now)
        ledger.record(connection, desk.store, "test", {})


def test_a_decision_arrives_and_is_not_told_again(desk, server) -> None:
    decide(desk, open_case(desk))
    assert run(desk, server) == Delivered(sent=1)
    assert run(desk, server) == Delivered()
    assert len(server.heard) == 1
    assert rows(desk)[0].sent_at is not None
    assert kinds(desk) == ["delivery-try", "delivery-sent"]


def test_nothing_is_told_where_nothing_was_decided(desk, server) -> None:
    assert run(desk, server) == Delivered()
    assert server.heard == []


def test_no_score_and_no_target_is_in_what_arrives(desk, server) -> None:
    case = open_case(desk)
    decide(desk, case)
    run(desk, server)
    told = server.heard[0].body.decode()
    values = json.loads(told)
    assert values["data"] == "SIMULATED"
    assert not any(isinstance(value, float) for value in values.values())
    assert '"t:' not in told
    assert "account_id" not in values


def test_the_own_id_arrives_where_it_was_declared_and_the_log_says_so(desk, server) -> None:
    decide(desk, open_case(desk))
    run(desk, server, native_reason="the platform acts on it")
    assert json.loads(server.heard[0].body)["account_id"].startswith("sim:r")
    with desk.store.reading() as connection:
        leaf = next(
            one
            for one in ledger.leaves_about(connection, desk.store, None, 50)
            if one["kind"] == "delivery-try"
        )
    assert leaf["facts"]["own_id"] is True
    assert leaf["facts"]["native_reason"].startswith("hmac:")


@pytest.mark.parametrize("answer", [500, 404, 302, "drop", "garbage", "hang"])
def test_a_failed_try_stays_in_the_outbox_and_comes_again_under_the_same_key(
    desk, server, answer
) -> None:
    decide(desk, open_case(desk))
    server.answers = [answer, answer]
    done = run(desk, server, patience=HOUR)
    assert (done.sent, done.failed, done.left) == (1, 2, 0)
    assert len(server.heard) == 3
    assert len({one.headers[IDEMPOTENCY] for one in server.heard}) == 1
    assert len({one.body for one in server.heard}) == 1


def test_without_patience_a_failed_try_is_left_for_later_and_says_when(desk, server) -> None:
    decide(desk, open_case(desk))
    server.answers = [503]
    done = run(desk, server)
    assert (done.failed, done.left) == (1, 1)
    assert done.next_at is not None
    assert done.next_at > desk.now
    assert rows(desk)[0].last_fault == "answered 503"


def test_an_answer_that_comes_twice_is_one_delivery(desk, server) -> None:
    decide(desk, open_case(desk))
    server.answers = ["twice"]
    assert run(desk, server).sent == 1
    assert len(server.heard) == 1


def test_tries_come_later_and_later_and_end_one_day(desk, server) -> None:
    waits = [wait("o:1", tries) for tries in range(1, MOST)]
    assert waits[0] <= 30_000_000 < waits[3]
    assert max(waits) <= 6 * HOUR
    assert sum(waits) > 48 * HOUR
    decide(desk, open_case(desk))
    server.answers = [500] * (MOST + 5)
    done = run(desk, server, patience=400 * HOUR)
    assert (done.sent, done.failed, done.left, done.given_up) == (0, MOST, 0, 1)
    assert again(desk.store, desk.now + 500 * HOUR) == 1
    server.answers = []
    assert run(desk, server, clock=Clock(desk.now + 500 * HOUR)).sent == 1


def test_a_run_that_was_killed_while_telling_tells_it_again_under_the_same_key(
    desk, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(desk, open_case(desk))

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            run(desk, server)
    assert run(desk, server).sent == 0, "another run keeps away for two minutes"
    assert run(desk, server, patience=HOUR).sent == 1
    assert len({one.headers[IDEMPOTENCY] for one in server.heard}) == 1
    assert len(server.heard) == 2


def test_what_cannot_be_written_into_the_log_is_not_told(
    desk, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(desk, open_case(desk))

    def refuse(*args: object) -> int:
        raise ledger.unwritable()

    monkeypatch.setattr(delivering.ledger, "record", refuse)
    with pytest.raises(UndertowError) as fault:
        run(desk, server)
    assert fault.value.code == "audit-unwritable"
    assert server.heard == []
    assert rows(desk)[0].tries == 0


def test_a_measure_overturned_before_it_was_ever_told_is_not_told_nor_is_its_end(
    desk, server
) -> None:
    lift(desk, decide(desk, open_case(desk)))
    assert run(desk, server) == Delivered(dropped=2)
    assert server.heard == []
    assert rows(desk) == []


def test_a_measure_that_may_have_been_heard_of_is_not_told_again_but_its_end_is(
    desk, server
) -> None:
    measure = decide(desk, open_case(desk))
    server.answers = ["hang"]
    run(desk, server)
    lift(desk, measure)
    done = run(desk, server, patience=HOUR)
    assert (done.sent, done.dropped) == (1, 1)
    assert [json.loads(one.body)["what"] for one in server.heard] == ["apply", "lift"]


def test_an_end_is_told_after_its_beginning(desk, server) -> None:
    measure = decide(desk, open_case(desk))
    run(desk, server)
    lift(desk, measure)
    run(desk, server)
    told = [json.loads(one.body) for one in server.heard]
    assert [one["what"] for one in told] == ["apply", "lift"]
    assert told[1]["lifted_at"] is not None


def test_a_simulated_world_is_not_told_to_another_machine(desk) -> None:
    decide(desk, open_case(desk))
    clock = Clock(desk.now)
    with pytest.raises(UndertowError) as fault:
        deliver(desk.store, Way(receiver("https://example.org/hook"), KEY), clock, clock.sleep)
    assert fault.value.code == "deliver-simulated"
