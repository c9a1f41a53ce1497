"""A forum and a messenger on which some people have an account each, and what may be joined of them.

Neutral filler only. Everything is drawn from a seed; what is true of whom is kept beside the rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = 90
FILLER = (
    "the soup was fine",
    "train at nine",
    "the tent is dry",
    "rain again",
    "see you at the gate",
)
SOURCES = [
    Source("chat", ("message", "mention", "reply", "follow"), ground="an invented forum"),
    Source("telegram", ("message",), ground="an invented forum"),
]
PLAIN = ("find me on telegram: @{}", "telegram @{}", "t.me/{}")
HIDDEN = (
    "my t e l e g r a m is {}",
    "t [dot] me / {}",
    "tg: @{}",
    "tele gram - at {}",
    "telegr@m @{}",
)
"""The last two are beyond what the finder undoes, so part of it stays unseen."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a world is like.

    Attributes:
        goes_on: share of those given an address who go on where it leads.
        disguised: share of addresses that are disguised.
        named: whether the messenger's accounts carry their user names; else numbers.
        recruiters, targets: how many, and how many targets each.
        friends: ordinary people who hand their own address to one to three friends.
        strangers: people whose address is that of somebody else there.
        referrals: people who hand over a busy help line's address.
        staff: colleagues who share the address of one desk.
    """

    goes_on: float = 0.3
    disguised: float = 0.0
    named: bool = True
    people: int = 400
    recruiters: int = 8
    targets: int = 8
    friends: int = 40
    strangers: int = 30
    referrals: int = 20
    staff: int = 6


@dataclass
class World:
    """Rows, and who is who.

    Attributes:
        person: of each account; people on both platforms have two.
        followed: accounts that went on elsewhere, by target on the forum.
        leads: forum accounts that handed their own address over, with their account there.
        went_on: how many of their targets went on, by giver.
        recruiters: those of them that recruit.
        targets: of recruiters.
    """

    rows: list[Row] = field(default_factory=list)
    person: dict[str, str] = field(default_factory=dict)
    followed: dict[str, str] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)
    went_on: dict[str, int] = field(default_factory=dict)
    recruiters: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    def table(self) -> pa.Table:
        """Give the event table."""
        return pa.Table.from_pylist(self.rows, SCHEMA)

    def same(self, one: str, other: str) -> bool:
        """Say whether two accounts are one person's."""
        return self.person[one] == self.person[other]


class Maker:
    """Draws one world."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.setting, self.dice, self.world = setting, random.Random(seed), World()
        self.number = 0

    def make(self) -> World:
        """Draw everything."""
        one = self.setting
        chat = [self.account("chat", f"person{n}") for n in range(one.people)]
        there = [self.account("telegram", f"other{n}") for n in range(one.people // 2)]
        self.there = there
        self.ordinary(chat, 24)
        self.ordinary(there, 24)
        free = iter(self.dice.sample(chat, len(chat)))
        self.recruit(free)
        self.own_friends(chat, free)
        self.wrong_names(chat, there, free)
        self.help_line(chat, there, free)
        self.desk(chat, there, free)
        self.world.rows.sort(key=lambda row: (row["published"], row["id"]))
        return self.world

    def account(self, platform: str, person: str) -> str:
        """Make a person's account."""
        self.number += 1
        native = f"{self.dice.choice(('lamp', 'boat', 'fern', 'kite'))}{self.number}x"
        if platform == "telegram" and not self.setting.named:
            native = str(7_000_000_000 + self.dice.randrange(10**9))
        name = f"{platform}:{native}"
        self.world.person[name] = person
        return name

    def add(
        self,
        at: datetime,
        actor: str,
        target: str,
        text: str | None = None,
        kind: str = "message",
    ) -> None:
        """Add one event, if it is within the data."""
        if at > START + DAYS * DAY:
            return
        platform = actor.partition(":")[0]
        self.world.rows.append(
            dict.fromkeys(NAMES)
            | {
                "id": f"{platform}-{len(self.world.rows):06}",
                "type": kind,
                "published": at,
                "actor": actor,
                "target": target,
                "platform": platform,
                "visibility": "direct" if kind == "message" else "public",
                "content": text or self.dice.choice(FILLER),
            }
        )

    def moment(self, low: float = 0, high: float = DAYS) -> datetime:
        """Draw a moment of the data."""
        return START + self.dice.uniform(low, high) * DAY

    def ordinary(self, people: list[str], many: int) -> None:
        """Let people talk to a few others each; some meet new people all the time."""
        for one in people:
            friends = self.dice.sample(people, self.dice.choice((3, 6, 6, 12, 25)))
            for _ in range(many):
                other = self.dice.choice(friends)
                if other != one:
                    self.add(self.moment(), one, other)

    def talk(self, one: str, other: str, begin: datetime, many: int, days: float) -> None:
        """Let two talk; the first of them begins."""
        for n in range(many):
            ends = (other, one) if n % 2 else (one, other)
            self.add(begin + self.dice.uniform(0, days) * DAY if n else begin, *ends)

    def hand(self, giver: str, target: str, at: datetime, handle: str) -> None:
        """Let one message another, and hand an address over."""
        self.add(at - self.dice.uniform(0.1, 3) * DAY, giver, target)
        self.add(at - self.dice.uniform(0.01, 0.09) * DAY, target, giver)
        hidden = self.dice.random() < self.setting.disguised
        self.add(
            at, giver, target, self.dice.choice(HIDDEN if hidden else PLAIN).format(handle)
        )

    def follow(self, target: str, lead: str, at: datetime) -> None:
        """Let who was given an address begin a talk there: mostly within a day, some after a week."""
        there = self.world.followed.get(target)
        if there is None:
            there = self.account("telegram", self.world.person[target])
            self.life(there, self.dice.randint(0, 3))
        self.world.followed[target] = there
        begin = at + self.dice.lognormvariate(2.1, 1.3) * HOUR
        self.talk(there, lead, begin, self.dice.randint(12, 60), 12)

    def life(self, account: str, many: int) -> None:
        """Give an account on the messenger contacts of its own, begun at any time by either."""
        for other in self.dice.sample(self.there, many):
            ends = (account, other) if self.dice.random() < 0.5 else (other, account)
            self.talk(*ends, self.moment(), self.dice.randint(2, 8), 5)

    def lead_of(self, giver: str) -> tuple[str, str]:
        """Give a giver's own account on the messenger, and its handle."""
        there = self.account("telegram", self.world.person[giver])
        self.life(there, self.dice.randint(1, 6))
        self.world.leads[giver] = there
        self.world.went_on.setdefault(giver, 0)
        native = there.partition(":")[2]
        return there, native if self.setting.named else f"lamp_{self.number}y"

    def give(self, giver: str, there: str, handle: str, targets: list[str]) -> None:
        """Let a giver hand its address to some, of whom a share goes on there."""
        for target in targets:
            at = self.moment(3, DAYS - 10)
            self.hand(giver, target, at, handle)
            if self.dice.random() < self.setting.goes_on:
                self.follow(target, there, at)
                self.world.went_on[giver] = self.world.went_on.get(giver, 0) + 1
            else:
                self.talk(giver, target, at + HOUR, self.dice.choice((0, 2, 6)), 4)

    def recruit(self, free: Iterator[str]) -> None:
        """Let recruiters work on targets, and have a life of their own on both platforms."""
        for _ in range(self.setting.recruiters):
            giver = next(free)
            self.world.recruiters.add(giver)
            there, handle = self.lead_of(giver)
            targets = [next(free) for _ in range(self.setting.targets)]
            self.world.targets.update(targets)
            self.give(giver, there, handle, targets)

    def own_friends(self, chat: list[str], free: Iterator[str]) -> None:
        """Let ordinary people hand their own address to a friend or three."""
        for _ in range(self.setting.friends):
            giver = next(free)
            there, handle = self.lead_of(giver)
            self.give(giver, there, handle, self.dice.sample(chat, self.dice.randint(1, 3)))

    def wrong_names(self, chat: list[str], there: list[str], free: Iterator[str]) -> None:
        """Let people hand over a name that over there is somebody else's: theirs is not in the data."""
        for stranger in self.dice.sample(there, self.setting.strangers):
            giver = next(free)
            for target in self.dice.sample(chat, self.dice.randint(1, 4)):
                self.hand(giver, target, self.moment(3, DAYS - 10), stranger.partition(":")[2])

    def help_line(self, chat: list[str], there: list[str], free: Iterator[str]) -> None:
        """Let people point others to a busy help line, which many come to anyway."""
        line = self.account("telegram", "the help line")
        for caller in self.dice.sample(there, min(len(there), 90)):
            self.talk(caller, line, self.moment(), 6, 2)
        for _ in range(self.setting.referrals):
            giver = next(free)
            for target in self.dice.sample(chat, self.dice.randint(1, 3)):
                at = self.moment(3, DAYS - 10)
                self.hand(giver, target, at, line.partition(":")[2])
                if self.dice.random() < self.setting.goes_on:
                    self.follow(target, line, at)

    def desk(self, chat: list[str], there: list[str], free: Iterator[str]) -> None:
        """Let colleagues hand out the address of one desk, to which their clients go."""
        desk = self.account("telegram", "the desk")
        for _ in range(self.setting.staff):
            giver = next(free)
            for target in self.dice.sample(chat, 5):
                at = self.moment(3, DAYS - 10)
                self.hand(giver, target, at, desk.partition(":")[2])
                if self.dice.random() < self.setting.goes_on:
                    self.follow(target, desk, at)
        del there


def make(setting: Setting, seed: int) -> World:
    """Draw one world; equal seeds give equal worlds."""
    return Maker(setting, seed).make()


def permuted(world: World, seed: int, is_address: Callable[[str], bool]) -> World:
    """Deal the addresses out anew: who hands over what is chance, and no tie to a giver is true but by luck."""
    dice = random.Random(seed)
    rows = [dict(row) for row in world.rows]
    places = [n for n, row in enumerate(rows) if is_address(row["content"])]
    texts = [rows[n]["content"] for n in places]
    dice.shuffle(texts)
    for n, text in zip(places, texts, strict=True):
        rows[n]["content"] = text
    return replace(world, rows=rows)
