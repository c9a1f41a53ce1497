"""Figures that a reader moves, in a real browser: by keys, by pointer, read aloud, and in step with their tables."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review.test_pages_in_browser import Browsed, browsed, faults
from tests.review.test_screens import choose, open_row
from tests.review.test_spans import open_campaign

pytestmark = pytest.mark.web
__all__ = ["browsed"]


def visible(page: Any, root: str) -> int:
    return int(page.locator(f"{root} tr[data-at]:not([hidden])").count())


def said(page: Any, selector: str) -> list[int]:
    """Read the numbers of a sentence."""
    text = page.inner_text(selector)
    return [int(one) for one in "".join(c if c.isdigit() else " " for c in text).split()]


def test_a_span_is_chosen_by_keys_and_table_drawing_and_evidence_follow(
    browsed: Browsed,
) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/case/{open_row(browsed.served).code}")
    root = "[data-span-root]"
    page.click(f"{root} details > summary")
    whole = visible(page, root)
    assert said(page, f"{root} summary") == [whole, whole]
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") == "span-since"
    page.keyboard.press("End")
    part = visible(page, root)
    assert 0 < part < whole
    assert said(page, f"{root} summary") == [part, whole]
    assert page.locator(f"{root} path.mark.out").count() == whole - part
    assert (
        page.get_attribute("#span-since", "aria-valuetext")
        == page.inner_text("label[for=span-since] output")
        == page.inner_text("label[for=span-until] output")
    )
    cited = page.locator(".cites").all_inner_texts()
    inside = [int(one.split(":")[1].split("of")[0]) for one in cited]
    rows = page.locator(f"{root} tr[data-at]:not([hidden])").evaluate_all(
        "all => all.map(one => one.dataset.kind)"
    )
    kinds = page.locator(".cites").evaluate_all("all => all.map(one => one.dataset.counts)")
    assert inside == [rows.count(kind) for kind in kinds]
    assert not faults(page)
    page.keyboard.press("Home")
    assert visible(page, root) == whole
    assert browsed.said == []


def test_a_span_is_drawn_with_a_pointer_and_sent_as_a_link(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/case/{open_row(browsed.served).code}")
    box = page.locator("svg.strip").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    page.mouse.up()
    chosen = page.eval_on_selector_all(
        "form.brushing input[type=range]", "a => a.map(b => b.value)"
    )
    ends = page.eval_on_selector_all(
        "form.brushing input[type=range]", "a => a.map(b => [b.min, b.max])"
    )
    assert int(ends[0][0]) <= int(chosen[0]) < int(chosen[1]) < int(ends[0][1])
    shown = visible(page, "[data-span-root]")
    page.click("form.brushing button")
    page.wait_for_url(f"**?since={chosen[0]}&until={chosen[1]}*")
    assert visible(page, "[data-span-root]") == shown
    assert browsed.said == []


def test_a_pointer_draws_from_the_right_in_arabic(browsed: Browsed) -> None:
    choose(browsed.served, "ada", language="ar")
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/case/{open_row(browsed.served).code}")
    box = page.locator("svg.strip").bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 20)
    page.mouse.down()
    page.mouse.up()
    chosen = page.eval_on_selector_all(
        "form.brushing input[type=range]", "a => a.map(b => [b.value, b.max])"
    )
    assert chosen == [[chosen[0][1]] * 2] * 2


def test_without_script_the_same_sliders_are_a_form(browsed: Browsed) -> None:
    page = browsed.page("ada", java_script_enabled=False)
    page.goto(f"{browsed.origin}/case/{open_row(browsed.served).code}")
    whole = page.locator("[data-span-root] tr[data-at]").count()
    page.focus("#span-since")
    page.keyboard.press("End")
    page.click("form.brushing button")
    page.wait_for_url("**?since=*")
    assert 0 < visible(page, "[data-span-root]") < whole


def test_a_campaign_goes_back_day_by_day(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/campaign/{open_campaign(browsed.served)}")
    root = "[data-span-root]"
    page.click(f"{root} details > summary")
    whole = visible(page, root)
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") == "as-of"
    page.keyboard.press("Home")
    assert 0 < visible(page, root) < whole
    early = said(page, ".asof span:last-child")
    assert early[0] < early[1]
    assert (
        page.locator("circle.person:not(.out)").count() < page.locator("circle.person").count()
    )
    assert not faults(page)
    page.click("form.brushing button")
    page.wait_for_url("**?until=*")
    assert said(page, ".asof span:last-child") == early
    assert browsed.said == []


def test_several_cases_are_claimed_and_proposed_on_by_the_keyboard(browsed: Browsed) -> None:
    campaign = open_campaign(browsed.served)
    page = browsed.page("ada")
    for way in ("claim", "propose"):
        page.goto(f"{browsed.origin}/campaign/{campaign}/group")
        boxes = page.locator(f'input[form="to-{way}"]')
        assert boxes.count() >= 2
        for i in range(2):
            boxes.nth(i).focus()
            page.keyboard.press("Space")
        if way == "propose":
            page.check('#to-propose input[value="no_action"]')
            assert not page.is_visible("#to-propose [name=proportionate]")
            assert page.evaluate("document.querySelector('[data-if-restricts]').disabled")
            page.focus('#to-propose input[value="limit"]')
            page.keyboard.press("Space")
            page.select_option("#to-propose select", index=1)
            page.fill("#to-propose textarea", "the same words from each of these accounts")
            page.focus("#to-propose [name=proportionate]")
            page.keyboard.press("Space")
        page.focus(f"#to-{way} button")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/group/{way}")
        assert said(page, "h1") == [2]
        assert not faults(page)
    assert browsed.said == []


def test_a_box_is_ticked_by_one_click_wherever_the_page_stands(browsed: Browsed) -> None:
    """A page that moves under the hand, or takes the focus away, leaves a box unticked that somebody clicked on."""
    campaign = open_campaign(browsed.served)
    page = browsed.page("ada", height=500)
    page.goto(f"{browsed.origin}/campaign/{campaign}/group")
    boxes = page.locator('input[form="to-claim"]')
    assert boxes.count() >= 3
    for i in range(boxes.count()):
        boxes.nth(i).click()
        assert boxes.nth(i).is_checked()
        assert boxes.nth(i).evaluate("box => box === document.activeElement")
        assert boxes.nth(i).evaluate("box => box.closest('[data-row]').matches('.here')")


def at_line(page: Any, text: str) -> None:
    """Put the caret before a text of the editor."""
    page.evaluate(
        "text => { const at = document.getElementById('text'); at.focus();"
        "const i = at.value.indexOf(text); at.setSelectionRange(i, i); }",
        text,
    )


def test_the_editor_offers_keys_names_and_words_where_they_can_stand(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/workbench")

    def offered() -> list[str]:
        return list(page.locator("#offers:not([hidden]) li").all_inner_texts())

    at_line(page, "    from: target\n    to: gatekeeper")
    page.keyboard.type("    wi")
    assert offered() == ["within"]
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#text", "aria-activedescendant") == "offer-0"
    assert not faults(page)
    page.keyboard.press("Enter")
    page.keyboard.type(": 28x\n    has: a")
    assert offered() == ["address", "answered"]
    page.keyboard.press("Escape")
    assert offered() == []
    page.keyboard.type("ddress\n    to: fac")
    assert offered() == ["facilitator"]
    page.keyboard.type("ilitator\n")
    page.wait_for_selector("#checked a[data-goto]")
    assert not faults(page)
    page.click("#checked a[data-goto] >> nth=0")
    chosen = page.evaluate(
        "(() => { const at = document.getElementById('text');"
        "return at.value.slice(0, at.selectionStart).split('\\n').length; })()"
    )
    assert chosen == int(
        str(page.get_attribute("#checked a[data-goto]", "data-goto")).split(":")[0]
    )
    page.evaluate("document.getElementById('text').setSelectionRange(0, 0)")
    page.keyboard.press("Control+Space")
    assert "listed_from" in offered()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "text"
    assert offered() == []
    assert browsed.said == []


def test_no_key_is_offered_in_a_comment_and_enter_writes_a_line(browsed: Browsed) -> None:
    page = browsed.page("ada")
    page.goto(f"{browsed.origin}/workbench")
    page.evaluate(
        "(() => { const at = document.getElementById('text'); at.value = ''; at.focus(); })()"
    )
    page.keyboard.type("# st")
    assert page.is_hidden("#offers")
    page.keyboard.press("Enter")
    page.keyboard.type("st")
    assert page.is_visible("#offers")
    page.keyboard.press("Enter")
    assert page.input_value("#text") == "# st\nst\n"
