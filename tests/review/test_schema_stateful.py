"""The API under generated sequences of calls, role by role: what one answers is what the next one is asked about.

Schemathesis walks along links between routes: a case of the queue is claimed, shown, judged, proposed on, approved by a
colleague, undone, appealed against, lifted, opened again. No sequence is a fault of ours, and none passes the guard.
`UNDERTOW_STATEFUL_SECONDS` says for how long; twenty seconds by default, shared by the four roles.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Flaky
from schemathesis.core.transport import Response
from sqlalchemy import select, update
from test_schema import LEFT_OUT, NAMES, _request, named

from undertow.cases.tables import cases
from undertow.review import clock, sessions
from undertow.review.policy import ROLES, ROUTES

SECONDS = float(os.environ.get("UNDERTOW_STATEFUL_SECONDS", "20")) / len(ROLES)
COLLEAGUE = {"analyst": "ben", "approver": "eve", "auditor": "ada", "admin": "ada"}
"""Who acts in between: without a second person no case goes far."""
EVERY = 3
"""Every third call is the colleague's."""
REASON = "the same words to five people, then an address"
SCENARIOS, STEPS = 2000, 25
"""At most; the time ends them before."""
ROWS = range(3)
"""Rows of the queue that are followed."""
CASE = {"case": "$response.body#/case"}
WEIGHED = {"proportionate": "yes"}
ACT = {"act": "$response.body#/act"}
CODE = {"case": "$response.body#/row/code"}
BODY = "$response.body#/"
LINKS: tuple[tuple[str, str, dict[str, str], dict[str, str]], ...] = (
    *(
        ("queue_json", name, {"case": f"{BODY}rows/{n}/code"}, {})
        for n in ROWS
        for name in ("claim", "case_json", "claim")
    ),
    ("claim", "case_json", CASE, {}),
    ("claim", "propose", CASE, {"outcome": "limit", "clause": "deception", **WEIGHED}),
    ("claim", "propose", CASE, {"outcome": "no_action", "clause": "none"}),
    ("claim", "judge", CASE, {"outcome": "likely"}),
    ("claim", "release", CASE, {}),
    ("judge", "propose", CASE, {"outcome": "suspend", "clause": "deception", **WEIGHED}),
    ("case_json", "claim", CODE, {}),
    ("case_json", "reveal", CODE, {"passage": f"{BODY}passages/0/code", "why": "to decide"}),
    ("case_json", "reveal_identity", CODE, {"code": f"{BODY}row/account", "why": "to decide"}),
    ("case_json", "help", CODE, {"target": f"{BODY}targets/0/code", "help": "offered"}),
    ("case_json", "note", CODE, {"note": REASON}),
    ("case_json", "appeal", CODE, {"reason": REASON}),
    ("case_json", "reopen", CODE, {"reason": REASON}),
    ("case_json", "lift", CODE, {"measure": f"{BODY}measures/0/code", "reason": REASON}),
    ("case_json", "export_post", CODE, {}),
    ("propose", "approve", CASE, ACT | WEIGHED),
    ("propose", "approve", CASE, ACT | WEIGHED),
    ("propose", "disagree", CASE, ACT | {"reason": REASON}),
    ("propose", "withdraw", CASE, ACT),
    ("propose", "undo", CASE, ACT),
    ("approve", "undo", CASE, ACT),
    ("approve", "case_json", CASE, {}),
    ("appeal", "settle_appeal", CASE, ACT | {"reason": REASON, "upheld": "false"}),
    ("reopen", "lift", CASE, {"measure": "m:none", "reason": REASON}),
    ("reopen", "propose", CASE, {"outcome": "no_action", "clause": "none"}),
    ("reopen", "case_json", CASE, {}),
)
"""From the answer of a route to the next route: what goes into its path, and into its form."""


class Over(KeyboardInterrupt):  # no error: the time is over, and Hypothesis is not to try again
    """Ends the calls of one role."""


def linked(app: Any) -> dict[str, Any]:
    """Give the schema of the application with links between its routes, without what is left out."""
    told: dict[str, Any] = app.openapi()
    names = named(app)
    at: dict[str, dict[str, Any]] = {}
    for path, routes in told["paths"].items():
        for method in list(routes):
            name = names[(method.upper(), path)]
            if name in LEFT_OUT:
                del routes[method]
            else:
                at[name] = routes[method]
    for n, (source, target, path, form) in enumerate(LINKS):
        link: dict[str, Any] = {"operationId": at[target]["operationId"], "parameters": path}
        if form:
            link["requestBody"] = form
        answers = at[source]["responses"]["200"].setdefault("links", {})
        answers[f"{target}{n}"] = link
    return told


class Played:
    """One role, a colleague, and what their calls were answered."""

    def __init__(self, served: Any, role: str) -> None:
        self.served, self.until, self.calls = served, 0.0, 0
        self.names = named(served.app)
        with served.store.reading() as connection:
            self.known = list(connection.execute(select(cases.c.case)).scalars())[: len(ROWS)]
        self.faults: list[str] = []
        self.answers: Counter[tuple[str, int]] = Counter()
        self.callers = [
            (served.people[name].role, served.caller(name, Accept="application/json"))
            for name in (NAMES[role], COLLEAGUE[role])
        ]

    def call(self, case: Any) -> Response:
        """Send one call as whoever's turn it is, and hold its answer to the matrix."""
        self.until = self.until or time.monotonic() + SECONDS
        if time.monotonic() > self.until:
            raise Over
        self.calls += 1
        self._turn()
        name = self.names[(case.operation.method.upper(), case.operation.path)]
        is_mine = self.calls % EVERY != 0
        role, client = self.callers[not is_mine]
        sent = _request(case)
        said = client.request(**sent)
        self.answers[name, said.status_code] += is_mine
        told = f"{role} {sent}: {said.status_code} {said.text[:300]}"
        policy = ROUTES[name]
        is_barred = not policy.public and role not in policy.roles
        if said.status_code >= 500 or (is_barred and said.status_code not in (403, 413, 429)):
            self.faults.append(told)
            raise Over
        return Response.from_any(said)

    def bind(self, case: Any) -> None:
        """Fill in what a page would hold: a case that is there every other time, its hash and revision mostly."""
        path = case.path_parameters or {}
        if "case" in path and str(path["case"]) not in self.known and self.calls % 2:
            path["case"] = self.known[self.calls // 2 % len(self.known)]
        body, code = case.body, path.get("case")
        if not isinstance(body, dict) or "revision" not in body or self.calls % 4 == 3:
            return
        with self.served.store.reading() as connection:
            asked = select(cases.c.dossier, cases.c.revision).where(cases.c.case == str(code))
            row = connection.execute(asked).first()
        if row is not None:
            body["revision"] = row.revision
            if "dossier" in body:
                body["dossier"] = row.dossier

    def _turn(self) -> None:
        """Let time go on: decisions take effect, and people prove now and then who they are."""
        self.served.time.pass_(seconds=40)
        if self.calls % 10 == 0:
            clock.tick(self.served.app)
            for _, client in self.callers:
                token = client.cookies.get(self.served.app.state.settings.cookie)
                assert token is not None
                now = self.served.time.now
                sessions.prove(self.served.store, sessions.digest(token), now)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_no_sequence_of_calls_is_a_fault_of_ours_or_passes_the_guard(on_cases, role) -> None:
    served = on_cases()
    with served.store.writing() as connection:
        connection.execute(update(cases).values(blind=False))
    played = Played(served, role)
    schema = schemathesis.openapi.from_dict(linked(served.app))

    class Walk(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def before_call(self, case: Any) -> None:
            played.bind(case)

        def call(self, case: Any, **kwargs: Any) -> Response:
            del kwargs
            return played.call(case)

        def validate_response(self, *given: Any, **also: Any) -> None:
            """Was held to the matrix when it came."""

    # What one store answers to the same words is not always the same: Hypothesis, which would try twice, may say so.
    with suppress(Over, Flaky):
        Walk.run(
            settings=hypothesis_settings(
                max_examples=SCENARIOS,
                stateful_step_count=STEPS,
                database=None,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
        )
    assert not played.faults
    assert played.calls > STEPS
    done = {name for name, status in played.answers if status in (200, 204, 303)}
    if role in ("analyst", "approver") and played.calls > 10 * STEPS:
        assert {"queue_json", "case_json", "claim"} <= done
        assert done & {"propose", "reveal", "note", "help", "judge"}
