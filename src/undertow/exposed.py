"""Counts for Prometheus over HTTP, in a thread of their own, on the loopback unless told otherwise; no ids."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from undertow.errors import UndertowError

LOOPBACK: Final = "127.0.0.1"
HERE: Final = frozenset((LOOPBACK, "::1", "localhost"))
"""Names of this machine by which it alone reaches itself."""
TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """One number with what it says.

    Attributes:
        name: without the prefix of its program.
        kind: `counter` or `gauge`.
        says: one line.
        values: by the value of the label, or under "" for a number without a label.
        label: its name. Its values are words of ours, lower case with hyphens or underscores: nothing to escape.
    """

    name: str
    kind: str
    says: str
    values: dict[str, float] = field(default_factory=dict)
    label: str = "playbook"


def render(prefix: str, metrics: list[Metric]) -> str:
    """Write metrics in the text format of Prometheus; `prefix` stands before every name."""
    lines: list[str] = []
    for metric in metrics:
        name = f"{prefix}{metric.name}"
        lines += [f"# HELP {name} {metric.says}", f"# TYPE {name} {metric.kind}"]
        for value, number in metric.values.items():
            shown = f'{{{metric.label}="{value}"}}' if value else ""
            lines.append(f"{name}{shown} {number:.15g}")
    return "\n".join(lines) + "\n"


def parse_address(text: str, code: str = "watch-metrics") -> tuple[str, int]:
    """Read `HOST:PORT`, `:PORT` or `PORT`.

    Raises:
        UndertowError: `code` for anything else.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise UndertowError(
            "`--metrics` is not an address",
            code=code,
            mend="write HOST:PORT, such as 127.0.0.1:9464",
        )
    return host.strip("[]") or LOOPBACK, int(port)


class Exposed:
    """Serves the numbers in a thread of its own until it is closed.

    Args:
        address: host and port; port 0 takes a free one.
        numbers: gives the metrics of this moment. What it raises is answered by 503 and no word.
        prefix: before every name.
        hosts: names under which it answers, so that no other site's name leads here; None for any.
        code: of the fault.

    Raises:
        UndertowError: `code` if nothing can be served there.
    """

    def __init__(
        self,
        address: tuple[str, int],
        numbers: Callable[[], list[Metric]],
        *,
        prefix: str,
        hosts: Collection[str] | None = None,
        code: str = "watch-metrics",
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                host = self.headers.get("Host", "").rpartition(":")[0].strip("[]")
                if self.path.split("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                if hosts is not None and host not in hosts:
                    self.send_error(421)
                    return
                try:
                    body = render(prefix, numbers()).encode()
                except Exception:  # noqa: BLE001  # a scrape that fails must say so, and never why: that may hold data
                    self.send_error(503)
                    return
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
                code=code,
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
