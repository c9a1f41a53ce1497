"""What must hold before a desk is served. Each unsafe or impossible setting is one named fault with its mend.

Checks run in an order in which each may rely on those before it. Nothing is opened to the network here.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import ssl
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy import select

from undertow.cases.store import Store
from undertow.cases.tables import reviewers
from undertow.errors import UndertowError, shown_name
from undertow.review.settings import LOOPBACK, Oidc, Settings

_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
DEBUG: Final = ("UNDERTOW_TRACE", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONINSPECT")
"""Variables that print what is inside: never where other machines can reach the desk."""
_RANGES: Final = {
    "idle_minutes": (5, 240),
    "longest_minutes": (30, 1440),
    "proof_minutes": (1, 60),
    "per_second": (1, 1000),
    "burst": (10, 10_000),
    "body_bytes": (10_000, 10_000_000),
    "every_seconds": (1, 300),
}


def fault(code: str, what: str, mend: str) -> UndertowError:
    """Make the fault of one setting."""
    return UndertowError(what, code=code, mend=mend)


def check(
    settings: Settings, store: Store, environment: Mapping[str, str] | None = None
) -> None:
    """Hold settings and store against what must be so.

    Raises:
        UndertowError: the first fault, `serve-…`.
    """
    for found in faults(settings, store, os.environ if environment is None else environment):
        raise found


def faults(
    settings: Settings, store: Store, environment: Mapping[str, str]
) -> Iterator[UndertowError]:
    """Give every fault, in order; later ones may follow from earlier ones."""
    yield from _ranges(settings)
    yield from _address(settings)
    yield from _tls(settings)
    yield from _provider(settings)
    yield from _public(settings, store, environment)
    yield from _folder(store)


def _ranges(settings: Settings) -> Iterator[UndertowError]:
    for name, (least, most) in _RANGES.items():
        if not least <= getattr(settings, name) <= most:
            yield fault("serve-range", f"`{name}` is out of its range", f"{least} to {most}")
    if settings.longest_minutes < settings.idle_minutes:
        yield fault(
            "serve-range",
            "a session would be too old before it is idle",
            "raise `longest_minutes`",
        )


def _address(settings: Settings) -> Iterator[UndertowError]:
    if not 1 <= settings.port <= 65535:
        yield fault("serve-port", "there is no such port", "1 to 65535, for example 8600")
    if settings.host not in LOOPBACK and not _is_address(settings.host):
        yield fault(
            "serve-host",
            "`--host` is no address of this machine",
            "give an address such as 127.0.0.1 or 0.0.0.0; the name goes to `--name`",
        )
    name = settings.name
    if name != "localhost" and (not _NAME.fullmatch(name) or len(name) > 253):
        yield fault(
            "serve-name",
            "`--name` is no host name",
            "the name alone: no scheme, no port, no space, small letters",
        )
    if settings.public and (name == "localhost" or _is_address(name)):
        yield fault(
            "serve-name-missing",
            "a desk that others reach needs the name under which they do",
            "--name desk.example.org: cookies and passkeys are bound to it",
        )


def _is_address(given: str) -> bool:
    try:
        ipaddress.ip_address(given)
    except ValueError:
        return False
    return True


def _tls(settings: Settings) -> Iterator[UndertowError]:
    cert, key = settings.tls_cert, settings.tls_key
    if (cert is None) != (key is None):
        yield fault(
            "serve-tls-half",
            "a certificate needs its key, and a key its certificate",
            "give both --tls-cert and --tls-key, or neither",
        )
        return
    if cert is None or key is None:
        return
    for path in (Path(cert), Path(key)):
        if not path.is_file():
            yield fault(
                "serve-tls-missing", f"there is no file `{shown_name(path)}`", "check the path"
            )
            return
    if _others_read(Path(key)):
        yield fault(
            "serve-tls-key-open",
            "others can read the key of the certificate",
            f"chmod 600 {shown_name(key)}",
        )
    yield from _pair(Path(cert), Path(key), settings.name)


def _pair(cert: Path, key: Path, name: str) -> Iterator[UndertowError]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            cert, key, password=_no_password
        )
        read = x509.load_pem_x509_certificate(cert.read_bytes())
    except (ssl.SSLError, ValueError, OSError):
        yield fault(
            "serve-tls-pair",
            "certificate and key are no PEM files that belong together",
            "give the full chain as PEM, and its own key without a password",
        )
        return
    now = datetime.now(UTC)
    if not read.not_valid_before_utc <= now <= read.not_valid_after_utc:
        yield fault("serve-tls-date", "the certificate is not valid today", "renew it")
    if name not in _named(read) and f"*.{name.partition('.')[2]}" not in _named(read):
        yield fault(
            "serve-tls-name",
            "the certificate is made out to another name",
            "give the name it was made for by --name, or another certificate",
        )


def _no_password() -> str:
    raise ValueError("a key with a password needs a person at every start")


def _named(read: x509.Certificate) -> set[str]:
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(names.get_values_for_type(x509.DNSName))


def _provider(settings: Settings) -> Iterator[UndertowError]:
    oidc: Oidc | None = settings.oidc
    if oidc is None:
        return
    issuer = urlsplit(oidc.issuer)
    is_near = issuer.scheme == "http" and issuer.hostname in LOOPBACK
    if not (issuer.scheme == "https" or is_near) or not issuer.hostname or issuer.query:
        yield fault(
            "serve-oidc-issuer",
            "the identity provider's `issuer` is no https address",
            "copy it from the provider: https://…, without a query",
        )
    if not oidc.client_id.strip():
        yield fault("serve-oidc-client", "`client_id` is empty", "copy it from the provider")
    if oidc.client_secret_file is not None:
        path = Path(oidc.client_secret_file)
        if not path.is_file():
            yield fault(
                "serve-oidc-secret",
                "the file of the client's secret is not there",
                "check the path",
            )
        elif _others_read(path):
            yield fault(
                "serve-oidc-secret-open",
                "others can read the client's secret",
                f"chmod 600 {shown_name(path)}",
            )
    try:
        import authlib  # noqa: F401  # only whether it is there
    except ImportError:
        yield fault(
            "serve-oidc-extra",
            "sign-in by an identity provider needs the extra `oidc`",
            "pip install 'undertow[oidc]'",
        )


def _public(
    settings: Settings, store: Store, environment: Mapping[str, str]
) -> Iterator[UndertowError]:
    if not settings.public:
        return
    if not settings.tls:
        yield fault(
            "serve-public-plain",
            "other machines would reach the desk without TLS",
            "give --tls-cert and --tls-key, or listen on 127.0.0.1 alone",
        )
    if store.simulated:
        yield fault(
            "serve-public-demo",
            "a simulated world is not shown to other machines",
            "serve the demo on 127.0.0.1",
        )
    if not has_people(store):
        yield fault(
            "serve-public-nobody",
            "a desk without people is open to whoever comes first",
            "start once without --host and make the first people by the local link",
        )
    if not (settings.second_factor or settings.oidc is not None):
        yield fault(
            "serve-public-factor",
            "people who read texts need a second factor where others reach the desk",
            "--second-factor required",
        )
    found = [name for name in DEBUG if environment.get(name)]
    if found:
        yield fault(
            "serve-public-debug",
            f"`{found[0]}` is set: it prints what is inside",
            f"unset {found[0]}",
        )


def has_people(store: Store) -> bool:
    """Tell whether anybody can sign in."""
    asked = select(reviewers.c.reviewer).where(reviewers.c.disabled_at.is_(None)).limit(1)
    with store.reading() as connection:
        return connection.execute(asked).first() is not None


def _folder(store: Store) -> Iterator[UndertowError]:
    folder = store.folder
    if os.name == "nt" or not folder.is_dir():
        return
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield fault(
            "serve-folder-open",
            "others on this machine can look into the folder of the case store",
            f"chmod 700 {shown_name(folder)}",
        )


def _others_read(path: Path) -> bool:
    return os.name != "nt" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def bound(settings: Settings) -> socket.socket:
    """Take the port, so that a fault is ours and not the server's.

    Raises:
        UndertowError: `serve-port-taken`, `serve-port-refused`, `serve-host-foreign`.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    try:
        taken.bind((host, settings.port))
    except OSError as met:
        taken.close()
        known = {
            errno.EADDRINUSE: ("serve-port-taken", "something listens on this port already"),
            errno.EACCES: ("serve-port-refused", "the system keeps this port for others"),
            errno.EADDRNOTAVAIL: ("serve-host-foreign", "this machine has no such address"),
        }
        if met.errno not in known:
            raise
        code, what = known[met.errno]
        mends = {
            "serve-port-taken": "stop the other desk, or give another --port",
            "serve-port-refused": "give a port above 1023",
            "serve-host-foreign": "give one of its own, or 127.0.0.1",
        }
        raise UndertowError(what, code=code, mend=mends[code]) from met
    return taken
