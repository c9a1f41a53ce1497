"""One decision told to a real server on this machine: signed, encrypted, led nowhere else, and never a score."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from listening import Listener, listening, wait_for
from made_up import NOW, measure

from undertow.errors import UndertowError
from undertow.outward.webhook import (
    IDEMPOTENCY,
    SIGNATURE,
    TIMESTAMP,
    Order,
    read_key,
    receiver,
    send,
    signature,
)

KEY = b"k" * 32
ORDER = Order("d:1", "apply", "c:1", measure(), "a:recruiter", "forum")


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a receiver in a test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_the_receiver_can_check_who_sent_it_and_when(server: Listener) -> None:
    assert send(ORDER, receiver(server.url), KEY, NOW).fault is None
    (heard,) = server.heard
    stamp = heard.headers[TIMESTAMP]
    assert int(stamp) == NOW // 1_000_000
    wanted = hmac.new(KEY, stamp.encode() + b"." + heard.body, hashlib.sha256).hexdigest()
    assert heard.headers[SIGNATURE] == f"v1={wanted}"
    assert heard.headers[IDEMPOTENCY] == "d:1"
    assert heard.headers["Content-Type"] == "application/json"


def test_a_changed_body_or_time_has_another_signature() -> None:
    same = signature(KEY, 1, b"x")
    assert same == signature(KEY, 1, b"x")
    assert (
        len(
            {
                same,
                signature(KEY, 2, b"x"),
                signature(KEY, 1, b"y"),
                signature(b"z" * 32, 1, b"x"),
            }
        )
        == 4
    )


def test_what_is_told_is_a_decision_and_never_a_score_a_target_or_a_reason(
    server: Listener,
) -> None:
    send(ORDER, receiver(server.url), KEY, NOW)
    told = json.loads(server.heard[0].body)
    assert set(told) == {
        *(
            "form",
            "data",
            "delivery",
            "what",
            "case",
            "measure",
            "outcome",
            "clause",
            "account",
        ),
        *("platform", "proposed_by", "approved_by", "dossier", "effective_at", "lifted_at"),
    }
    assert told["outcome"] == "limit"
    assert told["proposed_by"] != told["approved_by"]


def test_the_own_id_of_the_account_is_told_only_where_it_was_declared() -> None:
    import msgspec

    assert b"4711" not in ORDER.body()
    declared = msgspec.structs.replace(ORDER, native="forum:4711")
    assert json.loads(declared.body())["account_id"] == "forum:4711"


def test_a_simulated_decision_says_so() -> None:
    import msgspec

    assert b"SIMULATED" in msgspec.structs.replace(ORDER, simulated=True).body()
    assert b"SIMULATED" not in ORDER.body()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (200, None),
        (202, None),
        (204, None),
        ("twice", None),
        (500, "answered 500"),
        (503, "answered 503"),
        (400, "answered 400"),
        (404, "answered 404"),
        ("drop", "answered in no known form"),
        ("garbage", "answered in no known form"),
        ("hang", "timed out"),
        ("drip", "timed out"),
    ],
)
def test_what_the_other_side_does_becomes_one_plain_word(
    server: Listener, answer: int | str, fault: str | None
) -> None:
    server.answers = [answer]
    assert send(ORDER, receiver(server.url), KEY, NOW, timeout=0.3).fault == fault


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Listener, status: int) -> None:
    server.answers = [status]
    assert "redirected" in (send(ORDER, receiver(server.url), KEY, NOW).fault or "")
    wait_for(server, 2)
    assert [one.path for one in server.heard] == ["/hook"]


def test_nobody_there_is_one_plain_word() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert send(ORDER, receiver(f"http://127.0.0.1:{port}/"), KEY, NOW).fault == "not reached"


def test_a_proxy_of_the_environment_is_not_used(
    server: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert send(ORDER, receiver(server.url), KEY, NOW).fault is None
        assert proxy.heard == []


def test_an_encrypted_receiver_is_told_if_its_certificate_is_trusted(certificate: Path) -> None:
    with listening(certificate) as server:
        assert send(ORDER, receiver(server.url, certificate), KEY, NOW).fault is None
        assert len(server.heard) == 1


def test_an_unknown_certificate_hears_nothing(certificate: Path) -> None:
    with listening(certificate) as server:
        fault = send(ORDER, receiver(server.url), KEY, NOW).fault
        assert fault == "certificate or encryption refused"
        assert server.heard == []


def test_a_certificate_of_another_address_hears_nothing(certificate: Path) -> None:
    with listening(certificate, "127.0.0.2") as server:
        fault = send(ORDER, receiver(server.url, certificate), KEY, NOW).fault
        assert fault == "certificate or encryption refused"
        assert server.heard == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/hook", "http://localhost/hook", "http://127.0.0.1.example.org/"),
        *("ftp://127.0.0.1/", "https://", "hook", "", "https://name:word@example.org/"),
        *(
            "https://example.org/#part",
            "https://example.org/a b",
            "https://example.org/\r\nX: y",
        ),
        *("https://[::1", "https://example.org:port/", "http://0.0.0.0/", "http://10.0.0.1/"),
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_neither_encrypted_nor_this_machine_is_refused(url: str) -> None:
    with pytest.raises(UndertowError) as fault:
        receiver(url)
    assert fault.value.code == "deliver-address"
    assert "example" not in str(fault.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://[::1]:8080/a?b=c", "https://example.org/x"]
)
def test_an_address_that_will_do_keeps_its_path(url: str) -> None:
    assert url.endswith(receiver(url).path)


def test_a_key_that_others_can_read_or_that_is_short_or_missing_is_refused(
    tmp_path: Path,
) -> None:
    good = tmp_path / "key"
    good.write_bytes(KEY)
    good.chmod(0o600)
    assert read_key(good) == KEY
    short, open_, missing = (tmp_path / name for name in ("short", "open", "missing"))
    short.write_bytes(b"x" * 31)
    short.chmod(0o600)
    open_.write_bytes(KEY)
    open_.chmod(0o644)
    for path in (short, open_, missing):
        with pytest.raises(UndertowError) as fault:
            read_key(path)
        assert fault.value.code == "deliver-key"


def test_certificates_that_cannot_be_read_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate", "utf-8")
    for name in ("bad.pem", "none.pem"):
        with pytest.raises(UndertowError) as fault:
            receiver("https://127.0.0.1/", tmp_path / name)
        assert fault.value.code == "deliver-certificates"


def test_the_receiver_s_code_in_the_guide_takes_what_we_send_and_nothing_else(
    server: Listener, root: Path
) -> None:
    guide = (root / "docs/how-to/export.md").read_text("utf-8")
    block = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {}
    exec(block[1], names)  # our own guide
    send(ORDER, receiver(server.url), KEY, NOW)
    (heard,) = server.heard
    assert names["is_ours"](KEY, heard.headers, heard.body)
    assert not names["is_ours"](KEY, heard.headers, heard.body + b" ")
    assert not names["is_ours"](b"z" * 32, heard.headers, heard.body)
