"""The matrix: every route stands in it, and every role gets from every route what it says and no more."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from undertow.cases.tables import acts, cases, exposures
from undertow.errors import UndertowError
from undertow.review.app import make_app
from undertow.review.policy import ROLES, ROUTES
from undertow.review.settings import Settings

NAMES = {"analyst": "ada", "approver": "ben", "auditor": "cleo", "admin": "dora"}
OWN_PAGES = {
    "home",
    "me",
    "me_json",
    "me_post",
    "me_sessions",
    "openapi",
    "sign_out",
    "prove",
    "prove_post",
    "second_factor",
    "second_factor_options",
    "second_factor_post",
    "passkey_options",
    "passkey_post",
}
"""What everybody may do, for themselves."""
READ = {
    *("queue", "case", "campaign", "campaigns", "group"),
    *("workbench", "exports", "backtest_result"),
}
"""Screens of cases, without texts and identities."""
COUNTS = {"health", "health_json", "month", "month_json"}
"""Screens of numbers alone, which name no case and nobody."""
ADMIN_ONLY = {"people", "settings"}
ENDS = ("sign_out", "me_sessions", "people_disable", "people_passkeys")
"""What ends sessions, and is tested by itself."""
FORM = {
    "reason": "what I think of it",
    "why": "the pattern does not decide it",
    "note": "a note",
    "outcome": "no_action",
    "clause": "",
    "help": "offered",
    "upheld": "true",
    "days": "30",
    "kind": "html",
}


def routes(app) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def test_every_route_stands_in_the_matrix_and_every_entry_is_a_route(on_cases) -> None:
    there = {route.name for route in routes(on_cases().app)}
    assert there == set(ROUTES)


def test_names_of_routes_are_their_own(on_cases) -> None:
    names = [route.name for route in routes(on_cases().app)]
    assert len(names) == len(set(names))


def test_a_route_without_a_policy_stops_the_start(served) -> None:
    router = APIRouter()

    @router.get("/forgotten", name="forgotten")
    def forgotten() -> None:
        """Stand in no matrix."""

    with pytest.raises(UndertowError) as met:
        make_app(served.store, Settings(), more=[router])
    assert met.value.code == "route-without-policy"
    assert "`forgotten`" in met.value.what


def test_what_no_guard_can_stand_before_is_no_route_of_ours(served) -> None:
    from starlette.staticfiles import StaticFiles

    router = APIRouter()
    router.mount("/files", StaticFiles(directory=served.store.folder))
    with pytest.raises(TypeError, match="no route that a guard"):
        make_app(served.store, Settings(), more=[router])


def test_auditors_change_nothing_and_administrators_see_no_case() -> None:
    may = {role: {name for name, one in ROUTES.items() if role in one.roles} for role in ROLES}
    twins = {f"{name}_json" for name in READ} | COUNTS
    own = {"views_json", "view_save", "view_remove"}
    assert may["auditor"] <= OWN_PAGES | READ | twins | own | {"export_post"}
    staff = {name for name in ROUTES if name.split("_")[0] in ADMIN_ONLY}
    assert may["admin"] <= OWN_PAGES | staff | COUNTS
    assert not staff & (may["analyst"] | may["approver"] | may["auditor"])
    assert may["analyst"] < may["approver"]
    assert may["approver"] - may["analyst"] == {
        "allow",
        "disallow",
        "promote",
        "bench_retire",
        "group_approve",
    }


def test_what_opens_identities_decides_or_leaves_asks_for_a_fresh_proof() -> None:
    asked = {name for name, one in ROUTES.items() if one.proved}
    assert {
        "approve",
        "settle_appeal",
        "reveal_identity",
        "export_post",
        "allow",
        "promote",
        "people_add",
        "people_link",
        "people_disable",
        "people_passkeys",
        "settings_post",
    } <= asked


def test_only_ways_in_are_open_to_everybody() -> None:
    public = {name for name, one in ROUTES.items() if one.public}
    assert public == {
        "static",
        "start",
        "start_post",
        "enter",
        "enter_post",
        "sign_in",
        "sign_in_post",
        "oidc_start",
        "oidc_back",
    }


def held_by(served, name: str) -> str:
    """Let a person hold a case, and give its code."""
    who = served.people[name]
    with served.store.writing() as connection:
        code = connection.execute(
            select(cases.c.case).where(cases.c.state == "new").order_by(cases.c.case).limit(1)
        ).scalar_one()
    from undertow.cases import claims

    claims.claim(served.store, who, code, served.time.now)
    return code


def state_of(served) -> tuple[object, ...]:
    with served.store.reading() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (acts, exposures)
        ]
        revisions = connection.execute(select(cases.c.case, cases.c.revision)).all()
    return (*counts, *sorted(map(tuple, revisions)))


def path_of(route: APIRoute, case: str) -> str:
    path = route.path.replace("{case}", case).replace("{name:path}", "passkey.js")
    for part in ("campaign", "playbook", "job"):
        path = path.replace(f"{{{part}}}", "g:none")
    return path


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_each_role_gets_from_each_route_what_the_matrix_says(
    on_cases, role: str, whose: str
) -> None:
    served = on_cases()
    works = role in ("analyst", "approver")
    holder = NAMES[role] if whose == "own" and works else "eve"
    case = held_by(served, holder)
    for route in routes(served.app):
        policy = ROUTES[route.name]
        if policy.public or route.name in ENDS:
            continue
        method = next(iter(route.methods))
        client = served.caller(NAMES[role], Accept="application/json")
        before = state_of(served)
        given = {"data": FORM} if method == "POST" else {}
        said = client.request(method, path_of(route, case), **given)
        label = f"{role} {method} {route.path} {whose}: {said.status_code} {said.text[:200]}"
        assert said.status_code < 500, label
        if role not in policy.roles:
            assert said.status_code == 403, label
            assert said.json()["code"] == "role-may-not", label
        elif policy.roles[role] == "holder" and whose == "foreign":
            assert said.status_code == 409, label
            assert said.json()["code"] == "case-not-yours", label
        else:
            assert said.status_code != 401, label
            assert "role-may-not" not in said.text, label
            continue
        assert state_of(served) == before, label


def test_without_a_session_every_route_sends_people_to_sign_in_and_programs_a_401(
    on_cases,
) -> None:
    served = on_cases()
    case = held_by(served, "eve")
    person, program = served.caller(), served.caller(Accept="application/json")
    for route in routes(served.app):
        if ROUTES[route.name].public:
            continue
        method = next(iter(route.methods))
        path = path_of(route, case)
        if not path.endswith(".json"):
            sent = person.request(method, path)
            assert sent.status_code == 303, path
            assert sent.headers["location"].startswith("/sign-in"), path
        said = program.request(method, path, content=b"{not even JSON")
        assert said.status_code == 401, f"{method} {path}"
        assert said.json()["code"] == "sign-in-first"
    assert person.get("/nowhere").headers["location"].startswith("/sign-in")
    assert served.caller("ada").get("/nowhere").status_code == 404


def test_a_half_session_reaches_the_second_factor_and_nothing_else(on_cases) -> None:
    served = on_cases(Settings(second_factor=True, per_second=1000, burst=10_000))
    case = held_by(served, "ada")
    client = served.caller("ada", Accept="application/json")
    for route in routes(served.app):
        policy = ROUTES[route.name]
        if policy.public or policy.half:
            continue
        method = next(iter(route.methods))
        said = client.request(method, path_of(route, case))
        assert (said.status_code, said.json()["code"]) == (401, "second-factor-first"), (
            route.path
        )


def test_acts_are_sent_and_never_fetched(on_cases) -> None:
    for route in routes(on_cases().app):
        is_act = "POST" in route.methods
        assert route.methods in ({"GET"}, {"POST"}), route.path
        if not is_act:
            continue
        assert not route.path.endswith(".json"), route.path
