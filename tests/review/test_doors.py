"""Doors: headers on every answer, other sites kept out, long bodies and floods refused."""

from __future__ import annotations

import json

import pytest
from fastapi.routing import APIRoute

from undertow.review.doors import Bucket
from undertow.review.settings import Settings

NAMES = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "x-frame-options",
)


def paths(app) -> list[tuple[str, str]]:
    found = []
    for route in app.routes:
        assert isinstance(route, APIRoute)
        path = route.path.replace("{name:path}", "passkey.js")
        for part in ("case", "campaign", "playbook", "job"):
            path = path.replace(f"{{{part}}}", "c-1")
        found += [(method, path) for method in route.methods]
    return found


@pytest.mark.parametrize("who", [None, "ada", "dora"])
def test_every_route_answers_with_every_header(served, who: str | None) -> None:
    client = served.caller(who)
    asked = [*paths(served.app), ("GET", "/nowhere"), ("PUT", "/queue"), ("POST", "/sign-in")]
    for method, path in asked:
        headers = client.request(method, path).headers
        for name in NAMES:
            assert name in headers, f"{method} {path}: {name}"
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        wanted = "no-cache" if path.startswith("/static/") else "no-store"
        assert headers["cache-control"] == wanted, f"{method} {path}"
        assert "server" not in headers


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(served) -> None:
    client = served.caller()
    said = client.post("/sign-in", data={"name": "ada", "password": "four words that differ"})
    cookie = said.headers["set-cookie"]
    assert cookie.startswith("undertow-8600=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_with_tls_the_cookie_is_bound_to_its_host_and_the_browser_keeps_to_tls(serve) -> None:
    served = serve(
        Settings(tls_cert="cert.pem", tls_key="key.pem", port=443, name="desk.example")
    )
    said = served.caller().post(
        "/sign-in", data={"name": "ada", "password": "four words that differ"}
    )
    cookie = said.headers["set-cookie"]
    assert cookie.startswith("__Host-undertow=")
    assert "Secure" in cookie
    assert said.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8600"}, 303),
        ({"Origin": "http://127.0.0.1:8600"}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8600"}, 303),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8601"}, 403),
        ({"Origin": "https://localhost:8600"}, 403),
        ({"Origin": "http://localhost.evil.example:8600"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8600"}, 403),
    ],
)
def test_only_our_own_pages_may_send_a_form(served, headers, status: int) -> None:
    client = served.caller("ada")
    del client.headers["origin"]
    said = client.post("/me/sessions", headers=headers)
    assert said.status_code == status
    assert (served.caller("ada").get("/me.json").status_code == 200) is True
    kept = client.get("/me.json").status_code
    assert kept == (200 if status == 403 else 401)


def test_other_sites_may_link_to_a_page_and_not_fetch_it(served) -> None:
    client = served.caller("ada")
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    fetch = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/sign-in", headers=link).status_code == 303
    assert client.get("/me.json", headers=fetch).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8600", "localhost", "localhost:80"]
)
def test_another_name_that_points_at_us_is_refused(served, host: str) -> None:
    said = served.caller("ada").get("/me.json", headers={"Host": host})
    assert said.status_code == 421


def test_a_body_that_is_too_long_is_not_read(served) -> None:
    client = served.caller("ada")
    long = "x" * 1_000_001
    said = client.post("/me", data={"language": long})
    assert said.status_code == 413

    def parts():
        for _ in range(1100):
            yield b"x" * 1000

    said = client.post(
        "/me", content=parts(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert said.status_code == 413
    assert "body-too-long" in said.text


def test_a_session_that_asks_too_often_waits_and_others_do_not(serve) -> None:
    served = serve(Settings(per_second=1, burst=10))
    hasty, calm = served.caller("ada"), served.caller("ben")
    said = [hasty.get("/me.json") for _ in range(12)]
    assert [one.status_code for one in said[:10]] == [200] * 10
    assert said[-1].status_code == 429
    assert int(said[-1].headers["retry-after"]) >= 1
    assert json.loads(said[-1].text)["code"] == "too-often"
    assert calm.get("/me.json").status_code == 200


def test_made_up_cookies_share_the_budget_of_their_address(serve) -> None:
    served = serve(Settings(per_second=0.01, burst=1))
    client = served.caller()
    found = set()
    for number in range(110):
        client.cookies.set("undertow-8600", f"made-up-{number}")
        found.add(client.get("/static/none").status_code)
    assert found == {404, 429}


def test_a_bucket_fills_again_and_forgets_the_least_used() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 2, lambda: now[0])
    assert [bucket.wait("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    now[0] = 0.5
    assert bucket.wait("a") == 0.0
    for number in range(10_001):
        bucket.wait(str(number))
    assert len(bucket.left) == 10_000
    assert "a" not in bucket.left
