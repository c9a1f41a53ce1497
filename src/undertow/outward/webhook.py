"""One human decision told to the operator's own system: signed, once by its key, over TLS.

What is sent: which decision, what kind, since when, by whom (codes), on which account (a code; its own
id only where the operator declared it). What is never sent: a weight, a probability, a target, a
reason, a text. Redirects are not followed and no proxy of the environment is used: the address given
is the only one that hears of it. What the other side answers is read no further than its status.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from undertow import __version__
from undertow.errors import UndertowError
from undertow.outward.record import MARK, Measure, iso

TIMEOUT: Final = 10.0
"""Seconds to connect and to be answered, each."""
WHOLE: Final = 3
"""A whole try lasts at most so many times the time-out: a receiver that answers byte by byte is cut off."""
SHORTEST_KEY: Final = 32
"""Bytes; as long as the hash, as RFC 2104 advises."""
SIGNATURE: Final = "Undertow-Signature"
TIMESTAMP: Final = "Undertow-Timestamp"
IDEMPOTENCY: Final = "Idempotency-Key"

What = Literal["apply", "lift"]


class Order(msgspec.Struct, frozen=True):
    """What the operator's system is told. Times are microseconds, UTC.

    Attributes:
        delivery: stable id; equal for every repetition.
        what: `apply` a measure, or `lift` one that was overturned on appeal or lifted later.
        account: code.
        native: the account's own id; None unless the operator declared that it must act on it.
    """

    delivery: str
    what: What
    case: str
    measure: Measure
    account: str
    platform: str
    native: str | None = None
    simulated: bool = False

    def body(self) -> bytes:
        """Write what is sent: the same bytes every time."""
        measure = self.measure
        values: dict[str, Any] = {
            "form": 1,
            "data": MARK if self.simulated else "decision of people",
            "delivery": self.delivery,
            "what": self.what,
            "case": self.case,
            "measure": measure.measure,
            "outcome": measure.outcome,
            "clause": measure.clause,
            "account": self.account,
            "platform": self.platform,
            "proposed_by": measure.proposed_by,
            "approved_by": measure.approved_by,
            "dossier": measure.dossier,
            "effective_at": iso(measure.effective_at),
            "lifted_at": iso(measure.lifted_at),
        }
        if self.native is not None:
            values["account_id"] = self.native
        return msgspec.json.encode(values)


@dataclass(frozen=True)
class Answer:
    """What came of one try: `fault` None when the other side took it."""

    fault: str | None
    status: int | None = None


@dataclass(frozen=True)
class Receiver:
    """The one address that is told, checked once."""

    host: str
    port: int
    path: str
    is_encrypted: bool
    context: ssl.SSLContext | None


def receiver(url: str, certificates: Path | None = None) -> Receiver:
    """Check an address and make it ready.

    Args:
        url: `https://…`, or `http://` to this very machine.
        certificates: file of certificates to trust instead of the system's.

    Raises:
        UndertowError: `deliver-address` if it is neither, or holds a name, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unfit() from None
    plain = parts.username is None and parts.password is None and not parts.fragment
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise _unfit()
    if any(char <= " " or char > "~" for char in url):
        raise _unfit()
    encrypted = parts.scheme == "https"
    if not encrypted and not _is_loopback(host):
        raise _unfit()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    context = None
    if encrypted:
        try:
            context = ssl.create_default_context(
                cafile=None if certificates is None else certificates
            )
        except (OSError, ssl.SSLError) as fault:
            raise UndertowError(
                "the file of certificates cannot be read",
                code="deliver-certificates",
                mend="give a PEM file of the authority that signed the receiver's certificate",
            ) from fault
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return Receiver(host, port or (443 if encrypted else 80), path, encrypted, context)


def _is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its very address; a name could be led elsewhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unfit() -> UndertowError:
    return UndertowError(
        "decisions are not sent to this address",
        code="deliver-address",
        mend="give an https address without name, password or fragment; http goes to 127.0.0.1 or [::1] only",
    )


def read_key(path: Path) -> bytes:
    """Read the key that both sides hold.

    Raises:
        UndertowError: `deliver-key` if the file is missing, readable by others, or too short.
    """
    mend = "make one: head -c 32 /dev/urandom >FILE; chmod 600 FILE; give the receiver the same bytes"
    try:
        mode = path.stat().st_mode
        key = path.read_bytes()
    except OSError:
        raise UndertowError(
            "the key file of the webhook cannot be read", code="deliver-key", mend=mend
        ) from None
    if mode & 0o077:
        raise UndertowError(
            "the key file of the webhook can be read by others",
            code="deliver-key",
            mend="chmod 600 FILE",
        )
    if len(key) < SHORTEST_KEY:
        raise UndertowError(
            "the key of the webhook is shorter than 32 bytes", code="deliver-key", mend=mend
        )
    return key


def signature(key: bytes, timestamp: int, body: bytes) -> str:
    """Sign: HMAC-SHA-256 over `TIMESTAMP.BODY`, hex behind `v1=`. The receiver refuses old timestamps."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(key, signed, hashlib.sha256).hexdigest()


def send(order: Order, to: Receiver, key: bytes, now: int, timeout: float = TIMEOUT) -> Answer:
    """Try once. Never raises for what the other side or the network does.

    Args:
        order: what is told.
        to: where.
        key: as `read_key` gives it.
        now: microseconds, UTC: stands in the signature.
        timeout: seconds.
    """
    body = order.body()
    seconds = now // 1_000_000
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"undertow/{__version__}",
        IDEMPOTENCY: order.delivery,
        TIMESTAMP: str(seconds),
        SIGNATURE: signature(key, seconds, body),
        "Connection": "close",
    }
    connection = _connection(to, timeout)
    cut = threading.Event()
    timer: threading.Timer | None = None
    try:
        connection.connect()
        timer = threading.Timer(WHOLE * timeout, _cut_off, (connection.sock, cut))
        timer.daemon = True
        timer.start()
        connection.request("POST", to.path, body=body, headers=headers)
        status = connection.getresponse().status
        # An answer that was cut off in its headers still has a status: it is no answer.
        return Answer("timed out") if cut.is_set() else _judged(status)
    except (OSError, http.client.HTTPException) as fault:
        return Answer(_named(fault, was_cut=cut.is_set()))
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _cut_off(connected: socket.socket, cut: threading.Event) -> None:
    """End a try that has lasted too long."""
    cut.set()
    with suppress(OSError):  # it may have ended by itself just now
        connected.shutdown(socket.SHUT_RDWR)


def _named(fault: Exception, *, was_cut: bool) -> str:
    """Name a fault of the network in words that hold nothing of what was sent or answered."""
    if was_cut or isinstance(fault, TimeoutError):
        return "timed out"
    if isinstance(fault, ssl.SSLError):
        return "certificate or encryption refused"
    if isinstance(fault, http.client.HTTPException):
        return "answered in no known form"
    return "not reached"


def _connection(to: Receiver, timeout: float) -> http.client.HTTPConnection:
    """Open a plain or an encrypted connection; neither looks at the environment's proxies."""
    if to.is_encrypted:
        return http.client.HTTPSConnection(
            to.host, to.port, timeout=timeout, context=to.context
        )
    return http.client.HTTPConnection(to.host, to.port, timeout=timeout)


def _judged(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer(None, status)
    if 300 <= status < 400:
        return Answer("redirected elsewhere, which is not followed", status)
    return Answer(f"answered {status}", status)
