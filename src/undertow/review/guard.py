"""The guard before every route: it looks at the matrix before a body is read or a line of a route runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from anyio import to_thread
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from undertow.cases.store import Store
from undertow.cases.tables import cases
from undertow.errors import OUR_FAULT, UndertowError
from undertow.review import choices, sessions
from undertow.review.asked import Standing, now_of, settings_of, store_of
from undertow.review.policy import ROUTES, Policy, Role
from undertow.review.settings import MINUTE, Settings


class Refusal(UndertowError):  # noqa: N818  # what the guard does
    """A request that the guard lets no further, and where its person should go instead.

    Attributes:
        status: HTTP status for callers that read JSON.
        goes_to: page for a person: where to sign in, or to prove who one is; None for a plain refusal.
    """

    def __init__(
        self, what: str, *, code: str, mend: str, status: int, goes_to: str | None = None
    ) -> None:
        super().__init__(what, code=code, mend=mend)
        self.status = status
        self.goes_to = goes_to


class Guarded(APIRoute):
    """A route that runs only for those whom the matrix names."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the guard, then run the route; another method than the route's is answered 405."""
        if scope["method"] in (self.methods or ()):
            await admit(Request(scope), ROUTES[self.name])
        await super().handle(scope, receive, send)


def check_routes(names: list[str]) -> None:
    """Refuse to start with a route that nobody decided on.

    Raises:
        UndertowError: `route-without-policy`, with exit code 1: ours.
    """
    missing = sorted(set(names) - set(ROUTES))
    if missing:
        raise UndertowError(
            f"routes stand in no policy: {', '.join(f'`{name}`' for name in missing)}",
            code="route-without-policy",
            mend="name them in `review/policy.py`",
            exit_code=OUR_FAULT,
        )


async def admit(request: Request, policy: Policy) -> None:
    """Find the session of a request and hold it against a policy; keep it in `request.state.standing`.

    Raises:
        Refusal: `sign-in-first`, `second-factor-first`, `role-may-not`, `prove-first`, `case-not-yours`.
    """
    token = request.cookies.get(settings_of(request).cookie)
    if token is None and policy.public:
        return
    standing = await to_thread.run_sync(_standing, request, token)
    request.state.standing = standing
    if standing is not None:
        request.state.choices = choices.read(standing.chosen)
    if policy.public:
        return
    judge(standing, policy, now_of(request), settings_of(request))
    assert standing is not None  # noqa: S101  # `judge` has refused it
    if policy.roles[cast("Role", standing.person.role)] == "holder":
        params: Mapping[str, Any] = request.path_params
        if not await to_thread.run_sync(
            holds, store_of(request), standing, str(params["case"]), now_of(request)
        ):
            raise Refusal(
                "this case is not yours at this moment",
                code="case-not-yours",
                mend="claim it first",
                status=409,
            )


def _standing(request: Request, token: str | None) -> Standing | None:
    if token is None:
        return None
    return sessions.find(store_of(request), token, now_of(request), settings_of(request))


def judge(standing: Standing | None, policy: Policy, now: int, settings: Settings) -> None:
    """Hold a session against a policy.

    Raises:
        Refusal: where it is not enough.
    """
    if standing is None:
        raise Refusal(
            "no session",
            code="sign-in-first",
            mend="sign in",
            status=401,
            goes_to="/sign-in",
        )
    if not (standing.whole or policy.half):
        raise Refusal(
            "the second factor is missing",
            code="second-factor-first",
            mend="use your passkey, or add one",
            status=401,
            goes_to="/second-factor",
        )
    if standing.person.role not in policy.roles:
        raise Refusal(
            "your role may not do this",
            code="role-may-not",
            mend="ask somebody whose role may",
            status=403,
        )
    if policy.proved and now - standing.proved_at > settings.proof_minutes * MINUTE:
        raise Refusal(
            "this asks that you prove again who you are",
            code="prove-first",
            mend="sign in once more at `/prove`, then repeat it",
            status=401,
            goes_to="/prove",
        )


def holds(store: Store, standing: Standing, case: str, now: int) -> bool:
    """Tell whether a case is this person's at this moment; False too where there is no such case."""
    asked = select(cases.c.holder, cases.c.lease_until).where(cases.c.case == case)
    with store.reading() as connection:
        row = connection.execute(asked).one_or_none()
    return row is not None and row.holder == standing.person.reviewer and row.lease_until > now
