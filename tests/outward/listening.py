"""A real HTTP server on this machine that behaves as badly as it is told to, and notes what it hears."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """The server's address, what it has heard, and what it answers next: a status, or a word.

    `hang` keeps the connection open without an answer until the caller gives up; `twice` answers two
    times on one connection; `drip` sends its headers byte by byte without an end; `garbage` answers no HTTP; `drop` closes without a word.
    """

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            listener.heard.append(Heard(self.path, dict(self.headers.items()), body))
            answer = listener.answers.pop(0) if listener.answers else 204
            if answer == "hang":
                listener.done.wait(10)
            elif answer == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not listener.done.wait(0.02):
                    self.wfile.write(b".")
            elif answer == "garbage":
                self.wfile.write(b"good day to you\r\n\r\n")
            elif answer == "twice":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2)
            elif answer != "drop":
                self.send_response(int(answer))
                if 300 <= int(answer) < 400:
                    self.send_header("Location", listener.url.replace("/hook", "/elsewhere"))
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def do_GET(self) -> None:
            listener.heard.append(Heard(self.path, dict(self.headers.items()), b""))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            del args

    return Handler


@contextmanager
def listening(certificate: Path | None = None, host: str = "127.0.0.1") -> Iterator[Listener]:
    """Run the server on a free port; with a certificate it speaks TLS."""
    listener = Listener()
    server = ThreadingHTTPServer((host, 0), _handler(listener))
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    listener.url = f"{scheme}://{host}:{server.server_address[1]}/hook"
    # A handshake that a test lets fail is no fault of the server's.
    server.handle_error = lambda *args: None  # type: ignore[method-assign]  # quiet on purpose
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.done.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def wait_for(listener: Listener, many: int) -> None:
    """Wait until the server has heard so many requests, at most a fifth of a second."""
    until = time.monotonic() + 0.2
    while len(listener.heard) < many and time.monotonic() < until:
        time.sleep(0.01)
