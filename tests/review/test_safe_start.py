"""A safe start: each way of setting a desk up wrongly is a fault with a name, a mend and exit code 2."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from undertow.cases import people
from undertow.cases.store import make_store
from undertow.errors import UndertowError
from undertow.review import safe_start
from undertow.review.settings import Oidc, Settings

NAME = "desk.example.org"


def certificate(
    folder: Path, name: str = NAME, days: int = 30, mark: str = ""
) -> tuple[str, str]:
    """Write a certificate and its key; `days` below 0 for one that has ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / f"cert{mark}.pem", folder / f"key{mark}.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    private.chmod(0o600)
    return str(cert), str(private)


@pytest.fixture
def place(tmp_path: Path):
    """A real store with one person, and settings under which others may reach it."""
    store = make_store(tmp_path / "cases", simulated=False)
    people.add_person(store, "dora", "admin", "four words that differ", now=1)
    cert, key = certificate(tmp_path)
    fine = Settings(
        host="0.0.0.0", port=8600, name=NAME, tls_cert=cert, tls_key=key, second_factor=True
    )
    yield store, fine, tmp_path
    store.close()


def met(store, settings: Settings, **environment: str) -> list[str]:
    return [one.code for one in safe_start.faults(settings, store, environment)]


def test_the_desk_starts_on_loopback_as_it_ships_and_in_public_when_all_is_set(place) -> None:
    store, fine, _ = place
    assert met(store, Settings()) == []
    assert met(store, fine) == []
    oidc = Oidc("https://id.example.org", "desk")
    assert met(store, msgspec.structs.replace(fine, second_factor=False, oidc=oidc)) == []


def changed(**values: object):
    return lambda fine, folder: msgspec.structs.replace(fine, **values)


def with_file(field: str, name: str, content: bytes, mode: int = 0o600):
    def change(fine: Settings, folder: Path) -> Settings:
        path = folder / name
        path.write_bytes(content)
        path.chmod(mode)
        return msgspec.structs.replace(fine, **{field: str(path)})

    return change


def with_certificate(**given: object):
    def change(fine: Settings, folder: Path) -> Settings:
        cert, key = certificate(folder, mark="2", **given)  # type: ignore[arg-type]  # of a test
        return msgspec.structs.replace(fine, tls_cert=cert, tls_key=key)

    return change


def with_oidc(issuer: str = "https://id.example.org", client: str = "desk", secret: str = ""):
    def change(fine: Settings, folder: Path) -> Settings:
        file = None
        if secret:
            file = str(folder / "secret")
        if secret == "open":
            (folder / "secret").write_text("x")
            (folder / "secret").chmod(0o644)
        return msgspec.structs.replace(fine, oidc=Oidc(issuer, client, file))

    return change


def open_key(fine: Settings, folder: Path) -> Settings:
    Path(str(fine.tls_key)).chmod(0o644)
    return fine


def other_key(fine: Settings, folder: Path) -> Settings:
    _, key = certificate(folder, mark="3")
    return msgspec.structs.replace(fine, tls_key=key)


TABLE = [
    ("serve-port", changed(port=0)),
    ("serve-port", changed(port=65_536)),
    ("serve-host", changed(host="desk.example.org")),
    ("serve-host", changed(host="http://0.0.0.0")),
    ("serve-host", changed(host="")),
    ("serve-name", changed(name="https://desk.example.org")),
    ("serve-name", changed(name="desk.example.org:8600")),
    ("serve-name", changed(name="Desk")),
    ("serve-name", changed(name="")),
    ("serve-name-missing", changed(name="localhost")),
    ("serve-name-missing", changed(name="192.0.2.1")),
    ("serve-tls-half", changed(tls_key=None)),
    ("serve-tls-half", changed(tls_cert=None)),
    ("serve-tls-missing", changed(tls_cert="none.pem")),
    ("serve-tls-missing", changed(tls_key="none.pem")),
    ("serve-tls-key-open", open_key),
    ("serve-tls-pair", with_file("tls_cert", "bad.pem", b"no certificate")),
    ("serve-tls-pair", with_file("tls_key", "bad.key", b"no key")),
    ("serve-tls-pair", other_key),
    ("serve-tls-date", with_certificate(days=-1)),
    ("serve-tls-name", with_certificate(name="other.example.org")),
    ("serve-public-plain", changed(tls_cert=None, tls_key=None)),
    ("serve-public-factor", changed(second_factor=False)),
    ("serve-range", changed(idle_minutes=0)),
    ("serve-range", changed(longest_minutes=100_000)),
    ("serve-range", changed(idle_minutes=200, longest_minutes=100)),
    ("serve-range", changed(proof_minutes=600)),
    ("serve-range", changed(body_bytes=10**9)),
    ("serve-range", changed(per_second=0.0)),
    ("serve-oidc-issuer", with_oidc(issuer="http://id.example.org")),
    ("serve-oidc-issuer", with_oidc(issuer="id.example.org")),
    ("serve-oidc-issuer", with_oidc(issuer="https://id.example.org?x=1")),
    ("serve-oidc-client", with_oidc(client=" ")),
    ("serve-oidc-secret", with_oidc(secret="missing")),
    ("serve-oidc-secret-open", with_oidc(secret="open")),
]


@pytest.mark.parametrize(("code", "change"), TABLE, ids=range(len(TABLE)))
def test_a_wrong_setting_is_named_with_its_mend(place, code: str, change) -> None:
    store, fine, folder = place
    settings = change(fine, folder)
    with pytest.raises(UndertowError) as met_:
        safe_start.check(settings, store, {})
    assert met_.value.code == code
    assert met_.value.exit_code == 2
    assert met_.value.mend
    assert str(folder) not in str(met_.value)


@pytest.mark.parametrize("name", safe_start.DEBUG)
def test_what_prints_the_inside_is_off_where_others_reach_the_desk(place, name: str) -> None:
    store, fine, _ = place
    assert met(store, fine, **{name: "1"}) == ["serve-public-debug"]
    assert met(store, Settings(), **{name: "1"}) == []


def test_a_desk_without_people_or_of_a_simulated_world_is_not_public(
    place, tmp_path: Path
) -> None:
    _, fine, _ = place
    empty = make_store(tmp_path / "empty", simulated=False)
    demo = make_store(tmp_path / "demo", simulated=True)
    assert met(empty, fine) == ["serve-public-nobody"]
    assert met(demo, fine) == ["serve-public-demo", "serve-public-nobody"]
    assert met(empty, Settings()) == met(demo, Settings()) == []
    empty.close()
    demo.close()


def test_a_folder_that_others_can_look_into_is_refused(place) -> None:
    store, _, _ = place
    store.folder.chmod(0o755)
    assert met(store, Settings()) == ["serve-folder-open"]


def test_a_port_that_is_taken_or_an_address_that_is_not_ours_is_said_before_serving() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UndertowError) as met_:
            safe_start.bound(Settings(port=port))
        assert met_.value.code == "serve-port-taken"
    with pytest.raises(UndertowError) as met_:
        safe_start.bound(Settings(host="192.0.2.1", port=port))
    assert met_.value.code == "serve-host-foreign"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["--second-factor", "sometimes"], "serve-factor"),
        (["--oidc", "none.yaml"], "serve-oidc-file"),
        (["--host", "0.0.0.0"], "serve-name-missing"),
        (["--host", "0.0.0.0", "--name", NAME], "serve-public-plain"),
        (["--port", "0"], "serve-port"),
        (["--tls-cert", "cert.pem"], "serve-tls-half"),
    ],
)
def test_the_command_says_what_is_wrong_and_serves_nothing(
    place, undertow, given: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, folder = place
    monkeypatch.chdir(folder)
    ran = undertow("serve", "cases", *given)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert ran.out == ""


def test_a_description_of_a_provider_with_an_unknown_word_is_refused(
    place, undertow, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, folder = place
    monkeypatch.chdir(folder)
    Path("idp.yaml").write_text("issuer: https://id.example.org\nclient: desk\n")
    ran = undertow("serve", "cases", "--oidc", "idp.yaml")
    assert (ran.code, "[serve-oidc-file]" in ran.err) == (2, True)
    assert undertow("serve", "nowhere").code == 2
