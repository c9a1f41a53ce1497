"""Ways in: name and password, links, the first start, and a second proof of who one is."""

from __future__ import annotations

import statistics
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import PasswordHasher

from undertow.cases import people
from undertow.review.settings import Settings
from undertow.review.throttle import FREE, Throttle
from undertow.units import SECOND

PASSWORD = "four words that differ"
OTHER = "four other words instead"


def try_in(served, name: str, password: str, source: str = "127.0.0.1"):
    client = served.caller()
    client._transport.client = (source, 50_000)
    return client.post("/sign-in", data={"name": name, "password": password})


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def test_a_person_comes_in_and_goes_on_to_where_they_wanted(served) -> None:
    client = served.caller()
    sent = client.get("/me?x=1")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fme%3Fx%3D1"
    form = {"name": "ADA", "password": PASSWORD, "next": "/me?x=1"}
    said = client.post("/sign-in", data=form)
    assert said.headers["location"] == "/me?x=1"
    assert client.get("/me.json").json()["role"] == "analyst"


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb", ""],
)
def test_signing_in_leads_to_our_own_pages_only(served, place: str) -> None:
    form = {"name": "ada", "password": PASSWORD, "next": place}
    assert served.caller().post("/sign-in", data=form).headers["location"] == "/queue"


def test_wrong_name_and_wrong_password_look_the_same(served) -> None:
    wrong = [try_in(served, "ada", OTHER), try_in(served, "nobody", PASSWORD)]
    texts = [one.text.replace(one.text.split("id ")[-1][:12], "") for one in wrong]
    assert [one.status_code for one in wrong] == [401, 401]
    assert texts[0].split("fault")[1][:200] == texts[1].split("fault")[1][:200]
    assert not [one for one in wrong if "set-cookie" in one.headers]


def test_an_unknown_name_takes_as_long_as_a_wrong_password(
    served, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PasswordHasher(time_cost=2, memory_cost=16_384, parallelism=1)
    monkeypatch.setattr(people, "hasher", lambda: real)
    people._nobodys.cache_clear()
    people.set_password(served.store, served.people["ada"], PASSWORD, now=served.time.now)
    people.sign_in(served.store, "nobody", OTHER)

    def took(name: str) -> float:
        begun = time.process_time()
        assert people.sign_in(served.store, name, OTHER) is None
        return time.process_time() - begun

    rounds = [(took("ada"), took("nobody")) for _ in range(15)]
    ratio = statistics.median(known / unknown for known, unknown in rounds)
    people._nobodys.cache_clear()
    assert 0.7 < ratio < 1.4


def test_failures_make_the_next_try_wait_and_a_right_password_does_not_help(served) -> None:
    said = [try_in(served, "ada", OTHER).status_code for _ in range(FREE["both"])]
    assert said == [401] * FREE["both"]
    late = try_in(served, "ada", PASSWORD)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) == 10
    served.time.pass_(seconds=11)
    assert try_in(served, "ada", PASSWORD).status_code == 303


def test_an_attack_on_one_account_keeps_nobody_else_out(served) -> None:
    for _ in range(FREE["both"] + 1):
        try_in(served, "ada", OTHER)
    assert try_in(served, "ada", PASSWORD).status_code == 429
    assert try_in(served, "ben", PASSWORD).status_code == 303
    assert try_in(served, "ada", PASSWORD, "192.0.2.7").status_code == 303


def test_many_accounts_from_one_address_make_that_address_wait() -> None:
    throttle = Throttle()
    for number in range(FREE["source"]):
        assert throttle.wait(f"name{number}", "192.0.2.1", 0) == 0
        throttle.failed(f"name{number}", "192.0.2.1", 0)
    assert throttle.wait("another", "192.0.2.1", 0) == 10 * SECOND
    assert throttle.wait("another", "192.0.2.2", 0) == 0


def test_an_account_tried_from_everywhere_waits_a_minute_at_most() -> None:
    throttle = Throttle()
    for number in range(FREE["account"] + 20):
        throttle.failed("ada", f"192.0.2.{number}", 0)
    assert throttle.wait("ada", "198.51.100.1", 0) == 60 * SECOND
    assert throttle.wait("ada", "198.51.100.1", 61 * 60 * SECOND) == 0


def test_what_is_remembered_of_failures_is_bounded() -> None:
    throttle = Throttle()
    for number in range(12_000):
        throttle.failed(f"n{number}", f"s{number}", 0)
    assert len(throttle.tries) == 10_000


def test_a_fresh_desk_has_no_account_and_one_link_makes_the_first_people(serve) -> None:
    served = serve(staffed=False)
    assert people.people(served.store) == []
    token = served.app.state.links.make("first", served.time.now)
    client = served.caller()
    assert client.get("/start", params={"token": "guess"}).status_code == 410
    assert client.get("/start", params={"token": token}).status_code == 200
    form = {
        "token": token,
        "name": "Dora",
        "password": PASSWORD,
        "analyst": "Ada",
        "approver": "Ben",
        "language": "de",
        "daily_reviews": "20",
        "undo_minutes": "5",
    }
    short = client.post("/start", data=form | {"password": "short"})
    assert short.status_code == 422
    same = client.post("/start", data=form | {"analyst": "dora"})
    assert same.status_code == 422
    made = client.post("/start", data=form)
    assert made.status_code == 200
    found = {one.person.name: one.person.role for one in people.people(served.store)}
    assert found == {"Dora": "admin", "Ada": "analyst", "Ben": "approver"}
    assert made.text.count("/enter?token=") == 2
    assert served.store.setting("daily_reviews") == "20"
    assert client.get("/people").status_code == 200
    assert served.caller().post("/start", data=form).status_code == 410


def test_a_link_lets_a_person_choose_a_password_once(served) -> None:
    dora = served.caller("dora")
    made = dora.post(
        "/people",
        data={"name": "Eve", "role": "auditor"},
        headers={"Accept": "application/json"},
    ).json()
    token = token_of(made["link"])
    eve = served.caller()
    assert eve.get("/enter", params={"token": token}).status_code == 200
    assert eve.post("/enter", data={"token": token, "password": "short"}).status_code == 422
    assert eve.post("/enter", data={"token": token, "password": OTHER}).status_code == 303
    assert eve.get("/me.json").json()["role"] == "auditor"
    assert served.caller().get("/enter", params={"token": token}).status_code == 410
    assert try_in(served, "Eve", OTHER).status_code == 303


def test_a_link_ends_after_a_day_and_with_its_person(served) -> None:
    links, now = served.app.state.links, served.time.now
    old = links.make("password", now, served.people["ada"].reviewer)
    assert links.look(old, now + 25 * 3600 * SECOND) is None
    gone = links.make("password", now, served.people["cleo"].reviewer)
    dora = served.caller("dora")
    dora.post("/people/disable", data={"reviewer": served.people["cleo"].reviewer})
    assert served.caller().get("/enter", params={"token": gone}).status_code == 410


def test_a_visitor_s_link_signs_in_at_once_and_a_browser_looking_ahead_uses_nothing_up(
    served,
) -> None:
    links = served.app.state.links
    token = links.make("visit", served.time.now, served.people["ada"].reviewer)
    client = served.caller()
    ahead = {"Sec-Purpose": "prefetch;prerender"}
    assert client.get("/enter", params={"token": token}, headers=ahead).status_code == 410
    said = client.get("/enter", params={"token": token})
    assert said.status_code == 303
    assert said.headers["location"] == "/queue"
    assert client.get("/me.json").json()["role"] == "analyst"
    assert served.caller().get("/enter", params={"token": token}).status_code == 410


def test_what_matters_asks_for_a_fresh_proof(served) -> None:
    dora = served.caller("dora")
    served.time.pass_(minutes=11)
    form = {"name": "Eve", "role": "auditor"}
    sent = dora.post("/people", data=form)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/prove")
    assert dora.post("/prove", data={"password": OTHER}).status_code == 401
    assert (
        dora.post("/prove", data={"password": PASSWORD, "next": "/people"}).headers["location"]
        == "/people"
    )
    assert dora.post("/people", data=form).status_code == 200


def test_proving_is_throttled_as_signing_in_is(served) -> None:
    ada = served.caller("ada")
    said = [ada.post("/prove", data={"password": OTHER}).status_code for _ in range(6)]
    assert said == [401] * 5 + [429]


def test_where_a_passkey_is_asked_a_password_alone_opens_no_page(serve) -> None:
    served = serve(Settings(second_factor=True, per_second=1000, burst=10_000))
    ada = served.caller("ada")
    sent = ada.get("/queue.json")
    assert sent.status_code == 401
    assert sent.json()["code"] == "second-factor-first"
    assert ada.get("/second-factor").status_code == 200
    assert ada.post("/passkey/options").status_code == 200
    assert served.caller("cleo").get("/me.json").status_code == 200


def test_a_password_alone_adds_no_passkey_to_one_that_is_there(serve) -> None:
    from sqlalchemy import insert

    from undertow.cases.tables import second_factors

    served = serve()
    with served.store.writing() as connection:
        connection.execute(
            insert(second_factors).values(
                credential=b"held",
                reviewer=served.people["ada"].reviewer,
                public_key=b"key",
                sign_count=0,
                made_at=1,
            )
        )
    ada = served.caller("ada")
    said = ada.post("/passkey/options", headers={"Accept": "application/json"})
    assert said.status_code == 401
    assert said.json()["code"] == "second-factor-first"
    assert ada.post("/second-factor/options").status_code == 200
    refused = ada.post("/second-factor", json={"rawId": "aGVsZA", "id": "aGVsZA"})
    assert refused.status_code == 401


def test_people_of_one_machine_do_not_make_each_other_wait() -> None:
    throttle = Throttle()
    for number in range(FREE["source"] + 5):
        throttle.failed(f"name{number}", "127.0.0.1", 0)
    assert throttle.wait("another", "127.0.0.1", 0) == 0


def test_a_page_for_nobody_yet_known_speaks_the_desk_s_language(served) -> None:
    dora = served.caller("dora")
    dora.post("/settings", data={"language": "ar", "daily_reviews": "9", "undo_minutes": "5"})
    assert 'dir="rtl"' in served.caller().get("/sign-in").text
    french = served.caller().get("/sign-in", headers={"Accept-Language": "fr-CH, fr;q=0.9"})
    assert 'lang="fr"' in french.text


def test_a_lost_passkey_is_removed_by_an_administrator_and_ends_the_person_s_sessions(
    serve,
) -> None:
    from sqlalchemy import insert

    from undertow.cases.tables import second_factors

    served = serve()
    ada, dora = served.caller("ada"), served.caller("dora")
    reviewer = served.people["ada"].reviewer
    with served.store.writing() as connection:
        row = {"credential": b"k", "reviewer": reviewer, "public_key": b"k", "sign_count": 0}
        connection.execute(insert(second_factors).values(**row, made_at=1))
    assert ada.get("/queue.json").status_code == 401
    assert "Remove passkeys" in dora.get("/people").text
    assert dora.post("/people/passkeys", data={"reviewer": reviewer}).status_code == 303
    assert dora.post("/people/passkeys", data={"reviewer": "p:none"}).status_code == 404
    assert ada.get("/me.json").status_code == 401
    assert served.caller("ada").get("/queue.json").status_code == 200


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"rawId": 7},
        {"rawId": "====", "id": "x", "type": "public-key", "response": {}},
        {
            "id": "aGVsZA",
            "rawId": "aGVsZA",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
        },
        {
            "id": "aGVsZA",
            "rawId": "aGVsZA",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "/////w"},
        },
    ],
)
def test_a_broken_passkey_is_refused_and_uses_its_challenge_up(served, response) -> None:
    ada = served.caller("ada")
    assert ada.post("/passkey", json=response).status_code == 401
    assert ada.post("/passkey/options").status_code == 200
    assert ada.post("/passkey", json=response).status_code == 401
    assert ada.post("/second-factor", json=response).status_code == 401
    ada.post("/second-factor/options")
    served.time.pass_(minutes=3)
    assert ada.post("/second-factor", json=response).status_code == 401
