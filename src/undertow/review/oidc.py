"""Sign-in by the operator's own identity provider (OpenID Connect, code flow with PKCE); the extra `oidc`.

The provider says who somebody is (`sub`), never what they may do: people and roles are the desk's own,
and a stranger stays one. A token counts only if the provider's key signed it, for this desk, for this
flow, now; each flow is used once and belongs to the browser that began it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, cast
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from undertow.cases import people
from undertow.errors import UndertowError
from undertow.review import sessions
from undertow.review.asked import now_of, settings_of, store_of
from undertow.review.counts import Counts
from undertow.review.faults import own_page
from undertow.review.settings import MINUTE, Oidc, Settings
from undertow.review.signin import admitted
from undertow.units import SECOND

router = APIRouter()

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that are accepted: by a key of the provider, never `none`, never by a shared secret."""
LASTS: Final = 10 * MINUTE
LEEWAY: Final = 60
"""Seconds by which the provider's clock may differ."""
MOST: Final = 1000
"""Flows that may be under way at once."""
FACTORS: Final = frozenset({"mfa", "hwk", "swk", "otp"})
"""Values of `amr` (RFC 8176) that tell of a second factor."""
_URL: Final = ":/%#?=@[]!$&'()*+,;"
"""What stands in an address as it is, as Starlette's redirects have it."""


class Flow(msgspec.Struct, frozen=True):
    """One sign-in under way: what only this browser and this desk know of it."""

    browser: str
    nonce: str
    verifier: str
    next: str
    most_age: int
    until: int


class Told(msgspec.Struct, frozen=True):
    """What a checked token says: who, when they signed in at the provider (seconds), with a second factor or not."""

    subject: str
    at: int
    second: bool


class Flows:
    """Sign-ins under way, by their `state`."""

    def __init__(self) -> None:
        self.open: dict[str, Flow] = {}

    def begin(self, flow: Flow, now: int) -> str:
        """Keep a flow and give its state; the oldest goes where there are too many."""
        self.open = {key: one for key, one in self.open.items() if one.until > now}
        while len(self.open) >= MOST:
            del self.open[next(iter(self.open))]
        state = secrets.token_urlsafe(24)
        self.open[state] = flow
        return state

    def end(self, state: str, browser: str, now: int) -> Flow | None:
        """Give a flow once, and only to the browser that began it."""
        flow = self.open.pop(state, None)
        if (
            flow is None
            or flow.until <= now
            or not secrets.compare_digest(flow.browser, sessions.digest(browser))
        ):
            return None
        return flow


def cookie_of(settings: Settings) -> str:
    """Name the cookie that binds a flow to its browser; it is sent when the provider sends people back."""
    return f"{settings.cookie}-oidc"


def callback(settings: Settings) -> str:
    """Name the address to which the provider sends people back; to be registered there."""
    return f"{settings.origin}/oidc/back"


class Provider:
    """The operator's identity provider: the one host the desk speaks to, and only during a sign-in."""

    def __init__(self, oidc: Oidc, settings: Settings) -> None:
        self.oidc, self.settings = oidc, settings

    def _client(self) -> Any:  # noqa: ANN401  # Authlib's client has no types
        from authlib.integrations.httpx_client import OAuth2Client

        secret = self.oidc.client_secret_file
        return OAuth2Client(
            self.oidc.client_id,
            Path(secret).read_text("utf-8").strip() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=" ".join(("openid", *self.oidc.scopes)),
            redirect_uri=callback(self.settings),
            code_challenge_method="S256",
            timeout=10.0,
            follow_redirects=False,
            trust_env=False,
        )

    def _described(self, client: Any) -> dict[str, Any]:  # noqa: ANN401  # Authlib's client has no types
        """Read what the provider says of itself; it must name itself as we were told."""
        where = f"{self.oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = client.request("GET", where, withhold_token=True)
        said.raise_for_status()
        known = cast("dict[str, Any]", said.json())
        if known.get("issuer") != self.oidc.issuer:
            raise refused()
        return known

    def ask(self, flow: Flow, state: str) -> str:
        """Give the provider's address at which the person signs in."""
        with self._client() as client:
            known = self._described(client)
            extra = {"prompt": "login"} if flow.most_age == 0 else {}
            url, _ = client.create_authorization_url(
                known["authorization_endpoint"],
                state=state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
                max_age=flow.most_age,
                **extra,
            )
        return str(url)

    def tell(self, flow: Flow, code: str, now: int) -> Told:
        """Change a code for a token, and read it."""
        with self._client() as client:
            known = self._described(client)
            token = client.fetch_token(
                known["token_endpoint"], code=code, code_verifier=flow.verifier
            )
            keys = client.request("GET", known["jwks_uri"], withhold_token=True)
            keys.raise_for_status()
        return self.check(str(token.get("id_token", "")), keys.json(), flow, now)

    def check(self, id_token: str, keys: dict[str, Any], flow: Flow, now: int) -> Told:
        """Hold a token to its signature, its issuer, its audience, its flow and its time.

        Raises:
            UndertowError: `oidc-refused`.
        """
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            read = jwt.decode(
                id_token, KeySet.import_key_set(cast("Any", keys)), algorithms=list(ALGORITHMS)
            )
            claims = CodeIDToken(
                read.claims,
                read.header,
                options={
                    "iss": {"essential": True, "value": self.oidc.issuer},
                    "aud": {"essential": True, "value": self.oidc.client_id},
                    "nonce": {"essential": True, "value": flow.nonce},
                    "auth_time": {"essential": True},
                },
                params={"nonce": flow.nonce, "client_id": self.oidc.client_id, "max_age": 1},
            )
            claims.validate(now=now // SECOND, leeway=LEEWAY)
            at = int(claims["auth_time"])
            told = Told(
                str(claims["sub"]),
                at,
                bool(FACTORS & {str(one) for one in claims.get("amr") or ()}),
            )
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise refused() from fault
        if now // SECOND - at > flow.most_age + LEEWAY or not told.subject:
            raise refused()
        return told


def refused() -> UndertowError:
    """Make the fault of a sign-in that was not accepted; it says no more to whoever tries."""
    return UndertowError(
        "the identity provider's answer was not accepted",
        code="oidc-refused",
        mend="begin again; `undertow serve` logs what kind of fault it was",
    )


def provider_of(request: Request) -> Provider:
    """Give the provider of this desk; a desk without one has no such page."""
    settings = settings_of(request)
    if settings.oidc is None:
        raise HTTPException(404)
    return Provider(settings.oidc, settings)


def flows_of(request: Request) -> Flows:
    """Give the sign-ins that are under way at this desk."""
    return cast("Flows", request.app.state.oidc)


@router.get("/oidc/start", name="oidc_start")
def oidc_start(
    request: Request,
    next_: Annotated[str, Query(alias="next", max_length=2000)] = "",
    prove: bool = False,
) -> Response:
    """Send a person to the provider; `prove` asks that they sign in there anew."""
    provider, settings, now = provider_of(request), settings_of(request), now_of(request)
    browser = secrets.token_urlsafe(24)
    flow = Flow(
        browser=sessions.digest(browser),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        next=own_page(next_),
        most_age=0 if prove else settings.longest_minutes * 60,
        until=now + LASTS,
    )
    state = flows_of(request).begin(flow, now)
    with _spoken():
        goes_to = provider.ask(flow, state)
    response = RedirectResponse(goes_to, 303)
    response.set_cookie(
        cookie_of(settings),
        browser,
        max_age=LASTS // SECOND,
        path="/",
        secure=settings.tls,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/oidc/back", name="oidc_back")
def oidc_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Take a person back from the provider, and let them in if they are one of the desk's.

    The answer is a page that goes on by itself: on a way that began at another site, browsers would
    keep back the session's cookie.
    """
    from undertow.review.rendering import render

    provider, settings, now = provider_of(request), settings_of(request), now_of(request)
    browser = request.cookies.get(cookie_of(settings), "")
    flow = flows_of(request).end(state, browser, now)
    counts: Counts = request.app.state.counts
    try:
        if flow is None or not code:
            raise refused()
        with _spoken():
            told = provider.tell(flow, code, now)
    except UndertowError:
        counts.sign_in_refused()
        raise
    store = store_of(request)
    person = people.person_of_subject(store, told.subject)
    if person is None:
        counts.sign_in_refused()
        raise UndertowError(
            "nobody at this desk is known to the identity provider by that account",
            code="oidc-stranger",
            mend="an administrator adds people, with their `sub`",
        )
    entered = admitted(
        request, person, flow.next, "oidc", proved_at=told.at * SECOND, second=told.second
    )
    page = render(request, "entered.html", next=flow.next)
    # A header holds Latin letters alone; `next` may hold any, such as a filter of the queue in Arabic.
    page.headers["Refresh"] = f"0; url={quote(flow.next, safe=_URL)}"
    page.headers.append("Set-Cookie", entered.headers["Set-Cookie"])
    page.delete_cookie(
        cookie_of(settings), path="/", secure=settings.tls, httponly=True, samesite="lax"
    )
    return page


@contextmanager
def _spoken() -> Iterator[None]:
    """Turn whatever goes wrong on the way to the provider and back into one fault of ours."""
    try:
        yield
    except UndertowError:
        raise
    except Exception as fault:
        raise refused() from fault
