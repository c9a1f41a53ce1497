"""The pages in a real browser: no violation of the policy, no fault of access, hands on the keyboard alone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.review.test_screens import choose, open_row, rows, screens

from undertow.review import sessions
from undertow.review.settings import Settings

pytestmark = pytest.mark.web
CHROMIUM = Path("/usr/bin/chromium")
SERIOUS = ("serious", "critical")
SHORT = [("light", "en", 1280), ("dark", "fr", 1280), ("light", "ar", 390), ("dark", "de", 390)]
"""Every theme, width and language once; UNDERTOW_ALL_LOOKS=1 asks for all sixteen together."""
LOOKS = list(product(("light", "dark"), ("en", "fr", "de", "ar"), (1280, 390)))


@dataclass
class Browsed:
    """A desk that is served, a browser beside it, and what the browser complained of."""

    served: Any
    browser: Any
    origin: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def page(self, name: str, *, width: int = 1280, height: int = 900, **more: Any) -> Any:
        """Open a page signed in as somebody."""
        settings: Settings = self.served.app.state.settings
        token = sessions.begin(
            self.served.store,
            self.served.people[name].reviewer,
            self.served.time.now,
            how="password",
        )
        context = self.browser.new_context(viewport={"width": width, "height": height}, **more)
        context.add_cookies([{"name": settings.cookie, "value": token, "url": self.origin}])
        page = context.new_page()
        page.on("console", lambda one: self.said.append(one.text))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("request", lambda one: self.asked.append(one.url))
        return page


@pytest.fixture
def browsed(on_cases: Callable[..., Any]) -> Iterator[Browsed]:
    """Serve the small desk on this machine and start Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.is_file():
        pytest.skip("Chromium is not here")
    listener = uvicorn.Config("", port=0).bind_socket()
    port = listener.getsockname()[1]
    served = on_cases(Settings(port=port, per_second=1000, burst=10_000))
    server = uvicorn.Server(uvicorn.Config(served.app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield Browsed(served, browser, f"http://localhost:{port}")
        browser.close()
    server.should_exit = True
    thread.join(10)
    listener.close()


def faults(page: Any) -> list[tuple[str, str]]:
    """Ask axe for serious faults of the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    return [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found.response["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(
    ("scheme", "code", "width"),
    LOOKS if os.environ.get("UNDERTOW_ALL_LOOKS") else SHORT,
)
def test_every_screen_is_accessible_holds_the_policy_and_fits(
    browsed: Browsed, scheme: str, code: str, width: int
) -> None:
    choose(browsed.served, "ada", language=code)
    page = browsed.page("ada", width=width, color_scheme=scheme)
    for place in screens(browsed.served):
        answer = page.goto(browsed.origin + place)
        assert answer.status == 200, place
        assert not faults(page), place
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{place} is {over} px too wide"
    assert browsed.said == []
    assert all(one.startswith(browsed.origin) for one in browsed.asked)


def test_a_day_s_work_goes_by_the_keyboard_alone(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/queue")
    codes = [one.code for one in rows(browsed.served)]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    here = page.evaluate("document.querySelector('.row.here').dataset.row")
    assert here == codes[1]
    wanted = open_row(browsed.served).code
    for _ in range(codes.index(wanted) - 1):
        page.keyboard.press("j")
    for _ in range(1 - codes.index(wanted)):
        page.keyboard.press("k")
    page.wait_for_selector(f"#preview form[action='/case/{wanted}/claim']")
    page.keyboard.press("c")
    page.wait_for_url(f"**/case/{wanted}")
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.id") == "evidence-title"
    page.keyboard.press("d")
    assert page.evaluate("document.activeElement.id") == "decision-title"
    for _ in range(1):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.focus("select[name=clause]")
    page.keyboard.press("ArrowDown")
    page.focus("textarea[name=reason]")
    page.keyboard.type("j k c s: no key works while somebody writes")
    assert page.url.endswith(f"/case/{wanted}")
    page.focus("input[name=proportionate]")
    page.keyboard.press("Space")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("x")
    page.wait_for_url(lambda url: not url.endswith(f"/case/{wanted}"))
    assert "/case/" in page.url or page.url.endswith("/queue")
    page.goto(f"{browsed.origin}/case/{wanted}")
    assert "no key works while somebody writes" in page.inner_text("#history ~ ol, .history")
    assert browsed.said == []


def test_the_list_of_keys_and_the_jump_box_open_and_close(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/queue")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    assert not faults(page)
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.keyboard.press("Control+k")
    page.keyboard.type(rows(browsed.served)[0].account)
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue?find=*")
    assert len(page.query_selector_all("[data-row]")) == 1


def test_keys_can_be_remapped_and_switched_off(browsed: Browsed) -> None:
    choose(browsed.served, "ada", keys={"next": "n"})
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/queue")
    before = page.evaluate("document.querySelector('.row.here').dataset.row")
    page.keyboard.press("j")
    assert page.evaluate("document.querySelector('.row.here').dataset.row") == before
    page.keyboard.press("n")
    assert page.evaluate("document.querySelector('.row.here').dataset.row") != before
    choose(browsed.served, "ada", keys_off=True)
    page.goto(f"{browsed.origin}/queue")
    page.keyboard.press("?")
    assert not page.is_visible("#help")


def test_a_text_is_opened_in_place_and_counted(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/case/{open_row(browsed.served).code}")
    page.click("figure summary")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.name") == "why"
    page.select_option(".reveal select", "content")
    page.click(".reveal button")
    page.wait_for_selector("blockquote.text")
    assert page.inner_text(".exposure .num").strip() == "1"
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert browsed.said == []


def test_hidden_characters_do_not_turn_their_neighbours(browsed: Browsed) -> None:
    from undertow.review.rendering import environment

    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/queue")
    macro = (
        environment()
        .get_template("parts.html")
        .make_module(
            {"_": lambda said, **_: said, "choices": None, "keys": {}, "t": None, "now": 0}
        )
    )
    for text in ("ab\u202ecd ef", "ab\u2067cd ef", "\u2066\u2066ab cd", "ab\u200fcd ef"):
        shown = str(macro.text(text))
        page.evaluate(
            "html => { const at = document.querySelector('#main');"
            "at.replaceChildren(...new DOMParser().parseFromString(html, 'text/html').body.childNodes); }",
            shown,
        )
        page.wait_for_selector(".hiddenchar")
        left = page.evaluate(
            """() => {
              const walk = document.createTreeWalker(document.querySelector('.text'), NodeFilter.SHOW_TEXT);
              const places = [];
              while (walk.nextNode()) {
                for (let i = 0; i < walk.currentNode.length; i++) {
                  if (!/[a-z]/.test(walk.currentNode.data[i])) continue;
                  const range = document.createRange();
                  range.setStart(walk.currentNode, i); range.setEnd(walk.currentNode, i + 1);
                  places.push(range.getBoundingClientRect().left);
                }
              }
              return places;
            }"""
        )
        assert left == sorted(left), ascii(text)
        assert page.evaluate("document.querySelector('.text').textContent") == text
