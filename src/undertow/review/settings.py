"""How one desk is served: where it listens, how people prove who they are, how long things last."""

from __future__ import annotations

from typing import Final

import msgspec

LANGUAGES: Final = ("en", "fr", "de", "ar")
PORT: Final = 8600
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
MINUTE: Final = 60_000_000
"""Microseconds."""


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identity provider of the operator: the only other host that the desk ever speaks to.

    Attributes:
        issuer: `https://` URL, exactly as the provider's tokens name it.
        client_id: how the provider knows this desk.
        client_secret_file: file with the secret; None for a public client, which PKCE protects.
        scopes: asked beside `openid`; none is needed, people are known by `sub` alone.
    """

    issuer: str
    client_id: str
    client_secret_file: str | None = None
    scopes: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What `undertow serve` was told.

    Attributes:
        name: host name in the address bar; also the passkeys' relying party.
        tls_cert, tls_key: PEM files; both or none.
        idle_minutes, longest_minutes: a session ends after so long without, and so long at all.
        proof_minutes: how long a proof of who one is counts for acts that ask for it.
        second_factor: people who may read texts need a passkey.
        per_second, burst: requests one session or one source may make.
        body_bytes: longest body that is read.
        events: folder of events that the workbench may back-test on, in a process of its own; None for none.
        every_seconds: how often the clock looks for leases, decisions and checkpoints that are due.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    name: str = "localhost"
    tls_cert: str | None = None
    tls_key: str | None = None
    idle_minutes: int = 60
    longest_minutes: int = 720
    proof_minutes: int = 10
    second_factor: bool = False
    oidc: Oidc | None = None
    events: str | None = None
    per_second: float = 20.0
    burst: int = 60
    body_bytes: int = 1_000_000
    every_seconds: float = 15.0

    @property
    def tls(self) -> bool:
        """Whether the desk speaks TLS itself."""
        return self.tls_cert is not None

    @property
    def public(self) -> bool:
        """Whether other machines can reach it."""
        return self.host not in LOOPBACK

    @property
    def cookie(self) -> str:
        """Name of the session's cookie.

        `__Host-` binds a cookie to this host and to TLS. Browsers refuse that name without TLS, and
        cookies know no ports, so on loopback the port stands in the name.
        """
        return "__Host-undertow" if self.tls else f"undertow-{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, name and port as the address bar shows them."""
        usual = 443 if self.tls else 80
        port = "" if self.port == usual else f":{self.port}"
        return f"{'https' if self.tls else 'http'}://{self.name}{port}"

    @property
    def hosts(self) -> frozenset[str]:
        """What `Host` may say: anything else is another site's name that was pointed at us."""
        names = {self.name} if self.public else {self.name, "localhost", "127.0.0.1", "[::1]"}
        usual = 443 if self.tls else 80
        ported = {f"{name}:{self.port}" for name in names}
        return frozenset(ported | (names if self.port == usual else set()))

    @property
    def origins(self) -> frozenset[str]:
        """What `Origin` may say."""
        scheme = "https" if self.tls else "http"
        return frozenset(f"{scheme}://{host}" for host in self.hosts)
