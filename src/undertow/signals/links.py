"""Links of services, e-mail addresses and other urls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from undertow.signals.cues import Language, gather, words
from undertow.signals.disguise import View
from undertow.signals.kinds import Kind, Link
from undertow.signals.phone import e164
from undertow.signals.spot import EMAIL, LINK, URL, Spot, any_word

PROVIDERS: Final = words(
    "gmail/googlemail/hotmail/outlook/yahoo/ymail/live/msn/icloud/gmx/web/aol/proton"
    "/protonmail/tutanota/tuta/mail/yandex/laposte/orange/wanadoo/free/sfr/freenet"
    "/t-online/mynet/rocketmail/fastmail/zoho/hushmail/posteo"
)
"""Houses that sell mail boxes: `name at gmail` is meant as an address, `name at home` is not."""

GENERIC: Final = frozenset(
    words(
        "com/net/org/info/biz/edu/gov/mil/int/io/app/dev/xyz/online/site/shop/club/link"
        "/store/tech/me/tv/cc/ly/gg/top/live/email/chat/world/life/space/website/blog/cloud"
        "/pro/mobi/name/page/test/example/invalid/local"
    )
)
COUNTRIES: Final = frozenset(
    words(
        "ac/ad/ae/af/ag/ai/al/am/ao/ar/at/au/az/ba/bb/bd/be/bf/bg/bh/bi/bj/bn/bo/br/bs/bt/bw"
        "/by/bz/ca/cd/cf/cg/ch/ci/cl/cm/cn/co/cr/cu/cv/cy/cz/de/dj/dk/dm/do/dz/ec/ee/eg/er"
        "/es/et/eu/fi/fj/fm/fr/ga/gb/ge/gh/gm/gn/gq/gr/gt/gy/hk/hn/hr/ht/hu/id/ie/il/im/in"
        "/iq/ir/is/it/je/jm/jo/jp/ke/kg/kh/ki/km/kp/kr/kw/kz/la/lb/lc/li/lk/lr/ls/lt/lu/lv"
        "/ly/ma/mc/md/me/mg/mk/ml/mm/mn/mo/mr/mt/mu/mv/mw/mx/my/mz/na/ne/ng/ni/nl/no/np/nr"
        "/nu/nz/om/pa/pe/ph/pk/pl/pr/ps/pt/pw/py/qa/ro/rs/ru/rw/sa/sb/sc/sd/se/sg/si/sk/sl"
        "/sm/sn/so/sr/ss/st/sv/sy/sz/td/tg/th/tj/tk/tl/tm/tn/to/tr/tt/tv/tw/tz/ua/ug/uk/us"
        "/uy/uz/va/vc/ve/vn/vu/ws/ye/za/zm/zw"
    )
)
_BARE: Final = frozenset(
    words(
        "test/example/com/net/org/info/biz/edu/gov/io/app/dev/xyz/online/site/shop/club/link"
        "/store/tech/tv/ly/gg/cc/uk/de/fr/es/tr/eu/ru/ch/nl/at"
    )
)
"""Endings at which a name without http:// or path is taken for a url: no everyday words among them."""
_FILES: Final = frozenset(
    words(
        "png/jpg/jpeg/gif/pdf/doc/docx/txt/zip/rar/exe/mp3/mp4/avi/mov/html/htm/php/js/css"
        "/py/json/xml/csv/xls/xlsx/ppt/pptx/log/bak/tmp/ini/cfg/yaml/yml/md/sh/tar/gz/apk"
        "/wav/mkv/webp/svg/ics"
    )
)
ROOM: Final = "room"
"""Kind of a link that lets somebody into a room, a group or a call, wherever it is kept."""
_LETS_IN: Final = frozenset(
    words(
        "join/invite/invites/invitation/joinchat/meet/room/rooms/chat/chats/call/group/groups/zoom/webex/jitsi/meetup-join"
    )
)
"""Words of a link, whole between its signs, that say so; ours. What leads to a page to read has none of them."""
_PARTS: Final = re.compile(r"[./?=&#]+")
_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])(?P<local>[a-z0-9_](?:[a-z0-9._%+'-]{0,62}[a-z0-9_+-])?)@"
    r"(?P<domain>(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}[a-z]{2,24})(?![a-z0-9-]|\.?@)",
    re.IGNORECASE,
)
_URL: Final = re.compile(
    r"""(?<![\w@.-])(?:(?P<scheme>(?:https?|hxxps?|ftp)://)(?:www\.)?(?P<host>[^\s/?#<>"'@,;]{1,253})
        |(?P<www>www\.)?(?P<bare>(?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?![\w@-]|\.\w))
        (?P<path>(?::\d{1,5})?/[^\s?#<>"]{0,2000})?(?:[?#][^\s<>"]{0,2000})?""",
    re.IGNORECASE | re.VERBOSE,
)
_TAIL: Final = ".,;:!?)]}'\"*_~"
_SHAPED: Final = re.compile(r"[\d_.+-]")
MAIL_REACH: Final = 60
"""Characters before a name in which a word for mail counts: ours, about ten words."""


class LinkFinder:
    """Finds the links that services declare."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._links: list[tuple[Kind, Link]] = [
            (kind, link) for kind in kinds for link in kind.links
        ]
        forms = "|".join(
            f"(?P<l{at}>{link.pattern.replace('(?P<v>', f'(?P<v{at}>')})"
            for at, (_, link) in enumerate(self._links)
        )
        self.pattern = re.compile(
            # No form begins with another sign: most places are passed at once.
            rf"(?<![\w@.-])(?=[a-z0])(?:(?:h(?:tt|xx)ps?|sgnl)://)?(?:www\.)?(?:{forms or '(?!)'})(?![\w@])",
            re.IGNORECASE,
        )

    def find(self, view: View) -> Iterator[Spot]:
        """Yield the links of a view, with the service's value in its normal form."""
        for found in self.pattern.finditer(view.text):
            at = int(str(found.lastgroup)[1:])
            kind, link = self._links[at]
            value = found[f"v{at}"]
            if value.lower() in link.reserved:
                continue
            if link.number:
                read = e164(value)
                value = read[0] if read else "+" + value
            else:
                value = link.value(value)
            yield Spot(kind.name, value, found.start(), found.end(), LINK)


class EmailFinder:
    """Finds e-mail addresses, also those whose signs are words."""

    def __init__(self, languages: Sequence[Language]) -> None:
        self._mail = any_word((*gather(languages, "mail"), "✉"))
        self._stop = frozenset(
            word
            for entry in ("stop", "is_", "on", "add", "label")
            for word in gather(languages, entry)
        )

    def find(self, view: View) -> Iterator[Spot]:
        """Yield the e-mail addresses of a view in lower case."""
        for found in _EMAIL.finditer(view.text):
            domain = _trim(found["domain"].lower())
            if domain is None:
                continue
            start, local = found.start(), found["local"]
            end = found.start("domain") + len(domain)
            sign = found.end("local")
            if view.is_weak(sign, sign + 1) and not self._meant(view, found, domain):
                continue
            yield Spot("email", f"{local.lower()}@{domain}", start, end, EMAIL)

    def _meant(self, view: View, found: re.Match[str], domain: str) -> bool:
        """Say whether `name at house` is an address, and not someone somewhere."""
        local = found["local"].lower()
        if local in self._stop or domain.rpartition(".")[2] not in GENERIC | COUNTRIES:
            return False
        if domain.split(".", maxsplit=1)[0] in PROVIDERS or _SHAPED.search(local):
            return True
        before = view.text[max(0, found.start() - MAIL_REACH) : found.start()]
        if self._mail.search(before):
            return True
        dotted = view.is_weak(found.start("domain"), found.end("domain"))
        return dotted and not local.endswith("ing")


def _trim(domain: str) -> str | None:
    """Cut words that ran into the domain; None if it ends like a file or in no known way."""
    labels = domain.split(".")
    while len(labels) > 2 and labels[-1] not in GENERIC | COUNTRIES:
        if labels[-2] not in GENERIC | COUNTRIES:
            break
        labels.pop()
    if (
        len(labels) > 2
        and labels[-2] in GENERIC
        and labels[-1] in GENERIC
        and labels[-1] != labels[-2]
    ):
        labels.pop()
    if any(label.endswith("-") for label in labels):
        return None
    return None if labels[-1] in _FILES else ".".join(labels)


def find_urls(view: View) -> Iterator[Spot]:
    """Yield urls: host in lower case and path, without scheme, leading `www.`, query and fragment."""
    for found in _URL.finditer(view.text):
        whole = found[0].rstrip(_TAIL)
        host = (found["host"] or found["bare"]).lower().rstrip(_TAIL)
        path = found["path"] or ""
        if found.end("path") == found.end():
            path = path.rstrip(_TAIL)
        if not _is_host(view, found, host, path):
            continue
        value = host + ("" if path == "/" else path)
        yield Spot("url", value, found.start(), found.start() + len(whole), URL)


def as_room(url: Spot) -> Spot:
    """Call a link that lets somebody in what it is: the address of a room, a way to go on talking elsewhere."""
    path = url.value.partition("/")[2]
    if not path or _LETS_IN.isdisjoint(_PARTS.split(url.value.lower())):
        return url
    return replace(url, kind=ROOM)


def _is_host(view: View, found: re.Match[str], host: str, path: str) -> bool:
    """Say whether a dotted name is a host: by scheme, `www.`, path, or an ending that says so."""
    labels = host.split(":", maxsplit=1)[0].split(".")
    if found["scheme"]:
        return len(labels) > 1 and all(labels)
    ending = labels[-1]
    if len(labels) < 2 or ending in _FILES or not all(labels):
        return False
    known = ending in GENERIC or ending in COUNTRIES
    if view.is_weak(found.start("bare"), found.end("bare")):
        return ending in _BARE and len(ending) > 2 and len(labels[-2]) > 2
    if found["www"] or len(path) > 1:
        return known
    return ending in _BARE and len(labels[-2]) > 1 and not labels[-2].isdigit()
