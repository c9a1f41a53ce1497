"""Worlds by a second hand: the ledger of events, neutral words and addresses.

Nothing here shares code or constants with `undertow.worlds`. Text is filler ("lorem ipsum"), with an
address where one is handed over. Times are seconds since the start of the world.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY = 86_400.0
EPOCH = dt.datetime(2023, 2, 6, tzinfo=dt.UTC)
LOREM = [
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetur",
    "adipiscing",
    "elit",
    "sed",
    "do",
    "eiusmod",
    "tempor",
    "incididunt",
    "ut",
    "labore",
    "et",
    "dolore",
    "magna",
    "aliqua",
    "enim",
    "ad",
    "minim",
    "veniam",
    "quis",
    "nostrud",
    "exercitation",
    "ullamco",
    "laboris",
    "nisi",
    "aliquip",
    "ex",
    "ea",
    "commodo",
    "consequat",
    "duis",
    "aute",
    "irure",
    "in",
    "reprehenderit",
    "voluptate",
    "velit",
    "esse",
    "cillum",
    "fugiat",
    "nulla",
    "pariatur",
    "excepteur",
    "sint",
    "occaecat",
    "cupidatat",
    "non",
    "proident",
    "sunt",
    "culpa",
    "qui",
    "officia",
    "deserunt",
    "mollit",
    "anim",
]
CARRIERS = (
    "lorem {}",
    "{}",
    "ipsum dolor {} sit",
    "{} amet",
    "et ut {}",
    "dolor: {}",
    "sed {} do ut",
)
DIGITS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "de": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    "fr": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    "es": ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    "ar": list("٠١٢٣٤٥٦٧٨٩"),
}
AT = {
    "en": (" at ", " dot "),
    "de": (" ät ", " punkt "),
    "fr": (" arobase ", " point "),
    "es": (" arroba ", " punto "),
    "ar": (" [at] ", " (dot) "),
}
SERVICES = {
    "telegram": (
        "telegram: @{}",
        "tg @{}",
        "t.me/{}",
        "https://t.me/{}",
        "telegram {}",
        "телеграм @{}",
        "تيليجرام @{}",
        "mi telegram es {}",
    ),
    "whatsapp": ("whatsapp {p}", "wa.me/{d}", "WhatsApp: {p}", "واتساب {p}", "whats app {p}"),
    "signal": ("signal {p}", "Signal: {p}"),
    "instagram": ("insta: {}", "instagram @{}", "ig {}", "instagram.com/{}"),
    "snapchat": ("snap: {}", "snapchat {}", "sc {}"),
    "discord": ("discord {}#4821", "discord: {}", "disc {}"),
    "kik": ("kik {}", "kik: {}"),
    "line": ("line id {}", "LINE: {}"),
    "wechat": ("wechat {}", "weixin: {}"),
    "viber": ("viber {p}",),
    "skype": ("skype: {}", "live:{}"),
}
PLAN = {
    "4915123": 13,
    "447700": 12,
    "33612": 11,
    "20101": 12,
    "120255": 11,
    "34611": 11,
    "63917": 12,
}
ROOMS = (
    "https://discord.gg/{}",
    "https://chat.whatsapp.com/{}",
    "https://t.me/+{}",
    "t.me/joinchat/{}",
    "https://{}.example.org/join",
    "https://meet.example.com/{}",
)


def words(rng: np.random.Generator, low: int = 2, high: int = 14) -> str:
    """Neutral filler of `low` to `high` words."""
    return " ".join(rng.choice(LOREM, int(rng.integers(low, high + 1))))


def letters(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list("abcdefghijkmnopqrstuvwxyz0123456789"), n))


@dataclass
class Address:
    """One way to be reached: what it is, and how its owner likes to write it down."""

    kind: str
    token: str
    phone: str
    lang: str
    beyond: int | None = None  # the owner's account on a second platform

    def written(self, rng: np.random.Generator, disguise: float) -> str:
        """The address in one of the ways in which people write it."""
        if self.kind == "phone":
            d = self.phone[1:]
            if rng.random() < disguise:
                return " ".join(DIGITS[self.lang][int(x)] for x in d)
            forms = (
                self.phone,
                "00" + d,
                f"+{d[:2]} {d[2:5]} {d[5:8]} {d[8:]}",
                f"+{d[:2]}-{d[2:5]}-{d[5:]}",
                f"+{d[:2]} ({d[2:5]}) {d[5:]}",
                f"0{d[2:5]}/{d[5:]}",
            )
            return str(rng.choice(forms))
        if self.kind == "email":
            name, host = self.token, "mail.example.com"
            if rng.random() < disguise:
                at, dot = AT[self.lang]
                return f"{name}{at}{host.replace('.', dot)}"
            return f"{name}@{host}"
        if self.kind == "room":
            return ROOMS[hash_of(self.token, len(ROOMS))].format(self.token)
        form = str(rng.choice(SERVICES[self.kind]))
        return form.format(self.token, p=self.phone, d=self.phone[1:])


def hash_of(text: str, n: int) -> int:
    return sum(map(ord, text)) % n


def an_address(
    rng: np.random.Generator, kinds: tuple[str, ...], langs: tuple[str, ...]
) -> Address:
    start = str(rng.choice(["4915123", "447700", "33612", "20101", "120255", "34611", "63917"]))
    phone = (
        "+"
        + start
        + "".join(
            map(str, rng.integers(0, 10, PLAN[start] - len(start) + int(rng.random() < 0.05)))
        )
    )
    token = letters(rng, 1).translate(str.maketrans("0123456789", "abcdefghij")) + letters(
        rng, int(rng.integers(5, 11))
    )
    return Address(str(rng.choice(kinds)), token, phone, str(rng.choice(langs)))


@dataclass
class World:
    """A ledger of events with accounts as whole numbers, and the truth beside it."""

    rng: np.random.Generator
    name: str
    days: float
    types: set[str]
    dm: str = "direct"
    precision: str = "s"
    declared: bool = True
    rows: list[tuple] = field(default_factory=list)
    platform: dict[int, int] = field(default_factory=dict)
    n: int = 0
    truth: dict = field(default_factory=lambda: {"campaigns": [], "alike": []})
    texts: list[str] = field(default_factory=list)
    groups: dict[str, set[int]] = field(default_factory=dict)
    native: dict[int, str] = field(default_factory=dict)
    given: list[tuple] = field(default_factory=list)
    twins: dict[int, int] = field(default_factory=dict)

    def fresh(self, platform: int = 0) -> int:
        """A new account on a platform."""
        self.n += 1
        self.platform[self.n - 1] = platform
        return self.n - 1

    def twin(self, a: int) -> int:
        """The account of the same person on the second platform."""
        if a not in self.twins:
            self.twins[a] = self.fresh(1)
        return self.twins[a]

    def say(self) -> str:
        """What somebody says: neutral."""
        if self.texts and self.rng.random() < 0.8:
            return self.texts[int(self.rng.integers(len(self.texts)))]
        return words(self.rng)

    def add(
        self,
        kind: str,
        t: float,
        a: int,
        b: int | None = None,
        *,
        room: str | None = None,
        seen: str | None = None,
        text: str | None = None,
    ) -> None:
        """One event, unless its type is not visible here or it falls outside the world."""
        if kind not in self.types or not 0 <= t < self.days * DAY or a == b:
            return
        seen = seen or ("public" if kind != "message" else "direct")
        self.rows.append((kind, t, a, b, room, seen, text))

    def message(self, t: float, a: int, b: int, text: str | None = None) -> None:
        """A direct message."""
        self.add("message", t, a, b, text=self.say() if text is None else text)

    def degree(self) -> np.ndarray:
        """Events of each account so far."""
        count = np.zeros(self.n)
        for row in self.rows:
            count[row[2]] += 1
        return count

    def write(self, folder: Path) -> dict[str, object]:
        """Write events and truth; returns the truth with native ids."""
        folder.mkdir(parents=True, exist_ok=True)
        names = [
            f"p{self.platform[i]}:{self.native.get(i) or 'u' + letters(self.rng, 9)}"
            for i in range(self.n)
        ]
        meta = {"undertow.simulated": json.dumps({"made": "bench/stranger.py"})}
        if self.declared:
            meta["undertow.sources"] = json.dumps(self.sources())
        table = self.table(names).replace_schema_metadata(meta)
        pq.write_table(table, folder / "events.parquet")
        named = self.named(names)
        (folder / "truth.json").write_text(json.dumps(named))
        return named

    def table(self, names: list[str]) -> pa.Table:
        """The event table, in order of time."""
        unit = 60.0 if self.precision == "min" else 1.0 if self.precision == "s" else 1e-6
        self.rows.sort(key=lambda r: r[1])
        at = [EPOCH + dt.timedelta(seconds=round(r[1] // unit * unit, 6)) for r in self.rows]
        who = [names[r[2]] for r in self.rows]
        return pa.table(
            {
                "id": pa.array([f"e{i:08d}" for i in range(len(self.rows))]),
                "type": pa.array([r[0] for r in self.rows]),
                "published": pa.array(at, pa.timestamp("us", "UTC")),
                "observed": pa.nulls(len(at), pa.timestamp("us", "UTC")),
                "actor": pa.array(who),
                "target": pa.array(
                    [None if r[3] is None else names[r[3]] for r in self.rows], pa.string()
                ),
                "context": pa.array([r[4] for r in self.rows], pa.string()),
                "visibility": pa.array([r[5] for r in self.rows]),
                "platform": pa.array([w.split(":")[0] for w in who]),
                "content": pa.array([r[6] for r in self.rows], pa.string()),
                "lang": pa.nulls(len(at), pa.string()),
            }
        )

    def sources(self) -> list[dict[str, object]]:
        """What could be seen here."""
        return [
            {
                "platform": f"p{p}",
                "types": sorted(self.types),
                "from": EPOCH.isoformat(),
                "until": (EPOCH + dt.timedelta(days=self.days)).isoformat(),
                "content": True,
                "precision": self.precision,
                "class": "direct",
                "ground": "a test",
            }
            for p in sorted(set(self.platform.values()))
        ]

    def named(self, names: list[str]) -> dict[str, object]:
        """The truth with native ids."""
        return {
            "given": [[names[a], names[b], t, i] for a, b, t, i in self.given],
            "campaigns": [
                {
                    **c,
                    **{
                        k: [names[x] for x in c[k]]
                        for k in ("recruiters", "gatekeepers", "facilitators", "targets")
                    },
                    "handoffs": [[names[a], names[b], t] for a, b, t in c["handoffs"]],
                }
                for c in self.truth["campaigns"]
            ],
            "alike": [[names[a], kind] for a, kind in self.truth["alike"]],
            "world": self.name,
        }


def hours(world: World, t: float) -> float:
    """Move a time to a waking hour, by the world's own curve (two peaks)."""
    r = world.rng
    day = t // DAY
    hour = (r.normal(20, 2.5) if r.random() < 0.6 else r.normal(13, 2.5)) % 24
    return float(day * DAY + hour * 3600 + r.random() * 60)


def talk(world: World, t: float, a: int, b: int, n: int, pace: float) -> float:
    """`n` messages between two accounts in bursts; `pace` is the median gap in hours."""
    r = world.rng
    for _ in range(n):
        short = r.random() < 0.7
        t += float(r.exponential(120) if short else r.lognormal(np.log(pace * 3600 + 1), 1.1))
        world.message(t, *((a, b) if r.random() < 0.5 else (b, a)))
    return t
