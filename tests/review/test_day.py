"""A day at the desk, in a real browser: two people, one case, from the first sign-in to the export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser import Reach, Seen, chromium, free_port, listening
from payloads import MARK, PAYLOADS
from sqlalchemy import select

from undertow.cases import claims, decide
from undertow.cases.tables import acts, cases, exposures, measures
from undertow.review import clock
from undertow.review.settings import Settings

pytestmark = pytest.mark.web
REASON = "the same words to five people, then an address"


@pytest.fixture(scope="module")
def reach() -> Reach:
    return Reach()


@pytest.fixture
def live(on_cases, reach: Reach) -> Iterator[Any]:
    port = free_port()
    settings = Settings(port=port, per_second=1000, burst=10_000, every_seconds=300)
    served = on_cases(settings)
    reach.is_hearing = True
    with listening(served.app, port):
        yield served
    reach.is_hearing = False
    assert reach.foreign == []


class Desk:
    """One person's browser window."""

    def __init__(self, browser: Any, served: Any, seen: Seen) -> None:
        self.context = browser.new_context(base_url=seen.origin)
        self.page, self.served, self.seen = self.context.new_page(), served, seen
        self.page.set_default_timeout(10_000)
        seen.listen(self.page)

    def sign_in(self, name: str) -> None:
        self.page.goto("/queue")
        self.page.wait_for_selector("#name:focus")
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type("four plain words here")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/queue")
        self.check()

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.check()

    def check(self) -> None:
        """Look for faults of this page that axe calls serious, and for what the browser refused."""
        from axe_playwright_python.sync_playwright import Axe

        self.page.wait_for_load_state()
        self.seen.look(self.page)
        found = Axe().run(self.page).response["violations"]
        grave = [
            (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert not grave, f"{self.page.url}: {grave}"

    def send(self, form: str, button: str = "button") -> None:
        self.page.locator(f'form[action$="{form}"]').first.locator(button).first.click()
        self.page.wait_for_load_state()
        self.seen.look(self.page)


def row_of(served: Any, case: str) -> Any:
    with served.store.reading() as connection:
        return connection.execute(select(cases).where(cases.c.case == case)).one()


def choose(served: Any) -> str:
    """Pick a case that is judged openly and has a text."""
    with served.store.reading() as connection:
        asked = select(cases.c.case).where(cases.c.blind.is_(False), cases.c.state == "new")
        return connection.execute(asked.order_by(cases.c.priority.desc()).limit(1)).scalar_one()


def propose(ada: Desk, case: str) -> None:
    page = ada.page
    page.goto(f"/case/{case}")
    form = page.locator('form[action$="/propose"]')
    form.locator('input[name="outcome"][value="no_action"]').check()
    assert not form.locator('input[name="proportionate"]').is_visible()
    form.locator('input[name="outcome"][value="suspend"]').check()
    form.locator('select[name="clause"]').select_option(index=1)
    form.locator('textarea[name="reason"]').fill(REASON)
    form.locator('input[name="proportionate"]').check()
    form.get_by_role("button").last.click()
    page.wait_for_load_state()


def approve(ben: Desk, case: str) -> None:
    ben.page.goto(f"/case/{case}")
    ben.check()
    assert REASON in ben.page.inner_text("#decision")
    ben.page.locator('form[action$="/approve"] input[name="proportionate"]').check()
    ben.send("/approve")


def test_a_case_goes_through_two_people_s_hands(live: Any) -> None:
    seen = Seen(live.app.state.settings.origin)
    with chromium() as browser:
        ada, ben, eve = (Desk(browser, live, seen) for _ in range(3))
        ada.sign_in("ada")
        case = _claimed_by_keys(ada, live)
        _evidence_and_text(ada, live, case)
        propose(ada, case)
        assert row_of(live, case).state == "proposed"
        ben.sign_in("ben")
        ben.open("/queue?view=second")
        assert ben.page.locator(f'a[href*="{case}"]').count()
        approve(ben, case)
        assert row_of(live, case).state == "approved"
        ben.open(f"/case/{case}")
        ben.send("/undo")
        assert row_of(live, case).state != "approved"
        _decided_again(ada, ben, live, case)
        _appealed(ada, ben, eve, live, case)
        _exported(ada, case)
        for one in (ada, ben, eve):
            one.seen.look(one.page)
            one.context.close()
    seen.clean()


def _claimed_by_keys(ada: Desk, live: Any) -> str:
    """Walk the queue by keys and claim the first case that is not judged blind."""
    wanted, page = choose(live), ada.page
    page.keyboard.press("j")
    page.keyboard.press("k")
    for _ in range(30):
        here = page.locator("[data-row].here a.go").get_attribute("href") or ""
        if wanted in here:
            break
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/case/{wanted}")
    ada.check()
    page.keyboard.press("c")
    page.wait_for_load_state()
    page.wait_for_selector('form[action$="/propose"]')
    page.wait_for_load_state()
    held = row_of(live, wanted)
    assert (held.state, held.holder) == ("claimed", live.people["ada"].reviewer)
    return wanted


def _evidence_and_text(ada: Desk, live: Any, case: str) -> None:
    """Go to the evidence by its key, open the table, and open one text with a reason."""
    page = ada.page
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.closest('#evidence') !== null")
    assert not page.locator(".text").count()
    page.locator("details:has(form.reveal) > summary").first.click()
    form = page.locator("form.reveal").first
    form.locator("select[name=why]").select_option(index=1)
    form.locator("button").click()
    page.wait_for_selector("blockquote.text")
    ada.check()
    with live.store.reading() as connection:
        looks = connection.execute(select(exposures).where(exposures.c.case == case)).all()
    assert [(one.what, one.reviewer) for one in looks] == [
        ("text", live.people["ada"].reviewer)
    ]


def _decided_again(ada: Desk, ben: Desk, live: Any, case: str) -> None:
    """Propose and approve once more, and let the time to undo pass."""
    if row_of(live, case).holder == live.people["ben"].reviewer:
        ben.page.locator('details:has(form[action$="/release"]) > summary').click()
        ben.send("/release")
    if row_of(live, case).state != "proposed":
        ada.open(f"/case/{case}")
        ada.send("/claim")
        propose(ada, case)
    approve(ben, case)
    live.time.pass_(minutes=11)
    assert clock.tick(live.app) == 0
    assert row_of(live, case).state == "closed"
    with live.store.reading() as connection:
        stands = connection.execute(
            select(measures).where(measures.c.case == case, measures.c.undone_at.is_(None))
        ).one()
    assert stands.proposed_by != stands.approved_by


def _appealed(ada: Desk, ben: Desk, eve: Desk, live: Any, case: str) -> None:
    """Enter an appeal; whoever decided before may not settle it, a third person does."""
    ada.open(f"/case/{case}")
    form = ada.page.locator('details:has(form[action$="/appeal"])')
    form.locator("summary").click()
    form.locator("textarea").fill("it was a lesson group")
    ada.send("/appeal")
    assert row_of(live, case).state == "appealed"
    ben.open(f"/case/{case}")
    assert not ben.page.locator('form[action$="/settle-appeal"]').count()
    eve.sign_in("eve")
    eve.open(f"/case/{case}")
    settle = eve.page.locator('form[action$="/settle-appeal"]')
    settle.locator('input[value="false"]').check()
    settle.locator("textarea").fill("the group is known to us")
    eve.send("/settle-appeal")
    assert row_of(live, case).state == "closed"
    with live.store.reading() as connection:
        lifted = connection.execute(
            select(measures.c.lifted_at).where(measures.c.case == case)
        ).scalars()
        assert any(lifted)


def _exported(ada: Desk, case: str) -> None:
    """Export the case; the time that has passed asks for a proof first."""
    page = ada.page
    page.goto(f"/case/{case}/export")
    ada.check()
    page.locator('form[action$="/export"] button').last.click()
    page.wait_for_load_state()
    if "/prove" in page.url:
        ada.check()
        page.fill('input[name="password"]', "four plain words here")
        page.keyboard.press("Enter")
        page.wait_for_url("**/export**")
    with page.expect_download() as got:
        page.locator('form[action$="/export"] button').last.click()
    assert got.value.suggested_filename


def test_a_page_full_of_payloads_runs_none_of_them(live: Any) -> None:
    who, now, case = live.people["ada"], live.time.now, choose(live)
    claims.claim(live.store, who, case, now)
    for payload in PAYLOADS:
        decide.note(live.store, who, case, payload, now)
    with live.store.reading() as connection:
        asked = select(acts.c.act).where(acts.c.case == case, acts.c.kind == "note")
        assert len(connection.execute(asked).all()) == len(PAYLOADS)
    seen = Seen(live.app.state.settings.origin)
    with chromium() as browser:
        ada = Desk(browser, live, seen)
        ada.sign_in("ada")
        ada.page.goto(f"/case/{case}")
        ada.page.wait_for_load_state("networkidle")
        assert ada.page.inner_text("body").count(MARK) > len(PAYLOADS) / 2
        made = ada.page.evaluate(
            f"[...document.querySelectorAll('*')].filter(e => e.localName.includes('{MARK}') || "
            f"[...e.attributes].some(a => a.name.includes('{MARK}') || a.name.startsWith('on'))).length"
        )
        assert made == 0
        seen.look(ada.page)
    seen.clean()
