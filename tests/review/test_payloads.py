"""Whatever a text says, a page shows it as text: 150 payloads in every field that comes from data or people."""

from __future__ import annotations

import html
from importlib import resources
from typing import Any

import jinja2
import msgspec
import pytest
from payloads import MARK, PAYLOADS, skeleton
from sqlalchemy import select, update

from undertow.cases import claims, decide, health, reading
from undertow.cases.dossier import Dossier
from undertow.cases.tables import cases, passages
from undertow.cases.vault import Vault

PLAIN = f"{MARK}plain"
DRESS = {"span", "/span", "bdi", "/bdi", "text", "/text"}
"""Elements that depend on a text: they show hidden characters, or break a label into lines. None can do anything."""
SHOWN = ("text", "part")
"""Pages on which a text is shown."""
CODES = (
    *("account", "target", "actor", "event", "a", "b", "members", "passage", "version"),
    *("from", "until", "since", "at", "run", "class", "types", "listed_from"),
)
"""Fields of a dossier or a run that hold codes, hashes, times and words of ours, never words from data."""


def poisoned(value: Any, text: str, name: str = "") -> Any:
    """Put a text into every word of a dossier that is not a code of ours."""
    if isinstance(value, str):
        return value if name in CODES else text
    if isinstance(value, list | tuple):
        return type(value)(poisoned(one, text, name) for one in value)
    if isinstance(value, dict):
        return {key: poisoned(one, text, key) for key, one in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        changed = {one: poisoned(getattr(value, one), text, one) for one in fields}
        return type(value)(**changed)
    return value


class Poison:
    """A desk whose every text, sealed or open, says what the test wants."""

    def __init__(self, served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.served, self.text = served, PLAIN
        self.healths: list[list[tuple[str, tuple[str, ...]]]] = []
        who, now = served.people["ada"], served.time.now
        with served.store.reading() as connection:
            asked = select(cases.c.case, cases.c.campaign, cases.c.account, passages.c.passage)
            asked = asked.join(passages, passages.c.case == cases.c.case)
            asked = asked.where(cases.c.blind.is_(False), cases.c.campaign.is_not(None))
            found = connection.execute(asked.limit(1)).one()
        self.case, self.campaign, self.account, self.passage = found
        claims.claim(served.store, who, self.case, now)
        decide.note(served.store, who, self.case, "a note", now)
        monkeypatch.setattr(
            Vault, "open_all", lambda _, __, sealed: [self.text for _ in sealed]
        )
        real = reading.decode

        def decode(body: bytes) -> Dossier:
            return poisoned(real(body), self.text)

        monkeypatch.setattr(reading, "decode", decode)
        summaries = health.run_summaries
        monkeypatch.setattr(
            health,
            "run_summaries",
            lambda *args: poisoned(summaries(*args), self.text),
        )

    def pages(self, text: str) -> dict[str, str]:
        """Give every page that shows data, with a text in all of it."""
        self.text = text
        shown = text.encode("utf-8", "replace").decode()
        with self.served.store.writing() as connection:
            connection.execute(update(cases).values(platform=shown, lang=shown, stage=shown))
        self.served.time.pass_(minutes=24 * 60)  # a new day: no limit on looks is met
        ada, dora = self.served.caller("ada"), self.served.caller("dora")
        case = f"/case/{self.case}"
        why = {"why": "the pattern does not decide it"}
        text_of, name_of = why | {"passage": self.passage}, why | {"code": self.account}
        part = {"HX-Request": "true"}
        asked = {
            "queue": ada.get("/queue", params={"at": self.case}),
            "case": ada.get(case),
            "text": ada.post(f"{case}/reveal", data=text_of),
            "part": ada.post(f"{case}/reveal", data=text_of, headers=part),
            "identity": ada.post(f"{case}/reveal-identity", data=name_of),
            "campaigns": ada.get("/campaign"),
            "campaign": ada.get(f"/campaign/{self.campaign}"),
            "group": ada.get(f"/campaign/{self.campaign}/group"),
            "people": dora.get("/people"),
            "me": ada.get("/me"),
            "export": ada.get(f"{case}/export"),
            "workbench": ada.get("/workbench"),
        }
        wrong = {name: one.status_code for name, one in asked.items() if one.status_code != 200}
        assert not wrong
        return {name: one.text for name, one in asked.items()}

    def is_health_the_same(self) -> bool:
        """Hold the health page, whose warnings depend on the day, against a plain one: of an earlier day, or else of the same."""
        ada, text = self.served.caller("ada"), self.text
        said = shape(ada.get("/health").text)
        if said in self.healths:
            return True
        self.text = PLAIN
        self.healths.append(shape(ada.get("/health").text))
        self.text = text
        return said == self.healths[-1]


@pytest.fixture
def poison(on_cases, monkeypatch: pytest.MonkeyPatch) -> Poison:
    return Poison(on_cases(), monkeypatch)


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    return [part for part in skeleton(page).parts if part[0] not in DRESS]


def listless(name: str, page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Give the shape of a page, where a text is shown without the list of its words that were folded: it is as long as they are many."""
    parts = shape(page)
    return [part for part in parts if name not in SHOWN or part[0] not in ("li", "/li")]


def test_a_text_reaches_the_pages_that_are_tested(poison: Poison) -> None:
    pages = poison.pages(PLAIN)
    silent = {name for name, page in pages.items() if PLAIN not in page}
    assert silent <= {"campaigns", "campaign", "me"}


@pytest.mark.slow
def test_no_payload_becomes_an_element_an_attribute_or_a_link(poison: Poison) -> None:
    # Of a text that differs once it is normalised, both forms are shown.
    lawful = [
        {name: listless(name, page) for name, page in poison.pages(text).items()}
        for text in (PLAIN, f"{PLAIN}\u200b")
    ]
    faults = []
    for payload in PAYLOADS:
        pages = poison.pages(payload)
        faults += [
            (name, payload)
            for name, page in pages.items()
            if listless(name, page) not in [shapes[name] for shapes in lawful]
        ]
        if not poison.is_health_the_same():
            faults.append(("health", payload))
    assert not faults


@pytest.mark.parametrize("payload", PAYLOADS[:40:4])
def test_what_a_person_is_called_is_shown_as_a_name(served, payload: str) -> None:
    dora = served.caller("dora")
    before = shape(dora.post("/people", data={"name": "plain", "role": "analyst"}).text)
    said = dora.post("/people", data={"name": payload, "role": "analyst"})
    if said.status_code == 200:
        rows = [part for part in shape(said.text) if part not in before]
        assert not rows
    else:
        assert said.status_code == 422
    skeleton(said.text)


@pytest.mark.parametrize("payload", PAYLOADS[::7])
def test_what_is_asked_for_is_not_thrown_back(served, payload: str) -> None:
    ada = served.caller("ada")
    for said in (
        ada.get("/queue", params={"find": payload, "view": payload, "playbook": payload}),
        ada.get(f"/case/{payload.replace('/', '_').replace('?', '_').replace('#', '_')}"),
        ada.get("/sign-in", params={"next": payload}),
        served.caller().get("/enter", params={"token": payload[:100]}),
        served.caller().post("/sign-in", data={"name": payload, "password": payload}),
    ):
        assert said.status_code < 500
        found = skeleton(said.text)
        assert not [tag for tag, _ in found.parts if MARK in tag]


BOLD = f"<b>{MARK}</b>"
TEMPLATES = {
    one.name.removesuffix(".j2")
    for one in (resources.files("undertow.review") / "templates").iterdir()
    if one.name.endswith(".j2")
}


def by_the_way(poison: Poison) -> dict[str, str]:
    """Give the pages beside the screens, with the words in them wherever somebody may give some."""
    served, now = poison.served, poison.served.time.now
    links, ada, dora = served.app.state.links, served.caller("ada"), served.caller("dora")
    first, other = links.make("first", now), links.make("password", now, "p:nobody")
    form = {"token": first, "name": BOLD, "password": BOLD * 2, "analyst": f"{BOLD} too"}
    part = {"HX-Request": "true"}
    asked = {
        "sign in": served.caller().post("/sign-in", data={"name": BOLD, "password": BOLD}),
        "start": served.caller().post("/start", data=form | {"password": "short"}),
        "started": served.caller().post("/start", data=form),
        "enter": served.caller().get("/enter", params={"token": other}),
        "prove": ada.post("/prove", data={"password": BOLD, "next": f"/{BOLD}"}),
        "second": ada.get("/second-factor", params={"next": f"/{BOLD}"}),
        "settings": dora.get("/settings"),
        "added": dora.post("/people", data={"name": f"{BOLD} three", "role": BOLD}),
        "nowhere": ada.get(f"/{BOLD}"),
        "part": ada.post(f"/case/{BOLD}/claim", headers=part),
        "checked": ada.post("/workbench/check", data={"text": BOLD}),
        "backtest": ada.get(f"/workbench/backtest/{BOLD}"),
        "health": ada.get("/health"),
        "month": ada.get("/month", params={"month": BOLD}),
        "this month": ada.get("/month"),
        "pause": ada.get("/pause", params={"next": BOLD}),
        "grouped": ada.post(
            f"/campaign/{poison.campaign}/group/claim", data={"case": f"k:{BOLD}"}
        ),
    }
    return {name: one.text for name, one in asked.items()}


def test_every_template_is_met_with_markup_in_it_and_escapes_it(
    poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: set[str] = set()
    load = jinja2.Environment._load_template

    def recorded(self: Any, name: str, *args: Any) -> Any:
        met.add(name)
        return load(self, name, *args)

    monkeypatch.setattr(jinja2.Environment, "_load_template", recorded)
    pages = poison.pages(BOLD) | by_the_way(poison)
    raw = [name for name, page in pages.items() if BOLD in page]
    assert not raw
    assert sum(html.escape(BOLD) in page for page in pages.values()) > 12
    # The last step of a sign-in by an identity provider is met in `test_oidc`.
    assert met >= TEMPLATES - {"entered.html"}
