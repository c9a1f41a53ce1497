"""A small identity provider on this machine: signs what a test asks it to sign, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

Change = Callable[[dict[str, Any], dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]


@cache
def signing_key() -> RSAKey:
    """Make the provider's key once: it takes a second."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """An OpenID provider: `change` may alter header and claims of the next token."""

    def __init__(self) -> None:
        self.key = signing_key()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.client_id = "desk"
        self.named = self.issuer
        self.subject = "sub-ada"
        self.claims: dict[str, Any] = {}
        self.dropped: set[str] = set()
        self.forged: Callable[[dict[str, Any]], str] | None = None
        self.now: Callable[[], float] = time.time
        self.asked: dict[str, dict[str, str]] = {}
        self.codes: set[str] = set()
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def authorize(self, url: str) -> str:
        """Do what a browser and a person do at the provider; give the code."""
        query = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        self.codes.add(code)
        return code

    def token(self, code: str) -> str:
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self.asked[code]["nonce"],
            **self.claims,
        }
        for name in self.dropped:
            claims.pop(name, None)
        if self.forged is not None:
            return self.forged(claims)
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Say nothing."""

            def answer(self, status: int, said: dict[str, Any]) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    self.answer(
                        200,
                        {
                            "issuer": provider.named,
                            "authorization_endpoint": f"{provider.issuer}/authorize",
                            "token_endpoint": f"{provider.issuer}/token",
                            "jwks_uri": f"{provider.issuer}/keys",
                        },
                    )
                elif self.path == "/keys":
                    self.answer(200, {"keys": [provider.key.as_dict(private=False)]})
                else:
                    self.answer(404, {})

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = {
                    key: value[0]
                    for key, value in parse_qs(self.rfile.read(length).decode()).items()
                }
                code = form.get("code", "")
                challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                proof = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
                known = provider.asked.get(code, {})
                if code not in provider.codes or known.get("code_challenge") != proof:
                    self.answer(400, {"error": "invalid_grant"})
                    return
                provider.codes.discard(code)
                self.answer(
                    200,
                    {
                        "access_token": "opaque",
                        "token_type": "Bearer",
                        "id_token": provider.token(code),
                    },
                )

        return Handler
