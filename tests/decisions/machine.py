"""A machine that plays a desk. Any sequence of acts, clocks and changes: every measure has two distinct human acts, fresh, on one dossier.

Hypothesis plays a desk of six people with one case. What must hold is read from the tables themselves, by code that
shares nothing with `cases.decide`; what people were and what the dossier was at each moment the machine remembers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from made import REASON, START, Desk
from played import Look, Played, answered, is_closed_rightly
from sqlalchemy import bindparam, select

from undertow.cases import claims, decide, ledger
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, leaves, measures, outbox
from undertow.errors import UndertowError
from undertow.units import DAY, HOUR, MINUTE

NAMES = ("ann", "abe", "bea", "bob", "cleo", "dora")
WORKERS = ("ann", "abe", "bea", "bob")
FRESH, WINDOW = 72 * HOUR, 10 * MINUTE
RESTRICTIVE = {"warn", "limit", "suspend", "remove"}
ASKED = bindparam("asked")
LOOKED_AT = (
    select(cases).where(cases.c.case == ASKED),
    select(acts).where(acts.c.case == ASKED).order_by(acts.c.revision),
    select(measures).where(measures.c.case == ASKED),
    select(outbox).where(
        outbox.c.measure.in_(select(measures.c.measure).where(measures.c.case == ASKED))
    ),
)
"""What stands of one case, in the order of `Look`. Made once: it is read thousands of times."""
who = st.sampled_from(NAMES)
mostly = st.sampled_from((True, True, True, True, False))
"""Whether a person sees what is there, or an older screen. No draw depends on what happened: of two who press a
button at once either may win."""


class Machine(RuleBasedStateMachine):
    """One desk, one case."""

    def __init__(self, store: Store, played: Played) -> None:
        super().__init__()
        self.store, self.played = store, played
        self.known: Look | None = None

    @initialize(
        blind=st.booleans(),
        begun=st.sampled_from(("new", "claimed", "proposed", "decided", "in force")),
        # An approver as well: who may approve is tempted to approve what is their own.
        first=st.sampled_from(("ann", "bea")),
    )
    def open(self, blind: bool, begun: str, first: str) -> None:
        played = self.played
        played.rounds += 1
        # A day of its own for each sequence: what was left open by the one before is settled, not mixed up.
        self.desk = Desk(self.store, START + played.rounds * 400 * DAY, blind=blind)
        self.known = None
        with self.store.reading() as connection:
            self.logged = ledger.size(connection)
        self.roles = {name: self.desk.people[name].role for name in NAMES}
        self.old: list[tuple[str, int]] = [self.seen()]
        self.approvals: dict[str, dict[str, Any]] = {}
        self.replays: list[Callable[[], object]] = []
        if begun != "new":
            self.claim(first)
        if begun in ("proposed", "decided", "in force"):
            self.propose("limit", first, by_holder=True, now=True)
        if begun in ("decided", "in force"):
            self.approve("bob", now=True, last=True, proved=0, still=True)
        if begun == "in force":
            self.settle(WINDOW)
            self.reopen("abe")

    def view(self) -> Look:
        """What stands in the tables, read once after each change."""
        if self.known is None:
            self.known = self.everything()
        return self.known

    def proposed(self) -> list[str]:
        return [act.act for act in self.view().acts if act.kind == "propose"]

    def seen(self) -> tuple[str, int]:
        row = self.view().row
        return row.dossier, row.revision

    def screen(self, now: bool) -> tuple[str, int]:
        """What stands on somebody's screen: the case as it is, or as it once was."""
        self.old.append(self.seen())
        return self.old[-1 if now else 0]

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Do what may be refused; a refusal must have a code and change nothing."""
        before = self.view()
        self.known = None
        try:
            made = act()
        except UndertowError as fault:
            self.played.refused += 1
            self.played.codes.add(fault.code)
            made = None
        if made is None:
            assert self.view() == before, "a refusal changed something"
        else:
            self.replays.append(act)
        return made

    def everything(self) -> Look:
        asked = {"asked": self.desk.case}
        with self.store.reading() as connection:
            [row], *rest = (list(connection.execute(one, asked)) for one in LOOKED_AT)
            return Look(row, *rest)

    def approver_facts(self) -> dict[str, Any]:
        """What must have been so at the moment of an approval."""
        return {"roles": dict(self.roles), "dossier": self.view().row.dossier}

    @rule(name=st.sampled_from(WORKERS))
    def claim(self, name: str) -> None:
        self.attempt(lambda: self.desk.claim(name))

    @rule(name=who)
    def judge(self, name: str) -> None:
        desk = self.desk
        if not self.view().row.blind:
            return
        person, now = desk.people[name], desk.now
        self.attempt(lambda: decide.judge_blind(desk.store, person, desk.case, "likely", now))

    @rule(
        outcome=st.sampled_from(("limit", "limit", "remove", "no_action", "support_only")),
        name=who,
        by_holder=mostly,
        now=mostly,
    )
    def propose(self, outcome: str, name: str, by_holder: bool, now: bool) -> None:
        dossier, revision = self.screen(now)
        if by_holder:
            name = self.holder() or name
            self.judge(name)
        given = {"dossier_hash": dossier, "revision": revision, "now": self.desk.now}
        self.attempt(lambda: self.desk.propose(name, outcome, **given))

    def holder(self) -> str | None:
        holder = self.view().row.holder
        return next((n for n in NAMES if self.desk.people[n].reviewer == holder), None)

    @rule(
        name=st.sampled_from(("bea", "bob", "bob", "abe", "ann", "cleo")),
        now=mostly,
        last=mostly,
        proved=st.sampled_from((0, 0, 0, MINUTE, HOUR)),
        still=mostly,
    )
    def approve(self, name: str, now: bool, last: bool, proved: int, still: bool) -> None:
        if not self.proposed():
            return
        self.judge(name)
        act = self.proposed()[-1 if last else 0]
        dossier, revision = self.screen(now)
        if not still:  # the evidence changes between the look and the press of the button
            self.news()
        at, facts = self.desk.now, self.approver_facts()
        given = {"dossier_hash": dossier, "revision": revision, "proved_at": at - proved}
        made = self.attempt(lambda: self.desk.approve(act, name, now=self.desk.now, **given))
        if made is not None:
            self.approvals[made] = facts | {"by": name}

    @rule()
    def approve_at_once(self) -> None:
        """Two approvers press the button in the same moment, each twice."""
        if not self.proposed():
            return
        self.judge("bea")
        self.judge("bob")
        act, (dossier, revision) = self.proposed()[-1], self.seen()
        at, facts = self.desk.now, self.approver_facts()
        given = {"dossier_hash": dossier, "revision": revision, "now": at, "proved_at": at}

        def press(name: str) -> tuple[str, str | None]:
            try:
                return name, self.desk.approve(act, name, **given)
            except UndertowError as fault:
                self.played.codes.add(fault.code)
                return name, None

        self.known = None
        with ThreadPoolExecutor(4) as pool:
            made = [one for one in pool.map(press, ("bea", "bob", "bea", "bob")) if one[1]]
        assert len(made) <= 1
        for name, measure in made:
            self.approvals[measure] = facts | {"by": name}

    @rule(name=who, now=mostly)
    def disagree(self, name: str, now: bool) -> None:
        if not self.proposed():
            return
        desk, act, (dossier, revision) = self.desk, self.proposed()[-1], self.screen(now)
        person, at = desk.people[name], desk.now
        self.attempt(
            lambda: decide.disagree(desk.store, person, act, REASON, dossier, revision, at)
        )

    @rule(name=who)
    def withdraw(self, name: str) -> None:
        if not self.proposed():
            return
        desk, act = self.desk, self.proposed()[-1]
        person, at = desk.people[name], desk.now
        self.attempt(lambda: decide.withdraw(desk.store, person, act, at))

    @rule(name=who)
    def undo(self, name: str) -> None:
        if not self.proposed():
            return
        desk = self.desk
        made = [act.act for act in self.view().acts if act.kind in ("approve", "propose")]
        person, at = desk.people[name], desk.now
        if self.attempt(lambda: decide.undo(desk.store, person, made[-1], at)):
            self.played.undone += 1

    @rule()
    def news(self) -> None:
        self.known = None
        self.desk.news()

    @rule(name=st.sampled_from(WORKERS), role=st.sampled_from(("analyst", "approver", "admin")))
    def change_role(self, name: str, role: str) -> None:
        self.desk.change_person(name, role=role, disabled_at=None)
        self.roles[name] = role

    @rule(name=st.sampled_from(WORKERS))
    def disable(self, name: str) -> None:
        self.desk.change_person(name, disabled_at=self.desk.now)
        self.roles[name] = "disabled"

    @rule(
        by=st.sampled_from(
            (MINUTE, 9 * MINUTE, 10 * MINUTE, 31 * MINUTE, 71 * HOUR, 73 * HOUR, -MINUTE, -DAY)
        )
    )
    def turn_clock(self, by: int) -> None:
        self.desk.now += by

    @rule()
    def expire(self) -> None:
        self.known = None
        claims.expire(self.store, self.desk.now)

    @rule(later=st.sampled_from((0, WINDOW, WINDOW)))
    def settle(self, later: int) -> None:
        self.desk.now += later
        before, self.known = len(self.view().outbox), None
        self.played.void += decide.settle(self.store, self.desk.now).void
        self.played.told += len(self.view().outbox) - before

    @rule(name=who)
    def appeal(self, name: str) -> None:
        desk = self.desk
        person, at = desk.people[name], desk.now
        self.attempt(lambda: decide.appeal(desk.store, person, desk.case, REASON, at))

    @rule(name=who, upheld=st.booleans())
    def settle_appeal(self, name: str, upheld: bool) -> None:
        desk = self.desk
        appeals = [one.act for one in self.view().acts if one.kind == "appeal"]
        if not appeals:
            return
        act = appeals[-1]
        person, at = desk.people[name], desk.now
        if self.attempt(
            lambda: decide.settle_appeal(desk.store, person, act, upheld, REASON, at)
        ):
            self.played.lifted += not upheld

    @rule(name=who)
    def reopen(self, name: str) -> None:
        desk = self.desk
        person, at = desk.people[name], desk.now
        self.attempt(lambda: decide.reopen(desk.store, person, desk.case, REASON, at))

    @rule(name=who, by_holder=mostly, now=mostly)
    def lift(self, name: str, by_holder: bool, now: bool) -> None:
        kept = [one.measure for one in self.view().measures]
        if not kept:
            return
        desk, (_, revision) = self.desk, self.screen(now)
        person, at = desk.people[(self.holder() or name) if by_holder else name], desk.now
        if self.attempt(
            lambda: decide.lift(desk.store, person, desk.case, kept[-1], REASON, revision, at)
        ):
            self.played.ended += 1

    @rule(number=st.integers(0, 99))
    def replay(self, number: int) -> None:
        """Send an old request again, word for word: it must never make a second measure of one proposal."""
        if not self.replays:
            return
        act = self.replays[number % len(self.replays)]
        before, facts = len(self.view().measures), self.approver_facts()
        made = self.attempt(act)
        if len(self.view().measures) > before:
            by = {row.measure: row.approved_by for row in self.view().measures}[made]
            self.approvals[made] = facts | {"by": self.name_of(by)}

    @invariant()
    def what_must_hold(self) -> None:
        if hasattr(self, "desk"):
            row, done, kept, told = self.view()
            self.is_two_people_s(done, kept)
            self.is_told_rightly(done, kept, told)
            self.is_in_a_state(row, done)
            is_closed_rightly(done, kept)
            # A target is never whom the case acts on.
            assert row.account == self.desk.account
            assert row.account not in self.desk.targets

    def is_two_people_s(self, acts_: list[Any], kept: list[Any]) -> None:
        """Every measure: two distinct human acts, by people who might, fresh, on the dossier of that moment."""
        done = {act.act: act for act in acts_}
        assert len({one.proposal for one in kept}) == len(kept)
        assert {one.measure for one in kept} == set(self.approvals)
        for one in kept:
            first, second = done[one.proposal], done[one.approval]
            facts = self.approvals[one.measure]
            assert (first.kind, second.kind, second.answers) == (
                "propose",
                "approve",
                first.act,
            )
            assert None not in (first.reviewer, second.reviewer)
            assert (first.reviewer, second.reviewer) == (one.proposed_by, one.approved_by)
            assert first.reviewer != second.reviewer
            assert second.reviewer == self.desk.people[facts["by"]].reviewer
            assert facts["roles"][facts["by"]] == "approver"
            assert facts["roles"][self.name_of(first.reviewer)] in ("analyst", "approver")
            assert first.dossier == second.dossier == one.dossier == facts["dossier"]
            assert 0 <= second.at - first.at <= FRESH
            assert first.outcome == second.outcome == one.outcome
            assert one.outcome in RESTRICTIVE
            assert one.effective_at == second.at + WINDOW

    def name_of(self, reviewer: str) -> str:
        return next(name for name in NAMES if self.desk.people[name].reviewer == reviewer)

    def is_told_rightly(self, done: list[Any], kept: list[Any], told: list[Any]) -> None:
        """Only what took effect leaves the desk, and only a third person's word takes it back."""
        by_code = {one.measure: one for one in kept}
        for word in told:
            one = by_code[word.measure]
            if word.what == "apply":
                assert one.undone_at is None
                assert word.due_at >= one.effective_at
                continue
            (lifted,) = [
                act
                for act in done
                if (act.kind == "lift" and act.answers == one.approval)
                or (
                    (act.kind, act.outcome) == ("settle_appeal", "overturned")
                    and answered(done, act) == one.approval
                )
            ]
            assert lifted.reviewer not in (None, one.proposed_by, one.approved_by)
            assert one.lifted_at == word.due_at == lifted.at

    def is_in_a_state(self, row: Any, done: list[Any]) -> None:
        """The state of a case is what its acts say."""
        ends = ("approve", "disagree", "withdraw", "void")
        ended = {act.answers for act in done if act.kind in ends}
        restrictive = {
            act.act for act in done if act.kind == "propose" and act.outcome in RESTRICTIVE
        }
        assert (row.state == "proposed") == bool(restrictive - ended)
        if row.state == "claimed":
            assert row.holder is not None
        if row.state in ("approved", "closed"):
            assert row.holder is None

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.played.measures += len(self.approvals)
        with self.store.reading() as connection:
            asked = select(leaves.c.body).where(leaves.c.place >= self.logged)
            logged = {
                json.loads(body)["facts"].get("act") for (body,) in connection.execute(asked)
            }
        people = {person.reviewer for person in self.desk.people.values()}
        mine = [act for act in self.view().acts if act.reviewer in people]
        assert {act.act for act in mine} <= logged
