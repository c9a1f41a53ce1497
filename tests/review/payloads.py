"""Texts that would do something if a page took them for anything but text; and how a page is read to see that."""

from __future__ import annotations

import html
from html.parser import HTMLParser
from typing import Final

MARK: Final = "zq7x"
"""Stands in every payload, so that it can be found wherever it got to."""

TAGS = [
    f"<b>{MARK}</b>",
    f"<script>{MARK}</script>",
    f"<script src=//{MARK}.example></script>",
    f"<ScRiPt>{MARK}</sCrIpT>",
    f"<scr<script>ipt>{MARK}</script>",
    f"<img src=x onerror={MARK}()>",
    f"<img src=x:{MARK} onerror=alert(1)//",
    f"<img/src='x'/onerror='{MARK}'>",
    f"<svg onload={MARK}()>",
    f"<svg><script>{MARK}</script></svg>",
    f"<svg><animate onbegin={MARK}() attributeName=x></svg>",
    f"<svg><set attributeName=href to=javascript:{MARK}></svg>",
    f"<svg><use href='data:image/svg+xml,{MARK}#x'></svg>",
    f"<svg><foreignObject><b>{MARK}</b></foreignObject></svg>",
    f"<math><mtext><img src=x onerror={MARK}></mtext></math>",
    f"<iframe src=javascript:{MARK}></iframe>",
    f"<iframe srcdoc='<b>{MARK}</b>'></iframe>",
    f"<object data=javascript:{MARK}></object>",
    f"<embed src=javascript:{MARK}>",
    f"<link rel=stylesheet href=//{MARK}.example>",
    f"<style>@import '//{MARK}.example';</style>",
    f"<style>*{{background:url(//{MARK}.example)}}</style>",
    f"<base href=//{MARK}.example>",
    f"<meta http-equiv=refresh content='0;url=//{MARK}.example'>",
    f"<form action=//{MARK}.example><button>x</button></form>",
    f"<input autofocus onfocus={MARK}()>",
    f"<select autofocus onfocus={MARK}()></select>",
    f"<textarea autofocus onfocus={MARK}()></textarea>",
    f"<details open ontoggle={MARK}()>",
    f"<video><source onerror={MARK}()></video>",
    f"<audio src=x onerror={MARK}()>",
    f"<body onload={MARK}()>",
    f"<marquee onstart={MARK}()>",
    f"<a href=javascript:{MARK}()>x</a>",
    f"<a href='data:text/html,{MARK}'>x</a>",
    f"<button formaction=//{MARK}.example>x</button>",
    f"<template><b>{MARK}</b></template>",
    f"<noscript><b>{MARK}</b></noscript>",
    f"<dialog open>{MARK}</dialog>",
    f"<table background=//{MARK}.example>",
    f"<!--{MARK}--><b>x</b>",
    f"<![CDATA[<b>{MARK}</b>]]>",
    f"<?xml version='1.0'?><b>{MARK}</b>",
    f"<plaintext>{MARK}",
    f"<xmp>{MARK}</xmp>",
    f"<custom-element onclick={MARK}>x</custom-element>",
    f"<b{MARK}>",
    f"<\x00script>{MARK}</script>",
    f"<script\x0c>{MARK}</script\x0c>",
    f"<script/x>{MARK}</script>",
]
CLOSING = [
    "</textarea>",
    "</title>",
    "</script>",
    "</style>",
    "</option></select>",
    "</button>",
    "</bdi>",
    "</td></tr></table>",
    "</svg>",
    "-->",
]
CLOSED = [f"{close}<b>{MARK}</b>" for close in CLOSING]
QUOTES = [
    f'"><b>{MARK}</b>',
    f"'><b>{MARK}</b>",
    f'" onmouseover="{MARK}()',
    f"' onmouseover='{MARK}()",
    f'" autofocus onfocus="{MARK}()" x="',
    f'" style="background:url(//{MARK}.example)',
    f"` onmouseover={MARK}()",
    f" onmouseover={MARK}() x=",
    f'\\" onmouseover=\\"{MARK}()',
    f'"/><svg onload={MARK}()>',
    f'" hx-get="//{MARK}.example',
    f"' hx-get='//{MARK}.example",
]
HTMX = [
    f"<div hx-get='/{MARK}' hx-trigger=load></div>",
    f"<div hx-post='/sign-out?{MARK}' hx-trigger=load></div>",
    f"<div hx-on:load='{MARK}()'></div>",
    f"<div hx-on::after-swap='{MARK}()'></div>",
    f"<div data-hx-get='/{MARK}' data-hx-trigger=load></div>",
    f"<div hx-vals='js:{{x: {MARK}()}}'></div>",
    f"<div hx-swap-oob=true id=main>{MARK}</div>",
    f"<div hx-ext='{MARK}'></div>",
    f'<meta name=htmx-config content=\'{{"allowEval":true,"x":"{MARK}"}}\'>',
    f"<hx-partial hx-target='#main'>{MARK}</hx-partial>",
]
BRACES = [
    f"{{{{ {MARK} }}}}",
    f"{{{{ 7*7 }}}}{MARK}",
    f"{{{{ ''.__class__.__mro__ }}}}{MARK}",
    f"{{{{ request.app.state.store }}}}{MARK}",
    f"{{% for x in range(9) %}}{MARK}{{% endfor %}}",
    f"{{% include 'base.html' %}}{MARK}",
    f"{{# {MARK} #}}",
    f"${{{MARK}}}",
    f"#{{{MARK}}}",
    f"<%= {MARK} %>",
    f"{{{MARK}}}",
    f"%({MARK})s",
    f"%s%d%n{MARK}",
    f"{{0.__class__}}{MARK}",
    f"[[{MARK}]]",
]
ADDRESSES = [
    f"javascript:{MARK}()",
    f"JaVaScRiPt:{MARK}()",
    f"java\tscript:{MARK}()",
    f"\x01javascript:{MARK}()",
    f"vbscript:{MARK}",
    f"data:text/html,<b>{MARK}</b>",
    f"data:text/html;base64,{MARK}",
    f"//{MARK}.example/",
    f"https://{MARK}.example/",
    f"\\\\{MARK}.example\\x",
    f"blob:https://{MARK}.example/x",
    f"file:///{MARK}",
    f"mailto:{MARK}@example.org",
    f"https://example.org@{MARK}.example/",
    f"/sign-out?{MARK}",
]
CODED = [
    html.escape(f"<b>{MARK}</b>"),
    f"&#60;b&#62;{MARK}&#60;/b&#62;",
    f"&#x3c;b&#x3e;{MARK}",
    f"&lt;script&gt;{MARK}&lt;/script&gt;",
    f"%3Cb%3E{MARK}%3C/b%3E",
    f"\\u003cb\\u003e{MARK}",
    f"\\x3cb\\x3e{MARK}",
    f"+ADw-b+AD4-{MARK}",
    f"\uff1cb\uff1e{MARK}",
    f"\u2039b\u203a{MARK}",
    f"&NewLine;<b>{MARK}</b>",
    f"&amp;lt;b&amp;gt;{MARK}",
    f"\u00adjavascript:{MARK}",
    f"<\u200bb>{MARK}</b>",
]
LETTERS = [
    f"\u202e{MARK}\u202c",
    f"\u2066{MARK}",
    f"\u2069\u2069{MARK}",
    f"\u200f{MARK}\u200e",
    f"{MARK}\u0301" * 3,
    f"\ufeff{MARK}",
    f"\U000e0041{MARK}\U000e007f",
    f"{MARK}\u2028<b>x</b>\u2029",
    f"{MARK}\x1b[31mred\x1b[0m",
    f"{MARK}\x08\x08\x08\x08",
    f"{MARK}\x85<b>x</b>",
    f"\u0600{MARK}\u06dd",
]
FORMULAS = [
    f"={MARK}()",
    f'=HYPERLINK("//{MARK}.example","x")',
    f"+{MARK}",
    f"-{MARK}",
    f"@{MARK}",
    f"\t={MARK}()",
    f"|{MARK}",
    f"\uff1d{MARK}()",
]
OTHERS = [
    f"'; DROP TABLE cases; -- {MARK}",
    f"{MARK}' OR '1'='1",
    f"../../../etc/{MARK}",
    f"<b>{MARK}</b>" * 10,
    f"{MARK}\nSet-Cookie: x=y",
]
PAYLOADS: Final = [
    *(TAGS + CLOSED + QUOTES + HTMX + BRACES),
    *(ADDRESSES + CODED + LETTERS + FORMULAS + OTHERS),
]


class Skeleton(HTMLParser):
    """The elements and names of attributes of a page, in order: what stays the same whatever its texts say."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, tuple(sorted(name for name, _ in attrs))))
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction", "data", "xlink:href"):
                self.links.append(value or "")
            if name == "http-equiv" or name.startswith("on") or name == "style":
                raise AssertionError(f"<{tag} {name}>")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("!--", ()))

    def handle_decl(self, decl: str) -> None:
        self.parts.append((f"!{decl.casefold()}", ()))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("?", ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def skeleton(page: str) -> Skeleton:
    """Read a page; every link in it must lead to a page of ours."""
    read = Skeleton()
    read.feed(page)
    read.close()
    foreign = [
        link
        for link in read.links
        if not link.startswith(("/", "#", "?")) or link.startswith("//")
    ]
    assert not foreign, foreign
    return read
