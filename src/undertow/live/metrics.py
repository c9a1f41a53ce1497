"""Counts of a watch for Prometheus, over HTTP, on the loopback unless told otherwise; no ids."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from undertow.errors import UndertowError

LOOPBACK: Final = "127.0.0.1"
TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """One number with what it says.

    Attributes:
        name: without the prefix `undertow_watch_`.
        kind: `counter` or `gauge`.
        says: one line.
        values: by the value of the label `playbook`, or under "" for a number without a label.
    """

    name: str
    kind: str
    says: str
    values: dict[str, float] = field(default_factory=dict)


def render(metrics: list[Metric]) -> str:
    """Write metrics in the text format of Prometheus."""
    lines: list[str] = []
    for metric in metrics:
        name = f"undertow_watch_{metric.name}"
        lines += [f"# HELP {name} {metric.says}", f"# TYPE {name} {metric.kind}"]
        for label, value in metric.values.items():
            # Names of playbooks are lower-case words with hyphens: nothing to escape.
            shown = f'{{playbook="{label}"}}' if label else ""
            lines.append(f"{name}{shown} {value:.15g}")
    return "\n".join(lines) + "\n"


def parse_address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`, `:PORT` or `PORT`.

    Raises:
        UndertowError: `watch-metrics`.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise UndertowError(
            "`--metrics` is not an address",
            code="watch-metrics",
            mend="write HOST:PORT, such as 127.0.0.1:9464",
        )
    return host.strip("[]") or LOOPBACK, int(port)


class Exposed:
    """Serves the numbers in a thread of its own until it is closed.

    Args:
        address: host and port; port 0 takes a free one.
        numbers: gives the metrics of this moment.

    Raises:
        UndertowError: `watch-metrics` if nothing can be served there.
    """

    def __init__(self, address: tuple[str, int], numbers: Callable[[], list[Metric]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                if self.path.split("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                body = render(numbers()).encode()
                self.send_response(200)
                self.send_header("Content-Type", TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
                """Say nothing: stderr is for people."""

        try:
            self._server = ThreadingHTTPServer(address, Handler)
        except (OSError, OverflowError):
            raise UndertowError(
                "metrics cannot be served at this address",
                code="watch-metrics",
                mend="name a free port of this machine with --metrics",
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
