"""The API under generated calls, role by role: no fault of ours, no answer that the guard should have stopped.

`UNDERTOW_SCHEMA_SECONDS` says for how long; twenty-four seconds by default, shared by the four roles.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis.core.errors import SchemathesisError

from undertow.review.policy import ROLES, ROUTES, Policy

NAMES = {"analyst": "ada", "approver": "ben", "auditor": "cleo", "admin": "dora"}
SECONDS = float(os.environ.get("UNDERTOW_SCHEMA_SECONDS", "24")) / len(ROLES)
LEFT_OUT = {
    "sign_out",
    "me_sessions",
    "people_disable",
    "sign_in_post",
    "prove_post",
    "enter_post",
}
"""Routes that end the session of this test, or hash a password at each call; tested by themselves."""
ROUNDS = 400
"""Calls of one route at most; the time ends most of them before."""


def named(app: Any) -> dict[tuple[str, str], str]:
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return {
        (method, route.path_format): route.name for route in routes for method in route.methods
    }


class Over(Exception):  # noqa: N818  # no error: the time of a route is over
    """Ends the calls of one route."""


class Caller:
    """One role that calls, beside a stranger who calls the same."""

    def __init__(self, served: Any, role: str) -> None:
        self.role, self.called = role, 0
        self.client = served.caller(NAMES[role], Accept="application/json")
        self.stranger = served.caller(Accept="application/json")

    def run(self, operation: Any, policy: Policy, seconds: float) -> None:
        """Call one route in many shapes until its time is over."""
        until = time.monotonic() + seconds

        @seed(len(operation.path))
        @hypothesis_settings(
            max_examples=ROUNDS,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def calls(case: Any) -> None:
            if time.monotonic() > until:
                raise Over
            self.check(_request(case), policy)

        with suppress(Over):
            calls()

    def check(self, sent: dict[str, Any], policy: Policy) -> None:
        """Send one call, and hold its answer to the matrix."""
        said = self.client.request(**sent)
        self.called += 1
        told = f"{self.role} {sent}: {said.status_code} {said.text[:300]}"
        assert said.status_code < 500, told
        if policy.public:
            return
        if self.role not in policy.roles:
            assert said.status_code in (403, 413, 429), told
        elif said.headers.get("content-type", "").startswith("application/json"):
            said.json()
        assert self.stranger.request(**sent).status_code in (401, 413, 429), told


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_no_call_of_any_shape_is_a_fault_of_ours_or_passes_the_guard(
    on_cases, role: str
) -> None:
    served = on_cases()
    caller, names = Caller(served, role), named(served.app)
    schema = schemathesis.openapi.from_dict(served.app.openapi())
    operations = [one.ok() for one in schema.get_all_operations()]
    for operation in operations:
        name = names[(operation.method.upper(), operation.path)]
        if name not in LEFT_OUT:
            caller.run(operation, ROUTES[name], SECONDS / len(operations))
    assert caller.called > len(operations)


def _request(case: Any) -> dict[str, Any]:
    """Give the call that a generated case stands for, as the test client takes it."""
    try:
        made = case.as_transport_kwargs(base_url="http://localhost:8600")
    except SchemathesisError:
        made = {"method": case.method, "url": "http://localhost:8600/"}
    made.pop("cookies", None)
    kept = ("method", "url", "params", "json", "data", "content", "files")
    sent = {key: value for key, value in made.items() if key in kept and value is not None}
    headers = {
        key: value
        for key, value in dict(made.get("headers") or {}).items()
        if key.lower() == "content-type"
    }
    return sent | ({"headers": headers} if headers else {})
