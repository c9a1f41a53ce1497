"""Looks: what the style sheet and the scripts promise, checked without a browser."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from itertools import pairwise

import pytest

STATIC = resources.files("undertow.review") / "static"
CSS = (STATIC / "desk.css").read_text("utf-8")
SCRIPT = (STATIC / "desk.js").read_text("utf-8")
VENDORED = {
    "vendor/htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
}
"""SHA-256 of each file that is not ours: htmx 4.0.1, as its makers publish it."""
TEXT = 4.5
LARGE = 3.0
"""Least contrast of text, and of edges and shapes (WCAG 2.2, 1.4.3 and 1.4.11)."""
ON_TEXT = [
    *(("ink", ground) for ground in ("paper", "card", "soft", "zone")),
    *(("muted", ground) for ground in ("paper", "card", "soft", "zone")),
    *(("accent", ground) for ground in ("paper", "card", "soft", "zone")),
    *(("for", ground) for ground in ("card", "zone")),
    *(("against", ground) for ground in ("card", "zone")),
    *(("onaccent", "accent"), ("warnink", "warn"), ("late", "lateback"), ("late", "card")),
]
ON_EDGE = [("edge", "card"), ("edge", "paper"), ("warnline", "card"), ("accent", "card")]


def colours(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r"\{([^}]*)\}", CSS)
    assert block is not None, selector
    return dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", block[1]))


THEMES = {"light": colours(":root"), "dark": colours("[data-theme=dark]")}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "ground"), ON_TEXT)
def test_text_stands_out_from_its_ground(theme: str, front: str, ground: str) -> None:
    assert contrast(THEMES[theme][front], THEMES[theme][ground]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "ground"), ON_EDGE)
def test_edges_and_shapes_stand_out_from_their_ground(
    theme: str, front: str, ground: str
) -> None:
    assert contrast(THEMES[theme][front], THEMES[theme][ground]) >= LARGE


def test_dark_by_the_system_is_dark_by_choice() -> None:
    assert colours("[data-theme=auto]") == THEMES["dark"]
    assert THEMES["light"].keys() == THEMES["dark"].keys()


def test_the_style_sheet_knows_start_and_end_but_no_left_and_right() -> None:
    bare = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    sides = re.findall(
        r"(?:margin|padding|border)-(?:left|right)\b|(?<![-\w])(?:left|right|float:(?:left|right)|text-align:(?:left|right))(?=:|;|\})",
        bare,
    )
    assert not sides


def test_the_style_sheet_asks_for_nothing_from_elsewhere() -> None:
    assert not re.search(r"@import|url\(|https?:", CSS)


@pytest.mark.parametrize("name", sorted(VENDORED))
def test_a_file_that_is_not_ours_is_the_one_that_was_read(name: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == VENDORED[name]


def test_every_file_that_is_not_ours_is_named_with_its_hash_and_its_licence() -> None:
    held = {one.name for one in (STATIC / "vendor").iterdir()}
    scripts = {name for name in held if name.endswith(".js")}
    assert scripts == {name.removeprefix("vendor/") for name in VENDORED}
    assert "Zero-Clause BSD" in (STATIC / "vendor/htmx.LICENSE.txt").read_text("utf-8")


def test_our_script_stores_nothing_runs_no_text_and_asks_no_other_host() -> None:
    banned = r"localStorage|sessionStorage|indexedDB|document\.cookie|eval\(|new Function|innerHTML|https?:|fetch\(|XMLHttp|WebSocket|setTimeout\(['\"]"
    assert not re.search(banned, SCRIPT)
    assert len(SCRIPT.splitlines()) <= 300


def test_steps_of_headings_in_the_style_sheet_shrink() -> None:
    sizes = [
        float(size) for size in re.findall(r"^h[123]\{font-size:([\d.]+)rem", CSS, re.MULTILINE)
    ]
    assert len(sizes) == 3
    assert all(one > other for one, other in pairwise(sizes))
