from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from undertow.export.folder import open_folder
from undertow.export.report import render, write_report

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>x()</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</svg><math><mtext><style>*{}</style>",
    "</style><script>1</script>",
    "</title><h1>owned</h1>",
    "</text></svg><b>b</b>",
    '"><script>1</script>',
    "' onmouseover='alert(1)",
    '" onfocus=alert(1) autofocus="',
    "` onclick=alert(1) `",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc=x>",
    "<object data=x>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=//evil.example>",
    "<!-- comment -->",
    "--><b>x</b>",
    "<![CDATA[<b>x</b>]]>",
    "{{ 7*7 }}",
    "{% include '/etc/passwd' %}",
    "&lt;b&gt;&#60;b&#62;",
    "%3Cscript%3E",
    "<\x00script>",
    "<details open ontoggle=alert(1)>",
    "<template><b>x</b></template>",
    "<form action=//evil.example><input>",
    "a\u202e<b>\u2066",
]


class Reading(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"] or "")
        self.links += [given[name] or "" for name in ("href", "src") if name in given]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page_of(folder: Path) -> str:
    return render(open_folder(folder))


def hostile(maker, folder: Path, payload: str) -> Path:
    """One account whose every text is the payload."""
    taken = {"step": payload, "at": maker.BEGIN, "event": payload, "actor": payload}
    row = maker._row(payload, target=payload, step=payload, bits=3.0, source="taken")
    rows = [
        row,
        {**row, "source": payload, "bits": 0.0},
        {**row, "source": "not taken", "bits": -1.0},
    ]
    given = {"role": payload, "playbook": payload}
    funnel = {"recruiter": payload, "target": payload, "playbook": payload, "step": payload}
    run = maker.run_record(
        simulated=False,
        ground=[payload],
        warnings=[payload],
        coverage=[payload],
        native_targets={"reason": payload, "at": payload},
        sources=[{"platform": payload, "types": [payload], "from": payload, "ground": payload}],
    )
    for playbook in run["playbooks"]:
        playbook |= {"name": payload, "title": payload, "status": payload, "reason": payload}
        playbook |= {"falsepositives": [payload, payload], "listed_from": payload}
        playbook["steps"] = [
            {"name": payload, "likely_source": payload, "unknown_for": [payload]}
        ]
    run["simulated"] = {payload: payload}
    run["from"] = run["until"] = run["undertow"] = payload
    return maker.write_folder(
        folder,
        accounts=[maker.account_row(payload, rows, **given)],
        funnels=[{**funnel, "weight": 2.0, "steps": [taken, {**taken, "step": "other"}]}],
        evidence=[{**one, **given} for one in rows],
        run=run,
        rejects=[{"file": payload, "line": 1, "reason": payload}],
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_from_data_makes_no_tag_and_no_attribute(maker, tmp_path, payload):
    plain = Reading(page_of(hostile(maker, tmp_path / "plain", "forum:plain")))
    found = Reading(page_of(hostile(maker, tmp_path / "hostile", payload)))
    # Long names break into two lines inside a drawing: only the count of those may differ.
    assert {**found.tags, "text": 0} == {**plain.tags, "text": 0}
    assert found.attributes == plain.attributes
    assert found.ids == plain.ids
    assert found.links == plain.links


def test_a_payload_is_read_as_text(maker, tmp_path):
    found = Reading(page_of(hostile(maker, tmp_path, PAYLOADS[0])))
    assert PAYLOADS[0] in found.text


def test_the_page_runs_nothing_and_loads_nothing(simulated):
    page = page_of(simulated)
    found = Reading(page)
    assert not {"script", "iframe", "object", "embed", "link", "img", "form", "base"} & set(
        found.tags
    )
    assert not [name for name in found.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith("#") for link in found.links)
    assert "http://" not in page
    assert "https://" not in page


def test_the_content_policy_names_the_hash_of_the_one_style(simulated):
    page = page_of(simulated)
    style = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    assert len(style) == 1
    made = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{made}'" in page


def test_links_lead_somewhere_and_ids_are_single(simulated):
    found = Reading(page_of(simulated))
    assert len(found.ids) == len(set(found.ids))
    assert {link[1:] for link in found.links} <= set(found.ids)


def test_headings_skip_no_level(observed):
    levels = Reading(page_of(observed)).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_simulated_world_is_named_in_the_title_and_the_banner(simulated, observed):
    page = page_of(simulated)
    assert "<title>Simulated: " in page
    assert "No public labelled data on recruitment exists" in page
    page = page_of(observed)
    assert "Simulated" not in page
    assert "labelled data" not in page


def test_the_page_says_what_it_cannot_say(observed):
    text = Reading(page_of(observed)).text
    assert "Chance was not estimated in this run" in text
    assert "Honest work of the same shape is not counted" in text
    assert "1 in 50,000" in text
    assert "\N{MINUS SIGN}15.6 bits" in text
    assert "A person decides" in text
    assert "consent of the members" in text


def test_hidden_characters_are_spelled_out_and_none_is_left(simulated):
    page = page_of(simulated)
    assert "⟨U+202E⟩" in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_names_stand_isolated_in_their_direction(simulated, maker):
    assert f"<bdi>{maker.RTL}</bdi>" in page_of(simulated)


def test_an_empty_result_says_what_was_counted(maker, tmp_path):
    run = maker.run_record(simulated=False)
    maker.write_folder(tmp_path, accounts=[], funnels=[], evidence=[], run=run)
    found = Reading(page_of(tmp_path))
    assert "Nothing reached the step “ address ”" in found.text.replace(
        "“address”", "“ address ”"
    )
    assert "101 of 8,415 keys that could, did" in found.text
    assert "queue" not in found.ids


def test_weights_that_the_rows_do_not_explain_are_shown_as_a_fault(maker, tmp_path):
    rows = [maker._row("forum:a", target="t:x", step="address", bits=4.0, source="taken")]
    maker.write_folder(
        tmp_path,
        accounts=[maker.account_row("forum:a", rows, weight=9.0)],
        funnels=[],
        evidence=rows,
        run=maker.run_record(simulated=False),
    )
    assert "not in the evidence rows" in page_of(tmp_path)


def test_the_queue_and_the_cases_stop_where_they_are_told(simulated):
    page = render(open_folder(simulated), top=5, cases=2)
    assert "the first 5 of 26" in page
    assert page.count('<article class="card" id="case-') == 2


def test_the_page_is_written_whole_and_the_same_twice(observed, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(observed, folder)
    first = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == first
    assert sorted(one.name for one in folder.iterdir() if one.name.startswith(".")) == []


def _colours(style: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root\{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", block)) for block in blocks]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_colour_has_the_contrast_of_wcag_aa(simulated):
    themes = _colours(page_of(simulated))
    assert len(themes) == 3
    for theme in themes:
        pairs = [
            (ink, on)
            for ink in ("ink", "muted", "for", "against", "accent")
            for on in ("paper", "card", "zone")
        ]
        for ink, on in [*pairs, ("warnink", "warn"), ("card", "for")]:
            light, dark = sorted((_luminance(theme[ink]), _luminance(theme[on])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, on)


@pytest.mark.web
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_no_wider_than_the_screen(simulated, tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path / "copy"
    shutil.copytree(simulated, folder)
    page = write_report(folder).read_text(encoding="utf-8")
    # The page itself may run nothing, so a copy without its policy, in a frame, is measured.
    (folder / "bare.html").write_text(
        re.sub("<meta http-equiv.*?>", "", page), encoding="utf-8"
    )
    frame = folder / "frame.html"
    frame.write_text(
        f"<iframe id=f src=bare.html width={width} height=900 style='border:0'></iframe><script>"
        "onload=()=>{const d=f.contentDocument.documentElement;"
        "document.title=d.scrollWidth+'/'+d.clientWidth}</script>",
        encoding="utf-8",
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    flags += ["--disable-quic", "--disable-background-networking", "--disable-component-update"]
    flags += ["--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"]
    ran = subprocess.run(
        [browser, *flags, "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    title = re.search(r"<title>(\d+)/(\d+)</title>", ran.stdout)
    assert title is not None
    assert int(title[1]) <= int(title[2]) <= width


def test_an_account_stands_in_the_queue_once_with_its_other_roles_named(
    simulated: Path,
) -> None:
    results = open_folder(simulated)
    queue, rows = results.queue(1_000_000), results.ranking().to_pylist()
    names = [row["account"] for row in queue]
    assert len(names) == len(set(names)) == len({row["account"] for row in rows})
    best = {row["account"]: row["weight"] for row in reversed(rows)}
    assert all(row["weight"] == best[row["account"]] for row in queue)
    for row in queue:
        roles = {r["role"] for r in rows if r["account"] == row["account"]}
        assert {row["role"], *row["also"]} == roles
