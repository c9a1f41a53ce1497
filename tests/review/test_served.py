"""The commands: `undertow serve` and `undertow demo --serve`, as a person starts them, in processes of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from browser import free_port

from undertow.cases.store import make_store

HEARD = """
import sys
def hear(event, args):
    if event == 'socket.connect' and isinstance(args[1], tuple):
        name = str(args[1][0])
    elif event in ('socket.getaddrinfo', 'socket.gethostbyname'):
        name = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
    elif event == 'socket.bind' and isinstance(args[1], tuple):
        name = str(args[1][0])
    elif event in ('duckdb.connect', 'import') and str(args[0]) == 'duckdb':
        name = 'duckdb'
    else:
        return
    if not name.startswith(('127.', '::1', 'localhost', 'None')):
        with open(sys.argv[1], 'a') as out:
            print(event, name, file=out)
sys.addaudithook(hear)
from undertow.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


class Process:
    """A command that runs, and the lines it has printed so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.heard = folder / "heard.txt"
        self.log = (folder / "log.txt").open("w")
        self.running = subprocess.Popen(
            [sys.executable, "-c", HEARD, str(self.heard), *words],
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=folder,
            text=True,
        )
        self.lines: list[str] = []
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.running.stdout is not None
        for line in self.running.stdout:
            with self.more:
                self.lines.append(line.strip())
                self.more.notify_all()

    def wait(self, is_there: Callable[[list[str]], bool], seconds: float) -> list[str]:
        with self.more:
            assert self.more.wait_for(lambda: is_there(self.lines), seconds), self.said()
            return list(self.lines)

    def said(self) -> str:
        return Path(self.log.name).read_text("utf-8")

    def stop(self, how: int) -> int:
        self.running.send_signal(how)
        return self.running.wait(30)

    def close(self) -> None:
        if self.running.poll() is None:
            self.stop(signal.SIGKILL)
        self.reader.join(10)
        assert self.running.stdout is not None
        self.running.stdout.close()
        self.log.close()


@contextmanager
def started(folder: Path, *words: str) -> Iterator[Process]:
    process = Process(folder, *words)
    try:
        yield process
    finally:
        process.close()


def caller(origin: str) -> httpx2.Client:
    return httpx2.Client(base_url=origin, headers={"Origin": origin}, trust_env=False)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_first_start_prints_one_link_and_stops_when_it_is_told(
    tmp_path: Path, how: int
) -> None:
    make_store(tmp_path / "cases", simulated=False).close()
    port = free_port()
    with started(tmp_path, "serve", "cases", "--port", str(port)) as process:
        line = process.wait(bool, 60)[-1]
        origin, token = line.split("/start?token=")
        assert origin == f"http://localhost:{port}"
        form = {
            "token": token,
            "name": "Dora",
            "password": "four plain words here",
            "analyst": "Ada",
        }
        with caller(origin) as dora:
            assert dora.get("/queue").status_code == 303
            said = dora.post("/start", data=form)
            assert said.status_code == 200
            assert said.text.count("/enter?token=") == 1
            assert dora.get("/people").status_code == 200
        assert process.stop(how) == 0
        assert not process.heard.exists(), process.heard.read_text()
        assert token not in process.said()
        assert "Dora" not in process.said()
        lines = [one for one in process.said().splitlines() if one.startswith("{")]
        assert {json.loads(one)["event"] for one in lines} == {"request", "stopped"}
    with started(tmp_path, "serve", "cases", "--port", str(port)) as process:
        line = process.wait(bool, 60)[-1]
        assert line == f"http://localhost:{port}/"


@pytest.mark.slow
def test_the_demo_opens_a_desk_with_cases_and_two_people_who_come_in_by_links(
    tmp_path: Path, root: Path
) -> None:
    port = free_port()
    background = root / "examples/collegemsg/collegemsg.parquet"
    words = ("--no-progress", "demo", "--serve", "--port", str(port), "--background")
    with started(tmp_path, *words, str(background)) as process:
        lines = process.wait(lambda lines: sum("/enter?" in one for one in lines) == 2, 300)
        first, second = (one for one in lines if "/enter?" in one)
        assert lines[-1] == second
        roles = []
        for link in (second, first):
            with caller(f"http://localhost:{port}") as person:
                assert person.get(link).status_code == 303
                page = person.get("/queue").text
                assert "SIMULATED" in page
                assert re.search(r'href="/case/k:[0-9a-z]+"', page)
                roles.append(person.get("/me.json").json()["role"])
        assert roles == ["analyst", "approver"]
        with caller(f"http://localhost:{port}") as late:
            assert late.get(first).status_code == 410
        assert process.stop(signal.SIGINT) == 0
        heard = process.heard.read_text() if process.heard.exists() else ""
        assert [line for line in heard.splitlines() if line != "import duckdb"] == []
