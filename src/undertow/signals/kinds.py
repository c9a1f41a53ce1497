"""Kinds of address: one entry per service says how its links and handles look.

A new service is one more `Kind` in `KINDS`. Patterns meet folded text (ASCII where possible), ignore
case, are anchored by the finder, and hold the value in the group `v`. Quantifiers are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


def lower(value: str) -> str:
    """Write a handle in lower case."""
    return value.lower()


def upper(value: str) -> str:
    """Write an id in upper case."""
    return value.upper()


def as_written(value: str) -> str:
    """Leave a code or hash as it is: these tell capitals apart."""
    return value


@dataclass(frozen=True)
class Link:
    """A form of link or URI.

    Attributes:
        pattern: what follows the scheme and `www.`; the group `v` holds the value.
        value: its normal form.
        number: whether the value is an international telephone number.
        reserved: words that stand where a name would, but are pages of the service.
    """

    pattern: str
    value: Callable[[str], str] = lower
    number: bool = False
    reserved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kind:
    """One service.

    Attributes:
        name: the kind's word in the table of signals.
        names: names that mean the service and nothing else.
        vague: names and abbreviations that are everyday words too: these need more beside them.
        handle: how a user name looks, None if names alone are no address.
        value: the normal form of a handle.
        links: its links.
        numbers: whether a telephone number beside its name belongs to the service.
        always_shaped: a handle counts only if `handle` alone sets it apart from words.
        letters: whether a handle of letters alone, unlike words, may be taken.
    """

    name: str
    names: str
    vague: str = ""
    handle: str | None = None
    value: Callable[[str], str] = lower
    links: tuple[Link, ...] = ()
    numbers: bool = False
    always_shaped: bool = False
    letters: bool = True


def invitation(value: str) -> str:
    """Write a Telegram invitation as `+HASH`."""
    return "+" + value


_TELEGRAM_PAGES: Final = frozenset(
    [
        "share",
        "joinchat",
        "addstickers",
        "addemoji",
        "proxy",
        "socks",
        "s",
        "c",
        "iv",
        "setlanguage",
        "login",
        "confirmphone",
        "addtheme",
    ]
)
_INSTAGRAM_PAGES: Final = frozenset(
    [
        "p",
        "reel",
        "reels",
        "stories",
        "explore",
        "tv",
        "accounts",
        "direct",
        "about",
        "legal",
        "web",
        "developer",
        "static",
    ]
)
_NAME: Final = r"[a-z][a-z0-9_]{3,31}"
_DOTTED: Final = r"[a-z0-9_](?:[a-z0-9_.]{0,28}[a-z0-9_])?"

KINDS: Final = (
    Kind(
        "telegram",
        names="telegram/telgram/telegran/telegrm",
        vague="tg/tgram/tlgrm/telega",
        handle=_NAME,
        numbers=True,
        links=(
            Link(r"(?:t|telegram)\.(?:me|dog)/joinchat/(?P<v>[\w-]{6,64})", invitation),
            Link(r"(?:t|telegram)\.(?:me|dog)/(?P<v>\+[\w-]{6,64})", as_written),
            Link(
                rf"(?:t|telegram)\.(?:me|dog)/(?:s/)?@?(?P<v>{_NAME})", reserved=_TELEGRAM_PAGES
            ),
            Link(rf"(?P<v>{_NAME})\.t\.me"),
            Link(rf"tg:(?://)?resolve\?domain=(?P<v>{_NAME})"),
            Link(r"tg:(?://)?join\?invite=(?P<v>[\w-]{6,64})", invitation),
            Link(r"tg:(?://)?resolve\?phone=\+?(?P<v>\d{7,15})", number=True),
        ),
    ),
    Kind(
        "whatsapp",
        names="whatsapp/whats app/whatsap/whatapp/watsapp/watsap/whats/wasap/wassap/whatsapp'd/wapp/whatsup",
        vague="wa/w.a/wsp/wpp/wats/wp",
        numbers=True,
        links=(
            Link(r"wa\.me/(?:\+|00)?(?P<v>[1-9]\d{6,14})", number=True),
            Link(
                r"(?:api|web)\.whatsapp\.com/send/?\?(?:[\w=%&-]{0,80}&)?phone=\+?(?P<v>\d{7,15})",
                number=True,
            ),
            Link(
                r"whatsapp:(?://)?send/?\?(?:[\w=%&-]{0,80}&)?phone=\+?(?P<v>\d{7,15})",
                number=True,
            ),
            Link(r"chat\.whatsapp\.com/(?:invite/)?(?P<v>[a-z0-9_-]{6,64})", as_written),
            Link(r"wa\.me/(?:message|qr)/(?P<v>[a-z0-9]{4,64})", as_written),
            Link(r"whatsapp\.com/channel/(?P<v>[a-z0-9]{6,64})", as_written),
        ),
    ),
    Kind(
        "signal",
        names="",
        vague="signal",
        handle=r"[a-z_][a-z0-9_]{2,31}\.\d{2,10}",
        always_shaped=True,
        numbers=True,
        links=(
            Link(r"signal\.me/#p/\+?(?P<v>\d{7,15})", number=True),
            Link(r"signal\.me/#(?:eu|u)/(?P<v>[\w.=-]{3,128})", as_written),
            Link(r"signal\.group/#?(?P<v>[\w=-]{6,200})", as_written),
        ),
    ),
    Kind(
        "skype",
        names="skype/skipe/skypeid",
        handle=r"(?:live:(?:\.cid\.)?)?[a-z][a-z0-9_.,-]{4,30}[a-z0-9_]",
        links=(
            Link(
                r"skype:(?P<v>(?:live:(?:\.cid\.)?)?[a-z][a-z0-9_.,-]{4,30}[a-z0-9_])(?:\?[a-z]{1,12})?"
            ),
            Link(r"(?P<v>live:\.cid\.[0-9a-f]{8,32})"),
            Link(r"(?P<v>live:(?=[a-z_]{0,40}[0-9_.])[a-z][a-z0-9_.-]{3,38}[a-z0-9_])"),
            Link(r"join\.skype\.com/(?:invite/)?(?P<v>[a-z0-9]{6,32})", as_written),
        ),
    ),
    Kind(
        "kik",
        names="kik",
        vague="kick",
        handle=r"[a-z0-9_](?:[a-z0-9_.]{1,28}[a-z0-9_])",
        links=(Link(r"kik\.(?:me|com)/(?:u/)?(?P<v>[a-z0-9_](?:[a-z0-9_.]{0,28}[a-z0-9_]))"),),
    ),
    Kind(
        "wickr",
        names="wickr/wickrme/wickr me/wikr",
        vague="wicker",
        handle=r"[a-z0-9][a-z0-9_.-]{1,30}[a-z0-9_]",
    ),
    Kind(
        "session",
        names="",
        links=(Link(r"(?P<v>05[0-9a-f]{64})"),),
    ),
    Kind(
        "threema",
        names="threema/treema/threma",
        handle=r"[*a-z0-9][a-z0-9]{7}",
        value=upper,
        letters=False,
        links=(
            Link(r"threema\.id/(?P<v>[*a-z0-9][a-z0-9]{7})", upper),
            Link(r"threema:(?://)?(?:add\?id=|compose\?id=)(?P<v>[*a-z0-9][a-z0-9]{7})", upper),
        ),
    ),
    Kind(
        "discord",
        names="discord/discordtag",
        vague="dc/disc/disco",
        handle=r"[a-z0-9_](?:[a-z0-9_.]{0,30}[a-z0-9_])(?:#\d{4})?",
        links=(
            Link(r"discord\.gg/(?:invite/)?(?P<v>[a-z0-9-]{2,32})", as_written),
            Link(r"discord(?:app)?\.com/invite/(?P<v>[a-z0-9-]{2,32})", as_written),
            Link(r"discord(?:app)?\.com/users/(?P<v>\d{15,21})", as_written),
        ),
    ),
    Kind(
        "instagram",
        names="instagram/insta/instgram/instagam",
        vague="ig",
        handle=_DOTTED,
        links=(
            Link(
                rf"(?:instagram\.com|instagr\.am|ig\.me/m)/(?:_u/)?@?(?P<v>{_DOTTED})",
                reserved=_INSTAGRAM_PAGES,
            ),
        ),
    ),
    Kind(
        "snapchat",
        names="snapchat/snap chat/snapchatt",
        vague="snap/sc/snp/snapcode",
        handle=r"[a-z][a-z0-9_.-]{1,13}[a-z0-9_]",
        links=(
            Link(r"(?:story\.)?snapchat\.com/(?:add/|@)(?P<v>[a-z][a-z0-9_.-]{1,13}[a-z0-9_])"),
        ),
    ),
    Kind(
        "wechat",
        names="wechat/weixin/wechatid/微信",
        handle=r"[a-z][a-z0-9_-]{5,19}",
        links=(Link(r"u\.wechat\.com/(?P<v>[\w-]{6,64})", as_written),),
    ),
    Kind(
        "line",
        # `line` alone is an everyday word in many languages.
        names="line id/lineid/line-id/line:/line app/ライン/ไลน์",
        handle=r"[a-z0-9][a-z0-9._-]{2,18}[a-z0-9]",
        links=(
            Link(r"line\.me/(?:r/)?ti/[pg]2?/(?P<v>[~@]?[\w.-]{4,64})", as_written),
            Link(r"lin\.ee/(?P<v>[\w-]{4,20})", as_written),
        ),
    ),
    Kind(
        "viber",
        names="viber/вайбер",
        numbers=True,
        links=(
            Link(
                r"viber:(?://)?(?:chat|add)/?\?number=(?:\+|%2b)?(?P<v>\d{7,15})", number=True
            ),
            Link(r"invite\.viber\.com/\?g2?=(?P<v>[\w%-]{6,64})", as_written),
        ),
    ),
    Kind(
        "zalo",
        names="zalo",
        numbers=True,
        links=(
            Link(r"zalo\.me/(?P<v>\d{8,15})"),
            Link(r"zalo\.me/g/(?P<v>[a-z0-9]{4,12})"),
        ),
    ),
    Kind(
        "kakaotalk",
        names="kakaotalk/kakao talk/kakao/카카오톡/카톡",
        handle=r"[a-z0-9][a-z0-9._-]{2,18}[a-z0-9]",
        links=(Link(r"open\.kakao\.com/(?:o|me)/(?P<v>[\w-]{4,64})", as_written),),
    ),
    Kind(
        "messenger",
        names="",
        links=(
            Link(r"(?:m\.me|messenger\.com/t)/(?P<v>[a-z0-9.]{4,60})"),
            Link(r"(?:facebook|fb)\.com/messages/t/(?P<v>[a-z0-9.]{4,60})"),
        ),
    ),
    Kind(
        "matrix",
        names="",
        links=(Link(r"matrix\.to/#/(?P<v>[@#!][\w.=/+-]{1,64}:[a-z0-9.-]{3,64})"),),
    ),
    Kind(
        "simplex",
        names="",
        links=(Link(r"simplex\.chat/(?:contact|invitation)/?#/?\?(?P<v>[\w=&%.:/+-]{8,400})"),),
    ),
)
"""Every service, in the order in which a tie is settled."""
