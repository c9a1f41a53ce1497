"""A real desk and a real browser: what a page asked for, what its policy refused, what it left behind."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI

CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LISTEN = """
window.__met = [];
document.addEventListener('securitypolicyviolation', e =>
  window.__met.push(e.violatedDirective + ' ' + e.blockedURI));
"""
LOOPBACK = ("127.", "::1", "localhost")


class Reach:
    """Hears every socket of this process that is connected or looked up, while it is told to."""

    def __init__(self) -> None:
        self.is_hearing = False
        self.foreign: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.is_hearing:
            return
        if event == "socket.connect":
            address = args[1]
            if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
                self.foreign.append(f"connect {address[0]}")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = args[0]
            name = host.decode() if isinstance(host, bytes) else str(host)
            if not name.startswith(LOOPBACK) and name != "None":
                self.foreign.append(f"{event} {name}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def listening(app: FastAPI, port: int) -> Iterator[None]:
    """Serve an application in a thread."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        ws="none",
        http="h11",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the desk did not begin to listen"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@dataclass
class Seen:
    """What a browser did that it should not, gathered over all pages."""

    origin: str
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        ours = urlsplit(self.origin).netloc
        return [url for url in self.requests if urlsplit(url).netloc != ours]

    def listen(self, page: Any) -> None:
        page.add_init_script(LISTEN)
        page.on("request", lambda one: self.requests.append(one.url))
        page.on(
            "console",
            lambda one: self.console.append(one.text) if one.type == "error" else None,
        )
        page.on("pageerror", lambda one: self.console.append(str(one)))
        page.on("dialog", self._dialog)

    def _dialog(self, one: Any) -> None:
        self.dialogs.append(one.message)
        one.dismiss()

    def look(self, page: Any) -> None:
        """Gather what the page itself can tell."""
        self.violations += page.evaluate("window.__met || []")
        self.stored += page.evaluate(
            "[...Object.entries(localStorage), ...Object.entries(sessionStorage)].map(String)"
        )

    def clean(self) -> None:
        """Nothing foreign, nothing refused, nothing left behind."""
        assert self.foreign == []
        assert self.violations == []
        assert self.dialogs == []
        assert self.stored == []
        assert [one for one in self.console if "favicon" not in one] == []


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Debian's Chromium without a window."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium under /usr/bin")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        browser.close()
