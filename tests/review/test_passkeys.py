"""Passkeys: added, asked for at sign-in, used as a proof, in a browser with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser import Seen, chromium, free_port, listening
from sqlalchemy import select, update

from undertow.cases.tables import second_factors
from undertow.review.settings import Settings

pytestmark = pytest.mark.web
PASSWORD = "four words that differ"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def live(serve) -> Iterator[Any]:
    port = free_port()
    served = serve(
        Settings(
            port=port, second_factor=True, per_second=1000, burst=10_000, every_seconds=300
        )
    )
    with listening(served.app, port):
        yield served


class Window:
    """A browser window with an authenticator of its own."""

    def __init__(self, browser: Any, origin: str, seen: Seen) -> None:
        self.context = browser.new_context(base_url=origin)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        seen.listen(self.page)
        self.wire = self.context.new_cdp_session(self.page)
        self.wire.send("WebAuthn.enable")
        self.plug()

    def plug(self) -> None:
        made = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.device = made["authenticatorId"]

    def unplug(self) -> None:
        self.wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.device})

    def sign_in(self, name: str) -> None:
        self.page.goto("/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def press(self, what: str) -> None:
        self.page.wait_for_load_state("networkidle")
        self.page.locator(f'[data-passkey="{what}"]').click()


def test_whoever_reads_texts_adds_a_passkey_and_is_asked_for_it_from_then_on(live) -> None:
    seen = Seen(live.app.state.settings.origin)
    with chromium() as browser:
        ada = Window(browser, seen.origin, seen)
        ada.sign_in("ada")
        assert "/second-factor" in ada.page.url
        ada.press("add")
        ada.page.wait_for_url("**/queue")
        with live.store.reading() as connection:
            held = connection.execute(select(second_factors)).all()
        assert [one.reviewer for one in held] == [live.people["ada"].reviewer]
        ada.page.context.clear_cookies()
        ada.sign_in("ada")
        assert "/second-factor" in ada.page.url
        ada.page.goto("/queue")
        assert "/second-factor" in ada.page.url
        ada.press("use")
        ada.page.wait_for_url("**/queue")
        with live.store.reading() as connection:
            used = connection.execute(select(second_factors.c.sign_count)).scalar_one()
        assert used > held[0].sign_count
        live.time.pass_(minutes=11)
        ada.page.goto("/prove?next=/me")
        ada.press("use")
        ada.page.wait_for_url(lambda url: "/prove" not in url)
        assert (
            ada.page.evaluate("fetch('/me.json').then(r => r.json())")["proved_at"]
            == live.time.now
        )
        seen.look(ada.page)
    assert seen.foreign == []
    assert seen.violations == []
    assert seen.stored == []


def test_another_passkey_a_copied_one_and_one_of_another_person_are_refused(live) -> None:
    seen = Seen(live.app.state.settings.origin)
    with chromium() as browser:
        ada = Window(browser, seen.origin, seen)
        ada.sign_in("ada")
        ada.press("add")
        ada.page.wait_for_url("**/queue")
        with live.store.writing() as connection:
            connection.execute(update(second_factors).values(sign_count=10_000))
        ada.page.context.clear_cookies()
        ada.sign_in("ada")
        ada.press("use")
        ada.page.wait_for_selector("[data-passkey-fault]:visible")
        assert ada.page.evaluate("fetch('/me.json').then(r => r.status)") == 401
        with live.store.writing() as connection:
            connection.execute(
                update(second_factors).values(
                    sign_count=0, reviewer=live.people["ben"].reviewer
                )
            )
        ada.page.context.clear_cookies()
        ada.sign_in("ada")
        assert ada.page.locator('[data-passkey="add"]').count() == 1
        ben = Window(browser, seen.origin, seen)
        ben.sign_in("ben")
        ben.press("use")
        ben.page.wait_for_selector("[data-passkey-fault]:visible")
        assert "/second-factor" in ben.page.url


def test_without_its_passkey_a_person_with_the_right_password_stays_outside(live) -> None:
    seen = Seen(live.app.state.settings.origin)
    with chromium() as browser:
        ada = Window(browser, seen.origin, seen)
        ada.sign_in("ada")
        ada.press("add")
        ada.page.wait_for_url("**/queue")
        ada.unplug()
        ada.plug()
        ada.page.context.clear_cookies()
        ada.sign_in("ada")
        ada.press("use")
        ada.page.wait_for_selector("[data-passkey-fault]:visible")
        ada.page.goto("/queue")
        assert "/second-factor" in ada.page.url
        status = ada.page.evaluate(
            "fetch('/passkey/options', {method: 'POST', headers: {Accept: 'application/json'}})"
            ".then(r => r.status)"
        )
        assert status == 401
