"""Pages of the desk: one environment, everything escaped, an unknown name is a fault.

Every page gets its language, direction and looks from the person, and says SIMULATED where the store
holds a simulated world. No template may switch escaping off; a test reads them all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
from jinja2.environment import TemplateModule
from starlette.requests import Request
from starlette.responses import HTMLResponse

from undertow import __version__
from undertow.cases.exposed import exposure_of
from undertow.export import charts, pages, wording
from undertow.review import honest, names, normal
from undertow.review.asked import (
    desk_of,
    is_partial,
    now_of,
    settings_of,
    standing_of,
    store_of,
)
from undertow.review.choices import KEYS, Choices, spoken
from undertow.review.language import LANGUAGES, Language, language
from undertow.review.retold import retell

SCRIPTS: Final = ("vendor/htmx.min.js", "desk.js")


def render(
    request: Request, name: str, /, *, status: int = 200, **context: object
) -> HTMLResponse:
    """Make a page.

    Args:
        request: tells who asks, and so language and looks.
        name: of the template without its `.j2`: `queue.html`.
        status: of the answer.
        context: what the template names beside what every page has (`_standing`).
    """
    known = {**_standing(request), **context}
    known["p"] = _Parts(environment().get_template("parts.html").make_module(known))
    return HTMLResponse(environment().get_template(name).render(known), status_code=status)


class _Parts:
    """The macros of `parts.html` for one page; each draws the same thing once.

    Made once a page, since an `import` in each of its ten templates would run all of that file as often. What a macro
    gives depends on nothing but its arguments and the page, and forty rows draw four shapes.
    """

    def __init__(self, module: TemplateModule) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., str]:
        """Give a macro that remembers, for this page."""
        macro: Callable[..., str] = getattr(self._module, name)
        made: dict[tuple[object, ...], str] = {}

        def remembered(*given: object) -> str:
            # A text that is safe and the same one that is not are equal, and are not shown alike; so are 1 and True.
            key = *given, *map(type, given)
            try:
                if key not in made:
                    made[key] = macro(*given)
                return made[key]
            except TypeError:  # a list or a mapping among what was given
                return macro(*given)

        setattr(self, name, remembered)
        return remembered


def choices_of(request: Request) -> Choices:
    """Give the choices of who asks; the defaults on pages that ask for no sign-in."""
    chosen: Choices | None = getattr(request.state, "choices", None)
    return chosen or Choices()


def language_of(request: Request) -> Language:
    """Give the language of the page that is being made."""
    asked, own = request.headers.get("accept-language", ""), desk_of(request).language
    return language(spoken(choices_of(request), asked, own))


def _standing(request: Request) -> dict[str, Any]:
    """Give what every page has."""
    tongue, chosen, standing = language_of(request), choices_of(request), standing_of(request)
    who = standing.person if standing else None
    store = store_of(request)
    now = now_of(request)
    return {
        "_": tongue.say,
        "n_": tongue.many,
        "t": tongue,
        "who": who,
        "choices": chosen,
        "simulated": store.simulated,
        "now": now,
        "path": request.url.path,
        "languages": LANGUAGES,
        "keys": {
            does: (chosen.key(does), tongue.say(says)) for does, (_, says) in KEYS.items()
        },
        "keymap": json.dumps(chosen.keymap, ensure_ascii=False),
        "step": lambda name: names.step(tongue, name),
        "role": lambda name: names.role(tongue, name),
        "tie": lambda name: names.tie(tongue, name),
        "label": lambda known, name: names.label(tongue, getattr(names, known), name),
        "retold": lambda said: retell(tongue, said),
        "exposure": (lambda: exposure_of(store, who, now)) if who else (lambda: None),
        "settings": settings_of(request),
        "version": __version__,
        "partial": is_partial(request),
    }


@cache
def asset(name: str) -> str:
    """Give the address of a file of ours, with its hash, so that a browser never keeps an old one."""
    body = (resources.files("undertow.review") / "static" / name).read_bytes()
    return f"/static/{name}?{hashlib.sha256(body).hexdigest()[:12]}"


def _text(name: str) -> str | None:
    file = resources.files("undertow.review") / "templates" / f"{name}.j2"
    return file.read_text(encoding="utf-8") if file.is_file() else None


@cache
def environment() -> jinja2.Environment:
    """Make the one environment of all pages; escaping is on for every name."""
    made = pages.environment(_text, "desk")
    filters: Mapping[str, Any] = {
        "visible": wording.visible,
        "honest": honest.pieces,
        "normalised": normal.pieces,
        "sameness": normal.is_same,
        "short": names.short,
        "shortened": wording.shortened,
    }
    made.filters.update(filters)
    made.globals.update(shape=charts.shape, asset=asset, scripts=SCRIPTS)
    return made
