"""Sign-in by an identity provider: the right token lets in, every wrong one is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from provider import Provider

from undertow.cases import people
from undertow.review.settings import Oidc, Settings


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def desk(serve, provider: Provider):
    """A desk whose person `olga` is known by the provider's `sub-ada`."""
    oidc = Oidc(provider.issuer, provider.client_id)
    served = serve(Settings(oidc=oidc, per_second=1000, burst=10_000))
    provider.now = lambda: served.time.now / 1e6
    served.people["olga"] = people.add_person(
        served.store, "olga", "analyst", now=served.time.now, subject="sub-ada"
    )
    return served


def begun(client, **query: str) -> dict[str, str]:
    sent = client.get("/oidc/start", params=query)
    assert sent.status_code == 303
    url = sent.headers["location"]
    return {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()} | {
        "url": url
    }


def back(desk, provider: Provider, client=None, **query: str):
    client = client or desk.caller()
    asked = begun(client, **query)
    code = provider.authorize(asked["url"])
    return client, client.get("/oidc/back", params={"state": asked["state"], "code": code})


def test_a_known_person_comes_in_and_goes_on(desk, provider: Provider) -> None:
    client, said = back(desk, provider, next="/me.json")
    assert said.status_code == 200
    assert said.headers["refresh"] == "0; url=/me.json"
    assert client.get("/me.json").json()["reviewer"] == desk.people["olga"].reviewer


def test_the_way_on_may_hold_letters_that_a_header_cannot(desk, provider: Provider) -> None:
    client, said = back(desk, provider, next="/queue?playbook=مثال&lang=ar")
    assert said.status_code == 200
    assert said.headers["refresh"] == "0; url=/queue?playbook=%D9%85%D8%AB%D8%A7%D9%84&lang=ar"
    assert client.get("/me.json").status_code == 200
    _, said = back(desk, provider, next='/queue?playbook=%D9%85;"x')
    assert said.headers["refresh"] == "0; url=/queue?playbook=%D9%85;%22x"


def test_what_is_asked_of_the_provider_is_bound_to_this_flow(desk) -> None:
    first, second = begun(desk.caller()), begun(desk.caller())
    assert first["code_challenge_method"] == "S256"
    assert first["response_type"] == "code"
    assert first["redirect_uri"] == "http://localhost:8600/oidc/back"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 30
        assert first[name] != second[name]


def unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none"}, claims]
    coded = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()
        for one in parts
    ]
    return ".".join([*coded, ""])


def by_another_key(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))


def by_a_shared_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.generate_key(256))


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"claims": {"aud": "another"}},
    "several audiences, ours not among them": {"claims": {"aud": ["another", "third"]}},
    "several audiences and another party": {
        "claims": {"aud": ["desk", "third"], "azp": "third"}
    },
    "another issuer": {"claims": {"iss": "https://id.example.org"}},
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"dropped": {"nonce"}},
    "no audience": {"dropped": {"aud"}},
    "no subject": {"dropped": {"sub"}},
    "no end": {"dropped": {"exp"}},
    "no time of sign-in": {"dropped": {"auth_time"}},
    "an end that is over": {"claims": {"exp": 1_700_000_000}},
    "a beginning to come": {"claims": {"nbf": 2_000_000_000}},
    "a sign-in of long ago": {"claims": {"auth_time": 1_700_000_000}},
    "no signature": {"forged": unsigned},
    "a signature by another key": {"forged": by_another_key},
    "a signature by a shared secret": {"forged": by_a_shared_secret},
    "no token at all": {"forged": lambda claims: ""},
    "three parts of nonsense": {"forged": lambda claims: "a.b.c"},
    "a provider of another name": {"named": "https://id.example.org"},
}


@pytest.mark.parametrize("wrong", list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_token_is_refused(desk, provider: Provider, wrong: dict[str, Any]) -> None:
    client = desk.caller()
    if "named" in wrong:
        provider.named = wrong["named"]
        assert client.get("/oidc/start").status_code == 401
        return
    for name, value in wrong.items():
        setattr(provider, name, value)
    _, said = back(desk, provider, client)
    assert said.status_code == 401
    assert "oidc-refused" in said.text
    assert "set-cookie" not in said.headers
    assert client.get("/me.json").status_code == 401


def test_a_flow_is_used_once(desk, provider: Provider) -> None:
    client = desk.caller()
    asked = begun(client)
    query = {"state": asked["state"], "code": provider.authorize(asked["url"])}
    assert client.get("/oidc/back", params=query).status_code == 200
    assert client.get("/oidc/back", params=query).status_code == 401
    other = begun(client)
    replayed = {"state": other["state"], "code": query["code"]}
    assert client.get("/oidc/back", params=replayed).status_code == 401


def test_a_flow_belongs_to_the_browser_that_began_it(desk, provider: Provider) -> None:
    asked = begun(desk.caller())
    query = {"state": asked["state"], "code": provider.authorize(asked["url"])}
    assert desk.caller().get("/oidc/back", params=query).status_code == 401


def test_a_flow_ends_after_ten_minutes_and_only_so_many_are_kept(
    desk, provider: Provider
) -> None:
    client = desk.caller()
    asked = begun(client)
    desk.time.pass_(minutes=11)
    query = {"state": asked["state"], "code": provider.authorize(asked["url"])}
    assert client.get("/oidc/back", params=query).status_code == 401


def test_a_stranger_to_the_desk_stays_one(desk, provider: Provider) -> None:
    provider.subject = "sub-somebody"
    _, said = back(desk, provider)
    assert said.status_code == 403
    assert "oidc-stranger" in said.text
    assert len(people.people(desk.store)) == 5


def test_a_proof_asks_for_a_fresh_sign_in_at_the_provider(desk, provider: Provider) -> None:
    provider.claims = {"auth_time": desk.time.now // 1_000_000 - 3600}
    client, said = back(desk, provider)
    assert said.status_code == 200
    assert client.get("/me.json").json()["proved_at"] == desk.time.now - 3600 * 1_000_000
    asked = begun(client, prove="true")
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    code = provider.authorize(asked["url"])
    query = {"state": asked["state"], "code": code}
    assert client.get("/oidc/back", params=query).status_code == 401
    provider.claims = {}
    client, said = back(desk, provider, client, prove="true")
    assert client.get("/me.json").json()["proved_at"] == desk.time.now


@pytest.mark.parametrize(("amr", "status"), [(["pwd"], 401), (["pwd", "mfa"], 200)])
def test_the_provider_may_have_asked_for_the_second_factor(
    serve, provider: Provider, amr: list[str], status: int
) -> None:
    oidc = Oidc(provider.issuer, provider.client_id)
    served = serve(Settings(oidc=oidc, second_factor=True))
    provider.now = lambda: served.time.now / 1e6
    provider.claims = {"amr": amr}
    people.add_person(served.store, "olga", "analyst", now=1, subject="sub-ada")
    client, _ = back(served, provider)
    assert client.get("/me.json").status_code == status


def test_a_desk_without_a_provider_has_no_such_page(served) -> None:
    assert served.caller().get("/oidc/start").status_code == 404
    assert served.caller().get("/oidc/back").status_code == 404


def test_a_provider_that_does_not_answer_is_one_plain_fault(desk, provider: Provider) -> None:
    provider.close()
    said = desk.caller().get("/oidc/start")
    assert said.status_code == 401
    assert "127.0.0.1" not in said.text
